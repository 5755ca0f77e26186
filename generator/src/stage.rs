//! The stages of an answer, a type each, so that none can be skipped:
//! [`Retrieved`] → [`Evidenced`] → [`Written`] → answer. Only [`Retrieved`] can be made from nothing,
//! and only verified sentences can be written.

use std::time::Instant;

use footnote_core::answer::{
    AbstainCode, AbstainReason, AnswerEvent, Mode, ReasonCode, Support, Timings, Usage, Verdict,
};
use footnote_core::catalog::DocumentStatus;
use footnote_core::explain::Explanation;
use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent, GenerationRequest, Generator};
use footnote_core::{Answer, Citation, Code, Error, Passage, Question, Result};
use futures::StreamExt;
use uuid::Uuid;

use crate::abstain;
use crate::answerer::{Events, Inner, Unsupported, tell};
use crate::cite::{DraftSentence, citation};
use crate::confidence::Signs;
use crate::draft::{DraftFeed, THOUGHT_TOKENS};
use crate::evidence::{Choice, Chosen, choose};
use crate::grammar::citing;
use crate::prompt::{Prompt, prompt};
use crate::verify::{Checked, UnsupportedSentence, VerifiedSentence, Verifier};
use crate::write::{Parts, Writer};

/// Sentences of an answer; what a model adds after that is rarely better.
const MAX_SENTENCES: usize = 3;
/// The second piece is quoted too when it scores this share of the best.
const QUOTED_CUT: f32 = 0.75;

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

/// The text with its footnotes.
pub(crate) struct Written {
    writer: Writer,
    mode: Mode,
    confidence: f32,
    dropped: Vec<ReasonCode>,
    usage: Usage,
    account: Account,
    clock: Clock,
}

/// Since when, and where the time went.
struct Clock {
    started: Instant,
    timings: Timings,
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
        let (embedder, catalog) = (&*answerer.parts.embedder, &*answerer.parts.catalog);
        let chosen = choose(self.question.text(), &self.passages, embedder, catalog, choice).await?;
        self.clock.timings.evidence = ms(started);
        let confidence = chosen.signs.as_ref().map(Signs::confidence);
        let best = chosen.evidence.first().map(|evidence| evidence.score);
        tracing::debug!(best, confidence, pieces = chosen.evidence.len(), ms = self.clock.timings.evidence, "evidence");
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
        Grounds::Missing(Box::new(Answer {
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
            degraded: self.account.degraded,
            explanation: self.account.explanation,
            usage: Usage::default(),
            timings_ms: self.clock.stop(),
        }))
    }
}

/// What was found instead of an answer, as quotes that bear nothing out.
fn nearest(chosen: &Chosen) -> Result<Vec<Citation>> {
    let support = Support { verdict: Verdict::Unsupported, score: 0.0, reason: None };
    let cited = chosen.evidence.iter().filter_map(|piece| Some((piece, chosen.documents.get(&piece.document.id)?)));
    cited.map(|(piece, document)| citation(piece.number, piece, document, Vec::new(), support.clone())).collect()
}

impl Evidenced {
    /// Lets the engine phrase the answer, checks each sentence and sends it on; quotes the evidence
    /// where nothing that was phrased holds.
    pub(crate) async fn write(self, answerer: &Inner, events: &Events) -> Result<Written> {
        let Self { question, chosen, confidence, account, clock } = self;
        // Until a sentence of the model's passes.
        let (mode, usage) = (Mode::Quoted, Usage::default());
        let mut writing = Writing {
            verifier: Verifier::new(question.text(), &chosen.evidence).within(|piece| chosen.around(piece)),
            written: Written {
                writer: Writer::default(),
                mode,
                confidence,
                dropped: Vec::new(),
                usage,
                account,
                clock,
            },
            chosen: &chosen,
            unsupported: answerer.options.unsupported,
            events,
        };
        if let Some(generator) = &answerer.parts.generator {
            let started = Instant::now();
            let outcome = writing.generate(&question, &**generator, answerer).await;
            writing.written.clock.timings.generate = ms(started);
            writing.survive(outcome)?;
        }
        if writing.written.writer.says_nothing() {
            writing.quote().await?;
        }
        Ok(writing.written)
    }
}

/// The work between evidence and answer.
struct Writing<'a> {
    verifier: Verifier<'a>,
    written: Written,
    chosen: &'a Chosen,
    unsupported: Unsupported,
    events: &'a Events,
}

