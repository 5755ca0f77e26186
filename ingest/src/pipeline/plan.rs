//! What a run is to do: which sources are read, which are as they were, which are gone.

use std::collections::BTreeMap;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::source::file_of_uri;
use footnote_core::{DocumentId, Source};

use super::clock::now_ms;
use super::prepare::{Input, Task};
use super::retry::Retry;
use crate::discover::{Discovered, FoundFile, PassedOver};

/// A file changed so shortly before its row was written may have been changed again within the same tick of its
/// file system's clock. Milliseconds.
const RACY_MS: i64 = 2_000;

/// What a run is to do.
#[derive(Default)]
pub(super) struct Work {
    /// Sources to be read.
    pub(super) tasks: Vec<Task>,
    /// Documents whose sources are as they were, by a look at their size and time alone.
    pub(super) unchanged: Vec<DocumentRecord>,
    /// Documents that are left as they stand, with the reason in their row: skipped ones that did not change,
    /// failed ones whose time has not come.
    pub(super) standing: Vec<DocumentRecord>,
    /// What discovery passed over, with its row.
    pub(super) passed_over: Vec<(PassedOver, Option<DocumentRecord>)>,
    /// Documents whose sources are gone.
    pub(super) gone: Vec<DocumentRecord>,
    /// Documents that this run is not about, deleted ones among them.
    pub(super) elsewhere: Vec<DocumentRecord>,
}

/// What the catalog knows, by uri.
pub(super) type Priors = BTreeMap<String, DocumentRecord>;

/// Compares what was found with what is known.
pub(super) struct Planner<'a> {
    pub(super) retry: &'a Retry,
    pub(super) max_file_bytes: u64,
    /// Whether files are read in another way than the last time: what could not be read then may be readable now.
    pub(super) anew: bool,
    /// Whether every file may give something else than the last time, wherever it lies.
    pub(super) reread: bool,
}

impl Planner<'_> {
    /// Plans a run over what `discover` found.
    pub(super) fn plan(&self, mut found: Discovered, mut priors: Priors) -> Work {
        let mut work = Work::default();
        let mut inputs: BTreeMap<String, FoundFile> = BTreeMap::new();
        let beside = |record: &&DocumentRecord| waits(record) || (self.reread && record.status.is_indexed());
        for record in priors.values().filter(|record| beside(record) && !found.covers(&record.uri)) {
            // A run was cut short before it read this file, outside the paths of this run: without this it would
            // be lost in silence. And who reads anew reads all.
            if let Some(path) = file_of_uri(&record.uri)
                && let Ok(metadata) = fs_err::metadata(&path)
                && metadata.is_file()
            {
                inputs.insert(record.uri.clone(), FoundFile::new(path, &metadata));
            }
        }
        for file in &found.files {
            inputs.insert(Source::File(file.path.clone()).uri(), file.clone());
        }
        for (uri, file) in inputs {
            self.decide(&uri, file, &mut priors, &mut work);
        }
        for passed in std::mem::take(&mut found.passed_over) {
            let prior = priors.remove(&passed.uri);
            work.passed_over.push((passed, prior));
        }
        (work.gone, work.elsewhere) = priors
            .into_values()
            .partition(|record| record.status != DocumentStatus::Deleted && found.covers(&record.uri));
        work
    }

    fn decide(&self, uri: &str, file: FoundFile, priors: &mut Priors, work: &mut Work) {
        let prior = priors.remove(uri);
        let members = members_of(uri, priors);
        let same = prior.as_ref().is_some_and(|prior| is_same(prior, &file));
        let due = members.values().any(|member| self.retry.is_due(member, now_ms()));
        match prior {
            Some(prior) if same && prior.status.is_indexed() && !is_racy(&prior) && !due && !self.hoped(&prior) => {
                work.unchanged.push(prior);
                let (indexed, standing): (Vec<_>, Vec<_>) =
                    members.into_values().partition(|member| member.status.is_indexed());
                work.unchanged.extend(indexed);
                work.standing.extend(standing.into_iter().filter(|member| member.status != DocumentStatus::Deleted));
            }
            Some(prior) if same && !self.hoped(&prior) && self.stands(&prior, &file) => work.standing.push(prior),
            prior => {
                let anew = prior.as_ref().is_some_and(|prior| self.hoped(prior))
                    || members.values().any(|member| self.hoped(member));
                work.tasks.push(Task { input: Input::File(file), prior, members, anew });
            }
        }
    }

    /// Whether reading a document in another way than before may give more of it.
    fn hoped(&self, prior: &DocumentRecord) -> bool {
        self.reread || (self.anew && !(prior.status.is_indexed() && prior.pages_without_text.is_empty()))
    }

    /// Whether a document that is in no index is left as it is.
    fn stands(&self, prior: &DocumentRecord, file: &FoundFile) -> bool {
        match prior.status {
            // One that was too large may fit by now; one of an unknown type is cheap to look at again.
            DocumentStatus::Skipped => !prior.content_hash.is_empty() || file.bytes > self.max_file_bytes,
            DocumentStatus::Failed | DocumentStatus::Quarantined => !self.retry.is_due(prior, now_ms()),
            _ => false,
        }
    }
}

