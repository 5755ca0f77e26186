//! Inline markup of reStructuredText: roles and references as their words.

use super::super::inline;

/// The words of a line without inline markup.
pub(super) fn words(text: &str) -> String {
    inline::without_marks(&without_roles(text), "``", &["**", "*"])
}

/// `:role:`text`` and `` `text <target>`_ `` as their text.
fn without_roles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split("``").enumerate() {
        if index > 0 {
            out.push_str("``");
        }
        if index % 2 == 1 {
            out.push_str(part);
            continue;
        }
        let shown = inline::replaced(part, "`", "`", |inside| {
            let text =
                inside.rsplit_once('<').filter(|_| inside.ends_with('>')).map_or(inside, |(text, _)| text.trim());
            Some(format!("\u{1}{}\u{1}", if text.is_empty() { inside } else { text }.trim_start_matches(['~', '!'])))
        });
        out.push_str(&without_role_names(&shown));
    }
    out
}

/// Removes `:role:` before, and `_` after, what was marked by U+0001, and the marks.
fn without_role_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split('\u{1}').enumerate() {
        let part = if index > 0 && index % 2 == 0 { part.trim_start_matches('_') } else { part };
        out.push_str(part);
        if index % 2 == 0 && part.ends_with(':') {
            let start = out[..out.len() - 1].rfind(|c: char| !(c.is_alphanumeric() || "-_.:".contains(c)));
            let start = start.map_or(0, |at| at + out[at..].chars().next().map_or(1, char::len_utf8));
            if out[start..].starts_with(':') && out.len() - start > 2 {
                out.truncate(start);
            }
        }
    }
    out
}
