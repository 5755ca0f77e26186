//! Plain text: hard-wrapped lines joined into paragraphs, so that sentences are whole.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Result, Span, document::Heading};

use super::decode;
use super::front_matter::{self, Custom};
use crate::normalize;

/// The longest first line that is taken for a title, in code points.
const MAX_TITLE_CHARS: usize = 100;

/// The longest line that is taken for a heading, in code points.
const MAX_HEADING_CHARS: usize = 60;

/// Lines that are indented this much deeper than the rest are code or the like, and stay as typed…
const DEEP: usize = 4;
/// …unless the line above is so long that it was probably wrapped.
const WRAPPED_CHARS: usize = 60;

/// Reads plain text. Lists, indented and tabular lines keep their lines; a line that is underlined, or
/// stands alone like one, is a heading.
pub(crate) struct Plain;

impl Extractor for Plain {
    fn media_types(&self) -> &'static [&'static str] {
        &["text/plain"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        let source = normalize::canonical(&source);
        let (mut said, body) = front_matter::cut(name, &source, Custom::Unusual);
        let lines: Vec<&str> = body.lines().map(str::trim_end).collect();
        let mut writer = Writer { margin: margin(&lines), ..Writer::default() };
        let blocks: Vec<&[&str]> = lines.split(|line| line.is_empty()).filter(|block| !block.is_empty()).collect();
        for (index, block) in blocks.iter().enumerate() {
            if !writer.text.is_empty() {
                writer.text.push_str("\n\n");
            }
            match heading(block, blocks.get(index + 1).copied()) {
                Some(line) => writer.heading(line, if index == 0 { 1 } else { 2 }),
                None => writer.block(block),
            }
        }
        let title = said.title.take().or_else(|| title(&lines));
        let Writer { text, headings, .. } = writer;
        Ok(normalize::settle(Extracted { title, text, headings, metadata: said.metadata(), ..Extracted::default() }))
    }
}

/// Text with its hard-wrapped lines joined, as [`Plain`] joins them; no line is taken for a heading.
pub(crate) fn joined(source: &str) -> String {
    let lines: Vec<&str> = source.lines().map(str::trim_end).collect();
    let mut writer = Writer { margin: margin(&lines), ..Writer::default() };
    for block in lines.split(|line| line.is_empty()).filter(|block| !block.is_empty()) {
        if !writer.text.is_empty() {
            writer.text.push_str("\n\n");
        }
        writer.block(block);
    }
    writer.text
}

/// The first line, where it is short, alone, and no sentence.
fn title(lines: &[&str]) -> Option<String> {
    let mut lines = lines.iter().skip_while(|line| line.is_empty());
    let first = lines.next()?.trim();
    let alone = lines.next().is_none_or(|next| next.is_empty() || underline(next).is_some()) || is_capitals(first);
    let fits = first.chars().count() <= MAX_TITLE_CHARS && first.chars().any(char::is_alphabetic);
    (alone && fits && !first.ends_with(['.', ',', ';', ':'])).then(|| first.to_owned())
}

/// The level of the heading that `line` underlines.
fn underline(line: &str) -> Option<u8> {
    let line = line.trim();
    let all = |mark: char| line.len() >= 3 && line.chars().all(|c| c == mark);
    if all('=') { Some(1) } else { (all('-') || all('~')).then_some(2) }
}

#[derive(Default)]
struct Writer {
    /// See [`margin`].
    margin: usize,
    text: String,
    headings: Vec<Heading>,
}

impl Writer {
    fn heading(&mut self, line: &str, level: u8) {
        let start = self.text.len();
        self.text.push_str(line.trim());
        self.headings.push(Heading { level, span: Span::new(start, self.text.len()) });
    }

