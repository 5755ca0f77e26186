//! Filters as qdrant-edge asks them.

use std::ops::Bound;

use footnote_core::filter::Range;
use footnote_core::{Error, Filter, Result};
use qdrant_edge::external::ordered_float::OrderedFloat;
use qdrant_edge::{
    AnyVariants, Condition, FieldCondition, Filter as EdgeFilter, HasIdCondition, JsonPath, Match, MatchValue,
    Range as EdgeRange, ValueVariants,
};

use super::payload::{FACTS, number_path};

/// A filter that fits the same chunks as [`Filter::matches`].
pub(super) fn translated(filter: &Filter) -> Result<EdgeFilter> {
    Ok(match filter {
        Filter::All(filters) => EdgeFilter { must: Some(conditions(filters)?), ..EdgeFilter::new() },
        Filter::Any(filters) if !filters.is_empty() => {
            EdgeFilter { should: Some(conditions(filters)?), ..EdgeFilter::new() }
        }
        Filter::Not(filter) => EdgeFilter::new_must_not(condition(filter)?),
        Filter::Any(_) | Filter::Fact(_) | Filter::Number { .. } => EdgeFilter::new_must(condition(filter)?),
    })
}

fn conditions(filters: &[Filter]) -> Result<Vec<Condition>> {
    filters.iter().map(condition).collect()
}

fn condition(filter: &Filter) -> Result<Condition> {
    Ok(match filter {
        // To the engine, "should" of nothing is no condition.
        Filter::Any(filters) if filters.is_empty() => nothing(),
        Filter::Fact(words) if words.is_empty() => nothing(),
        Filter::Fact(words) => {
            let words = match words.as_slice() {
                // A set of one would be looked up anew for each point that the graph leads by.
                [word] => Match::Value(MatchValue { value: ValueVariants::String(word.clone()) }),
                words => Match::new_any(AnyVariants::Strings(words.iter().cloned().collect())),
            };
            Condition::Field(FieldCondition::new_match(path(FACTS)?, words))
        }
        Filter::Number { field, range } => {
            Condition::Field(FieldCondition::new_range(path(&number_path(field))?, limits(*range)))
        }
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) => Condition::Filter(translated(filter)?),
    })
}

/// Fits no point: none has an id out of no ids.
fn nothing() -> Condition {
    Condition::HasId(HasIdCondition::from_iter([]))
}

fn limits(range: Range) -> EdgeRange<OrderedFloat<f64>> {
    let mut limits = EdgeRange { lt: None, gt: None, gte: None, lte: None };
    match range.from {
        Bound::Included(from) => limits.gte = Some(OrderedFloat(from)),
        Bound::Excluded(from) => limits.gt = Some(OrderedFloat(from)),
        Bound::Unbounded => {}
    }
    match range.to {
        Bound::Included(to) => limits.lte = Some(OrderedFloat(to)),
        Bound::Excluded(to) => limits.lt = Some(OrderedFloat(to)),
        Bound::Unbounded => {}
    }
    limits
}

/// A path in the payload.
pub(super) fn path(path: &str) -> Result<JsonPath> {
    path.parse().map_err(|()| Error::internal(format!("`{path}` is no path in a payload")))
}

#[cfg(test)]
#[path = "edge_filter_tests.rs"]
mod tests;
