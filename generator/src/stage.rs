//! The stages of an answer, a type each, so that none can be skipped:
//! [`Retrieved`] → [`Evidenced`] → [`Written`] → answer. Only [`Retrieved`] can be made from nothing,
//! and only verified sentences can be written ([`crate::writing`]).

use std::time::Instant;

use footnote_core::answer::{AbstainCode, AbstainReason, Mode, Support, Timings, Usage, Verdict};
use footnote_core::catalog::DocumentStatus;
use footnote_core::explain::Explanation;
use footnote_core::{Answer, Citation, Code, Passage, Question, Result};
use uuid::Uuid;

use crate::abstain;
use crate::answerer::{Events, Inner};
use crate::cite::citation;
use crate::confidence::{Signs, declined};
use crate::evidence::{Choice, Chosen, Judges, choose};
use crate::writing::{Writing, Written};

/// What retrieval found for a question.
pub(crate) struct Retrieved {
    question: Question,
    passages: Vec<Passage>,
    account: Account,
    clock: Clock,
}

/// What retrieval says of itself, on its way into the answer.
struct Account {
    degraded: Option<String>,
    explanation: Option<Explanation>,
}

/// Whether there is something to answer from.
pub(crate) enum Grounds {
    Found(Box<Evidenced>),
    Missing(Box<Answer>),
}

/// Evidence that answers.
pub(crate) struct Evidenced {
    question: Question,
    chosen: Chosen,
    confidence: f32,
    account: Account,
    clock: Clock,
}

/// Since when, and where the time went.
pub(crate) struct Clock {
    pub(crate) started: Instant,
    pub(crate) timings: Timings,
}

impl Retrieved {
    pub(crate) async fn search(question: Question, answerer: &Inner) -> Result<Self> {
        let started = Instant::now();
        let found = answerer.parts.searcher.search(&question).await?;
        let (embed, search, rerank) = (found.embed_ms, found.search_ms, found.rerank_ms);
        let timings = Timings { embed, search, rerank, ..Timings::default() };
        let account = Account { degraded: found.degraded, explanation: found.explanation };
        Ok(Self { question, passages: found.passages, account, clock: Clock { started, timings } })
    }

    pub(crate) fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Chooses the evidence, or tells why there is none.
    pub(crate) async fn evidence(mut self, answerer: &Inner) -> Result<Grounds> {
        let options = &answerer.options;
        if self.passages.is_empty() {
            let indexed = answerer.parts.catalog.documents(&options.collection, Some(DocumentStatus::Indexed)).await?;
            // To whoever may see none of them, there are none.
            let grants = self.question.grants();
            let code = match indexed.iter().any(|record| grants.may_see(&record.metadata.labels)) {
                false => AbstainCode::NothingIngested,
                true => AbstainCode::NothingFound,
            };
            return Ok(self.missing(abstain::nothing(code), None, Vec::new()));
        }
        let started = Instant::now();
        let choice = Choice {
            max_evidence: options.prompt.pieces(options.max_evidence),
            lexical_weight: options.lexical_weight,
        };
        let parts = &answerer.parts;
        let judges = Judges { embedder: &*parts.embedder, reader: parts.reader.as_deref(), catalog: &*parts.catalog };
        let chosen = choose(self.question.text(), &self.passages, judges, choice).await?;
        self.clock.timings.evidence = ms(started);
        let confidence = chosen.signs.as_ref().map(Signs::confidence);
        let best = chosen.evidence.first().map(|evidence| evidence.score);
        tracing::debug!(best, confidence, pieces = chosen.evidence.len(), ms = self.clock.timings.evidence, signs = ?chosen.signs, "evidence");
        match (confidence, &chosen.signs) {
            (Some(confidence), Some(_)) if confidence >= options.min_confidence => {
                let Self { question, account, clock, .. } = self;
                Ok(Grounds::Found(Box::new(Evidenced { question, chosen, confidence, account, clock })))
            }
            (_, Some(signs)) => {
                let reason = abstain::weak(self.question.text(), signs);
                let nearest = nearest(&chosen)?;
                Ok(self.missing(reason, confidence, nearest))
            }
            (_, None) => Ok(self.missing(abstain::nothing(AbstainCode::WeakEvidence), None, Vec::new())),
        }
    }