    /// Writes the lines between two empty ones.
    fn block(&mut self, lines: &[&str]) {
        let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let mut in_item = false;
        let mut previous: Option<&str> = None;
        for (index, &line) in lines.iter().enumerate() {
            if let (Some(level), Some(head)) = (underline(line), previous.filter(|head| !is_tabular(head))) {
                let start = self.text.len() - head.trim_start().len();
                self.headings.push(Heading { level, span: Span::new(start, self.text.len()) });
                previous = None;
                continue;
            }
            let underlined = lines.get(index + 1).is_some_and(|next| underline(next).is_some());
            let starts_item = is_item(line);
            let joins = previous.is_some_and(|previous| {
                let set_apart = starts_item || underlined || is_tabular(line) || is_tabular(previous);
                let moved_in =
                    !in_item && indent(line) > indent(previous) && (is_short(previous, longest) || is_anew(line));
                let deep = self.is_deep(line) || self.is_deep(previous);
                let as_typed = !in_item && deep && previous.chars().count() < WRAPPED_CHARS;
                let ended = is_anew(line) && previous.chars().count() * 2 < longest;
                !(set_apart || moved_in || as_typed || ended)
            });
            if joins {
                let divided = self.text.ends_with('-') && line.trim_start().starts_with(char::is_lowercase);
                self.text.push_str(if divided { "" } else { " " });
                self.text.push_str(line.trim_start());
            } else {
                if !self.text.is_empty() && !self.text.ends_with('\n') {
                    self.text.push('\n');
                }
                let kept = if is_tabular(line) || starts_item || self.is_deep(line) { line } else { line.trim_start() };
                self.text.push_str(kept);
                in_item = starts_item;
            }
            previous = Some(line);
        }
    }

    fn is_deep(&self, line: &str) -> bool {
        indent(line) >= self.margin + DEEP
    }
}

/// The line of a block that is a heading: one line in capitals, or one short line that is no sentence, before
/// longer ones.
fn heading<'a>(block: &[&'a str], next: Option<&[&str]>) -> Option<&'a str> {
    let [line] = *block else { return None };
    let short = line.chars().count() <= MAX_HEADING_CHARS && !line.ends_with(['.', ':', ';', ',', '!']);
    let titled = short && indent(line) == 0 && is_anew(line) && line.contains(char::is_alphabetic) && !is_tabular(line);
    let heads = next.is_some_and(|next| next.len() > 1 || next.iter().any(|below| below.len() > line.len()));
    (is_capitals(line) || (titled && heads)).then_some(line)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether a line is set in capitals: in plain text, a heading. What it adds in brackets may be small.
fn is_capitals(line: &str) -> bool {
    let line = line.split('(').next().unwrap_or(line);
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3
        && line.chars().count() <= MAX_TITLE_CHARS
        && !line.contains(char::is_lowercase)
        && !line.contains('\t')
}

/// Whether a line ends well before the margin.
fn is_short(line: &str, longest: usize) -> bool {
    line.chars().count() * 3 < longest * 2
}

/// Whether a line may begin a sentence.
fn is_anew(line: &str) -> bool {
    line.trim_start().starts_with(|c: char| c.is_uppercase() || c.is_numeric())
}

/// The indentation of most lines.
fn margin(lines: &[&str]) -> usize {
    let mut counts = BTreeMap::<usize, usize>::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        *counts.entry(indent(line)).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(indent, count)| (count, Reverse(indent))).map_or(0, |(indent, _)| indent)
}

/// Whether a line begins with a bullet or a number of a list.
fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    let after_bullet = line.strip_prefix(['-', '*', '•', '+', '–', '·', '◦', '▪', '|']);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let after_number = (1..=3).contains(&digits).then(|| line[digits..].strip_prefix(['.', ')'])).flatten();
    let letter = line.strip_prefix('(').unwrap_or(line);
    let letter =
        letter.find(')').filter(|&at| at <= if line.starts_with('(') { 4 } else { 1 }).map(|at| &letter[at + 1..]);
    [after_bullet, after_number, letter].into_iter().flatten().any(|rest| rest.starts_with([' ', '\t']))
}

