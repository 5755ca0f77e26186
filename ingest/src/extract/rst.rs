//! reStructuredText: headings by their adornments, directives without their markup, code verbatim.

mod grid;
mod roles;

use footnote_core::Result;
use footnote_core::seam::{Extracted, Extractor};

use self::grid::is_border;
use self::roles::words;
use super::canvas::Canvas;
use super::front_matter::{self, Custom};
use super::{decode, table};
use crate::normalize;

/// Blocks in blocks deeper than this are read as plain lines.
const MAX_DEPTH: usize = 24;

/// Directives whose content is code.
const CODE: &[&str] = &["code", "code-block", "sourcecode", "parsed-literal", "literalinclude", "doctest", "math"];

/// Directives that say nothing to a reader of the page itself.
const SILENT: &[&str] = &[
    "toctree",
    "include",
    "contents",
    "index",
    "meta",
    "raw",
    "highlight",
    "currentmodule",
    "module",
    "default-role",
    "role",
    "sectnum",
    "tabularcolumns",
    "only",
    "autosummary",
    "automodule",
    "autoclass",
    "autofunction",
    "testsetup",
];

/// Reads reStructuredText, as far as a reader needs it: no roles are looked up and nothing is included.
pub(crate) struct Rst;

impl Extractor for Rst {
    fn media_types(&self) -> &'static [&'static str] {
        &["text/x-rst"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        let source = normalize::canonical(&source).replace('\t', "        ");
        let (mut said, body) = front_matter::cut(name, &source, Custom::Unusual);
        let lines: Vec<&str> = body.lines().map(str::trim_end).collect();
        let mut reader = Reader::default();
        reader.blocks(&lines, 0);
        let (text, headings) = reader.canvas.finish();
        // The heading that stands above all else, or the only one of the first level.
        let only = headings.iter().filter(|heading| heading.level == 1).count() == 1;
        let title = headings.first().filter(|heading| heading.span.start == 0 || only);
        let title = title.and_then(|heading| heading.span.of(&text)).map(str::to_owned);
        let title = said.title.take().or(title);
        Ok(normalize::settle(Extracted { title, text, headings, metadata: said.metadata(), ..Extracted::default() }))
    }
}

#[derive(Default)]
struct Reader {
    canvas: Canvas,
    /// The adornments in order of appearance: the sign, and whether there is a line above. The first is level 1.
    styles: Vec<(char, bool)>,
}

impl Reader {
    /// Reads the blocks in `lines`, which share an indentation that is cut off.
    fn blocks(&mut self, lines: &[&str], depth: usize) {
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            let rest = &lines[at..];
            if line.is_empty() {
                self.canvas.paragraph();
                at += 1;
            } else if let Some((title, style, used)) = heading(rest).filter(|_| depth == 0) {
                self.heading(title, style);
                at += used;
            } else if line == ".." || line.starts_with(".. ") || line.starts_with("__ ") {
                let used = 1 + indented(&rest[1..]);
                self.explicit(line, &rest[1..used], depth);
                at += used;
            } else if adornment(line).is_some_and(|_| line.len() >= 4) {
                self.canvas.paragraph();
                at += 1;
            } else if is_border(line) {
                at += self.table(rest);
            } else if is_block_line(line) {
                at += self.line_block(rest);
            } else if line.starts_with(">>> ") {
                let used = rest.iter().position(|line| line.is_empty()).unwrap_or(rest.len());
                self.literal(&rest[..used]);
                at += used;
            } else if line.starts_with(' ') && depth < MAX_DEPTH {
                let used = indented(rest).max(1);
                self.blocks(&dedented(&rest[..used]), depth + 1);
                at += used;
            } else {
                at += self.paragraph(rest);
            }
        }
    }

    fn heading(&mut self, title: &str, style: (char, bool)) {
        let known = self.styles.iter().position(|known| *known == style).unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        });
        self.canvas.open_heading(u8::try_from(known + 1).unwrap_or(6).min(6));
        self.canvas.words(&words(title));
        self.canvas.close_heading();
    }

    /// A comment, target, footnote, substitution or directive: its first line, and what is indented below.
    fn explicit(&mut self, line: &str, below: &[&str], depth: usize) {
        let body = line.get(3..).unwrap_or_default().trim();
        if body.starts_with('[') {
            // A footnote or citation: its mark and its words.
            self.canvas.paragraph();
            self.canvas.words(&words(body));
            self.canvas.space();
            return self.inner(below, depth);
        }
        let Some((name, argument)) = body.split_once("::").filter(|_| !body.starts_with(['_', '|'])) else { return };
        let name = name.trim().rsplit(':').next().unwrap_or_default();
        if name.is_empty() || name.contains(char::is_whitespace) || SILENT.contains(&name) {
            return;
        }
        let options = below.iter().take_while(|line| is_option(line.trim())).count();
        let (options, content) = below.split_at(options);
        self.canvas.paragraph();
        if matches!(name, "image" | "figure") {
            let alt = options.iter().find_map(|line| line.trim().strip_prefix(":alt:"));
            self.canvas.words(alt.unwrap_or_default());
        } else if CODE.contains(&name) {
            return self.literal(content);
        } else {
            // The text of a note may begin beside its name.
            let content = dedented(content);
            return self.inner(&[&[argument.trim()], content.as_slice()].concat(), depth);
        }
        self.canvas.paragraph();
        self.inner(content, depth);
    }

    fn inner(&mut self, lines: &[&str], depth: usize) {
        if depth < MAX_DEPTH {
            self.blocks(&dedented(lines), depth + 1);
        } else {
            self.literal(lines);
        }
        self.canvas.paragraph();
    }

    fn literal(&mut self, lines: &[&str]) {
        self.canvas.paragraph();
        self.canvas.verbatim(&dedented(lines).join("\n"));
        self.canvas.paragraph();
    }

    /// A table: a line a row. Gives the lines that it used.
    fn table(&mut self, lines: &[&str]) -> usize {
        let (grid, used) = grid::read(lines);
        let shown = |cells: &Vec<String>| cells.iter().map(|cell| words(cell)).collect::<Vec<_>>();
        let rows: Vec<Vec<String>> = grid.rows.iter().map(shown).collect();
        self.canvas.paragraph();
        for line in table::lines(&shown(&grid.headers), &rows) {
            self.canvas.line();
            self.canvas.words(&line);
        }
        self.canvas.paragraph();
        used
    }

    /// Lines that keep their breaks, as in a poem. Gives the lines that it used.
    fn line_block(&mut self, lines: &[&str]) -> usize {
        let used = lines.iter().take_while(|line| is_block_line(line)).count();
        for line in &lines[..used] {
            self.canvas.line();
            self.canvas.words(&words(&line[1..]));
        }
        self.canvas.line();
        used
    }

    /// A paragraph, an item of a list, or a field; its wrapped lines are joined. Gives the lines that it used.
    fn paragraph(&mut self, lines: &[&str]) -> usize {
        let first = lines[0];
        let marker = marker(first);
        let hangs = |line: &&&str| match marker {
            // What is indented below a paragraph is another block: the definition of a term.
            0 => !line.is_empty() && !line.starts_with(' ') && !is_option(line),
            _ => !line.is_empty() && line.starts_with(&" ".repeat(marker)) && self::marker(line.trim_start()) == 0,
        };
        let used = 1 + lines[1..].iter().take_while(|line| hangs(line)).count();
        let mut text = lines[..used].iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        if marker > 0 {
            let bullet = first[..marker].trim_end();
            self.canvas.item(format!("{} ", if matches!(bullet, "*" | "+" | "•") { "-" } else { bullet }));
            text = text[first[..marker].trim_end().len()..].trim_start().to_owned();
        } else if let Some((field, value)) =
            text.get(1..).and_then(|text| text.split_once(':')).filter(|_| is_option(first))
        {
            text = format!("{field}: {}", value.trim());
        }
        let has_literal = text.ends_with("::");
        let shown = text.strip_suffix("::").map_or(text.as_str(), str::trim_end);
        self.canvas.words(&words(shown));
        if has_literal && !shown.is_empty() {
            self.canvas.words(":");
        }
        self.canvas.line();
        used + if has_literal { self.literal_below(&lines[used..]) } else { 0 }
    }

    fn literal_below(&mut self, lines: &[&str]) -> usize {
        let used = indented(lines);
        if lines[..used].iter().any(|line| !line.is_empty()) {
            self.literal(&lines[..used]);
        }
        used
    }
}

