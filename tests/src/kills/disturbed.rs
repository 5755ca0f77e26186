//! An ingestion whose folder changes under it, and which is killed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::quiet;
use super::script::Script;
use crate::Scenario;

/// When an ingestion is killed.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// So long after its start.
    At(Duration),
    /// So long after it began to write to the keyword index, which comes after the intent.
    Writing(Duration),
}

/// An ingestion whose folder changes under it.
pub(super) struct Disturbed {
    child: Child,
    started: Instant,
    /// The keyword index, and how many files were in it.
    index: PathBuf,
    files: usize,
}

impl Disturbed {
    pub(super) fn begin(scenario: &Scenario, script: &Script) -> Self {
        let index = scenario.data().join("collections/default/keyword");
        let files = names(&index).len();
        Self {
            child: quiet(scenario, &["ingest", &script.folder().to_string_lossy()]),
            started: Instant::now(),
            index,
            files,
        }
    }

    /// Makes each change in its time and kills the run in its; the changes that are left come after. Gives how the
    /// run ended and after how long, where it was not killed.
    pub(super) fn disturb(
        &mut self,
        when: When,
        changes: &[Duration],
        script: &mut Script,
    ) -> Option<(ExitStatus, Duration)> {
        let mut changes = changes.iter().peekable();
        let mut ended = None;
        while ended.is_none() && !self.is_time(when) {
            while changes.next_if(|at| **at <= self.started.elapsed()).is_some() {
                script.change();
            }
            sleep(Duration::from_millis(1));
            ended = self.child.try_wait().expect("the ingestion is a child");
        }
        if ended.is_none() {
            self.child.kill().expect("the ingestion is a child");
            let status = self.child.wait().expect("the ingestion is a child");
            // It may have ended in the last instant.
            ended = status.code().map(|_| status);
        }
        let took = self.started.elapsed();
        changes.for_each(|_| script.change());
        ended.map(|status| (status, took))
    }

    fn is_time(&self, when: When) -> bool {
        match when {
            When::At(at) => self.started.elapsed() >= at,
            When::Writing(after) => {
                let writes = names(&self.index).len() > self.files;
                if writes {
                    sleep(after);
                }
                writes
            }
        }
    }
}

/// The files of a folder; none where it is not there yet.
fn names(folder: &Path) -> Vec<OsString> {
    let entries = fs_err::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect()
}