/// Whether columns are set apart by tabs, bars or runs of spaces, or the line is a rule between them.
/// (Two spaces after a full stop are an old typist's habit, not a column.)
fn is_tabular(line: &str) -> bool {
    let line = line.trim();
    let columns = || line.match_indices("  ").any(|(at, _)| !line[..at].ends_with(['.', '!', '?', ':', ';', ' ']));
    let rule = || !line.contains(char::is_alphanumeric);
    line.contains('\t') || line.contains(" | ") || columns() || rule()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extract(source: &str) -> Extracted {
        Plain.extract("a.txt", source.as_bytes(), &|_| {}).unwrap()
    }

    #[test]
    fn wrapped_lines_become_whole_sentences() {
        let found = extract(
            "The notes\n\nA sentence that was\nwrapped by hand ends\nhere.\n\n\n  Another one, indented\n  as a whole.\n",
        );
        assert_eq!(
            found.text,
            "The notes\n\nA sentence that was wrapped by hand ends here.\n\nAnother one, indented as a whole."
        );
        assert_eq!(found.title.as_deref(), Some("The notes"));
    }

    #[test]
    fn lists_tables_and_short_lines_keep_their_lines() {
        let found = extract(
            "Steps:\n- first, which is\n  wrapped\n- second\n\nName   Size\nsmall  1\nlarge  20 of them and more\n\n\
             Dear reader\nThis letter is long enough to show where the margin of it is set,\nand goes on.\n",
        );
        assert_eq!(
            found.text,
            "Steps:\n- first, which is wrapped\n- second\n\nName   Size\nsmall  1\nlarge  20 of them and more\n\n\
             Dear reader\nThis letter is long enough to show where the margin of it is set, and goes on."
        );
    }

    #[test]
    fn definitions_and_code_keep_their_shape() {
        let found = extract(
            "Adapter\n  A small set of extra weights that stands beside the well-\n  known ones and is trained alone.\n\n\
             Run:\n    wick deploy one\n    wick status\nand look.\n",
        );
        assert_eq!(
            found.text,
            "Adapter\nA small set of extra weights that stands beside the well-known ones and is trained alone.\n\n\
             Run:\n    wick deploy one\n    wick status\nand look."
        );
    }

    #[test]
    fn an_underlined_line_is_a_heading() {
        let found = extract("Guide\n=====\nintro\n\nSetup\n-----\n\nsteps");
        assert_eq!(found.text, "Guide\nintro\n\nSetup\n\nsteps");
        let headings: Vec<_> = found.headings.iter().map(|h| (h.level, h.span.of(&found.text).unwrap())).collect();
        assert_eq!(headings, [(1, "Guide"), (2, "Setup")]);
        assert_eq!(found.title.as_deref(), Some("Guide"));
    }

    #[test]
    fn a_line_that_stands_alone_like_a_heading_is_one() {
        let found = extract(
            "ON-CALL RUNBOOK\nOwner: Joren\n\nDUTY\n\nEach week.\n\nTHE FALLBACK  (mole)\n\nIt runs.\n\nWhat it is\n\na) It is\nb) this.\n\nA\n",
        );
        let headings: Vec<_> = found.headings.iter().map(|h| h.span.of(&found.text).unwrap()).collect();
        assert_eq!(headings, ["DUTY", "THE FALLBACK  (mole)", "What it is"]);
        assert_eq!(found.title.as_deref(), Some("ON-CALL RUNBOOK"));
    }

    #[test]
    fn a_sentence_is_no_title() {
        assert_eq!(extract("This is a sentence.\n\nmore").title, None);
        assert_eq!(extract("one line\nand the next").title, None);
    }

    proptest! {
        #[test]
        fn no_letter_is_lost(source in "[-=*a-c0-9.|é \t\n]{0,80}") {
            let found = extract(&source);
            // Words divided at a hyphen are joined, so letters are compared.
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&found.text), letters(&source));
            for heading in &found.headings {
                prop_assert!(heading.span.of(&found.text).is_some());
            }
        }
    }
}
