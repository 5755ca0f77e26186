//! Canonical text: UTF-8, NFC, `\n` between lines, no control characters.

use std::borrow::Cow;

use footnote_core::Span;
use footnote_core::seam::Extracted;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc, is_nfc_quick};

/// `text` in canonical form.
pub(crate) fn canonical(text: &str) -> Cow<'_, str> {
    if is_canonical(text) {
        return Cow::Borrowed(text);
    }
    let (clean, _) = cleaned(text, &[]);
    Cow::Owned(clean.nfc().collect())
}

/// An extraction with its text in canonical form, and its spans moved along with their text.
///
/// Extractors work on canonical pieces, but pieces that are joined may compose (an `e` before a tag, its
/// accent after it), so the whole is looked at once more.
pub(crate) fn settle(mut extracted: Extracted) -> Extracted {
    if let Some(title) = extracted.title.take() {
        let title = canonical(&title).split_whitespace().collect::<Vec<_>>().join(" ");
        extracted.title = (!title.is_empty()).then_some(title);
    }
    if is_canonical(&extracted.text) {
        return extracted;
    }
    let mut bounds: Vec<usize> = spans(&mut extracted).flat_map(|span| [span.start, span.end]).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let (clean, kept) = cleaned(&extracted.text, &bounds);
    let (text, moved) = composed(&clean, &kept);
    let place = |old: usize| bounds.binary_search(&old).map_or(text.len(), |index| moved[index]);
    for span in spans(&mut extracted) {
        *span = Span::new(place(span.start), place(span.end));
    }
    extracted.text = text;
    extracted
}

fn spans(extracted: &mut Extracted) -> impl Iterator<Item = &mut Span> {
    let pages = extracted.pages.iter_mut().map(|page| &mut page.span);
    let headings = extracted.headings.iter_mut().map(|heading| &mut heading.span);
    let lines = extracted.lines.iter_mut().map(|line| &mut line.span);
    pages.chain(headings).chain(lines)
}

fn is_canonical(text: &str) -> bool {
    (text.is_ascii() || is_nfc(text)) && text.chars().all(|c| replacement(c) == Some(c))
}

/// What stands for `c` in a canonical text; `None` where it goes.
fn replacement(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        // Spaces that only look different: a quote should be found when typed with a plain one.
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Some(' '),
        // Soft hyphen, zero-width space, word joiner, byte order mark: invisible, and they break words.
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => None,
        // Bullets of symbol fonts, which PDFs hand on as private signs.
        '\u{f0b7}' | '\u{f0a7}' => Some('•'),
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// `text` without control characters and with `\n` alone, and where `bounds` (sorted) lie in it.
fn cleaned(text: &str, bounds: &[usize]) -> (String, Vec<usize>) {
    let mut clean = String::with_capacity(text.len());
    let mut moved = Vec::with_capacity(bounds.len());
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        while moved.len() < bounds.len() && bounds[moved.len()] <= at {
            moved.push(clean.len());
        }
        if !(before == '\r' && c == '\n') {
            clean.extend(replacement(c));
        }
        before = c;
    }
    moved.resize(bounds.len(), clean.len());
    (clean, moved)
}

/// `text` composed (NFC), and where `bounds` (sorted) lie in it. A bound inside a sequence that composes
/// moves to its end.
fn composed(text: &str, bounds: &[usize]) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut moved = Vec::with_capacity(bounds.len());
    let mut done = 0;
    for &bound in bounds {
        let stable =
            |c: char| canonical_combining_class(c) == 0 && is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes;
        let rest = &text[bound.max(done)..];
        let end = text.len() - rest.len() + rest.find(stable).unwrap_or(rest.len());
        out.extend(text[done..end].nfc());
        done = end;
        moved.push(out.len());
    }
    out.extend(text[done..].nfc());
    (out, moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::document::Heading;
    use proptest::prelude::*;

    #[test]
    fn newlines_and_control_characters_are_settled() {
        assert_eq!(canonical("\u{feff}a\r\nb\rc\u{0}\u{7}d\u{a0}e\u{ad}f"), "a\nb\ncd ef");
        assert_eq!(canonical("e\u{301}"), "é");
    }

    #[test]
    fn an_accent_split_from_its_letter_composes_and_spans_follow() {
        let extracted = Extracted {
            text: "cafe\u{301} noir".into(),
            headings: vec![Heading { level: 1, span: Span::new(0, 4) }, Heading { level: 2, span: Span::new(7, 11) }],
            ..Extracted::default()
        };
        let settled = settle(extracted);
        assert_eq!(settled.text, "café noir");
        assert_eq!(settled.headings[0].span.of(&settled.text), Some("café"));
        assert_eq!(settled.headings[1].span.of(&settled.text), Some("noir"));
    }

    proptest! {
        #[test]
        fn settled_text_is_canonical_and_spans_hold_their_words(
            parts in proptest::collection::vec("[\\PCe\u{301}\u{327}\u{ad}\u{1}\r\u{1100}\u{1161}\u{11a8}]{0,6}", 0..6),
        ) {
            let mut extracted = Extracted::default();
            for part in &parts {
                let start = extracted.text.len();
                extracted.text.push_str(part);
                extracted.headings.push(Heading { level: 1, span: Span::new(start, extracted.text.len()) });
            }
            let settled = settle(extracted);
            prop_assert!(is_canonical(&settled.text));
            prop_assert_eq!(&settled.text, &canonical(&parts.concat()).into_owned());
            let pieces: Option<Vec<&str>> = settled.headings.iter().map(|h| h.span.of(&settled.text)).collect();
            // The spans were adjacent, so they still tile the text, but for marks that the first word took.
            let joined = pieces.map(|pieces| pieces.concat());
            prop_assert!(joined.is_some_and(|joined| settled.text.ends_with(&joined)));
        }
    }
}
