//! A JSON value as it is written: keys in their order, numbers with all their digits.
//!
//! `serde_json` says whether the text is JSON and where it is not; its own value would keep neither.

use serde::de::IgnoredAny;

use crate::normalize;

/// Values that are nested deeper are refused: nobody reads them, and walks over them recurse.
pub(crate) const MAX_DEPTH: usize = 128;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A number or a truth value, as written.
    Scalar(String),
    /// A string in canonical form.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object, keys in their order.
    Object(Vec<(String, Value)>),
}

/// Why a text is not JSON, and where: from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) reason: String,
}

/// Reads one value.
pub(crate) fn parse(source: &str) -> Result<Value, Broken> {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(source) {
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
        return Err(Broken { line: error.line(), column: error.column(), reason });
    }
    let mut reader = Reader { source, at: 0 };
    reader.value(0).map_err(|reason| {
        let before = &source[..reader.at.min(source.len())];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        Broken { line, column, reason: reason.to_owned() }
    })
}

/// Walks through a text that is known to be JSON.
struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.source[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.source.as_bytes().get(self.at).copied()
    }

    /// Steps over `byte`, where it is next.
    fn took(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn value(&mut self, depth: usize) -> Result<Value, &'static str> {
        if depth > MAX_DEPTH {
            return Err("it is nested deeper than 128 levels");
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Value::Text(self.string())),
            Some(_) => {
                let rest = &self.source[self.at..];
                let end = rest.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
                self.at += end;
                Ok(if &rest[..end] == "null" { Value::Null } else { Value::Scalar(rest[..end].to_owned()) })
            }
            None => Err("a value is missing"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, &'static str> {
        self.at += 1;
        let mut fields = Vec::new();
        while self.peek() == Some(b'"') {
            let key = self.string();
            self.took(b':');
            fields.push((key, self.value(depth + 1)?));
            self.took(b',');
        }
        self.took(b'}');
        Ok(Value::Object(fields))
    }

    fn list(&mut self, depth: usize) -> Result<Value, &'static str> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.took(b']') {
            items.push(self.value(depth + 1)?);
            self.took(b',');
        }
        Ok(Value::List(items))
    }

    fn string(&mut self) -> String {
        let rest = &self.source[self.at..];
        let mut escaped = true;
        let end = rest.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            // The first byte is the opening quote, which ends nothing.
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let raw = &rest[..end.map_or(rest.len(), |end| end + 1)];
        self.at += raw.len();
        // Half a surrogate pair is no character; such a string stays as it is written.
        let text = serde_json::from_str(raw).unwrap_or_else(|_| raw.trim_matches('"').to_owned());
        normalize::canonical(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_the_order_of_keys_are_kept() {
        let found = parse(r#" {"b": 12345678901234567890.10, "a": [true, null, "x\"\u00e9\\"], "c": {} } "#).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let scalar = |text: &str| Value::Scalar(text.to_owned());
        let expected = vec![
            ("b".to_owned(), scalar("12345678901234567890.10")),
            ("a".to_owned(), Value::List(vec![scalar("true"), Value::Null, text("x\"é\\")])),
            ("c".to_owned(), Value::Object(vec![])),
        ];
        assert_eq!(found, Value::Object(expected));
        assert_eq!(parse(r#""\ud83d""#).unwrap(), text(r"\ud83d"));
        assert_eq!(parse(r#""""#).unwrap(), text(""));
    }

    #[test]
    fn a_fault_has_a_place() {
        let broken = parse("{\n  \"a\": 1,\n  \"b\" 2\n}").unwrap_err();
        assert_eq!((broken.line, broken.column, broken.reason.as_str()), (3, 7, "expected `:`"));
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        let broken = parse(&nested(200_000)).unwrap_err();
        assert_eq!((broken.line, broken.column), (1, MAX_DEPTH + 2));
        assert!(broken.reason.contains("deeper than 128 levels"));
    }

    proptest::proptest! {
        #[test]
        fn what_serde_reads_is_read_with_the_same_strings(source in "[\\[\\]{}\",:0-9.e\\-a-f\\\\u ]{0,40}|\"[a-z\\\\nu0-9é\"]{0,12}\"") {
            let known = serde_json::from_str::<serde_json::Value>(&source);
            if let Ok(serde_json::Value::String(expected)) = &known {
                let expected = normalize::canonical(expected).into_owned();
                proptest::prop_assert_eq!(parse(&source), Ok(Value::Text(expected)));
            } else if known.is_ok() {
                proptest::prop_assert!(parse(&source).is_ok());
            }
        }
    }
}
