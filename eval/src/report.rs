//! A report: what was asked of what, how it scores, and every question's row.

mod table;

use std::path::Path;

use footnote_core::answer::Timings;
use footnote_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::set::{EvalSet, SetKind};
use crate::summary::{Counts, Summary, mean_timings, summarise};

pub(crate) use table::figure;

/// The account of a run, as it is written and compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The set.
    pub set: SetInfo,
    /// Whether retrieval alone was measured.
    pub retrieval_only: bool,
    /// The settings in force.
    pub settings: serde_json::Value,
    /// The figures. What does not apply is absent.
    pub summary: Summary,
    /// What each figure was taken over.
    pub counts: Counts,
    /// Questions that failed; their rows say why.
    pub errors: usize,
    /// Mean milliseconds per stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings_ms: Option<Timings>,
    /// A row a question, in the set's order.
    pub questions: Vec<Outcome>,
}

/// Which set was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetInfo {
    /// Its name.
    pub name: String,
    /// Its format.
    pub kind: SetKind,
    /// Questions in it; a run may have asked fewer.
    pub questions: usize,
    /// The collection of its own corpus, where it brings one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
}

impl SetInfo {
    /// Of a set that was read.
    #[must_use]
    pub fn of(set: &EvalSet) -> Self {
        Self { name: set.name.clone(), kind: set.kind, questions: set.questions.len(), collection: set.collection() }
    }
}

impl Report {
    /// Sums up the `questions` of a run.
    #[must_use]
    pub fn new(set: SetInfo, settings: serde_json::Value, retrieval_only: bool, questions: Vec<Outcome>) -> Self {
        let (summary, counts) = summarise(&questions, retrieval_only);
        let errors = questions.iter().filter(|outcome| outcome.error.is_some()).count();
        let timings_ms = mean_timings(&questions);
        Self { set, retrieval_only, settings, summary, counts, errors, timings_ms, questions }
    }

    /// As indented JSON.
    ///
    /// # Errors
    /// None that a report made here can have.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| Error::internal("the report could not be written as JSON").caused_by(error))
    }

    /// Writes it to `path` as JSON, making the folder where it is missing.
    ///
    /// # Errors
    /// I/O errors naming the path.
    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs_err::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
        }
        fs_err::write(path, self.to_json()? + "\n").map_err(|error| Error::io(path, error))
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`Code::EvalSet`] where it is no report of this version; I/O errors naming the path.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs_err::read(path).map_err(|error| Error::io(path, error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::new(Code::EvalSet, format!("{}: not a report of `footnote eval`: {error}", path.display()))
                .hint("write one with `footnote eval SET --report OUT.json`")
        })
    }

    /// As a table for the terminal.
    #[must_use]
    pub fn table(&self) -> String {
        table::of(self)
    }
}
