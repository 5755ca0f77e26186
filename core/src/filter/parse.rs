//! The filter language: JSON in, a checked [`Filter`] out.
//!
//! ```text
//! filter    = { "all": [filter…], "any": [filter…], "not": filter, FIELD: condition, … }     every entry must hold
//! condition = value | [value…] | { "is": value, "in": [value…], "gt" "gte" "lt" "lte": number or date,
//!                                  "under": folder, "exists": true or false, … }              every entry must hold
//! ```

use std::ops::Bound;

use serde_json::{Map, Value};

use super::{Filter, Range};
use crate::date;
use crate::error::{Code, Error, Result};
use crate::facts::MAX_FOLDERS;
use crate::metadata::FieldValue;

/// The fields that every document has; its own are `fields.NAME`.
pub const FIELDS: [&str; 6] = ["language", "media_type", "modified", "name", "path", "tags"];
/// The deepest that filters may lie in one another.
pub const MAX_DEPTH: usize = 16;
/// The most conditions of a filter, each value of a list counted.
pub const MAX_CONDITIONS: usize = 1_000;

const RANGE: [&str; 4] = ["gt", "gte", "lt", "lte"];

/// Reads a filter.
///
/// # Errors
/// [`Code::FilterField`] for a field that no document can have, [`Code::FilterValue`] for a value of the wrong type
/// or an unknown operator, [`Code::FilterTooComplex`] beyond [`MAX_DEPTH`] and [`MAX_CONDITIONS`].
pub fn parse(json: &Value) -> Result<Filter> {
    let mut left = MAX_CONDITIONS;
    filter(json, 1, &mut left)
}

fn filter(json: &Value, depth: usize, left: &mut usize) -> Result<Filter> {
    if depth > MAX_DEPTH {
        return Err(Error::new(Code::FilterTooComplex, format!("the filter is nested more than {MAX_DEPTH} deep"))
            .hint("entries of one object all have to hold: most `all` can be left out"));
    }
    let Value::Object(entries) = json else {
        return Err(value_error("filter", "an object", json));
    };
    let mut parts = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        parts.push(match key.as_str() {
            "all" => Filter::All(filters(key, value, depth, left)?),
            "any" => Filter::Any(filters(key, value, depth, left)?),
            "not" => Filter::Not(Box::new(filter(value, depth + 1, left)?)),
            field => condition(field, value, left)?,
        });
    }
    Ok(one_or_all(parts))
}

fn filters(key: &str, json: &Value, depth: usize, left: &mut usize) -> Result<Vec<Filter>> {
    let Value::Array(items) = json else { return Err(value_error(key, "a list of filters", json)) };
    items.iter().map(|item| filter(item, depth + 1, left)).collect()
}

fn condition(field: &str, json: &Value, left: &mut usize) -> Result<Filter> {
    check_field(field)?;
    match json {
        Value::Object(operators) if operators.is_empty() => Err(value_error(field, "a value or an operator", json)),
        Value::Object(operators) => operations(field, operators, left),
        Value::Array(values) => any_of(field, values, left),
        value => any_of(field, std::slice::from_ref(value), left),
    }
}

fn check_field(field: &str) -> Result<()> {
    let own = field.strip_prefix("fields.").is_some_and(|name| !name.is_empty() && !name.contains('='));
    if own || FIELDS.contains(&field) {
        return Ok(());
    }
    Err(unknown_field(field))
}

/// The refusal of a field that no document has that the caller may see: [`Code::FilterField`].
#[must_use]
pub fn unknown_field(field: &str) -> Error {
    Error::new(Code::FilterField, format!("a filter cannot ask for `{field}`")).hint(format!(
        "fields are {} and fields.NAME for what documents say of themselves in their front matter",
        FIELDS.join(", ")
    ))
}

fn operations(field: &str, operators: &Map<String, Value>, left: &mut usize) -> Result<Filter> {
    let mut parts = Vec::new();
    for (operator, value) in operators {
        match operator.as_str() {
            "is" => parts.push(any_of(field, std::slice::from_ref(value), left)?),
            "in" => {
                let Value::Array(values) = value else { return Err(value_error("in", "a list of values", value)) };
                parts.push(any_of(field, values, left)?);
            }
            "exists" => {
                let Value::Bool(wanted) = value else { return Err(value_error("exists", "true or false", value)) };
                spend(left)?;
                let has = Filter::Fact(vec![format!("has={field}")]);
                parts.push(if *wanted { has } else { Filter::Not(Box::new(has)) });
            }
            "under" => parts.push(under(field, value, left)?),
            range if RANGE.contains(&range) => {}
            unknown => {
                return Err(Error::new(Code::FilterValue, format!("`{field}`: there is no operator `{unknown}`"))
                    .hint("operators are is, in, gt, gte, lt, lte, under and exists"));
            }
        }
    }
    if operators.keys().any(|key| RANGE.contains(&key.as_str())) {
        spend(left)?;
        parts.push(range(field, operators)?);
    }
    Ok(one_or_all(parts))
}

