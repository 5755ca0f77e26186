//! What a check makes of a sentence. Outside of [`super`] nobody can make one that holds, but of a quote.

use footnote_core::Evidence;
use footnote_core::answer::{Reason, ReasonCode, Support, Verdict};
use footnote_core::text::sentence::marker_length;

use crate::plain::{visible, with_foreign_marks};

/// A sentence that its quotes bear out.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedSentence {
    pub(super) text: String,
    /// Numbers of the evidence that it leans on.
    pub(super) cites: Vec<usize>,
    pub(super) support: Support,
}

/// A sentence that nothing bears out.
#[derive(Debug, Clone, PartialEq)]
pub struct UnsupportedSentence {
    pub(super) text: String,
    pub(super) support: Support,
    /// Number of the evidence that comes nearest.
    pub(super) nearest: usize,
}

/// What became of a sentence of a draft.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    /// It may be shown.
    Holds(VerifiedSentence),
    /// It may not be shown as fact.
    Unsupported(UnsupportedSentence),
    /// There is nothing in it: whether it is true does not matter.
    Empty(ReasonCode),
}

impl VerifiedSentence {
    /// The evidence quoted as it is: it needs no check. Line breaks, list marks and what cannot be seen are not
    /// shown, and numbers in brackets are shown as `(3)`: they are the document's, no footnotes of the answer.
    #[must_use]
    pub fn quote(evidence: &Evidence) -> Self {
        let reason = Reason { code: ReasonCode::Verbatim, message: "the document's own words".into() };
        let support = Support { verdict: Verdict::Supported, score: 1.0, reason: Some(reason) };
        Self { text: shown(&evidence.quote), cites: vec![evidence.number], support }
    }

    /// The words, without marks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Numbers of the evidence that it leans on; never empty.
    #[must_use]
    pub fn cites(&self) -> &[usize] {
        &self.cites
    }

    /// How well the quotes bear it out.
    #[must_use]
    pub fn support(&self) -> &Support {
        &self.support
    }
}

impl UnsupportedSentence {
    /// The words, without marks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The verdict, with its reason.
    #[must_use]
    pub fn support(&self) -> &Support {
        &self.support
    }

    /// Number of the evidence that comes nearest.
    #[must_use]
    pub fn nearest(&self) -> usize {
        self.nearest
    }

    /// What kind of thing is not borne out.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        self.support.reason.as_ref().map_or(ReasonCode::FewWordsShared, |reason| reason.code)
    }
}

/// A quote as a sentence of an answer: on one line, without the mark of a list or a table.
fn shown(quote: &str) -> String {
    let quote = visible(quote);
    let line = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = &line[marker_length(&line)..];
    with_foreign_marks(line.trim_matches(|c: char| c == '|' || c.is_whitespace())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::evidence;

    #[test]
    fn what_a_document_says_in_brackets_is_no_footnote_of_the_answer() {
        let quote = "It was so\u{200b} in 1889 [3], [1, 2] \u{202e}and [note].";
        assert_eq!(
            VerifiedSentence::quote(&evidence(1, "T", &[], quote)).text(),
            "It was so in 1889 (3), (1, 2) and [note]."
        );
    }

    #[test]
    fn a_quote_is_shown_without_its_list_mark_and_line_breaks() {
        for (quote, text) in [("- one\n  two.", "one two."), ("| a | b |", "a | b"), ("2. Step", "Step")] {
            assert_eq!(VerifiedSentence::quote(&evidence(1, "T", &[], quote)).text(), text);
        }
    }
}
