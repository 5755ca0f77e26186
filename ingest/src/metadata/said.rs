//! What a file says of itself, gathered under the names that filters know.

use footnote_core::Metadata;
use footnote_core::metadata::FieldValue;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use serde_json::Value;

use super::UNREADABLE;

/// Levels of maps in maps that are read.
const MAX_DEPTH: usize = 8;

/// Ways to write a moment with an offset, beside RFC 3339.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S %:z"];
/// Ways to write one without; it is taken as UTC, as whole days are.
const WITHOUT_OFFSET: [&str; 3] = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];

/// Gathers what a file says of itself.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Its title.
    pub(crate) title: Option<String>,
    metadata: Metadata,
    /// Values that no filter could ask for: lists of maps, maps without end.
    pub(crate) left_out: usize,
}

impl Said {
    /// Takes an entry of a front matter.
    pub(crate) fn entry(&mut self, name: &str, value: &Value) {
        match name.to_lowercase().as_str() {
            "title" => self.title = text(value).or(self.title.take()),
            "tags" | "keywords" | "categories" => {
                let tags = self.words(value);
                self.metadata.tags.extend(tags);
            }
            "labels" | "access" => self.labels(value),
            _ => self.flat(name, value, 0),
        }
    }

    /// Takes a field that is one text; nothing where it is blank.
    pub(crate) fn field(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.trim().is_empty() {
            self.metadata.fields.insert(name.to_owned(), FieldValue::Text(moment(value.trim())));
        }
    }

    /// Takes the field `name` with each of `values`.
    pub(crate) fn fields(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let mut values: Vec<FieldValue> = values
            .into_iter()
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .map(FieldValue::Text)
            .collect();
        let value = match values.len() {
            0 => return,
            1 => values.remove(0),
            _ => FieldValue::Many(values),
        };
        self.metadata.fields.insert(name.to_owned(), value);
    }

    /// Takes words that a document information calls its keywords: one text, parted by commas or semicolons.
    pub(crate) fn keywords(&mut self, keywords: &str) {
        self.metadata.tags.extend(parted(keywords));
    }

    /// What was gathered.
    pub(crate) fn metadata(self) -> Metadata {
        self.metadata
    }

    fn labels(&mut self, value: &Value) {
        let left_out = self.left_out;
        let labels = self.words(value);
        self.metadata.labels.extend(labels);
        if self.left_out > left_out {
            self.metadata.labels.push(UNREADABLE.to_owned());
        }
    }

    /// The words of a list, or of a text that commas part.
    fn words(&mut self, value: &Value) -> Vec<String> {
        match value {
            Value::Null => Vec::new(),
            Value::String(text) => parted(text).collect(),
            Value::Array(values) => {
                let words: Vec<String> = values.iter().filter_map(text).collect();
                self.left_out += values.len() - words.len();
                words
            }
            Value::Object(_) => {
                self.left_out += 1;
                Vec::new()
            }
            single => text(single).into_iter().collect(),
        }
    }

    /// Takes a field; the entries of a map are fields of their own, `outer.inner`.
    fn flat(&mut self, name: &str, value: &Value, depth: usize) {
        match value {
            Value::Null => {}
            Value::Object(entries) if depth < MAX_DEPTH => {
                for (key, value) in entries {
                    self.flat(&format!("{name}.{key}"), value, depth + 1);
                }
            }
            Value::Object(_) => self.left_out += 1,
            Value::Array(values) => {
                let scalars: Vec<FieldValue> = values.iter().filter_map(scalar).collect();
                self.left_out += values.len() - scalars.len();
                if !scalars.is_empty() {
                    self.metadata.fields.insert(name.to_owned(), FieldValue::Many(scalars));
                }
            }
            single => {
                if let Some(value) = scalar(single) {
                    self.metadata.fields.insert(name.to_owned(), value);
                }
            }
        }
    }
}

fn parted(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split([',', ';']).map(|word| word.trim().to_owned()).filter(|word| !word.is_empty())
}

fn scalar(value: &Value) -> Option<FieldValue> {
    match value {
        Value::Bool(value) => Some(FieldValue::Bool(*value)),
        Value::Number(value) => value.as_f64().map(FieldValue::Number),
        Value::String(value) if value.trim().is_empty() => None,
        Value::String(value) => Some(FieldValue::Text(moment(value.trim()))),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text(value: &Value) -> Option<String> {
    scalar(value).and_then(|value| value.text())
}

/// A moment as RFC 3339 has it, where `text` is one in another common form; else `text` as it is.
fn moment(text: &str) -> String {
    let begins_as_a_date = text.len() >= 16 && text.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    if !begins_as_a_date || text.parse::<Timestamp>().is_ok() {
        return text.to_owned();
    }
    let with = || WITH_OFFSET.iter().find_map(|form| strtime::parse(form, text).ok()?.to_timestamp().ok());
    let without = || {
        let found = WITHOUT_OFFSET.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
        Some(found.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    with().or_else(without).map_or_else(|| text.to_owned(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(entries: &Value) -> (Option<String>, Metadata, usize) {
        let mut said = Said::default();
        for (name, value) in entries.as_object().unwrap() {
            said.entry(name, value);
        }
        let mut metadata = said.metadata.clone();
        metadata.tags.sort();
        metadata.labels.sort();
        (said.title.clone(), metadata, said.left_out)
    }

    #[test]
    fn entries_go_where_filters_look_for_them() {
        let (title, metadata, left_out) = said(&json!({
            "title": "The guide", "Tags": ["a", 7], "keywords": "b, c", "categories": "d", "labels": "hr; it",
            "access": ["staff"], "year": 2018, "draft": false, "empty": "", "nothing": null,
            "review": {"by": "Ada", "on": {"day": "2024-05-01"}}, "who": ["x", {"y": 1}]
        }));
        assert_eq!(title.as_deref(), Some("The guide"));
        assert_eq!(metadata.tags, ["7", "a", "b", "c", "d"]);
        assert_eq!(metadata.labels, ["hr", "it", "staff"]);
        let fields = serde_json::to_value(&metadata.fields).unwrap();
        assert_eq!(
            fields,
            json!({"draft": false, "review.by": "Ada", "review.on.day": "2024-05-01", "who": ["x"], "year": 2018.0})
        );
        assert_eq!(left_out, 1);
    }

    #[test]
    fn labels_that_cannot_be_read_are_nobodys() {
        for labels in [json!({"all": true}), json!([["hr"]])] {
            assert_eq!(said(&json!({ "labels": labels })).1.labels, [UNREADABLE]);
        }
        assert!(said(&json!({ "labels": null })).1.labels.is_empty());
    }

    #[test]
    fn moments_are_written_one_way() {
        for (text, expected) in [
            ("2024-05-01 10:00:00 +0200", "2024-05-01T08:00:00Z"),
            ("2024-05-01T10:00:00", "2024-05-01T10:00:00Z"),
            ("2024-05-01 10:00", "2024-05-01T10:00:00Z"),
            ("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00+02:00"),
            ("2024-05-01", "2024-05-01"),
            ("2024 was a good year", "2024 was a good year"),
            ("ÄÄÄÄÄÄÄÄÄÄÄÄ", "ÄÄÄÄÄÄÄÄÄÄÄÄ"),
        ] {
            assert_eq!(moment(text), expected);
        }
    }
}
