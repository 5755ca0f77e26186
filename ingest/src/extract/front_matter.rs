//! Front matter: the block of YAML (`---`) or TOML (`+++`) at the head of a text, in which it speaks of itself.

use serde_json::{Map, Value};
use serde_saphyr::{Budget, Options};

use crate::metadata::{Said, UNREADABLE};

/// A longer block is no front matter. It also bounds what reading one may cost.
const MAX_BYTES: usize = 64 << 10;
/// The deepest that lists and maps may lie in one another.
const MAX_DEPTH: usize = 32;
/// Values that names for values (`&anchor`, `*alias`) may bring in once more.
const MAX_REPLAYED: usize = 256;

/// One of these must be in a block at the head of a text in which `---` may mean something else.
const USUAL: [&str; 18] = [
    "title",
    "tags",
    "keywords",
    "categories",
    "labels",
    "access",
    "author",
    "authors",
    "date",
    "created",
    "updated",
    "subject",
    "description",
    "summary",
    "language",
    "lang",
    "layout",
    "draft",
];

/// Whether a block at the head is a front matter in any case, or only when it looks like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Custom {
    /// The format has front matters by custom.
    Usual,
    /// It has none: the block must name something that front matters do.
    Unusual,
}

/// Cuts the front matter off `source`: what it says, and the text after it. A block that cannot be read stays in the
/// text, and the log says so; its title is believed all the same, and where it speaks of access, nobody may see the
/// document.
pub(crate) fn cut<'s>(name: &str, source: &'s str, custom: Custom) -> (Said, &'s str) {
    let Some(Block { kind, inside, rest }) = block(source) else { return (Said::default(), source) };
    let read = match kind {
        _ if inside.len() > MAX_BYTES => Err(format!("it is longer than {MAX_BYTES} bytes")),
        Kind::Yaml => yaml(inside),
        Kind::Toml => toml(inside),
    };
    match read {
        Ok(Some(entries)) if custom == Custom::Usual || is_usual(&entries) => {
            let mut said = Said::default();
            for (key, value) in &entries {
                said.entry(key, value);
            }
            if said.left_out > 0 {
                tracing::warn!(file = name, left_out = said.left_out, "values of the front matter that are no field");
            }
            (said, rest)
        }
        // Something else between two rules.
        Ok(_) => (Said::default(), source),
        Err(reason) if custom == Custom::Usual || names_something_usual(inside) => {
            tracing::warn!(file = name, reason, "the front matter cannot be read: it stays in the text");
            (of_broken(inside), source)
        }
        Err(_) => (Said::default(), source),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Yaml,
    Toml,
}

struct Block<'s> {
    kind: Kind,
    inside: &'s str,
    rest: &'s str,
}

fn block(source: &str) -> Option<Block<'_>> {
    let (kind, fence, closing) = match source.get(..3)? {
        "---" => (Kind::Yaml, "---", ["---", "..."]),
        "+++" => (Kind::Toml, "+++", ["+++", "+++"]),
        _ => return None,
    };
    let body = source.strip_prefix(fence)?.trim_start_matches([' ', '\t']).strip_prefix('\n')?;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if closing.contains(&line.trim_end()) {
            return Some(Block { kind, inside: &body[..at], rest: &body[at + line.len()..] });
        }
        at += line.len();
    }
    None
}

/// The entries of a YAML map; `None` where it is valid and none.
fn yaml(inside: &str) -> Result<Option<Map<String, Value>>, String> {
    let mut options = Options { strict_booleans: true, with_snippet: false, ..Options::default() };
    options.budget = Some(Budget { max_depth: MAX_DEPTH, max_documents: 1, ..Budget::default() });
    options.alias_limits.max_total_replayed_events = MAX_REPLAYED;
    let value: Value = serde_saphyr::from_str_with_options(inside, options).map_err(|error| error.to_string())?;
    Ok(match value {
        Value::Object(entries) => Some(entries),
        Value::Null => Some(Map::new()),
        _ => None,
    })
}

fn toml(inside: &str) -> Result<Option<Map<String, Value>>, String> {
    let table: toml::Table = inside.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    Ok(Some(table.into_iter().map(|(key, value)| (key, of_toml(value))).collect()))
}

fn of_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(value) => Value::Bool(value),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(values) => Value::Array(values.into_iter().map(of_toml).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, of_toml(value))).collect())
        }
    }
}

fn is_usual(entries: &Map<String, Value>) -> bool {
    entries.keys().any(|key| USUAL.contains(&key.to_lowercase().as_str()))
}

fn names_something_usual(inside: &str) -> bool {
    inside.lines().filter_map(entry_of).any(|(key, _)| USUAL.contains(&key.to_lowercase().as_str()))
}

/// What can be made of a block that is neither YAML nor TOML: its title, and that it is not for everybody.
fn of_broken(inside: &str) -> Said {
    let mut said = Said::default();
    for (key, value) in inside.lines().filter_map(entry_of) {
        match key.to_lowercase().as_str() {
            "title" if said.title.is_none() => {
                let bare = ['"', '\''].iter().find_map(|&sign| value.strip_prefix(sign)?.strip_suffix(sign));
                said.title = Some(bare.unwrap_or(value).to_owned()).filter(|title| !title.is_empty());
            }
            "labels" | "access" => said.entry("labels", &Value::from(UNREADABLE)),
            _ => {}
        }
    }
    said
}

/// `key: value` or `key = value`.
fn entry_of(line: &str) -> Option<(&str, &str)> {
    let at = line.find([':', '='])?;
    let key = line[..at].trim_end().trim_matches(['"', '\'']);
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    plain.then(|| (key, line[at + 1..].trim()))
}

#[cfg(test)]
mod tests;
