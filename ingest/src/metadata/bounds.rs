//! How much a document may say of itself.

use footnote_core::Metadata;
use footnote_core::metadata::FieldValue;

use super::UNREADABLE;
use crate::normalize::canonical;

/// Fields of a document, tags, labels, and values of one field.
const MAX_MANY: usize = 64;
/// The longest name of a field.
pub const MAX_NAME_BYTES: usize = 64;
/// The longest tag, label and value of a field.
pub const MAX_VALUE_BYTES: usize = 512;

/// `said` within bounds, its tags and labels sorted, each once. What is over them is left out, and the log says so.
/// Whoever tries to be seen by some only is never seen by all because of a bound.
pub(crate) fn bounded(file: &str, said: Metadata) -> Metadata {
    let mut left_out = 0;
    let labelled = !said.labels.is_empty();
    let mut metadata = Metadata {
        tags: words(said.tags, &mut left_out),
        labels: words(said.labels, &mut left_out),
        ..Metadata::default()
    };
    if labelled && metadata.labels.is_empty() {
        metadata.labels.push(UNREADABLE.to_owned());
    }
    for (name, value) in said.fields {
        let named = !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.chars().all(is_of_a_name);
        match field(value, &mut left_out).filter(|_| named && metadata.fields.len() < MAX_MANY) {
            Some(value) => {
                metadata.fields.insert(name, value);
            }
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        tracing::warn!(
            file,
            left_out,
            "some of what the document says of itself is left out: at most {MAX_MANY} fields, tags and labels, values \
             of {MAX_VALUE_BYTES} bytes, names of {MAX_NAME_BYTES} letters, digits and _.-"
        );
    }
    metadata
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn words(said: Vec<String>, left_out: &mut usize) -> Vec<String> {
    let mut words: Vec<String> = said.iter().filter_map(|word| fitting(word)).collect();
    *left_out += said.len() - words.len();
    words.sort_unstable();
    words.dedup();
    *left_out += words.len().saturating_sub(MAX_MANY);
    words.truncate(MAX_MANY);
    words
}

fn fitting(text: &str) -> Option<String> {
    // Longer than this, it will not fit in canonical form either, and need not be copied.
    let text = Some(text).filter(|text| text.len() <= 4 * MAX_VALUE_BYTES)?;
    let text = canonical(text).trim().to_owned();
    (!text.is_empty() && text.len() <= MAX_VALUE_BYTES).then_some(text)
}

fn field(value: FieldValue, left_out: &mut usize) -> Option<FieldValue> {
    match value {
        FieldValue::Bool(_) => Some(value),
        FieldValue::Number(number) => number.is_finite().then_some(value),
        FieldValue::Text(text) => fitting(&text).map(FieldValue::Text),
        FieldValue::Many(values) => {
            let count = values.len();
            let single = |value: FieldValue| match value {
                FieldValue::Many(_) => None,
                single => field(single, &mut 0),
            };
            let kept: Vec<FieldValue> = values.into_iter().filter_map(single).take(MAX_MANY).collect();
            if kept.is_empty() {
                return None;
            }
            *left_out += count - kept.len();
            Some(FieldValue::Many(kept))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_over_the_bounds_is_left_out_and_the_rest_kept() {
        let many = |n: usize| (0..n).map(|n| format!("{n:03}")).collect::<Vec<_>>();
        let text = |length: usize| FieldValue::Text("x".repeat(length));
        let mut said = Metadata { tags: many(100), labels: many(3), ..Metadata::default() };
        said.tags.push("001".into());
        said.labels.push("y".repeat(MAX_VALUE_BYTES + 1));
        for (name, value) in [
            ("fits", text(MAX_VALUE_BYTES)),
            ("long", text(MAX_VALUE_BYTES + 1)),
            ("has space", text(1)),
            ("ümlaut", text(1)),
            ("endless", FieldValue::Number(f64::INFINITY)),
            ("list", FieldValue::Many(vec![text(9_999), text(2)])),
        ] {
            said.fields.insert(name.to_owned(), value);
        }
        said.fields.insert("n".repeat(MAX_NAME_BYTES + 1), text(1));
        let kept = bounded("a.md", said);
        assert_eq!((kept.tags.len(), kept.labels.as_slice()), (64, many(3).as_slice()));
        assert_eq!(kept.fields.keys().collect::<Vec<_>>(), ["fits", "list"]);
        assert_eq!(kept.fields["list"], FieldValue::Many(vec![text(2)]));
    }

    #[test]
    fn a_document_that_wants_labels_never_ends_without_any() {
        for label in ["z".repeat(MAX_VALUE_BYTES + 1), " ".into(), String::new()] {
            let said = Metadata { labels: vec![label], ..Metadata::default() };
            assert_eq!(bounded("a.md", said).labels, [UNREADABLE]);
        }
        assert!(bounded("a.md", Metadata::default()).is_empty());
    }

    proptest! {
        #[test]
        fn bounds_hold_and_twice_is_once(
            tags in proptest::collection::vec("\\PC{0,20}", 0..80),
            fields in proptest::collection::btree_map("[a-z.ä ]{0,5}", "\\PC{0,8}", 0..80),
        ) {
            let fields = fields.into_iter().map(|(name, value)| (name, FieldValue::Text(value))).collect();
            let kept = bounded("a", Metadata { tags, fields, ..Metadata::default() });
            prop_assert!(kept.tags.len() <= MAX_MANY && kept.fields.len() <= MAX_MANY && kept.tags.is_sorted());
            prop_assert_eq!(bounded("a", kept.clone()), kept);
        }
    }
}
