//! Whether quotes bear out what is said, and why or why not.

use serde::{Deserialize, Serialize};

use crate::span::CharSpan;

/// Whether a quote bears out the sentence that cites it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// In a word.
    pub verdict: Verdict,
    /// Share of the sentence's content words that the quote holds, in `0..=1`.
    pub score: f32,
    /// What decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// The verdict on a sentence and its quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A figure, a unit, a date or a name is missing, something is denied or turned round, or hardly a word is shared.
    Unsupported,
    /// Everything that can be checked holds, but much of the sentence is in other words.
    Partial,
    /// Everything that can be checked holds, and most words occur in the quote.
    Supported,
}

/// What decided a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The kind: stable.
    pub code: ReasonCode,
    /// A few words for the reader.
    pub message: String,
}

/// The kinds of reasons, the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The document's own words.
    Verbatim,
    /// So many of the sentence's words stand in the quote.
    WordsShared,
    /// Too few of them do.
    FewWordsShared,
    /// A name does not stand in the quote.
    Entity,
    /// A figure does not.
    Number,
    /// A date does not, or there is no such day.
    Date,
    /// The figure stands there with another unit, or without one.
    Unit,
    /// One denies what the other affirms.
    Negation,
    /// The quote says the opposite: less for more, before for after.
    Opposite,
    /// The words stand there in another order: who did what to whom may be turned round.
    Order,
    /// It does not answer: it repeats the question, or talks about the answer.
    SaysNothing,
    /// A model that read the evidence found another answer in it.
    AnotherAnswer,
    /// It was said before.
    Repeats,
}

impl ReasonCode {
    /// As it is written in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verbatim => "verbatim",
            Self::WordsShared => "words_shared",
            Self::FewWordsShared => "few_words_shared",
            Self::Entity => "entity",
            Self::Number => "number",
            Self::Date => "date",
            Self::Unit => "unit",
            Self::Negation => "negation",
            Self::Opposite => "opposite",
            Self::Order => "order",
            Self::SaysNothing => "says_nothing",
            Self::AnotherAnswer => "another_answer",
            Self::Repeats => "repeats",
        }
    }
}

impl Verdict {
    /// As it is written in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Partial => "partial",
            Self::Supported => "supported",
        }
    }
}

/// A sentence of an answer and the verdict on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// Its place in the answer's text, its marks included.
    pub span: CharSpan,
    /// The verdict.
    #[serde(flatten)]
    pub support: Support,
    /// The footnotes that it leans on; none where the verdict is [`Verdict::Unsupported`].
    pub citations: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_flat_json_with_a_coded_reason() {
        let reason = Reason { code: ReasonCode::FewWordsShared, message: "1 of 9 words".into() };
        let support = Support { verdict: Verdict::Unsupported, score: 0.5, reason: Some(reason) };
        let sentence = Sentence { span: CharSpan { start: 0, end: 9 }, support, citations: vec![] };
        let json = serde_json::json!({
            "span": { "start": 0, "end": 9 }, "verdict": "unsupported", "score": 0.5, "citations": [],
            "reason": { "code": "few_words_shared", "message": "1 of 9 words" },
        });
        assert_eq!(serde_json::to_value(&sentence).unwrap(), json);
        assert_eq!(serde_json::from_value::<Sentence>(json).unwrap(), sentence);
    }
}
