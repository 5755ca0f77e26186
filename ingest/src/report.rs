//! How a run went: counts, and a line for every file that was not ingested.

use footnote_core::Error;
use serde::Serialize;

/// How it went with one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Ingested for the first time.
    Added,
    /// Ingested again, because its source changed.
    Changed,
    /// Met at another place than before, with the same content.
    Moved,
    /// As it was.
    Unchanged,
    /// Met, but there is nothing in it for footnote; the reason says why.
    Skipped,
    /// Should have been ingested, and could not be; the reason says why.
    Failed,
    /// Its source is gone, and now so is it.
    Removed,
}

/// A file that was not ingested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file.
    pub uri: String,
    /// [`Outcome::Skipped`] or [`Outcome::Failed`].
    pub outcome: Outcome,
    /// The error's stable code, where there was an error.
    pub code: Option<&'static str>,
    /// Why.
    pub reason: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem that an error tells of. The file's name is taken from the front of the message: the uri
    /// says it already.
    pub(crate) fn of(uri: &str, name: &str, outcome: Outcome, error: &Error) -> Self {
        let message = error.message();
        let reason = message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message);
        Self {
            uri: uri.to_owned(),
            outcome,
            code: Some(error.code().as_str()),
            reason: reason.to_owned(),
            hint: error.hint_text().map(str::to_owned),
        }
    }
}

/// How a run went.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct IngestReport {
    /// Documents ingested for the first time.
    pub added: usize,
    /// Documents ingested again.
    pub changed: usize,
    /// Documents whose files were renamed or moved.
    pub moved: usize,
    /// Documents left as they were.
    pub unchanged: usize,
    /// Files passed over, each with its reason in `problems`.
    pub skipped: usize,
    /// Files that could not be read, each with its reason in `problems`.
    pub failed: usize,
    /// Documents whose files are gone.
    pub removed: usize,
    /// Documents that an earlier run had left half written; they were finished first.
    pub recovered: usize,
    /// Chunks of the documents added and changed.
    pub chunks: usize,
    /// Those of them that were new, and so embedded.
    pub embedded: usize,
    /// Bytes of the sources of the documents added and changed.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// What was not ingested and why, by uri.
    pub problems: Vec<Problem>,
}

impl IngestReport {
    /// Documents met, whatever became of them.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.added + self.changed + self.moved + self.unchanged + self.skipped + self.failed
    }

    pub(crate) fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Added => &mut self.added,
            Outcome::Changed => &mut self.changed,
            Outcome::Moved => &mut self.moved,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Failed => &mut self.failed,
            Outcome::Removed => &mut self.removed,
        } += 1;
    }
}
