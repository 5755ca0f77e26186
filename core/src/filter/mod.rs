//! Filters: which documents a question is asked of. Pushed down into both legs.
//!
//! [`parse`] reads the JSON language that `docs/filters.md` describes; a [`Filter`] is what is left of it when field
//! names, types and depth were checked. Both legs and [`Filter::matches`] must agree on every document.

mod parse;
#[cfg(test)]
mod tests;

use std::ops::Bound;

use serde::{Deserialize, Serialize};

use crate::facts::Facts;

pub use parse::{FIELDS, MAX_CONDITIONS, MAX_DEPTH, parse, unknown_field};

/// A checked filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Each of them; of none, everything fits.
    All(Vec<Filter>),
    /// At least one of them; of none, nothing fits.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// At least one of these facts ([`Facts::words`]); of none, nothing fits.
    Fact(Vec<String>),
    /// A number of this field within a range ([`Facts::numbers`]).
    Number {
        /// The field.
        field: String,
        /// Where it begins and ends.
        range: Range,
    },
}

/// A range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Where it begins.
    pub from: Bound<f64>,
    /// Where it ends.
    pub to: Bound<f64>,
}

impl Range {
    /// Whether `value` lies in it.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        let after = match self.from {
            Bound::Included(from) => value >= from,
            Bound::Excluded(from) => value > from,
            Bound::Unbounded => true,
        };
        let before = match self.to {
            Bound::Included(to) => value <= to,
            Bound::Excluded(to) => value < to,
            Bound::Unbounded => true,
        };
        after && before
    }
}

impl Filter {
    /// Whether a document with these facts fits: what both legs must agree with.
    #[must_use]
    pub fn matches(&self, facts: &Facts) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(facts)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(facts)),
            Self::Not(filter) => !filter.matches(facts),
            Self::Fact(words) => words.iter().any(|word| facts.holds(word)),
            Self::Number { field, range } => {
                facts.numbers.get(field).is_some_and(|values| values.iter().any(|value| range.contains(*value)))
            }
        }
    }

    /// Both at once.
    #[must_use]
    pub fn both(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(Self::All(vec![a, b])),
            (one, other) => one.or(other),
        }
    }

    /// The fields of documents' own that it asks for, without `fields.`, so that unknown ones can be refused.
    #[must_use]
    pub fn own_fields(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.gather_own_fields(&mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn gather_own_fields<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().for_each(|filter| filter.gather_own_fields(found));
            }
            Self::Not(filter) => filter.gather_own_fields(found),
            Self::Fact(words) => found.extend(words.iter().filter_map(|word| {
                let word = word.strip_prefix("has=").unwrap_or(word);
                word.strip_prefix("fields.").map(|own| own.split('=').next().unwrap_or(own))
            })),
            Self::Number { field, .. } => found.extend(field.strip_prefix("fields.")),
        }
    }
}
