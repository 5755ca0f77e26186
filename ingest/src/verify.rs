//! Do catalog and indexes agree?

use std::collections::BTreeSet;

use footnote_core::catalog::DocumentStatus;
use footnote_core::seam::{CatalogWriter, KeywordIndex, VectorStore};
use footnote_core::{ChunkId, DocumentId, Result};
use serde::Serialize;

/// Chunks that are asked for at once.
const AT_ONCE: usize = 500;

/// What [`verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Indexed documents.
    pub documents: usize,
    /// Their chunks.
    pub chunks: usize,
    /// How the vector store differs.
    pub vectors: Difference,
    /// How the keyword index differs.
    pub keyword: Difference,
    /// Chunks whose text is not `document.text[span]`.
    pub wrong_text: Vec<ChunkId>,
    /// Documents whose row counts other chunks than there are.
    pub wrong_count: Vec<DocumentId>,
    /// Uris of documents that a run left half written; the next `footnote ingest` clears them.
    pub unfinished: Vec<String>,
}

/// How an index differs from the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In the catalog, not in the index.
    pub missing: Vec<ChunkId>,
    /// In the index, not in the catalog.
    pub orphans: Vec<ChunkId>,
}

impl Difference {
    fn of(catalog: &BTreeSet<ChunkId>, unfinished: &BTreeSet<ChunkId>, index: Vec<ChunkId>) -> Self {
        let index: BTreeSet<ChunkId> = index.into_iter().collect();
        Self {
            missing: catalog.difference(&index).copied().collect(),
            orphans: index.iter().filter(|id| !catalog.contains(id) && !unfinished.contains(id)).copied().collect(),
        }
    }

    fn is_none(&self) -> bool {
        self.missing.is_empty() && self.orphans.is_empty()
    }
}

impl VerifyReport {
    /// Whether all agree, and nothing is half written.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.vectors.is_none()
            && self.keyword.is_none()
            && self.wrong_text.is_empty()
            && self.wrong_count.is_empty()
            && self.unfinished.is_empty()
    }
}

/// Compares the catalog of `collection` with both indexes, and each chunk with its document's text.
///
/// # Errors
/// When a store cannot be read. A disagreement is no error: see [`VerifyReport::is_clean`].
pub async fn verify(
    catalog: &dyn CatalogWriter,
    vectors: &dyn VectorStore,
    keyword: &dyn KeywordIndex,
    collection: &str,
) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let mut half_written = BTreeSet::new();
    for record in catalog.documents(collection, Some(DocumentStatus::Indexing)).await? {
        half_written.extend(catalog.chunk_ids_of(record.id).await?);
        report.unfinished.push(record.uri);
    }
    let known: BTreeSet<ChunkId> = catalog.chunk_ids(collection).await?.into_iter().collect();
    report.chunks = known.len();
    report.vectors = Difference::of(&known, &half_written, vectors.chunk_ids().await?);
    report.keyword = Difference::of(&known, &half_written, keyword.chunk_ids().await?);
    for record in catalog.documents(collection, Some(DocumentStatus::Indexed)).await? {
        report.documents += 1;
        let ids = catalog.chunk_ids_of(record.id).await?;
        if ids.len() != record.chunks as usize {
            report.wrong_count.push(record.id);
        }
        let text = catalog.document(record.id).await?.map(|document| document.text).unwrap_or_default();
        for some in ids.chunks(AT_ONCE) {
            let chunks = catalog.chunks(some).await?;
            let wrong = chunks.iter().filter(|(chunk, _)| chunk.span.of(&text) != Some(chunk.text.as_str()));
            report.wrong_text.extend(wrong.map(|(chunk, _)| chunk.id));
        }
    }
    Ok(report)
}