    fn missing(self, reason: AbstainReason, confidence: Option<f32>, nearest: Vec<Citation>) -> Grounds {
        Grounds::Missing(Box::new(abstained(reason, confidence, nearest, self.account, self.clock)))
    }
}

/// What was found instead of an answer, as quotes that bear nothing out.
fn nearest(chosen: &Chosen) -> Result<Vec<Citation>> {
    let support = Support { verdict: Verdict::Unsupported, score: 0.0, reason: None };
    let cited = chosen.evidence.iter().filter_map(|piece| Some((piece, chosen.documents.get(&piece.document.id)?)));
    cited.map(|(piece, document)| citation(piece.number, piece, document, Vec::new(), support.clone())).collect()
}

impl Evidenced {
    /// Lets the engine phrase the answer, checks each sentence and sends it on; quotes the evidence where nothing that was
    /// phrased holds, unless the engine said that the evidence does not answer.
    pub(crate) async fn write(self, answerer: &Inner, events: &Events) -> Result<Answer> {
        let Self { question, chosen, mut confidence, account, mut clock } = self;
        let options = &answerer.options;
        let mut writing = Writing::new(&question, &chosen, options, events);
        if let Some(generator) = &answerer.parts.generator {
            let started = Instant::now();
            let outcome = writing.generate(&**generator, &mut clock).await;
            clock.timings.generate = ms(started);
            survive(outcome)?;
        }
        if writing.says_nothing() {
            if writing.declined() {
                confidence = declined(confidence);
            }
            // What the reader was shown already, marked as unsupported, cannot be taken back.
            if confidence < options.min_confidence && writing.is_blank() {
                let reason = abstain::nothing(AbstainCode::Declined);
                let answer = abstained(reason, Some(confidence), nearest(&chosen)?, account, clock);
                let Written { dropped, usage, .. } = writing.into_written();
                return Ok(Answer { dropped, usage, ..answer });
            }
            writing.quote().await?;
        }
        Ok(writing.into_written().answer(confidence, account, clock))
    }
}

/// An engine that fails must not cost the answer: the evidence is there. A queue that is full is told, so that callers slow
/// down.
fn survive(outcome: Result<()>) -> Result<()> {
    match outcome {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.code(), Code::Overloaded | Code::QueueFull | Code::Internal) => Err(error),
        Err(error) => {
            tracing::warn!(code = error.code().as_str(), %error, "generation failed; the evidence is quoted");
            Ok(())
        }
    }
}

impl Written {
    fn answer(self, confidence: f32, account: Account, clock: Clock) -> Answer {
        Answer {
            id: Uuid::now_v7(),
            answer: self.text,
            answerable: true,
            abstain_reason: None,
            confidence: Some(confidence),
            mode: self.mode,
            citations: self.citations,
            nearest: Vec::new(),
            sentences: self.sentences,
            dropped: self.dropped,
            question: None,
            degraded: account.degraded,
            explanation: account.explanation,
            usage: self.usage,
            timings_ms: clock.stop(),
        }
    }
}

/// That the documents don't know, and why.
fn abstained(
    reason: AbstainReason,
    confidence: Option<f32>,
    nearest: Vec<Citation>,
    account: Account,
    clock: Clock,
) -> Answer {
    Answer {
        id: Uuid::now_v7(),
        answer: String::new(),
        answerable: false,
        abstain_reason: Some(reason),
        confidence,
        mode: Mode::Abstained,
        citations: Vec::new(),
        nearest,
        sentences: Vec::new(),
        dropped: Vec::new(),
        question: None,
        degraded: account.degraded,
        explanation: account.explanation,
        usage: Usage::default(),
        timings_ms: clock.stop(),
    }
}

impl Clock {
    fn stop(self) -> Timings {
        Timings { total: ms(self.started), ..self.timings }
    }
}

/// Milliseconds since then.
pub(crate) fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
