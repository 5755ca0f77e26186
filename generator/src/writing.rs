//! The work between evidence and answer: the engine's draft is checked sentence by sentence, and what holds is written.

use std::time::Instant;

use footnote_core::answer::{AnswerEvent, Mode, ReasonCode, Sentence, Usage};
use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent, GenerationRequest, Generator};
use footnote_core::{Citation, Code, Error, Question, Result};
use futures::StreamExt;

use crate::answerer::{Events, GroundingOptions, Unsupported, tell};
use crate::cite::DraftSentence;
use crate::decline::declines;
use crate::draft::{DraftFeed, THOUGHT_TOKENS};
use crate::evidence::Chosen;
use crate::grammar::citing;
use crate::prompt::{Prompt, prompt, without_label};
use crate::stage::{Clock, ms};
use crate::verify::{Checked, UnsupportedSentence, VerifiedSentence, Verifier};
use crate::write::{Parts, Writer};

/// Sentences of an answer; what a model adds after that is rarely better.
const MAX_SENTENCES: usize = 3;
/// The second piece is quoted too when it scores this share of the best.
const QUOTED_CUT: f32 = 0.75;

/// An answer that is being written.
pub(crate) struct Writing<'a> {
    question: &'a Question,
    chosen: &'a Chosen,
    options: &'a GroundingOptions,
    events: &'a Events,
    verifier: Verifier<'a>,
    writer: Writer,
    mode: Mode,
    dropped: Vec<ReasonCode>,
    usage: Usage,
    declined: bool,
}

/// The text with its footnotes.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) citations: Vec<Citation>,
    pub(crate) sentences: Vec<Sentence>,
    pub(crate) mode: Mode,
    /// Why sentences were left out.
    pub(crate) dropped: Vec<ReasonCode>,
    pub(crate) usage: Usage,
}

impl<'a> Writing<'a> {
    pub(crate) fn new(
        question: &'a Question,
        chosen: &'a Chosen,
        options: &'a GroundingOptions,
        events: &'a Events,
    ) -> Self {
        let mut verifier = Verifier::new(question.text(), &chosen.evidence).within(|piece| chosen.around(piece));
        if options.prompt.wants_a_second_reader() {
            verifier = verifier.expecting(&chosen.answers);
        }
        Self {
            question,
            chosen,
            options,
            events,
            verifier,
            writer: Writer::default(),
            // Until a sentence of the model's passes.
            mode: Mode::Quoted,
            dropped: Vec::new(),
            usage: Usage::default(),
            declined: false,
        }
    }

    /// Whether nothing was written that a quote bears out.
    pub(crate) fn says_nothing(&self) -> bool {
        self.writer.says_nothing()
    }

    /// Whether nothing was written at all.
    pub(crate) fn is_blank(&self) -> bool {
        self.writer.sentences() == 0
    }

    /// Whether the engine said that the evidence does not answer.
    pub(crate) fn declined(&self) -> bool {
        self.declined
    }

    pub(crate) fn into_written(self) -> Written {
        let Parts { text, citations, sentences } = self.writer.into_parts();
        Written { text, citations, sentences, mode: self.mode, dropped: self.dropped, usage: self.usage }
    }

    /// Lets the engine phrase an answer, and writes what holds of it.
    pub(crate) async fn generate(&mut self, generator: &dyn Generator, clock: &mut Clock) -> Result<()> {
        let options = self.options;
        let room = generator.info().context / 2;
        let thoughts = if options.thinks { THOUGHT_TOKENS.min(room) } else { 0 };
        let Prompt { messages, pieces } = prompt(self.question.text(), &self.chosen.evidence, options.prompt);
        let constrained = options.constrained && !options.thinks;
        let request = GenerationRequest {
            messages,
            max_tokens: options.max_tokens + thoughts,
            deadline: options.deadline.saturating_sub(clock.started.elapsed()),
            temperature: options.temperature,
            grammar: constrained.then(|| citing(&pieces, options.prompt.may_decline())).flatten(),
            asker: self.question.asker().map(str::to_owned),
        };
        let mut stream = generator.generate(request).await?;
        let mut feed = DraftFeed::new(self.chosen.evidence.len());
        if options.thinks {
            feed = feed.thinking_first();
        }
        while let Some(event) = stream.next().await {
            match event? {
                GenerationEvent::Token(token) => {
                    clock.timings.first_token.get_or_insert_with(|| ms(clock.started));
                    self.offer(feed.push(&token), clock).await?;
                }
                GenerationEvent::Done(done) => {
                    self.account(done);
                    let ended_by_itself = done.finish == FinishReason::Stop;
                    return self.offer(feed.finish(ended_by_itself), clock).await;
                }
            }
        }
        Err(Error::new(Code::EngineFailed, "the engine's stream ended without an end"))
    }

    /// Quotes the best evidence.
    pub(crate) async fn quote(&mut self) -> Result<()> {
        let evidence = &self.chosen.evidence;
        let best = evidence.first().map_or(0.0, |evidence| evidence.score);
        for piece in evidence.iter().take(2).filter(|piece| piece.score >= best * QUOTED_CUT) {
            self.push(&VerifiedSentence::quote(piece), "\n").await?;
        }
        Ok(())
    }

    fn account(&mut self, done: GenerationDone) {
        self.usage = Usage { prompt_tokens: done.prompt_tokens, completion_tokens: done.completion_tokens };
        let (prefill, decode) = (done.prefill.as_millis(), done.decode.as_millis());
        tracing::debug!(finish = ?done.finish, done.prompt_tokens, done.completion_tokens, prefill, decode, "generated");
    }

    /// Checks sentences of the draft; what passes is written.
    async fn offer(&mut self, sentences: Vec<DraftSentence>, clock: &mut Clock) -> Result<()> {
        for sentence in sentences {
            if self.writer.sentences() == MAX_SENTENCES {
                return Ok(());
            }
            let started = Instant::now();
            let text = without_label(&sentence.text, &self.chosen.evidence).to_owned();
            let sentence = DraftSentence { text: text.clone(), ..sentence };
            let checked = self.verifier.verify(sentence);
            clock.timings.verify += ms(started);
            match checked {
                Checked::Holds(verified) => {
                    self.mode = Mode::Generated;
                    self.push(&verified, " ").await?;
                }
                _ if self.options.prompt.may_decline() && declines(&text) => {
                    self.declined = true;
                    self.leave_out(ReasonCode::SaysNothing, &text);
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
        match (self.options.unsupported, nearest) {
            (Unsupported::Mark, _) => {
                let events = self.writer.mark(&sentence, " ");
                self.tell(events).await;
            }
            (Unsupported::Quote, Some(piece)) if !self.writer.cites(piece.number) => {
                self.push(&VerifiedSentence::quote(piece), " ").await?;
            }
            _ => self.leave_out(sentence.code(), sentence.text()),
        }
        Ok(())
    }

    fn leave_out(&mut self, code: ReasonCode, text: &str) {
        tracing::debug!(text, reason = code.as_str(), "left out");
        self.dropped.push(code);
    }

    async fn push(&mut self, sentence: &VerifiedSentence, separator: &str) -> Result<()> {
        let events = self.writer.push(sentence, separator, self.chosen)?;
        self.tell(events).await;
        Ok(())
    }

    async fn tell(&self, events: Vec<AnswerEvent>) {
        for event in events {
            tell(self.events, Ok(event)).await;
        }
    }
}
