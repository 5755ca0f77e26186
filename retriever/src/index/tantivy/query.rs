//! A question's words and a filter, as tantivy's queries.

use std::ops::Bound;

use ::tantivy::Term;
use ::tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, Query, RangeQuery, TermQuery,
    TermSetQuery,
};
use ::tantivy::schema::IndexRecordOption;
use footnote_core::filter::{Filter, Range};

use super::schema::{Fields, number_key};

/// Chunks with any of the words; BM25 adds up over them. Of a word that may stand as several terms, the best counts.
pub(super) fn any_of(fields: Fields, words: &[Vec<String>]) -> Box<dyn Query> {
    Box::new(BooleanQuery::new(words.iter().map(|word| (Occur::Should, self::word(fields, word))).collect()))
}

/// Chunks with a word, in any of the terms that it may stand as.
pub(super) fn word(fields: Fields, terms: &[String]) -> Box<dyn Query> {
    let term = |text: &String| -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_text(fields.terms, text), IndexRecordOption::WithFreqs))
    };
    match terms {
        [only] => term(only),
        several => Box::new(DisjunctionMaxQuery::new(several.iter().map(term).collect())),
    }
}

/// What fits `filter`, of what `query` finds, with the same scores.
pub(super) fn within(query: Box<dyn Query>, fields: Fields, filter: &Filter) -> Box<dyn Query> {
    let scope = ConstScoreQuery::new(scope(fields, filter), 0.0);
    Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, Box::new(scope))]))
}

/// The documents that fit `filter`.
fn scope(fields: Fields, filter: &Filter) -> Box<dyn Query> {
    let each = |filters: &[Filter], occur: Occur| -> Box<dyn Query> {
        Box::new(BooleanQuery::new(filters.iter().map(|filter| (occur, scope(fields, filter))).collect()))
    };
    match filter {
        Filter::All(filters) if filters.is_empty() => Box::new(AllQuery),
        Filter::All(filters) => each(filters, Occur::Must),
        Filter::Any(filters) if filters.is_empty() => Box::new(EmptyQuery),
        Filter::Any(filters) => each(filters, Occur::Should),
        Filter::Not(filter) => Box::new(BooleanQuery::new(vec![
            (Occur::Must, Box::new(AllQuery)),
            (Occur::MustNot, scope(fields, filter)),
        ])),
        Filter::Fact(facts) => match facts.as_slice() {
            [] => Box::new(EmptyQuery),
            [fact] => Box::new(TermQuery::new(Term::from_field_text(fields.facts, fact), IndexRecordOption::Basic)),
            several => {
                Box::new(TermSetQuery::new(several.iter().map(|fact| Term::from_field_text(fields.facts, fact))))
            }
        },
        Filter::Number { field, range } => number(fields, field, range),
    }
}

fn number(fields: Fields, field: &str, range: &Range) -> Box<dyn Query> {
    let term = |value: f64| {
        let mut term = Term::from_field_json_path(fields.numbers, &number_key(field), false);
        term.append_type_and_fast_value(value);
        term
    };
    let bound = |bound: Bound<f64>, open: f64| match bound {
        Bound::Included(value) => Bound::Included(term(value)),
        Bound::Excluded(value) => Bound::Excluded(term(value)),
        // An open range would fit documents without a number too.
        Bound::Unbounded => Bound::Included(term(open)),
    };
    Box::new(RangeQuery::new(bound(range.from, f64::MIN), bound(range.to, f64::MAX)))
}
