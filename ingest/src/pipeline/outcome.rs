//! What becomes of a source: a document, or the reason why there is none.

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use footnote_core::{Code, Error, Result};

use super::clock::now_ms;
use super::prepare::{Candidate, Prepared, Preparer, Stop};
use crate::report::{Outcome, Problem};

impl Preparer {
    /// What to do about a document, or about its absence.
    pub(super) fn outcome(&self, candidate: Candidate, made: Result<IngestedDocument, Stop>) -> Result<Prepared> {
        let Candidate { mut record, prior, name, .. } = candidate;
        let uri = record.uri.clone();
        let was_indexed = prior.as_ref().is_some_and(|prior| prior.status.is_indexed());
        let stop = match made {
            Ok(ingested) => return Ok(Prepared::Document { ingested: Box::new(ingested), was_indexed }),
            Err(stop) => stop,
        };
        let problem = match stop {
            Stop::Unchanged => match prior {
                Some(prior) if !prior.status.is_indexed() => {
                    let problem = standing(&prior);
                    let DocumentRecord { bytes, modified_ms, metadata, .. } = record;
                    record = DocumentRecord { bytes, modified_ms, metadata, ..prior };
                    problem
                }
                Some(prior) => return Ok(as_it_was(record, prior)),
                None => return Ok(Prepared::Unchanged { id: record.id, uri, modified_ms: record.modified_ms }),
            },
            Stop::Nothing(reason) => {
                record.status = DocumentStatus::Skipped;
                record.reason = Some(reason.clone());
                Problem { uri, outcome: Outcome::Skipped, code: None, reason, hint: None }
            }
            Stop::Error(error) if is_not_of_the_file(&error) => return Err(error),
            Stop::Error(error) => {
                let skipped = matches!(error.code(), Code::UnsupportedType | Code::FileTooLarge);
                let outcome = if skipped { Outcome::Skipped } else { Outcome::Failed };
                let problem = Problem::of(&uri, &name, outcome, &error);
                record.reason = Some(problem.reason.clone());
                if skipped {
                    record.status = DocumentStatus::Skipped;
                } else {
                    self.retry.failed(&mut record, prior.as_ref(), now_ms());
                }
                let reason = record.reason.clone().unwrap_or_default();
                Problem { reason, ..problem }
            }
        };
        Ok(Prepared::Refused { record: Box::new(record), problem: Box::new(problem), was_indexed })
    }
}

/// What becomes of an indexed document whose content is as it was, and whose row would be `record`. Filters ask for
/// more than its content: a rule may have changed, or the time of its last change.
pub(super) fn as_it_was(record: DocumentRecord, prior: DocumentRecord) -> Prepared {
    let told_otherwise = record.metadata != prior.metadata;
    if !told_otherwise && record.modified_ms == prior.modified_ms {
        return Prepared::Unchanged { id: record.id, uri: record.uri, modified_ms: record.modified_ms };
    }
    let outcome = if told_otherwise { Outcome::Changed } else { Outcome::Unchanged };
    let record = DocumentRecord { metadata: record.metadata, modified_ms: record.modified_ms, ..prior };
    Prepared::Retold { record: Box::new(record), outcome }
}

/// What is told of a document that is left as it stands.
pub(super) fn standing(record: &DocumentRecord) -> Problem {
    let quarantined = record.status == DocumentStatus::Quarantined;
    let outcome = if record.status == DocumentStatus::Skipped { Outcome::Skipped } else { Outcome::Failed };
    Problem {
        uri: record.uri.clone(),
        outcome,
        code: None,
        reason: record.reason.clone().unwrap_or_default(),
        hint: quarantined.then(|| "footnote ingest --retry reads quarantined files again".to_owned()),
    }
}

/// A document that was indexed, but whose text is not in the catalog: its source has to be read again.
pub(super) fn lost(record: &DocumentRecord) -> Prepared {
    let (record, problem) = without_its_text(record);
    Prepared::Refused { record: Box::new(record), problem: Box::new(problem), was_indexed: false }
}

/// The row of a document whose text was lost, and what is told of it.
pub(super) fn without_its_text(record: &DocumentRecord) -> (DocumentRecord, Problem) {
    let reason = "its text was lost; ingest its file again".to_owned();
    let problem =
        Problem { uri: record.uri.clone(), outcome: Outcome::Failed, code: None, reason: reason.clone(), hint: None };
    let record = DocumentRecord {
        status: DocumentStatus::Failed,
        reason: Some(reason),
        content_hash: String::new(),
        chunks: 0,
        ..record.clone()
    };
    (record, problem)
}

/// Whether a failure says nothing about the file that was being read.
fn is_not_of_the_file(error: &Error) -> bool {
    matches!(error.code(), Code::DiskFull | Code::ModelMissing | Code::ModelDamaged | Code::Cancelled)
}
