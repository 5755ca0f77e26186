//! What a vector store keeps beside each vector, for filters: the same in qdrant-edge and on a Qdrant server.
//!
//! ```json
//! {"document": "…", "language": "en", "facts": ["label=", "media_type=text/plain", "tags=report"], "numbers": {"fields_2eyear": [2018.0]}}
//! ```

use footnote_core::{DocumentId, Facts};
use serde_json::{Map, Value, json};

use crate::words::UNTOLD;

/// The key of [`Facts::words`]; it has a keyword index.
pub(super) const FACTS: &str = "facts";
/// The object of [`Facts::numbers`].
const NUMBERS: &str = "numbers";
/// The language that its words were analysed in; it has a keyword index on a server, which lists them.
pub(super) const LANGUAGE: &str = "language";
/// The document's id.
const DOCUMENT: &str = "document";

/// Fields with numbers that get an index of their own. More are found too, only slower: fields are the documents'
/// own, and a folder of data could have thousands.
pub(super) const MAX_NUMBER_INDEXES: usize = 64;

/// The payload of a chunk.
pub(super) fn payload(document: DocumentId, facts: &Facts) -> Map<String, Value> {
    let mut payload = Map::new();
    payload.insert(DOCUMENT.into(), json!(document.to_string()));
    payload.insert(FACTS.into(), json!(facts.words));
    let language = facts.words.iter().find_map(|fact| fact.strip_prefix("language="));
    payload.insert(LANGUAGE.into(), json!(language.unwrap_or(UNTOLD)));
    if !facts.numbers.is_empty() {
        let numbers = facts.numbers.iter().map(|(field, values)| (number_key(field), json!(values)));
        payload.insert(NUMBERS.into(), Value::Object(numbers.collect()));
    }
    payload
}

/// The path of a field's numbers in the payload.
pub(super) fn number_path(field: &str) -> String {
    format!("{NUMBERS}.{}", number_key(field))
}

/// A field's name as a key that needs no quotes in a path, whatever is in it: letters and digits of ASCII stay, other
/// bytes become `_` and two hexadecimal digits. Different fields have different keys.
fn number_key(field: &str) -> String {
    let mut key = String::with_capacity(field.len() + 4);
    for byte in field.bytes() {
        if byte.is_ascii_alphanumeric() {
            key.push(char::from(byte));
        } else {
            key.push_str(&format!("_{byte:02x}"));
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_payload_holds_words_and_numbers_under_plain_keys() {
        let mut facts = Facts { words: vec!["label=".into(), "tags=a b".into()], ..Facts::default() };
        facts.numbers.insert("fields.due-date".into(), vec![1.5, -2.0]);
        let document = DocumentId::of("c", "u");
        assert_eq!(
            Value::Object(payload(document, &facts)),
            json!({
                "document": document.to_string(),
                "facts": ["label=", "tags=a b"],
                "language": "und",
                "numbers": {"fields_2edue_2ddate": [1.5, -2.0]},
            })
        );
        assert_eq!(number_path("modified"), "numbers.modified");
    }

    proptest! {
        #[test]
        fn different_fields_have_different_plain_keys(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(a == b, number_key(&a) == number_key(&b));
            prop_assert!(number_key(&a).chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        }
    }
}
