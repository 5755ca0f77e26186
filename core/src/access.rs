//! Who may see what: a document has labels, a caller has grants.

use serde::{Deserialize, Serialize};

use crate::facts::UNLABELLED;
use crate::filter::Filter;

/// The labels whose documents a caller may see. Documents without labels are everybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grants {
    /// Every document: whoever owns the data folder.
    All,
    /// Documents without labels, and those with one of these.
    Only(Vec<String>),
}

impl Grants {
    /// Whether a document with these labels may be seen.
    #[must_use]
    pub fn may_see(&self, labels: &[String]) -> bool {
        match self {
            Self::All => true,
            Self::Only(granted) => labels.is_empty() || labels.iter().any(|label| granted.contains(label)),
        }
    }

    /// The same as a filter, for both legs; `None` where everything may be seen.
    #[must_use]
    pub fn filter(&self) -> Option<Filter> {
        let Self::Only(granted) = self else { return None };
        let labels = granted.iter().map(|label| format!("label={label}"));
        Some(Filter::Fact(std::iter::once(UNLABELLED.to_owned()).chain(labels).collect()))
    }
}
