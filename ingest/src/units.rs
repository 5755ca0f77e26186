//! Units: what a chunk never cuts in two as long as it fits: sentences, table rows, lines of lists and code.

use footnote_core::Span;

/// A longer line among others, in bytes, is a paragraph: it is no line of code and no short item of a list.
const PARAGRAPH_BYTES: usize = 160;

/// Where units of `text` begin within `span`, its own start left out. In code every line is a unit. In prose
/// a paragraph (a line by itself, or a long one) consists of sentences; where short lines stand close together
/// (lists, code blocks) or a line is a row of a table, the line is the unit.
pub(crate) fn starts(text: &str, span: Span, code: bool) -> Vec<usize> {
    let mut found = Vec::new();
    let Some(part) = span.of(text) else { return found };
    let lines: Vec<&str> = part.split_inclusive('\n').collect();
    let is_blank = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
    let mut at = span.start;
    for (index, line) in lines.iter().enumerate() {
        found.push(at);
        let alone = is_blank(lines.get(index + 1)) && (index == 0 || is_blank(lines.get(index - 1)));
        if !code && (alone || line.len() > PARAGRAPH_BYTES) && !is_row(line) {
            sentences(line, at, &mut found);
        }
        at += line.len();
    }
    found.retain(|&start| start > span.start);
    found
}

/// A row of a table: cells between bars or tabs, or `Header: cell; Header: cell` as extraction writes it.
fn is_row(line: &str) -> bool {
    line.contains('\t') || line.matches('|').count() >= 2 || (line.contains("; ") && line.matches(": ").count() >= 2)
}

/// Adds where sentences begin in `line`, which stands at byte `at`, but for the first.
fn sentences(line: &str, at: usize, found: &mut Vec<usize>) {
    let mut begun = 0;
    let mut chars = line.char_indices().peekable();
    while let Some((mark_at, mark)) = chars.next() {
        let wide = matches!(mark, '。' | '！' | '？' | '｡');
        if !wide && !matches!(mark, '.' | '!' | '?' | '…' | '।' | '॥' | '؟' | '۔' | '።') {
            continue;
        }
        while chars.peek().is_some_and(|&(_, c)| is_mark(c) || is_closer(c)) {
            chars.next();
        }
        let after = chars.peek().map_or(line.len(), |&(after, _)| after);
        let rest = &line[after..];
        let next = rest.trim_start();
        let parted = wide || next.len() < rest.len();
        if next.is_empty() || !parted || next.starts_with(char::is_lowercase) {
            continue;
        }
        if mark == '.' && after == mark_at + 1 && goes_on(&line[begun..mark_at], next) {
            continue;
        }
        begun = line.len() - next.len();
        found.push(at + begun);
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

fn is_closer(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '»' | '”' | '’' | '」' | '』' | '）' | '】')
}

/// Whether the full stop after `before` ends a word only: an abbreviation, an initial, a list's number.
fn goes_on(before: &str, next: &str) -> bool {
    let mut words = before.rsplit(|c: char| c.is_whitespace() || c == '(');
    let word = words.next().unwrap_or_default();
    let one = |test: fn(char) -> bool| word.chars().count() == 1 && word.chars().all(test);
    let after_number = words.next().is_some_and(|word| word.ends_with(|c: char| c.is_ascii_digit()));
    let first = before.trim_start().len() == word.len();
    let numbers = first && word.len() <= 3 && word.chars().all(|c| c.is_ascii_alphanumeric());
    let initial = one(char::is_uppercase) && !after_number;
    let word = word.to_lowercase();
    let number_next = next.starts_with(|c: char| c.is_ascii_digit());
    initial
        || (numbers && (one(char::is_alphabetic) || word.chars().all(|c| c.is_ascii_digit())))
        || ABBREVIATIONS.contains(&word.as_str())
        || (number_next && BEFORE_NUMBERS.contains(&word.as_str()))
}

const ABBREVIATIONS: &[&str] = &[
    "e.g", "i.e", "cf", "vs", "mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "inc", "ltd", "corp", "al", "approx",
    "ca", "u.s", "u.k", "gen", "col", "sgt", "rev", "hon", "mt", "z.b", "d.h", "bzw", "usw", "vgl", "p.ex",
];
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nos", "nr", "fig", "figs", "eq", "sec", "ch", "vol", "p", "pp", "c", "art", "v", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(text: &str, code: bool) -> Vec<&str> {
        let span = Span::new(0, text.len());
        let starts = starts(text, span, code);
        let ends = starts.iter().copied().chain([text.len()]);
        let begins = [0].into_iter().chain(starts.iter().copied());
        begins.zip(ends).map(|(start, end)| text[start..end].trim_end()).filter(|unit| !unit.is_empty()).collect()
    }

    #[test]
    fn abbreviations_and_decimals_do_not_end_a_sentence() {
        let text =
            "Use e.g. Llama 3.2. Dr. A. Smith measured 3.5 tokens (see Fig. 2). \"Done!\" It ended? yes. 完了。次";
        assert_eq!(
            units(text, false),
            [
                "Use e.g. Llama 3.2.",
                "Dr. A. Smith measured 3.5 tokens (see Fig. 2).",
                "\"Done!\"",
                "It ended? yes.",
                "完了。",
                "次"
            ]
        );
        assert_eq!(units("1. One thing. Two.", false), ["1. One thing.", "Two."]);
    }

    #[test]
    fn rows_items_and_lines_of_code_are_whole() {
        let text = "Prose. More.\n\nModel: Phi. New.; Size: 2. B.\n\n- One. Two.\n- Three.\n";
        assert_eq!(units(text, false), ["Prose.", "More.", "Model: Phi. New.; Size: 2. B.", "- One. Two.", "- Three."]);
        assert_eq!(units("    a. B\n\n    c", true), ["    a. B", "    c"]);
    }

    proptest! {
        #[test]
        fn units_begin_in_order_at_letters_boundaries(text in "([a-zA-Zé0-9.!?|#,() -]|\n|。|\\PC){0,200}", code: bool) {
            let span = Span::new(0, text.len());
            let mut before = 0;
            for start in starts(&text, span, code) {
                prop_assert!(start > before && start <= text.len() && text.is_char_boundary(start));
                before = start;
            }
        }
    }
}
