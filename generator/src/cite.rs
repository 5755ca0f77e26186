//! Footnote marks in a draft, and footnotes out of evidence.

use std::borrow::Cow;
use std::sync::LazyLock;

use footnote_core::answer::Support;
use footnote_core::{CharSpan, Citation, Document, Error, Evidence, Result};
use regex::Regex;

use crate::plain::{visible, with_foreign_marks};

/// `[1]`, `[1, 3]`, `[1][2]`, with the white space before it.
static MARKS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\s*\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]").ok());

/// A sentence of a draft, without its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftSentence {
    /// The words.
    pub text: String,
    /// The evidence that it cites, by number, each once, in order. Only numbers that exist.
    pub cites: Vec<usize>,
}

impl DraftSentence {
    /// Takes the marks out of `raw`. Numbers outside `1..=pieces` are dropped.
    #[must_use]
    pub fn parse(raw: &str, pieces: usize) -> Self {
        let raw = &*visible(raw);
        let Some(marks) = MARKS.as_ref() else { return Self { text: raw.trim().to_owned(), cites: Vec::new() } };
        let mut cites = Vec::new();
        for mark in marks.captures_iter(raw) {
            for number in mark[1].split([',', ';']).filter_map(|number| number.trim().parse().ok()) {
                if (1..=pieces).contains(&number) && !cites.contains(&number) {
                    cites.push(number);
                }
            }
        }
        let text = without_marks(raw).split_whitespace().collect::<Vec<_>>().join(" ");
        let text = with_foreign_marks(&text).into_owned();
        Self { text, cites }
    }
}

/// `text` without its footnote marks, and without the white space before them.
#[must_use]
pub fn without_marks(text: &str) -> Cow<'_, str> {
    MARKS.as_ref().map_or(Cow::Borrowed(text), |marks| marks.replace_all(text, ""))
}

/// Where a draft's leading marks end: they belong to the sentence before.
#[must_use]
pub fn leading_marks(text: &str) -> usize {
    let mut end = 0;
    while let Some(mark) = MARKS.as_ref().and_then(|marks| marks.find_at(text, end)).filter(|mark| mark.start() == end)
    {
        end = mark.end();
    }
    end
}

/// The footnote `index` for `evidence`, held against the document that it quotes.
///
/// # Errors
/// [`Code::Internal`](footnote_core::Code::Internal) when the quote is not `document.text[span]`.
pub fn citation(
    index: usize,
    evidence: &Evidence,
    document: &Document,
    answer_spans: Vec<CharSpan>,
    support: Support,
) -> Result<Citation> {
    let broken = || Error::internal(format!("{}: a quote is not what stands at its place", document.uri));
    if evidence.span.of(&document.text) != Some(evidence.quote.as_str()) {
        return Err(broken());
    }
    Ok(Citation {
        index,
        answer_spans,
        quote: evidence.quote.clone(),
        document: evidence.document.clone(),
        chunk_id: evidence.chunk,
        pages: document.pages_of(evidence.span),
        span: evidence.span.to_chars(&document.text).ok_or_else(broken)?,
        boxes: document.boxes_of(evidence.span),
        support,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Corpus;
    use footnote_core::answer::Verdict;
    use footnote_core::{Code, Span};

    fn parse(raw: &str) -> (String, Vec<usize>) {
        let sentence = DraftSentence::parse(raw, 3);
        (sentence.text, sentence.cites)
    }

    #[test]
    fn marks_are_taken_out_and_only_numbers_that_exist_are_kept() {
        assert_eq!(parse("Completed in 1889 [1]."), ("Completed in 1889.".into(), vec![1]));
        assert_eq!(parse("It is so.[2, 9][1] [2]"), ("It is so.".into(), vec![2, 1]));
        assert_eq!(parse("It is ![so](http://a.b/c) [1]."), ("It is so.".into(), vec![1]));
        assert_eq!(parse("See [0] and [note] in [4]."), ("See and [note] in.".into(), vec![]));
    }

    #[test]
    fn marks_after_a_full_stop_are_found() {
        assert_eq!(leading_marks(" [1][2] Next."), 7);
        assert_eq!(leading_marks("Next [1]."), 0);
    }

    #[test]
    fn a_quote_that_is_not_in_its_place_is_a_bug_not_a_footnote() {
        let corpus = Corpus::of(&[("T", "Größe: drei.")]);
        let document = &corpus.documents[0];
        let mut evidence = crate::testing::evidence(1, "T", &[], "drei.");
        evidence.span = Span::new(9, 14);
        let support = Support { verdict: Verdict::Supported, score: 1.0, reason: None };
        let footnote = citation(1, &evidence, document, vec![], support.clone()).unwrap();
        assert_eq!(footnote.span, CharSpan { start: 7, end: 12 });
        evidence.span = Span::new(8, 14);
        assert_eq!(citation(1, &evidence, document, vec![], support).unwrap_err().code(), Code::Internal);
    }
}
