use std::collections::BTreeSet;
use std::sync::Arc;

use footnote_core::document::DocumentId;
use footnote_core::seam::{VectorPoint, VectorStore};
use footnote_core::{ChunkId, Facts};
use uuid::Uuid;

use super::super::edge::EdgeStore;
use super::super::options::VectorOptions;
use super::super::samples::{facts, filters, some};
use super::*;

fn chunk(n: usize) -> ChunkId {
    ChunkId(Uuid::from_u128(n as u128))
}

fn points(all: &[Facts]) -> Vec<VectorPoint> {
    let points = all.iter().enumerate().map(|(n, facts)| VectorPoint {
        chunk: chunk(n),
        document: DocumentId::of("c", "u"),
        vector: (0..16).map(|d| ((n * 7 + d * 13) as f32).sin()).collect(),
        facts: Arc::new(facts.clone()),
    });
    points.collect()
}

async fn fitting(store: &EdgeStore, filter: &Filter) -> BTreeSet<ChunkId> {
    let hits = store.search(vec![1.0; 16], 10_000, Some(filter)).await.unwrap();
    hits.into_iter().map(|hit| hit.chunk).collect()
}

/// Asks the store 400 filters.
async fn agree(store: &EdgeStore, all: &[Facts]) {
    let mut answers = BTreeSet::new();
    for filter in some(filters(), 400) {
        let expected: BTreeSet<ChunkId> = (0..all.len()).filter(|n| filter.matches(&all[*n])).map(chunk).collect();
        assert_eq!(fitting(store, &filter).await, expected, "{filter:?}");
        answers.insert(expected.len());
    }
    // Not all of them were "everything" or "nothing".
    assert!(answers.len() > 20, "{answers:?}");
}

#[tokio::test]
async fn the_store_and_the_filter_agree_on_every_document() {
    let all = some(facts(), 300);
    let dir = tempfile::tempdir().unwrap();
    // A graph from 4 kB on: after optimizing, both kinds of segments are asked.
    let options = VectorOptions { indexing_threshold_kb: 4, ..VectorOptions::default() };
    let store = EdgeStore::open_with(dir.path(), 16, options).unwrap();
    store.upsert(points(&all)).await.unwrap();
    agree(&store, &all).await;
    store.optimize().await.unwrap();
    agree(&store, &all).await;
    let mut more = all.clone();
    more.extend(some(facts(), 20));
    store.upsert(points(&more)).await.unwrap();
    store.flush().await.unwrap();
    agree(&store, &more).await;
    drop(store);
    agree(&EdgeStore::open_with(dir.path(), 16, options).unwrap(), &more).await;
}

#[tokio::test]
async fn facts_written_again_replace_those_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = EdgeStore::open(dir.path(), 16).unwrap();
    let tagged = |tag: &str| Facts { words: vec![format!("tags={tag}")], ..Facts::default() };
    let asked = |tag: &str| Filter::Fact(vec![format!("tags={tag}")]);
    store.upsert(points(&[tagged("old"), tagged("kept")])).await.unwrap();
    store.upsert(points(&[tagged("new")])).await.unwrap();
    assert!(fitting(&store, &asked("old")).await.is_empty());
    assert_eq!(fitting(&store, &asked("new")).await, [chunk(0)].into());
    assert_eq!(fitting(&store, &Filter::Not(Box::new(asked("new")))).await, [chunk(1)].into());
}

#[tokio::test]
async fn more_fields_than_get_an_index_are_found_all_the_same() {
    let field = |n: usize| format!("fields.f{n}");
    let all: Vec<Facts> = (0..super::super::payload::MAX_NUMBER_INDEXES + 20)
        .map(|n| Facts { numbers: [(field(n), vec![n as f64])].into(), ..Facts::default() })
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let store = EdgeStore::open(dir.path(), 16).unwrap();
    store.upsert(points(&all)).await.unwrap();
    for n in 0..all.len() {
        let n_or_more = Range { from: Bound::Included(n as f64), to: Bound::Unbounded };
        let filter = Filter::Number { field: field(n), range: n_or_more };
        assert_eq!(fitting(&store, &filter).await, [chunk(n)].into());
    }
}
