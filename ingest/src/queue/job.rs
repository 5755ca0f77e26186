//! A job: what is to be done, who wants it, and how it stands.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use footnote_core::{DocumentId, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A job's id: UUIDv7, so that ids sort by the time of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub(super) Uuid);

impl JobId {
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Ingest these files and folders.
    Paths(Vec<PathBuf>),
    /// Take this document out of the catalog and both indexes.
    Delete(DocumentId),
    /// Make the collection anew, where it was made with another embedding model or cut in another way.
    Renew,
}

/// Declares an enum that is stored and shown as a word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word, as it is stored and shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The one that [`Self::as_str`] names.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    /// Who asked for a job.
    Origin {
        /// `POST /ingest` or `DELETE /documents/{id}`.
        Api = "api",
        /// `POST /documents`.
        Upload = "upload",
        /// A folder that is followed.
        Watch = "watch",
        /// The command line.
        Cli = "cli",
    }
}

words! {
    /// How a job stands.
    JobState {
        /// It waits for those before it.
        Queued = "queued",
        /// It is being done, or waits to be tried again.
        Running = "running",
        /// Done; the report says what became of each document.
        Done = "done",
        /// It could not be done; the error says why.
        Failed = "failed",
        /// Cancelled by request. What was ingested until then stays.
        Cancelled = "cancelled",
    }
}

impl JobState {
    /// Whether nothing more happens to the job.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// How far a job is. Counts of the attempt that runs now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobProgress {
    /// Documents to look at; 0 until they are counted.
    pub documents_known: usize,
    /// Documents of which it is settled what becomes of them.
    pub documents_done: usize,
    /// Chunks to embed, as far as is known by now.
    pub chunks_known: usize,
    /// Chunks embedded.
    pub chunks_embedded: usize,
}

/// Why a job failed, or why it is being tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// The stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
}

impl From<&Error> for JobError {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            message: error.message().to_owned(),
            hint: error.hint_text().map(str::to_owned),
        }
    }
}

/// A job that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// The collection to write to; it comes to exist if it does not.
    pub collection: String,
    /// What is to be done.
    pub kind: JobKind,
    /// Who asks.
    pub origin: Origin,
}

/// A job, as it is stored and shown. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The collection that it writes to.
    pub collection: String,
    /// What is to be done.
    pub kind: JobKind,
    /// Who asked for it.
    pub origin: Origin,
    /// How it stands.
    pub state: JobState,
    /// Whether it was asked to stop and has not yet: ingestion stops between batches.
    pub cancelling: bool,
    /// How often it was begun.
    pub attempts: u32,
    /// When it was asked for.
    pub created_ms: i64,
    /// When it was last begun.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// How far it is.
    pub progress: JobProgress,
    /// The [`IngestReport`](crate::IngestReport) as JSON, when it is done. Of very many problems only the first
    /// are kept; `problems_left_out` counts the others.
    pub report: Option<Value>,
    /// Why it failed; while it runs, why the attempt before failed.
    pub error: Option<JobError>,
}

/// Which jobs to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only those of this state.
    pub state: Option<JobState>,
    /// At most so many, the newest first; `None` gives all that are kept.
    pub limit: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stored_as_they_are_shown() {
        for state in JobState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
            assert_eq!(JobState::parse(state.as_str()), Some(*state));
        }
        for origin in Origin::ALL {
            assert_eq!(serde_json::to_value(origin).unwrap(), origin.as_str());
            assert_eq!(Origin::parse(origin.as_str()), Some(*origin));
        }
        assert_eq!(JobState::parse("lost"), None);
    }
}
