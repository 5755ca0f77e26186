//! What is known of a document beside its text: what filters ask for, and who may see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a document says of itself (front matter) and what the settings say of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Tags, sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Access labels, sorted, each once. Who holds one of them may see the document; without any, everybody may.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Fields of the document's own, by name: what its front matter holds beside title and tags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, FieldValue>,
    /// What the document says of itself, where the settings or whoever uploaded it say something else: other
    /// settings are applied to it without reading the document again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<Box<Metadata>>,
}

impl Metadata {
    /// What the document says of itself.
    #[must_use]
    pub fn own(&self) -> &Self {
        self.own.as_deref().unwrap_or(self)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// True or false.
    Bool(bool),
    /// A number; whole ones are exact up to 2⁵³.
    Number(f64),
    /// A text. One that is a date (`2024-05-01`, or with a time as in RFC 3339) is compared as one too.
    Text(String),
    /// Several: a filter that fits one of them fits.
    Many(Vec<FieldValue>),
}

impl FieldValue {
    /// The single values that it holds.
    pub fn scalars(&self) -> Box<dyn Iterator<Item = &FieldValue> + '_> {
        match self {
            Self::Many(values) => Box::new(values.iter().flat_map(FieldValue::scalars)),
            single => Box::new(std::iter::once(single)),
        }
    }

    /// Its text, as facts name it: `2018` for the number 2018. Nothing for several.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(value) => Some(value.to_string()),
            Self::Text(value) => Some(value.clone()),
            Self::Many(_) => None,
        }
    }

    /// Its place on the number line: numbers, and dates as Unix milliseconds.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => value.is_finite().then_some(*value),
            Self::Text(value) => crate::date::parse(value).map(|day| day.start_ms as f64),
            Self::Bool(_) | Self::Many(_) => None,
        }
    }
}
