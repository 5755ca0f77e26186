//! AsciiDoc: headings, lists, tables and code; attributes, macros and comments go.

use footnote_core::Result;
use footnote_core::seam::{Extracted, Extractor};
use serde_json::Value;

use super::canvas::Canvas;
use super::front_matter::{self, Custom};
use super::{decode, inline, table};
use crate::metadata::Said;
use crate::normalize;

/// Fences around text that stays as it is; the last one's is never shown.
const VERBATIM: &[char] = &['-', '.', '`', '+', '/'];

/// Reads AsciiDoc, as far as a reader needs it: attributes are not filled in and nothing is included.
pub(crate) struct AsciiDoc;

impl Extractor for AsciiDoc {
    fn media_types(&self) -> &'static [&'static str] {
        &["text/x-asciidoc"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        let source = normalize::canonical(&source);
        let (mut said, body) = front_matter::cut(name, &source, Custom::Unusual);
        let lines: Vec<&str> = body.lines().map(str::trim_end).collect();
        attributes(&lines, &mut said);
        let mut canvas = Canvas::default();
        let mut at = 0;
        while at < lines.len() {
            at += block(&lines[at..], &mut canvas);
        }
        let (text, headings) = canvas.finish();
        let first = headings.first().filter(|heading| heading.level == 1 || heading.span.start == 0);
        let title = said.title.take().or_else(|| first.and_then(|heading| heading.span.of(&text)).map(str::to_owned));
        Ok(normalize::settle(Extracted { title, text, headings, metadata: said.metadata(), ..Extracted::default() }))
    }
}

/// Takes the attributes of the document's header: `:name: value` lines before the first empty line. Those that only
/// tell the converter what to do have no value, as a rule.
fn attributes(lines: &[&str], said: &mut Said) {
    let header = lines.iter().skip_while(|line| line.is_empty() || line.starts_with("//"));
    for line in header.take_while(|line| !line.is_empty()) {
        let entry = line.strip_prefix(':').filter(|_| is_attribute(line)).and_then(|rest| rest.split_once(':'));
        if let Some((name, value)) = entry.filter(|(name, value)| !value.trim().is_empty() && !name.contains('!')) {
            said.entry(name, &attribute(value.trim()));
        }
    }
}

/// The value of an attribute: a number where it is one.
fn attribute(value: &str) -> Value {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::from(number),
        _ => Value::from(value),
    }
}

/// Reads the block at the front of `lines`; gives how many lines it took.
fn block(lines: &[&str], canvas: &mut Canvas) -> usize {
    let line = lines[0];
    if line.is_empty() {
        canvas.paragraph();
        return 1;
    }
    if let Some(sign) = fence(line) {
        return fenced(lines, sign, canvas);
    }
    if line.starts_with("|===") {
        return rows(lines, canvas);
    }
    if let Some((level, title)) = heading(line) {
        canvas.open_heading(level);
        canvas.words(&words(title));
        canvas.close_heading();
        return 1;
    }
    if is_silent(line) {
        return 1;
    }
    if let Some(title) = line.strip_prefix('.').filter(|title| title.starts_with(|c: char| c.is_alphanumeric())) {
        canvas.paragraph();
        canvas.words(&words(title));
        canvas.line();
        return 1;
    }
    if line.starts_with([' ', '\t']) && item(line).is_none() {
        let used = lines.iter().take_while(|line| line.starts_with([' ', '\t'])).count();
        canvas.paragraph();
        canvas.verbatim(&lines[..used].join("\n"));
        canvas.paragraph();
        return used;
    }
    paragraph(lines, canvas)
}

/// A paragraph or an item of a list; its wrapped lines are joined.
fn paragraph(lines: &[&str], canvas: &mut Canvas) -> usize {
    let goes_on = |line: &&&str| {
        let ends = line.is_empty() || fence(line).is_some() || item(line).is_some() || is_silent(line);
        !(ends || line.starts_with("|===") || heading(line).is_some())
    };
    let used = 1 + lines[1..].iter().take_while(goes_on).count();
    let mut first = lines[0];
    if let Some((depth, bullet, text)) = item(first) {
        canvas.item(format!("{}{bullet} ", "  ".repeat(depth - 1)));
        first = text;
    }
    for line in std::iter::once(first).chain(lines[1..used].iter().copied()) {
        let line = line.trim();
        let (line, breaks) = line.strip_suffix(" +").map_or((line, false), |line| (line, true));
        canvas.words(&words(line));
        if breaks { canvas.line() } else { canvas.space() }
    }
    canvas.line();
    used
}

/// The level and words of a heading.
fn heading(line: &str) -> Option<(u8, &str)> {
    let title = line.trim_start_matches('=');
    let level = line.len() - title.len();
    let title = title.strip_prefix(' ')?.trim();
    ((1..=6).contains(&level) && !title.is_empty()).then(|| (u8::try_from(level).unwrap_or(6), title))
}

/// The sign of a block's fence: four of one sign or more, or `--`.
fn fence(line: &str) -> Option<char> {
    let sign = line.chars().next()?;
    let all = line.chars().all(|c| c == sign);
    let is_fence = match sign {
        '-' | '.' | '+' | '/' | '=' | '*' | '_' => all && (line.len() >= 4 || line == "--"),
        '`' => line.starts_with("```") && !line[3..].contains('`'),
        _ => false,
    };
    is_fence.then_some(sign)
}