/// The documents that came out of the archive `uri`; they leave `priors`.
fn members_of(uri: &str, priors: &mut Priors) -> Priors {
    let prefix = member_uri(uri, "");
    let mut members = priors.split_off(&prefix);
    // The end of the range: the first uri that does not begin so.
    if let Some(end) = members.keys().find(|key| !key.starts_with(&prefix)).cloned() {
        let mut rest = members.split_off(&end);
        priors.append(&mut rest);
    }
    members
}

/// The uri of the file `path` in the archive `archive`.
pub(super) fn member_uri(archive: &str, path: &str) -> String {
    format!("{archive}!/{path}")
}

/// Whether an earlier run met a document and did not get to its end.
fn waits(record: &DocumentRecord) -> bool {
    matches!(record.status, DocumentStatus::Queued | DocumentStatus::Extracting | DocumentStatus::Embedding)
}

fn is_same(prior: &DocumentRecord, file: &FoundFile) -> bool {
    prior.bytes == file.bytes && prior.modified_ms == file.modified_ms && file.modified_ms.is_some()
}

fn is_racy(prior: &DocumentRecord) -> bool {
    prior.modified_ms.is_some_and(|modified| prior.updated_ms - modified < RACY_MS)
}

/// A row for a source that was just met.
pub(super) fn blank_record(collection: &str, uri: &str, prior: Option<&DocumentRecord>) -> DocumentRecord {
    DocumentRecord {
        id: DocumentId::of(collection, uri),
        collection: collection.to_owned(),
        uri: uri.to_owned(),
        title: stem(uri),
        media_type: String::new(),
        language: None,
        bytes: 0,
        modified_ms: None,
        content_hash: String::new(),
        pages: 0,
        pages_without_text: Vec::new(),
        chunks: 0,
        status: DocumentStatus::Queued,
        reason: None,
        version: next_version(prior, ""),
        attempts: 0,
        retry_at_ms: None,
        timings: footnote_core::catalog::Timings::default(),
        metadata: footnote_core::Metadata::default(),
        updated_ms: now_ms(),
    }
}

/// The version of a document whose source hashes to `hash`; empty where that is not known.
pub(super) fn next_version(prior: Option<&DocumentRecord>, hash: &str) -> u32 {
    match prior {
        None => 1,
        Some(prior) if prior.status == DocumentStatus::Deleted => prior.version + 1,
        Some(prior) if hash.is_empty() || prior.content_hash.is_empty() || prior.content_hash == hash => prior.version,
        Some(prior) => prior.version + 1,
    }
}

/// The name of a file without its extension: a title where the document gives itself none.
pub(super) fn stem(uri: &str) -> String {
    let path = std::path::Path::new(uri);
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(uri: &str, status: DocumentStatus) -> DocumentRecord {
        DocumentRecord {
            status,
            bytes: 5,
            modified_ms: Some(1_000),
            content_hash: "h".into(),
            ..blank_record("c", uri, None)
        }
    }

    fn planner(retry: &Retry) -> Planner<'_> {
        Planner { retry, max_file_bytes: 100, anew: false, reread: false }
    }

    fn file(path: &str, modified_ms: i64) -> FoundFile {
        FoundFile { path: path.into(), bytes: 5, modified_ms: Some(modified_ms) }
    }

    #[test]
    fn what_did_not_change_is_not_read_and_a_racy_one_is() {
        let retry = Retry::default();
        let racy = DocumentRecord { updated_ms: 1_500, ..record("file:///d/racy", DocumentStatus::Indexed) };
        let priors: Priors = [
            record("file:///d/same", DocumentStatus::Unchanged),
            record("file:///d/changed", DocumentStatus::Indexed),
            racy,
        ]
        .map(|record| (record.uri.clone(), record))
        .into();
        let found = Discovered {
            files: vec![file("/d/same", 1_000), file("/d/changed", 2_000), file("/d/racy", 1_000), file("/d/new", 1)],
            ..Discovered::default()
        };
        let work = planner(&retry).plan(found, priors);
        assert_eq!(work.unchanged.len(), 1);
        let read: Vec<String> = work.tasks.iter().map(|task| task.input.uri()).collect();
        assert_eq!(read, ["file:///d/changed", "file:///d/new", "file:///d/racy"]);
    }

    #[test]
    fn members_go_with_their_archive() {
        let mut priors: Priors = ["file:///a.zip!/x", "file:///a.zip!/y", "file:///a.zipper", "file:///a"]
            .map(|uri| (uri.to_owned(), record(uri, DocumentStatus::Indexed)))
            .into();
        assert_eq!(members_of("file:///a.zip", &mut priors).len(), 2);
        assert_eq!(priors.keys().collect::<Vec<_>>(), ["file:///a", "file:///a.zipper"]);
    }

    #[test]
    fn versions_count_contents() {
        let prior = record("u", DocumentStatus::Indexed);
        assert_eq!(next_version(None, "h"), 1);
        assert_eq!(next_version(Some(&prior), "h"), 1);
        assert_eq!(next_version(Some(&prior), "other"), 2);
        assert_eq!(next_version(Some(&record("u", DocumentStatus::Deleted)), "h"), 2);
    }
}