/// A heading at the front of `lines`: its title, its style, and how many lines it takes.
fn heading<'a>(lines: &[&'a str]) -> Option<(&'a str, (char, bool), usize)> {
    let long_enough = |title: &str, line: &str| line.len() >= title.trim().chars().count().min(3);
    if let (Some(sign), [over, title, under, ..]) = (adornment(lines[0]), lines)
        && over == under
        && !title.is_empty()
        && long_enough(title, under)
    {
        return Some((title.trim(), (sign, true), 3));
    }
    let [title, under, ..] = lines else { return None };
    let sign = adornment(under)?;
    let is_title = !title.is_empty() && !title.starts_with(' ') && adornment(title).is_none() && !is_border(title);
    (is_title && long_enough(title, under)).then_some((*title, (sign, false), 2))
}

/// The sign that `line` repeats from end to end.
fn adornment(line: &str) -> Option<char> {
    let sign = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 2 && line.chars().all(|c| c == sign) && line != ".." && line != "::").then_some(sign)
}

fn is_block_line(line: &str) -> bool {
    line == "|" || line.starts_with("| ")
}

/// A line such as `:name: value`.
fn is_option(line: &str) -> bool {
    let name = line.strip_prefix(':').and_then(|rest| rest.split_once(':')).map(|(name, _)| name);
    name.is_some_and(|name| !name.is_empty() && !name.starts_with(' ') && !line.contains(":`"))
}

/// Bytes of a list's marker with the space after it, 0 without one.
fn marker(line: &str) -> usize {
    let Some((mark, rest)) = line.split_once(' ') else { return 0 };
    let number = mark.trim_start_matches('(').trim_end_matches(['.', ')']);
    let numbered = number.len() < mark.len()
        && (number == "#" || number.len() == 1 && number.chars().all(char::is_alphanumeric) || is_number(number));
    let marked = matches!(mark, "-" | "*" | "+" | "•") || numbered;
    if marked { mark.len() + 1 + rest.len() - rest.trim_start().len() } else { 0 }
}

fn is_number(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How many lines from the first on are indented or empty; empty ones at the end are not counted.
fn indented(lines: &[&str]) -> usize {
    let inside = lines.iter().take_while(|line| line.is_empty() || line.starts_with(' ')).count();
    lines[..inside].iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1)
}

/// `lines` without the indentation that all of them share.
fn dedented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indent = |line: &&&str| line.len() - line.trim_start_matches(' ').len();
    let shared = lines.iter().filter(|line| !line.is_empty()).map(|line| indent(&line)).min().unwrap_or(0);
    lines.iter().map(|line| line.get(shared..).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests;
