//! The index and `Filter::matches` must agree on every document.

use std::sync::Arc;

use footnote_core::document::DocumentId;
use footnote_core::seam::{KeywordEntry, KeywordIndex};
use footnote_core::{ChunkId, Facts};
use uuid::Uuid;

use super::TantivyIndex;
use crate::index::samples;

fn entry(n: usize, facts: Facts) -> KeywordEntry {
    KeywordEntry {
        chunk: ChunkId(Uuid::from_u128(n as u128)),
        document: DocumentId::of("c", "u"),
        title: String::new(),
        headings: String::new(),
        body: "common word".into(),
        place: String::new(),
        language: None,
        facts: Arc::new(facts),
    }
}

#[tokio::test]
async fn the_index_finds_what_fits_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let index = TantivyIndex::open(dir.path()).unwrap();
    let documents = samples::some(samples::facts(), 60);
    index.upsert(documents.iter().enumerate().map(|(n, facts)| entry(n, facts.clone())).collect()).await.unwrap();
    index.commit().await.unwrap();
    let all = index.search("common", 100, None).await.unwrap();
    assert_eq!(all.len(), 60);
    for filter in samples::some(samples::filters(), 600) {
        let hits = index.search("common", 100, Some(&filter)).await.unwrap();
        let mut found: Vec<u128> = hits.iter().map(|hit| hit.chunk.0.as_u128()).collect();
        found.sort_unstable();
        let fit = documents.iter().enumerate().filter(|(_, facts)| filter.matches(facts));
        assert_eq!(found, fit.map(|(n, _)| n as u128).collect::<Vec<_>>(), "{filter:?}");
        assert!(hits.iter().all(|hit| hit.score == all[0].score), "a filter changes no score");
    }
}