impl Writing<'_> {
    async fn generate(&mut self, question: &Question, generator: &dyn Generator, answerer: &Inner) -> Result<()> {
        let options = &answerer.options;
        let room = generator.info().context / 2;
        let thoughts = if options.thinks { THOUGHT_TOKENS.min(room) } else { 0 };
        let Prompt { messages, pieces } = prompt(question.text(), &self.chosen.evidence, options.prompt);
        let request = GenerationRequest {
            messages,
            max_tokens: options.max_tokens + thoughts,
            deadline: options.deadline.saturating_sub(self.written.clock.started.elapsed()),
            temperature: options.temperature,
            grammar: (options.constrained && !options.thinks).then(|| citing(&pieces)).flatten(),
            asker: question.asker().map(str::to_owned),
        };
        let mut stream = generator.generate(request).await?;
        let mut feed = DraftFeed::new(self.chosen.evidence.len());
        if options.thinks {
            feed = feed.thinking_first();
        }
        while let Some(event) = stream.next().await {
            match event? {
                GenerationEvent::Token(token) => {
                    let clock = &mut self.written.clock;
                    clock.timings.first_token.get_or_insert_with(|| ms(clock.started));
                    self.offer(feed.push(&token)).await?;
                }
                GenerationEvent::Done(done) => {
                    self.account(done);
                    let ended_by_itself = done.finish == FinishReason::Stop;
                    return self.offer(feed.finish(ended_by_itself)).await;
                }
            }
        }
        Err(Error::new(Code::EngineFailed, "the engine's stream ended without an end"))
    }

    fn account(&mut self, done: GenerationDone) {
        self.written.usage = Usage { prompt_tokens: done.prompt_tokens, completion_tokens: done.completion_tokens };
        let (prefill, decode) = (done.prefill.as_millis(), done.decode.as_millis());
        tracing::debug!(finish = ?done.finish, done.prompt_tokens, done.completion_tokens, prefill, decode, "generated");
    }

    /// Checks sentences of the draft; what passes is written.
    async fn offer(&mut self, sentences: Vec<DraftSentence>) -> Result<()> {
        for sentence in sentences {
            if self.written.writer.sentences() == MAX_SENTENCES {
                return Ok(());
            }
            let started = Instant::now();
            let text = sentence.text.clone();
            let checked = self.verifier.verify(sentence);
            self.written.clock.timings.verify += ms(started);
            match checked {
                Checked::Holds(verified) => {
                    self.written.mode = Mode::Generated;
                    self.push(&verified, " ").await?;
                }
                Checked::Unsupported(sentence) => self.instead(sentence).await?,
                Checked::Empty(code) => self.leave_out(code, &text),
            }
        }
        Ok(())
    }

    /// What stands in the place of a sentence that no quote bears out.
    async fn instead(&mut self, sentence: UnsupportedSentence) -> Result<()> {
        let nearest = self.chosen.evidence.iter().find(|piece| piece.number == sentence.nearest());
        match (self.unsupported, nearest) {
            (Unsupported::Mark, _) => {
                let events = self.written.writer.mark(&sentence, " ");
                self.tell(events).await;
            }
            (Unsupported::Quote, Some(piece)) if !self.written.writer.cites(piece.number) => {
                self.push(&VerifiedSentence::quote(piece), " ").await?;
            }
            _ => self.leave_out(sentence.code(), sentence.text()),
        }
        Ok(())
    }

    fn leave_out(&mut self, code: ReasonCode, text: &str) {
        tracing::debug!(text, reason = code.as_str(), "left out");
        self.written.dropped.push(code);
    }

    /// An engine that fails must not cost the answer: the evidence is there. A queue that is full is
    /// told, so that callers slow down.
    fn survive(&self, outcome: Result<()>) -> Result<()> {
        match outcome {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.code(), Code::Overloaded | Code::QueueFull | Code::Internal) => Err(error),
            Err(error) => {
                tracing::warn!(code = error.code().as_str(), %error, "generation failed; the evidence is quoted");
                Ok(())
            }
        }
    }

    async fn quote(&mut self) -> Result<()> {
        let evidence = &self.chosen.evidence;
        let best = evidence.first().map_or(0.0, |evidence| evidence.score);
        for piece in evidence.iter().take(2).filter(|piece| piece.score >= best * QUOTED_CUT) {
            self.push(&VerifiedSentence::quote(piece), "\n").await?;
        }
        Ok(())
    }

    async fn push(&mut self, sentence: &VerifiedSentence, separator: &str) -> Result<()> {
        let events = self.written.writer.push(sentence, separator, self.chosen)?;
        self.tell(events).await;
        Ok(())
    }

    async fn tell(&self, events: Vec<AnswerEvent>) {
        for event in events {
            tell(self.events, Ok(event)).await;
        }
    }
}

impl Written {
    pub(crate) fn into_answer(self) -> Answer {
        let Parts { text, citations, sentences } = self.writer.into_parts();
        Answer {
            id: Uuid::now_v7(),
            answer: text,
            answerable: true,
            abstain_reason: None,
            confidence: Some(self.confidence),
            mode: self.mode,
            citations,
            nearest: Vec::new(),
            sentences,
            dropped: self.dropped,
            question: None,
            degraded: self.account.degraded,
            explanation: self.account.explanation,
            usage: self.usage,
            timings_ms: self.clock.stop(),
        }
    }
}

impl Clock {
    fn stop(self) -> Timings {
        Timings { total: ms(self.started), ..self.timings }
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
