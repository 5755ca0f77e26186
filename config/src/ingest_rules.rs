//! `[[ingest.rules]]`: labels, tags and fields that documents get by their paths.

use std::collections::BTreeMap;

use footnote_core::metadata::FieldValue;
use serde::{Deserialize, Serialize};

use crate::check::Problem;

/// The longest label, tag and value.
const MAX_VALUE_BYTES: usize = 512;
/// The longest name of a field.
const MAX_NAME_BYTES: usize = 64;

/// One `[[ingest.rules]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestRule {
    /// The paths that it is for.
    pub path: String,
    /// Access labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Fields.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldValue>,
}

/// The first thing wrong with `rules`.
pub(crate) fn check(rules: &[IngestRule]) -> Result<(), Problem> {
    let wrong = |number: usize, message: String, hint| {
        Err(Problem { key: "ingest.rules", message: format!("rule {}: {message}", number + 1), hint })
    };
    for (number, rule) in rules.iter().enumerate() {
        if rule.path.trim().is_empty() {
            return wrong(number, "its path is empty".into(), "write path = \"hr/**\", or \"**\" for every document");
        }
        if rule.labels.is_empty() && rule.tags.is_empty() && rule.fields.is_empty() {
            return wrong(number, "it gives nothing".into(), "add labels, tags or fields");
        }
        let usable = |word: &&String| !word.trim().is_empty() && word.trim() == *word && word.len() <= MAX_VALUE_BYTES;
        if let Some(bad) = rule.labels.iter().chain(&rule.tags).find(|word| !usable(word)) {
            let message = format!("`{bad}` is no label or tag");
            return wrong(number, message, "labels and tags have 1 to 512 bytes and no space at their ends");
        }
        let named = |name: &&String| {
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
            plain && (1..=MAX_NAME_BYTES).contains(&name.len())
        };
        if let Some(bad) = rule.fields.keys().find(|name| !named(name)) {
            let message = format!("`{bad}` cannot name a field");
            return wrong(number, message, "names of fields have 1 to 64 letters, digits and _ . -");
        }
        let too_long = |value: &FieldValue| value.text().is_some_and(|text| text.len() > MAX_VALUE_BYTES);
        if let Some((name, _)) = rule.fields.iter().find(|(_, value)| value.scalars().any(too_long)) {
            return wrong(number, format!("the value of `{name}` is too long"), "values have at most 512 bytes");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::load::{DefaultFolders, load};
    use crate::{Layer, Settings};

    fn with(text: &str) -> Result<Settings, String> {
        let layers = vec![Layer::from_toml("footnote.toml", text).map_err(|error| error.to_string())?];
        let folders = DefaultFolders::of(Some(Path::new("/home/me")), None, None);
        load(layers, None, folders).map(|loaded| loaded.settings).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_are_read() {
        let settings = with(
            "[[ingest.rules]]\npath = \"hr/**\"\nlabels = [\"hr\"]\nfields = { year = 2018, who = [\"a\", \"b\"] }\n\
             [[ingest.rules]]\npath = \"*.pdf\"\ntags = [\"pdf\"]",
        )
        .unwrap();
        let rules = settings.ingest.rules;
        assert_eq!((rules.len(), rules[0].labels.as_slice()), (2, ["hr".to_owned()].as_slice()));
        let fields = serde_json::to_value(&rules[0].fields).unwrap();
        assert_eq!(fields, serde_json::json!({"who": ["a", "b"], "year": 2018.0}));
        assert!(with("").unwrap().ingest.rules.is_empty());
    }

    #[test]
    fn rules_that_make_no_sense_are_refused_by_number() {
        for (rule, reason) in [
            ("path = \" \"\ntags = [\"x\"]", "rule 1: its path is empty"),
            ("path = \"x\"", "rule 1: it gives nothing"),
            ("path = \"x\"\nlabels = [\"\"]", "no label or tag"),
            ("path = \"x\"\nlabels = [\" hr\"]", "no label or tag"),
            ("path = \"x\"\nfields = { \"a b\" = 1 }", "cannot name a field"),
            ("path = \"x\"\nlabel = [\"hr\"]", "unknown field `label`"),
            ("labels = [\"hr\"]", "missing field `path`"),
        ] {
            let error = with(&format!("[[ingest.rules]]\n{rule}")).unwrap_err();
            assert!(error.contains(reason) && error.starts_with("footnote.toml:"), "{error}");
        }
    }
}
