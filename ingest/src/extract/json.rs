//! JSON: each object a line that can be read and quoted by itself, prose in paragraphs of its own.

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Code, Error, Result};

use super::decode;
use super::json_value::{Broken, Value, parse};
use crate::normalize;

/// A longer string, in code points, or one of several lines, is prose and does not stand among other fields.
const PROSE_CHARS: usize = 200;

/// Fields that hold prose by their name do so from this length on, and need no label.
const NAMED_PROSE_CHARS: usize = 60;
const PROSE_KEYS: &[&str] =
    &["body", "text", "content", "contents", "abstract", "summary", "description", "message", "comment", "passage"];

/// Reads one JSON value.
pub(crate) struct Json;

/// Reads a JSON value a line.
pub(crate) struct JsonLines;

impl Extractor for Json {
    fn media_types(&self) -> &'static [&'static str] {
        &["application/json"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        match parse(&source) {
            Ok(value) => Ok(whole(&value)),
            // Many programs write a value a line and call it JSON.
            Err(broken) => all_lines(&source).map(settled).ok_or_else(|| damaged(name, &broken)),
        }
    }
}

impl Extractor for JsonLines {
    fn media_types(&self) -> &'static [&'static str] {
        &["application/jsonl"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        let (mut paragraphs, mut first, mut broken_lines) = (Vec::new(), None, 0);
        for (index, line) in source.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match parse(line) {
                Ok(value) => paragraphs.push(block("", &value)),
                Err(Broken { column, reason, .. }) => {
                    tracing::warn!(file = name, line = index + 1, column, reason, "a line is no JSON: kept as text");
                    paragraphs.push(line.trim().to_owned());
                    broken_lines += 1;
                    first.get_or_insert(Broken { line: index + 1, column, reason });
                }
            }
        }
        match first {
            Some(broken) if broken_lines * 2 > paragraphs.len() => match parse(&source) {
                Ok(value) => Ok(whole(&value)),
                Err(_) if broken_lines < paragraphs.len() => Ok(settled(paragraphs)),
                Err(_) => Err(damaged(name, &broken)),
            },
            _ => Ok(settled(paragraphs)),
        }
    }
}

fn damaged(name: &str, broken: &Broken) -> Error {
    let Broken { line, column, reason } = broken;
    Error::new(Code::FileDamaged, format!("{name}: not JSON at line {line}, column {column}: {reason}"))
        .hint("mend it there, or give the file the extension .txt to read it as text")
}

/// The paragraphs of a text whose every line, of two at least, is a value.
fn all_lines(source: &str) -> Option<Vec<String>> {
    let lines = source.lines().filter(|line| !line.trim().is_empty());
    let paragraphs: Vec<String> =
        lines.map(|line| parse(line).map(|value| block("", &value)).ok()).collect::<Option<_>>()?;
    (paragraphs.len() > 1).then_some(paragraphs)
}

fn settled(mut paragraphs: Vec<String>) -> Extracted {
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    normalize::settle(Extracted { text: paragraphs.join("\n\n"), ..Extracted::default() })
}

fn whole(value: &Value) -> Extracted {
    let mut sheet = Sheet::default();
    let title = match value {
        Value::Object(fields) => title(fields),
        _ => None,
    };
    match value {
        Value::List(items) => sheet.below.extend(items.iter().map(|item| block("", item))),
        value => sheet.gather("", value),
    }
    let mut paragraphs = vec![sheet.fields.join("; ")];
    paragraphs.append(&mut sheet.below);
    Extracted { title, ..settled(paragraphs) }
}

fn title(fields: &[(String, Value)]) -> Option<String> {
    let named = |key: &str| {
        fields.iter().find_map(|(name, value)| match value {
            Value::Text(text) if name.eq_ignore_ascii_case(key) && !is_prose(key, text) => Some(text.trim().to_owned()),
            _ => None,
        })
    };
    named("title").or_else(|| named("name")).filter(|title| !title.is_empty())
}