/// A block between fences: code stays as it is, comments and passed-through markup go, other blocks are read.
fn fenced(lines: &[&str], sign: char, canvas: &mut Canvas) -> usize {
    canvas.paragraph();
    if lines[0] == "--" || !VERBATIM.contains(&sign) {
        return 1;
    }
    let closes = |line: &&&str| if sign == '`' { **line == "```" } else { **line == lines[0] };
    let inside = lines[1..].iter().take_while(|line| !closes(line)).count();
    if !matches!(sign, '/' | '+') {
        canvas.verbatim(&lines[1..=inside].join("\n"));
        canvas.paragraph();
    }
    (inside + 2).min(lines.len())
}

/// Whether a line says nothing to a reader: a comment, an attribute, a macro for a whole block.
fn is_silent(line: &str) -> bool {
    let macros = ["include::", "image::", "toc::", "ifdef::", "ifndef::", "ifeval::", "endif::", "video::", "audio::"];
    let is_comment = line.starts_with("//") && !line.starts_with("///");
    let is_list = line.starts_with('[') && line.ends_with(']') && !line.contains("] ");
    is_attribute(line)
        || is_comment
        || is_list
        || matches!(line, "+" | "<<<" | "'''")
        || macros.iter().any(|m| line.starts_with(m))
}

/// Whether a line sets an attribute: `:name: value`.
fn is_attribute(line: &str) -> bool {
    line.strip_prefix(':').and_then(|rest| rest.split_once(':')).is_some_and(|(name, value)| {
        let named = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '!'));
        named && !name.is_empty() && (value.is_empty() || value.starts_with(' '))
    })
}

/// An item of a list: its depth from 1, its bullet, its words.
fn item(line: &str) -> Option<(usize, String, &str)> {
    let line = line.trim_start();
    let (mark, text) = line.split_once(' ')?;
    let all = |sign: char| mark.chars().all(|c| c == sign) && mark.len() <= 5;
    let number =
        mark.strip_suffix('.').filter(|number| number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit()));
    match mark {
        "" => None,
        "-" => Some((1, "-".to_owned(), text)),
        _ if all('*') => Some((mark.len(), "-".to_owned(), text)),
        _ if all('.') => Some((mark.len(), "-".to_owned(), text)),
        _ => number.filter(|number| !number.is_empty()).map(|_| (1, mark.to_owned(), text)),
    }
}

/// A table: a line a row, with its headers where there are any. The first line of cells tells how many columns
/// there are.
fn rows(lines: &[&str], canvas: &mut Canvas) -> usize {
    let inside = lines[1..].iter().take_while(|line| !line.starts_with("|===")).count();
    let body = &lines[1..=inside];
    let mut cells: Vec<String> = Vec::new();
    let first = body.iter().position(|line| !line.is_empty()).unwrap_or(0);
    let columns = body.get(first).map_or(0, |line| cells_of(line).count());
    let has_headers = columns > 1 && body.get(first + 1).is_some_and(|line| line.is_empty());
    for line in body.iter().filter(|line| !line.is_empty()) {
        if line.contains('|') {
            let before = line.split('|').next().unwrap_or_default().trim();
            // What stands before the first bar is a cell's format, or the rest of the cell above.
            if let (Some(last), false) = (cells.last_mut(), is_format(before)) {
                *last = format!("{last} {}", words(before));
            }
            cells.extend(cells_of(line).map(|cell| words(cell.trim())));
        } else if let Some(last) = cells.last_mut() {
            *last = format!("{last} {}", words(line.trim()));
        }
    }
    let mut rows: Vec<Vec<String>> = cells.chunks(columns.max(1)).map(<[String]>::to_vec).collect();
    let headers = if has_headers && rows.len() > 1 { rows.remove(0) } else { Vec::new() };
    canvas.paragraph();
    for line in table::lines(&headers, &rows) {
        canvas.line();
        canvas.words(&line);
    }
    canvas.paragraph();
    (inside + 2).min(lines.len())
}

fn cells_of(line: &str) -> impl Iterator<Item = &str> {
    line.split('|').skip(1)
}

/// A cell's format, such as `2+^.>s`; or nothing.
fn is_format(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || ".+*<>^aehlmsd".contains(c))
}

/// The words of a line without inline markup.
fn words(text: &str) -> String {
    let named = |inside: &str| {
        let name = inside.split_once(',').map_or(inside, |(_, name)| name);
        Some(name.trim().to_owned())
    };
    let text = inline::replaced(text, "<<", ">>", named);
    let text = inline::replaced(&text, "[[", "]]", |_| Some(String::new()));
    let text = inline::replaced(&text, "footnote:[", "]", |inside| Some(format!(" ({inside})")));
    let text = linked(&text).replace("`+", "`").replace("+`", "`");
    inline::without_marks(&text, "`", &["**", "__", "*", "_", "##", "#"])
}

/// `link:url[words]`, `xref:id[words]` and `https://url[words]` as their words; an address without words stays.
fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, inside) = (&rest[..at], &rest[at + 1..]);
        let start = before.rfind(|c: char| c.is_whitespace() || matches!(c, '(' | '"')).map_or(0, |at| at + 1);
        let target = &before[start..];
        let kinds = ["link:", "xref:", "http://", "https://", "mailto:", "kbd:", "btn:", "image:", "icon:", "pass:"];
        let Some(end) = inside.find(']').filter(|_| kinds.iter().any(|kind| target.starts_with(kind))) else {
            out.push_str(&rest[..=at]);
            rest = inside;
            continue;
        };
        out.push_str(&before[..start]);
        let shown = inside[..end].split(',').next().unwrap_or_default().trim_end_matches('^').trim();
        out.push_str(if shown.is_empty() { target.trim_start_matches("link:") } else { shown });
        rest = &inside[end + 1..];
    }
    out + rest
}

#[cfg(test)]
mod tests;
