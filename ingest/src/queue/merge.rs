//! Which jobs can be one.

use std::path::PathBuf;

use footnote_core::collection::check_name;
use footnote_core::{Code, Error, Result};

use super::job::{Job, JobId, JobKind, NewJob, Origin};

/// The job with its paths in order, each once.
///
/// # Errors
/// [`Code::CollectionName`], [`Code::NothingToIngest`], [`Code::NotUtf8`].
pub(super) fn checked(mut new: NewJob) -> Result<NewJob> {
    check_name(&new.collection)?;
    if let JobKind::Paths(paths) = &mut new.kind {
        paths.sort();
        paths.dedup();
        if paths.is_empty() {
            return Err(Error::new(Code::NothingToIngest, "no path was given").hint("name a file or a folder"));
        }
        if let Some(path) = paths.iter().find(|path| path.to_str().is_none()) {
            return Err(Error::new(Code::NotUtf8, format!("{}: its name is not valid UTF-8", path.display()))
                .hint("rename it: a citation could not lead back to it"));
        }
    }
    Ok(new)
}

/// The waiting job that does what `new` asks for, with the paths that it must have in addition. Nothing is moved
/// to before a deletion that was asked for in between. `waiting` begins with the last.
pub(super) fn mergeable(new: &NewJob, waiting: &[Job]) -> Option<(JobId, Option<Vec<PathBuf>>)> {
    if let JobKind::Delete(_) | JobKind::Renew = new.kind {
        return waiting.first().filter(|last| last.kind == new.kind).map(|last| (last.id, None));
    }
    for job in waiting {
        match (&new.kind, &job.kind) {
            (JobKind::Paths(wanted), JobKind::Paths(there)) if wanted == there => return Some((job.id, None)),
            (JobKind::Paths(wanted), JobKind::Paths(there))
                if (new.origin, job.origin) == (Origin::Watch, Origin::Watch) =>
            {
                let mut both: Vec<PathBuf> = there.iter().chain(wanted).cloned().collect();
                both.sort();
                both.dedup();
                return Some((job.id, Some(both)));
            }
            (_, JobKind::Paths(_)) => {}
            (_, JobKind::Delete(_) | JobKind::Renew) => return None,
        }
    }
    None
}
