//! Cuts a text into the units that can be quoted: sentences, list items, table rows, lines of code.
//!
//! Unicode's sentence bounds (UAX #29) find most ends; the rules here mend what they cannot know:
//! abbreviations, numbered items and table rows. A line break always ends a unit: ingestion joins the
//! lines of a paragraph.

use unicode_segmentation::UnicodeSegmentation;

use crate::span::Span;

/// The longest unit, in bytes; a longer one is cut between words.
pub const MAX_UNIT: usize = 400;

/// Spans of the units of `text`, in order: they don't overlap, they are trimmed, and together they
/// hold everything that is not white space.
#[must_use]
pub fn sentences(text: &str) -> Vec<Span> {
    let mut units = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_row(line) {
            push_cut(text, Span::new(at, at + line.len()), &mut units);
        } else {
            split(text, line, at, &mut units);
        }
        at += line.len();
    }
    units
}

/// Adds the sentences of `line`, which stands at byte `at` of `text`.
fn split(text: &str, line: &str, at: usize, units: &mut Vec<Span>) {
    let mut start = 0;
    for (piece_at, piece) in line.split_sentence_bound_indices() {
        let end = piece_at + piece.len();
        if ends_unit(&line[start..end], &line[end..]) {
            push_cut(text, Span::new(start, end).shifted(at), units);
            start = end;
        }
    }
}

/// A row of a table: cells between bars or tabs, or `Header: cell; Header: cell` as ingestion writes it.
fn is_row(line: &str) -> bool {
    line.contains('\t') || line.matches('|').count() >= 2 || (line.contains("; ") && line.matches(": ").count() >= 2)
}

/// Bytes of a list marker at the start of a line (`- `, `12. `, `# `), 0 without one.
#[must_use]
pub fn marker_length(line: &str) -> usize {
    let Some((marker, _)) = line.split_once(char::is_whitespace) else { return 0 };
    let number = marker.trim_end_matches(['.', ')']);
    let is_marker = matches!(marker, "-" | "*" | "+" | "•" | "–" | ">")
        || (!marker.is_empty() && marker.bytes().all(|byte| byte == b'#'))
        || (number.len() < marker.len() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit()));
    if is_marker { line.len() - line[marker.len()..].trim_start().len() } else { 0 }
}

/// Whether a unit may end between `unit` and what follows it in the line.
fn ends_unit(unit: &str, rest: &str) -> bool {
    let rest = rest.trim_start();
    if rest.is_empty() {
        return true;
    }
    let unit = unit.trim();
    if unit.is_empty() || marker_length(&format!("{unit} x")) > unit.len() || rest.starts_with(char::is_lowercase) {
        return false;
    }
    let Some(before) = unit.strip_suffix('.') else { return true };
    let mut words = before.rsplit(|c: char| c.is_whitespace() || c == '(');
    let word = words.next().unwrap_or_default();
    // `A. Smith` goes on, `3.5 B.` does not.
    let after_number = words.next().is_some_and(|word| word.ends_with(|c: char| c.is_ascii_digit()));
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && !after_number;
    let before_number = rest.starts_with(|c: char| c.is_ascii_digit());
    let word = word.to_lowercase();
    let abbreviates =
        ABBREVIATIONS.contains(&word.as_str()) || (before_number && BEFORE_NUMBERS.contains(&word.as_str()));
    !is_initial && !abbreviates
}

const ABBREVIATIONS: &[&str] = &[
    "e.g", "i.e", "cf", "vs", "mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "inc", "ltd", "corp", "al", "approx",
    "ca", "u.s", "u.k", "gen", "col", "sgt", "rev", "hon", "mt",
];
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nos", "fig", "figs", "eq", "sec", "ch", "vol", "p", "pp", "c", "art", "v", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
];

/// Adds `span`, trimmed, cut between words where it is over the limit.
fn push_cut(text: &str, span: Span, units: &mut Vec<Span>) {
    let mut rest = span.trimmed(text);
    while rest.len() > MAX_UNIT {
        let mut limit = rest.start + MAX_UNIT;
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        let cut = text[rest.start..limit].rfind(char::is_whitespace).map_or(limit, |at| rest.start + at);
        units.push(Span::new(rest.start, cut).trimmed(text));
        rest = Span::new(cut, rest.end).trimmed(text);
    }
    if !rest.is_empty() {
        units.push(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|span| span.of(text).unwrap()).collect()
    }

    #[test]
    fn abbreviations_versions_and_decimals_do_not_end_a_sentence() {
        assert_eq!(
            units(
                "Use e.g. Llama 3.2 with v0.3.1. Dr. A. Smith measured 3.5 tokens. See Fig. 2 (approx. 40 MB). Done!"
            ),
            [
                "Use e.g. Llama 3.2 with v0.3.1.",
                "Dr. A. Smith measured 3.5 tokens.",
                "See Fig. 2 (approx. 40 MB).",
                "Done!"
            ]
        );
    }

    #[test]
    fn items_rows_and_lines_of_code_are_units_of_their_own() {
        let text = "Formats\n- GGUF: one file. It holds all.\n2. Safetensors\n| Q4_1 | 98 MB. Small. |\npip install x\nfootnote serve";
        assert_eq!(
            units(text),
            [
                "Formats",
                "- GGUF: one file.",
                "It holds all.",
                "2. Safetensors",
                "| Q4_1 | 98 MB. Small. |",
                "pip install x",
                "footnote serve"
            ]
        );
    }

    #[test]
    fn a_table_row_stays_whole() {
        let text = "Model: SmolLM2; Note: Small. Fast.; Size: 98 MB\nModel: Llama; Note: Large; Size: 4 GB";
        assert_eq!(units(text), text.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_wall_of_words_is_cut_between_words() {
        let text = "word ".repeat(300);
        let units = units(&text);
        assert!(units.len() >= 3);
        assert!(units.iter().all(|unit| unit.len() <= MAX_UNIT && unit.split(' ').all(|word| word == "word")));
    }

    proptest! {
        #[test]
        fn units_are_ordered_trimmed_and_hold_every_word(text in "([a-zA-Zé0-9.!?|#,() -]|\n|e\\.g\\. |1\\. |\\PC){0,300}") {
            let spans = sentences(&text);
            let mut end = 0;
            let mut held = String::new();
            for span in spans {
                prop_assert!(span.start >= end && !span.is_empty());
                end = span.end;
                let unit = span.of(&text).expect("the span fits");
                prop_assert_eq!(unit.trim(), unit);
                prop_assert!(unit.len() <= MAX_UNIT);
                held.extend(unit.chars().filter(|c| !c.is_whitespace()));
            }
            let all: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(held, all);
        }
    }
}
