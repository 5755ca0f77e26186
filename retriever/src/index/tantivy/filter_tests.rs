//! The index and `Filter::matches` must agree on every document.

use std::sync::Arc;

use footnote_core::document::DocumentId;
use footnote_core::filter::{Filter, Range};
use footnote_core::seam::{KeywordEntry, KeywordIndex};
use footnote_core::{ChunkId, Facts};
use proptest::prelude::*;
use std::ops::Bound;
use uuid::Uuid;

use super::TantivyIndex;

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

fn any_facts() -> impl Strategy<Value = Facts> {
    let words = proptest::collection::btree_set("(a|b|fields\\.c)=[xy]", 0..4);
    let values = proptest::collection::vec((-3i8..4).prop_map(f64::from), 1..3);
    let numbers = proptest::collection::btree_map("(modified|fields\\.y-z\\.w|fields\\.n_1)", values, 0..3);
    (words, numbers).prop_map(|(words, numbers)| Facts { words: words.into_iter().collect(), numbers })
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let bound = || {
        prop_oneof![
            Just(Bound::Unbounded),
            (-3i8..4).prop_map(|n| Bound::Included(f64::from(n))),
            (-3i8..4).prop_map(|n| Bound::Excluded(f64::from(n) / 2.0)),
        ]
    };
    let leaf = prop_oneof![
        proptest::collection::vec("(a|b|fields\\.c)=[xy]", 0..3).prop_map(Filter::Fact),
        ("(modified|fields\\.y-z\\.w|fields\\.n_1)", bound(), bound())
            .prop_map(|(field, from, to)| Filter::Number { field, range: Range { from, to } }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Filter::All),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Filter::Any),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_index_finds_what_fits_and_nothing_else(
        documents in proptest::collection::vec(any_facts(), 1..12),
        filters in proptest::collection::vec(any_filter(), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let index = TantivyIndex::open(dir.path()).unwrap();
            let entries = documents.iter().enumerate().map(|(n, facts)| entry(n, facts.clone()));
            index.upsert(entries.collect()).await.unwrap();
            index.commit().await.unwrap();
            let all = index.search("common", 100, None).await.unwrap();
            for filter in &filters {
                let hits = index.search("common", 100, Some(filter)).await.unwrap();
                let mut found: Vec<u128> = hits.iter().map(|hit| hit.chunk.0.as_u128()).collect();
                found.sort_unstable();
                let fit = documents.iter().enumerate().filter(|(_, facts)| filter.matches(facts));
                assert_eq!(found, fit.map(|(n, _)| n as u128).collect::<Vec<_>>(), "{filter:?}");
                assert!(hits.iter().all(|hit| hit.score == all[0].score), "a filter changes no score");
            }
        });
    }
}
