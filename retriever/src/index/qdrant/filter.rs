//! Filters as a Qdrant server asks them.

use std::ops::Bound;

use footnote_core::Filter;
use footnote_core::filter::Range;
use qdrant_client::qdrant::{Condition, Filter as Asked, PointId, Range as Limits};

use super::super::payload::{FACTS, number_path};

/// A filter that fits the same chunks as [`Filter::matches`].
pub(super) fn translated(filter: &Filter) -> Asked {
    match filter {
        Filter::All(filters) => Asked::must(filters.iter().map(condition)),
        Filter::Any(filters) if !filters.is_empty() => Asked::should(filters.iter().map(condition)),
        Filter::Not(filter) => Asked::must_not([condition(filter)]),
        Filter::Any(_) | Filter::Fact(_) | Filter::Number { .. } => Asked::must([condition(filter)]),
    }
}

fn condition(filter: &Filter) -> Condition {
    match filter {
        // To Qdrant, "should" of nothing is no condition.
        Filter::Any(filters) if filters.is_empty() => nothing(),
        Filter::Fact(words) if words.is_empty() => nothing(),
        Filter::Fact(words) => match words.as_slice() {
            [word] => Condition::matches(FACTS, word.clone()),
            words => Condition::matches(FACTS, words.to_vec()),
        },
        Filter::Number { field, range } => Condition::range(number_path(field), limits(*range)),
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) => translated(filter).into(),
    }
}

/// Fits no point: none has an id out of no ids.
fn nothing() -> Condition {
    Condition::has_id(Vec::<PointId>::new())
}

fn limits(range: Range) -> Limits {
    let mut limits = Limits::default();
    match range.from {
        Bound::Included(from) => limits.gte = Some(from),
        Bound::Excluded(from) => limits.gt = Some(from),
        Bound::Unbounded => {}
    }
    match range.to {
        Bound::Included(to) => limits.lte = Some(to),
        Bound::Excluded(to) => limits.lt = Some(to),
        Bound::Unbounded => {}
    }
    limits
}