/// An element of a list or a line of a file: its fields on a line, its prose on lines below.
fn block(path: &str, value: &Value) -> String {
    let mut sheet = Sheet::default();
    sheet.gather(path, value);
    let fields = sheet.fields.join("; ");
    let lines =
        [fields].into_iter().chain(sheet.below).flat_map(|part| part.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// What an object says: short fields, and what needs room below them.
#[derive(Default)]
struct Sheet {
    fields: Vec<String>,
    below: Vec<String>,
}

impl Sheet {
    fn gather(&mut self, path: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Scalar(scalar) => self.fields.push(labelled(path, scalar)),
            Value::Text(text) if text.trim().is_empty() => {}
            Value::Text(text) if is_prose(path, text) => {
                let text = text.trim();
                self.below.push(if is_named_prose(path) { text.to_owned() } else { labelled(path, text) });
            }
            Value::Text(text) => self.fields.push(labelled(path, text.trim())),
            Value::Object(fields) => {
                for (key, value) in fields {
                    let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    self.gather(&inner, value);
                }
            }
            Value::List(items) => self.list(path, items),
        }
    }

    /// Short items stand together; the others have a paragraph each.
    fn list(&mut self, path: &str, items: &[Value]) {
        let short = items.iter().filter_map(|item| match item {
            Value::Scalar(scalar) => Some(scalar.as_str()),
            Value::Text(text) if !is_prose(path, text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        });
        let short = short.collect::<Vec<_>>().join(", ");
        if !short.is_empty() {
            self.fields.push(labelled(path, &short));
        }
        for item in items {
            match item {
                Value::List(_) | Value::Object(_) => self.below.push(block(path, item)),
                Value::Text(text) if is_prose(path, text) => self.gather(path, item),
                _ => {}
            }
        }
    }
}

fn labelled(path: &str, value: &str) -> String {
    if path.is_empty() { value.to_owned() } else { format!("{path}: {value}") }
}

fn is_named_prose(path: &str) -> bool {
    let key = path.rsplit('.').next().unwrap_or(path).to_lowercase();
    PROSE_KEYS.contains(&key.as_str())
}

fn is_prose(path: &str, text: &str) -> bool {
    let limit = if is_named_prose(path) { NAMED_PROSE_CHARS } else { PROSE_CHARS };
    let text = text.trim();
    text.contains('\n') || text.chars().nth(limit).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(source: &str) -> Extracted {
        Json.extract("a.json", source.as_bytes(), &|_| {}).unwrap()
    }

    fn lines(source: &str) -> Extracted {
        JsonLines.extract("a.jsonl", source.as_bytes(), &|_| {}).unwrap()
    }

    #[test]
    fn an_object_is_a_line_and_its_prose_has_paragraphs() {
        let prose = "Long prose that says what this model is about, in more than one sentence. And so on.";
        let found = json(&format!(
            r#"{{"name": "Phi", "id": 12345678901234567890, "limits": {{"context": {{"max": 8192}}, "open": true}},
               "tags": ["small", "chat"], "none": null, "empty": "", "description": "{prose}",
               "files": [{{"file": "a.gguf", "mb": 98.10}}, {{"file": "b.gguf", "notes": "one\n\ntwo"}}]}}"#
        ));
        assert_eq!(
            found.text,
            format!(
                "name: Phi; id: 12345678901234567890; limits.context.max: 8192; limits.open: true; tags: small, chat\n\n\
                 {prose}\n\nfiles.file: a.gguf; files.mb: 98.10\n\nfiles.file: b.gguf\nfiles.notes: one\ntwo"
            )
        );
        assert_eq!(found.title.as_deref(), Some("Phi"));
    }

    #[test]
    fn a_list_has_a_paragraph_an_element() {
        assert_eq!(json(r#"[{"a": 1, "b": "x"}, {"a": 2}, 3, [4, 5]]"#).text, "a: 1; b: x\n\na: 2\n\n3\n\n4, 5");
        assert_eq!(json("[]").text, "");
        assert_eq!(json("\"just words\"").text, "just words");
    }

    #[test]
    fn a_broken_line_is_kept_and_hides_nothing() {
        let found = lines("{\"a\": 1}\n\n{\"a\": 2, oops}\n{\"a\": 3}\n");
        assert_eq!(found.text, "a: 1\n\n{\"a\": 2, oops}\n\na: 3");
    }

    #[test]
    fn broken_json_is_refused_with_its_place() {
        let error = Json.extract("a.json", b"{\"a\": 1,\n \"b\": }", &|_| {}).unwrap_err();
        assert_eq!(error.code(), Code::FileDamaged);
        assert!(error.message().starts_with("a.json: not JSON at line 2, column "), "{error}");
        let error = JsonLines.extract("a.jsonl", b"no\njson", &|_| {}).unwrap_err();
        assert!(error.message().starts_with("a.jsonl: not JSON at line 1, column "), "{error}");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let error = Json.extract("a.json", deep.as_bytes(), &|_| {}).unwrap_err();
        assert!(error.message().contains("nested deeper"), "{error}");
    }

    #[test]
    fn lines_and_one_value_are_told_apart_by_content() {
        assert_eq!(json("{\"a\": 1}\n{\"a\": 2}\n").text, "a: 1\n\na: 2");
        assert_eq!(lines("{\n  \"a\": 1,\n  \"b\": 2\n}").text, "a: 1; b: 2");
    }
}
