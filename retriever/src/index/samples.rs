//! Facts and filters by chance, to ask stores whether they agree with [`Filter::matches`].

use std::collections::BTreeMap;
use std::ops::Bound;

use footnote_core::filter::Range;
use footnote_core::{Facts, Filter};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;

/// Few and odd, so that filters hit and nothing in them is taken for syntax.
const WORDS: [&str; 10] = [
    "label=",
    "label=board",
    "tags=report",
    "tags=Report",
    "tags=a \"b\" \\ ü",
    "media_type=text/plain",
    "under=/srv/docs",
    "has=fields.year",
    "fields.due-date=2024-05-01",
    "name=x.[]*?%.txt",
];
const FIELDS: [&str; 5] = ["modified", "fields.year", "fields.due-date", "fields.a\"b.c[0]", "fields.größe"];
const NUMBERS: [f64; 7] = [-1.5, 0.0, 1.0, 2018.0, 2018.5, 1_714_521_600_000.0, 9_007_199_254_740_992.0];

pub(super) fn facts() -> impl Strategy<Value = Facts> {
    let words = btree_set(select(&WORDS[..]), 0..6);
    let numbers = btree_map(select(&FIELDS[..]), vec(select(&NUMBERS[..]), 1..3), 0..4);
    (words, numbers).prop_map(|(words, numbers)| Facts {
        words: words.into_iter().map(str::to_owned).collect(),
        numbers: numbers.into_iter().map(|(field, values)| (field.to_owned(), values)).collect::<BTreeMap<_, _>>(),
    })
}

pub(super) fn filters() -> impl Strategy<Value = Filter> {
    let unknown = WORDS.into_iter().chain(["tags=unknown"]).collect::<Vec<_>>();
    let fact = vec(select(unknown), 0..3)
        .prop_map(|words| Filter::Fact(words.into_iter().map(str::to_owned).collect::<Vec<String>>()));
    let fields = FIELDS.into_iter().chain(["fields.unknown"]).collect::<Vec<_>>();
    let number = (select(fields), bound(), bound())
        .prop_map(|(field, from, to)| Filter::Number { field: field.to_owned(), range: Range { from, to } });
    prop_oneof![fact, number].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Filter::All),
            vec(inner.clone(), 0..4).prop_map(Filter::Any),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn bound() -> impl Strategy<Value = Bound<f64>> {
    prop_oneof![
        Just(Bound::Unbounded),
        select(&NUMBERS[..]).prop_map(Bound::Included),
        select(&NUMBERS[..]).prop_map(Bound::Excluded),
    ]
}

/// So many values of a strategy, the same each time.
pub(super) fn some<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}
