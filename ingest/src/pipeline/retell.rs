//! Other rules for metadata: documents that they change are written anew, without being read or embedded again.

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use footnote_core::{ChunkId, Result};

use super::batch::without_text;
use super::plan::{Priors, Work};
use super::prepare::{Input, Task};
use super::{Ingestor, Stores, facts};
use crate::metadata::Rules;

impl Ingestor {
    /// Where the rules are others than those of the last run: has what they change written anew. Gives the
    /// fingerprint to be noted when that is done.
    ///
    /// # Errors
    /// When the catalog fails.
    pub(super) async fn retell(&self, work: &mut Work) -> Result<Option<String>> {
        let rules = self.options.rules.describe();
        let before = self.stores.catalog.fact(&self.options.collection, facts::RULES).await?;
        if before.unwrap_or_default() == rules {
            return Ok(None);
        }
        let rows = work.retell(&self.options.rules);
        self.write_rows(rows).await?;
        Ok(Some(rules))
    }
}

impl Work {
    /// Has the documents written anew that `rules` give other metadata than they have, wherever they lie, though
    /// nothing else about them changed. Gives the rows to be written of those that are in no index.
    fn retell(&mut self, rules: &Rules) -> Vec<DocumentRecord> {
        let (mut tasks, mut rows) = (Vec::new(), Vec::new());
        // Whether something is told of it anew.
        let mut retell = |record: &mut DocumentRecord| {
            let metadata = rules.apply(record.metadata.own(), &record.uri);
            if metadata == record.metadata {
                return false;
            }
            record.metadata = metadata;
            if record.status.is_indexed() {
                let input = Input::Retold { record: Box::new(record.clone()) };
                tasks.push(Task { input, prior: Some(record.clone()), members: Priors::new(), anew: false });
            } else {
                rows.push(record.clone());
            }
            true
        };
        self.unchanged.retain_mut(|record| !retell(record));
        for record in self.standing.iter_mut().chain(&mut self.elsewhere) {
            retell(record);
        }
        for (passed, prior) in &mut self.passed_over {
            // What was a file and is none now leaves the indexes.
            if let Some(prior) = prior.as_mut().filter(|prior| passed.failed || !prior.status.is_indexed()) {
                retell(prior);
            }
        }
        for record in &mut self.gone {
            record.metadata = rules.apply(record.metadata.own(), &record.uri);
        }
        self.tasks.extend(tasks);
        rows
    }
}

/// The document of `record` as the catalog has it, to be written under this row; `None` where its text was lost.
///
/// # Errors
/// When the catalog cannot be read.
pub(super) async fn stored(stores: &Stores, record: DocumentRecord) -> Result<Option<IngestedDocument>> {
    let record = DocumentRecord { status: DocumentStatus::Indexed, ..record };
    if record.chunks == 0 {
        // An archive: what is in it are documents of their own.
        return Ok(Some(without_text(&record, record.status)));
    }
    let ids: Vec<ChunkId> = stores.catalog.chunk_ids_of(record.id).await?;
    let chunks: Vec<_> = stores.catalog.chunks(&ids).await?.into_iter().map(|(chunk, _)| chunk).collect();
    let document = stores.catalog.document(record.id).await?;
    let whole = document.filter(|document| !document.text.is_empty() && chunks.len() == record.chunks as usize);
    Ok(whole.map(|document| IngestedDocument { record, document, chunks }))
}
