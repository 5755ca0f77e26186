//! What a reader gets: sentences, each with footnotes that hold up.
//!
//! The types serialize to the API's JSON as they are; all offsets are code points.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chunk::ChunkId;
use crate::document::{PageBox, PageRange};
use crate::explain::Explanation;
use crate::passage::{DocumentRef, Passage};
use crate::span::CharSpan;
pub use crate::verdict::{Reason, ReasonCode, Sentence, Support, Verdict};

/// An answer, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// A fresh id, time-ordered (UUIDv7).
    pub id: Uuid,
    /// The text, with footnote marks such as ` [1]`. Empty when not answerable.
    pub answer: String,
    /// Whether the documents answer the question.
    pub answerable: bool,
    /// Why not, where they don't.
    pub abstain_reason: Option<AbstainReason>,
    /// How sure it is that the documents answer the question, in `0..=1`; `None` where nothing was found.
    #[serde(default)]
    pub confidence: Option<f32>,
    /// How the text came about.
    pub mode: Mode,
    /// The footnotes, by number.
    pub citations: Vec<Citation>,
    /// What comes nearest, where there is no answer: exact quotes, none of which answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<Citation>,
    /// The sentences of the text in order, each with the verdict on it.
    #[serde(default)]
    pub sentences: Vec<Sentence>,
    /// Why sentences that the model wrote were left out, one entry for each; their words are not shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<ReasonCode>,
    /// What was searched for, where the question came with a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<FollowUp>,
    /// Which leg of retrieval did not answer, and why, where the other answered alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
    /// How the ranking of the passages came about, where the question asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
    /// Tokens spent.
    pub usage: Usage,
    /// Where the time went.
    pub timings_ms: Timings,
}

/// A question that came with a conversation, and what it was taken to mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// As it was asked.
    pub asked: String,
    /// The question that stands alone: what was searched for and answered.
    pub standalone: String,
    /// Who made it stand alone.
    pub how: How,
}

/// Who made a question stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Nobody: it stands alone already, or nothing in the conversation completes it.
    Unchanged,
    /// Rules of grammar.
    Rules,
    /// A language model.
    Model,
}

/// How an answer's text came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Written by the model; every sentence was checked against its quote.
    Generated,
    /// The quoted evidence itself: nothing that the model wrote held up, or no model was asked.
    Quoted,
    /// No answer.
    Abstained,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbstainReason {
    /// A stable code.
    pub code: AbstainCode,
    /// One sentence for the reader.
    pub message: String,
    /// Names and figures of the question that the nearest passage lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// The kinds of "not in these documents".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbstainCode {
    /// The collection holds no documents.
    NothingIngested,
    /// Retrieval found no passage at all.
    NothingFound,
    /// The best evidence is too far from the question.
    WeakEvidence,
    /// The nearest passage says the opposite of what the question supposes, or does not deny what it denies.
    OtherwiseStated,
    /// The model read the evidence and said that it does not answer.
    Declined,
}

/// A footnote: an exact quote, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// From 1, in order of first mention.
    pub index: usize,
    /// The sentences of the answer that lean on it.
    pub answer_spans: Vec<CharSpan>,
    /// Exactly `text[span]` of the document's canonical text.
    pub quote: String,
    /// The document.
    pub document: DocumentRef,
    /// The chunk that the quote was found in.
    pub chunk_id: ChunkId,
    /// The pages that the quote touches, where the format has pages.
    pub pages: Option<PageRange>,
    /// The quote's place in the canonical text.
    pub span: CharSpan,
    /// The boxes of the quote's lines, where they are known.
    pub boxes: Vec<PageBox>,
    /// Whether the quote bears the sentence out.
    pub support: Support,
}

/// Tokens spent, by the generation model's tokenizer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: usize,
    /// Tokens written.
    pub completion_tokens: usize,
}

/// Milliseconds per stage, from the moment the question was accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Embedding the question.
    pub embed: f64,
    /// Both retrieval legs and fusion.
    pub search: f64,
    /// Reranking.
    pub rerank: f64,
    /// Choosing the evidence.
    pub evidence: f64,
    /// From the accepted question to the engine's first token; `None` when nothing was generated.
    pub first_token: Option<f64>,
    /// Generating.
    pub generate: f64,
    /// Checking.
    pub verify: f64,
    /// All of it.
    pub total: f64,
}

/// What happens on the way to an answer, in order. The last is always [`AnswerEvent::Answer`],
/// unless an error ends the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnswerEvent {
    /// Retrieval is done.
    SearchResults {
        /// Best first.
        passages: Vec<Passage>,
    },
    /// A piece of the answer, to be appended. Only text that was checked is ever sent; with
    /// `grounding.unsupported = "mark"`, a sentence that failed is sent with its mark `[unsupported]`.
    Token {
        /// The piece.
        text: String,
    },
    /// A footnote that the text so far refers to for the first time.
    Citation(Box<Citation>),
    /// The verdict on the sentence that the text so far ends with.
    Sentence(Sentence),
    /// The whole answer.
    Answer(Box<Answer>),
}
