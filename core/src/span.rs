//! Half-open ranges into a canonical text: bytes inside footnote, Unicode code points at its edge.

use serde::{Deserialize, Serialize};

/// A half-open range `start..end` of **bytes** into a document's canonical text.
///
/// Both ends lie on code point boundaries of the text that the span was made for. This is what
/// every stage computes with; readers of the API see a [`CharSpan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span `start..end`. An `end` before `start` gives the empty span at `start`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is inside.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The text inside, or `None` where the span does not fit `text` (past its end, or inside a
    /// code point): the caller holds a span of another text.
    #[must_use]
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }

    /// Whether the two share at least one byte.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The same span, `offset` bytes further on: from a part's coordinates to the whole's.
    #[must_use]
    pub fn shifted(self, offset: usize) -> Self {
        Self { start: self.start + offset, end: self.end + offset }
    }

    /// The span without the white space at its ends. `text` is the text it points into.
    #[must_use]
    pub fn trimmed(self, text: &str) -> Self {
        let Some(inside) = self.of(text) else { return self };
        let left = inside.len() - inside.trim_start().len();
        let kept = inside.trim().len();
        Self { start: self.start + left, end: self.start + left + kept }
    }

    /// The same range counted in code points of `text`; `None` where it does not fit.
    #[must_use]
    pub fn to_chars(self, text: &str) -> Option<CharSpan> {
        let start = text.get(..self.start)?.chars().count();
        let inside = self.of(text)?.chars().count();
        Some(CharSpan { start, end: start + inside })
    }
}

/// A half-open range of **Unicode code points**, 0-based: how the API counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct CharSpan {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
}

impl CharSpan {
    /// The same range in bytes of `text`; `None` where the text is shorter.
    #[must_use]
    pub fn to_bytes(self, text: &str) -> Option<Span> {
        let mut bounds = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()));
        let start = bounds.nth(self.start)?;
        let end = match self.end.checked_sub(self.start)? {
            0 => start,
            more => bounds.nth(more - 1)?,
        };
        Some(Span { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boundary(text: &str, at: usize) -> usize {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    proptest! {
        #[test]
        fn bytes_and_code_points_convert_both_ways(text in "\\PC{0,40}", a in 0usize..160, b in 0usize..160) {
            let (a, b) = (boundary(&text, a.min(b)), boundary(&text, a.max(b)));
            let span = Span::new(a, b);
            let chars = span.to_chars(&text).expect("the span fits");
            prop_assert_eq!(chars.to_bytes(&text), Some(span));
            let counted: String = text.chars().skip(chars.start).take(chars.end - chars.start).collect();
            prop_assert_eq!(span.of(&text), Some(counted.as_str()));
        }

        #[test]
        fn trimming_keeps_the_words(text in "[ a\u{e9}\n]{0,20}") {
            let span = Span::new(0, text.len()).trimmed(&text);
            prop_assert_eq!(span.of(&text), Some(text.trim()));
        }
    }

    #[test]
    fn a_span_of_another_text_is_refused_not_a_panic() {
        assert_eq!(Span::new(0, 9).of("short"), None);
        assert_eq!(Span::new(0, 1).of("é"), None);
        assert_eq!(CharSpan { start: 0, end: 6 }.to_bytes("short"), None);
        assert_eq!(CharSpan { start: 3, end: 1 }.to_bytes("short"), None);
    }
}