fn any_of(field: &str, values: &[Value], left: &mut usize) -> Result<Filter> {
    if field == "modified" {
        // A date stands for its whole day.
        let days = values.iter().map(|value| {
            spend(left)?;
            let moment = value.as_str().and_then(date::parse).ok_or_else(|| value_error(field, "a date", value))?;
            let range =
                Range { from: Bound::Included(moment.start_ms as f64), to: Bound::Excluded(moment.end_ms as f64) };
            Ok(Filter::Number { field: field.to_owned(), range })
        });
        return Ok(Filter::Any(days.collect::<Result<_>>()?));
    }
    let words = values.iter().map(|value| {
        spend(left)?;
        let text = scalar(value).and_then(|value| value.text());
        text.map(|text| format!("{field}={text}"))
            .ok_or_else(|| value_error(field, "a text, a number, true or false", value))
    });
    Ok(Filter::Fact(words.collect::<Result<_>>()?))
}

fn under(field: &str, json: &Value, left: &mut usize) -> Result<Filter> {
    spend(left)?;
    if field != "path" {
        return Err(Error::new(Code::FilterValue, format!("`{field}`: only `path` can be `under` a folder"))
            .hint("write {\"path\": {\"under\": \"/the/folder\"}}"));
    }
    let folder = json.as_str().filter(|folder| !folder.is_empty());
    let folder = folder.ok_or_else(|| value_error("under", "a folder", json))?;
    let folder = folder.strip_prefix("file://").unwrap_or(folder);
    let plain = match folder.trim_end_matches('/') {
        "" => "/",
        plain => plain,
    };
    if plain.matches('/').count() >= MAX_FOLDERS {
        return Err(Error::new(Code::FilterTooComplex, format!("`under` names more than {MAX_FOLDERS} folders"))
            .hint("name a folder further up"));
    }
    Ok(Filter::Fact(vec![format!("under={plain}")]))
}

fn range(field: &str, operators: &Map<String, Value>) -> Result<Filter> {
    let mut range = Range { from: Bound::Unbounded, to: Bound::Unbounded };
    for (operator, value) in operators {
        let (from, to) = match operator.as_str() {
            "gt" => (Some(Bound::Excluded(end_of(field, value)?)), None),
            "gte" => (Some(Bound::Included(start_of(field, value)?)), None),
            "lt" => (None, Some(Bound::Excluded(start_of(field, value)?))),
            "lte" => (None, Some(Bound::Included(end_of(field, value)?))),
            _ => (None, None),
        };
        if from.is_some() && range.from != Bound::Unbounded || to.is_some() && range.to != Bound::Unbounded {
            return Err(Error::new(Code::FilterValue, format!("`{field}`: two bounds on one side"))
                .hint("use gt or gte, and lt or lte"));
        }
        range = Range { from: from.unwrap_or(range.from), to: to.unwrap_or(range.to) };
    }
    Ok(Filter::Number { field: field.to_owned(), range })
}

/// A number, or where a date begins.
fn start_of(field: &str, value: &Value) -> Result<f64> {
    let number = match value {
        Value::String(text) => date::parse(text).map(|moment| moment.start_ms as f64),
        // A bare number for `modified` would be milliseconds, and hardly ever meant so.
        Value::Number(number) if field != "modified" => number.as_f64(),
        _ => None,
    };
    let wanted = if field == "modified" { "a date" } else { "a number or a date" };
    number.ok_or_else(|| value_error(field, wanted, value))
}

/// A number, or the last millisecond of a date: `lte` a day takes the whole day in, `gt` a day leaves it out.
fn end_of(field: &str, value: &Value) -> Result<f64> {
    match value.as_str().and_then(date::parse) {
        Some(moment) => Ok((moment.end_ms - 1) as f64),
        None => start_of(field, value),
    }
}

fn scalar(value: &Value) -> Option<FieldValue> {
    match value {
        Value::Bool(value) => Some(FieldValue::Bool(*value)),
        Value::Number(value) => value.as_f64().map(FieldValue::Number),
        Value::String(value) => Some(FieldValue::Text(value.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn one_or_all(mut parts: Vec<Filter>) -> Filter {
    match parts.len() {
        1 => parts.remove(0),
        _ => Filter::All(parts),
    }
}

fn spend(left: &mut usize) -> Result<()> {
    *left = left.checked_sub(1).ok_or_else(|| {
        Error::new(Code::FilterTooComplex, format!("the filter has more than {MAX_CONDITIONS} conditions"))
            .hint("tag the documents that belong together, and ask for the tag")
    })?;
    Ok(())
}

fn value_error(field: &str, wanted: &str, found: &Value) -> Error {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Error::new(Code::FilterValue, format!("`{field}` takes {wanted}, not {found}"))
        .hint("dates are written 2024-05-01 or 2024-05-01T12:00:00Z; docs/filters.md has the whole language")
}
