//! An answer on its way: a stream of events, or, from a server that does not stream, one piece.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent};
use footnote_core::{Code, Error, Result};
use futures::Stream;

use super::body::{Chunk, Usage};
use crate::engine::remote::endpoint::Running;
use crate::engine::remote::failure::said;
use crate::engine::remote::line::{self, Arrived, Line};
use crate::engine::remote::sse::Parser;

/// The longest whole answer of a server that does not stream.
const MAX_WHOLE: usize = 8 << 20;
const END: &str = "[DONE]";

/// Dropping it closes the connection, which is what tells the server to stop.
pub(super) struct Reading {
    line: Line,
    place: String,
    form: Form,
    /// Text that was read and not given out yet.
    ready: VecDeque<String>,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    over: bool,
    pieces: usize,
    max_tokens: usize,
    asked: Instant,
    first: Option<Instant>,
    _running: Running,
}

/// What the server turned out to send, whatever its headers say.
enum Form {
    Unknown,
    Events(Parser),
    Whole(Vec<u8>),
}

impl Reading {
    pub(super) fn new(line: Line, place: &str, (asked, max_tokens): (Instant, usize), running: Running) -> Self {
        Self {
            line,
            place: place.to_owned(),
            form: Form::Unknown,
            ready: VecDeque::new(),
            finish: None,
            usage: None,
            over: false,
            pieces: 0,
            max_tokens,
            asked,
            first: None,
            _running: running,
        }
    }

    /// Waits until there is text, or an end without any.
    ///
    /// # Errors
    /// [`Code::EngineFailed`]: nothing was said yet, so another server can take over.
    pub(super) async fn first(&mut self) -> Result<()> {
        while self.ready.is_empty() && !self.over {
            self.read().await?;
        }
        Ok(())
    }

    pub(super) fn into_stream(self) -> impl Stream<Item = Result<GenerationEvent>> + Send {
        futures::stream::unfold(Some(self), |reading| async move {
            let mut reading = reading?;
            let event = reading.next().await;
            let goes_on = matches!(event, Ok(GenerationEvent::Token(_)));
            Some((event, goes_on.then_some(reading)))
        })
    }

    async fn next(&mut self) -> Result<GenerationEvent> {
        loop {
            if let Some(text) = self.ready.pop_front() {
                return Ok(GenerationEvent::Token(text));
            }
            if self.over {
                return Ok(GenerationEvent::Done(self.done()));
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<()> {
        match self.line.next().await? {
            Arrived::Bytes(bytes) => self.take(&bytes),
            Arrived::End => self.end(),
            Arrived::Late => {
                self.finish = Some(FinishReason::Deadline);
                self.over = true;
                Ok(())
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        if let Form::Unknown = self.form {
            let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else { return Ok(()) };
            self.form = if *first == b'{' { Form::Whole(Vec::new()) } else { Form::Events(Parser::default()) };
        }
        let events = match &mut self.form {
            Form::Unknown => return Ok(()),
            Form::Whole(whole) if whole.len() + bytes.len() > MAX_WHOLE => {
                return Err(nonsense(&self.place, "more than 8 MiB as one answer"));
            }
            Form::Whole(whole) => {
                whole.extend_from_slice(bytes);
                return Ok(());
            }
            Form::Events(parser) => parser.push(bytes),
        };
        let events = events.map_err(|_| nonsense(&self.place, "an event without an end"))?;
        for event in events {
            if event.data == END {
                self.over = true;
                break;
            }
            self.chunk(event.data.as_bytes())?;
        }
        Ok(())
    }

    /// The body is at its end. A stream that has told why it ended need not say [`END`].
    fn end(&mut self) -> Result<()> {
        if let Form::Whole(whole) = &mut self.form {
            let whole = std::mem::take(whole);
            self.chunk(&whole)?;
        }
        if self.finish.is_none() {
            return Err(line::broken(&self.place).context("in the middle of an answer"));
        }
        self.over = true;
        Ok(())
    }

    fn chunk(&mut self, json: &[u8]) -> Result<()> {
        let chunk: Chunk =
            serde_json::from_slice(json).map_err(|error| nonsense(&self.place, "no JSON").caused_by(error))?;
        if let Some(error) = &chunk.error {
            let reason = said(&error.to_string());
            return Err(Error::new(Code::EngineFailed, format!("{}: it failed: {reason}", self.place))
                .hint("its own log may say more"));
        }
        self.usage = chunk.usage.or(self.usage);
        let (text, finish) = chunk.into_text();
        self.finish = finish.or(self.finish);
        if !text.is_empty() {
            self.first.get_or_insert_with(Instant::now);
            self.pieces += 1;
            self.ready.push_back(text);
        }
        Ok(())
    }

    /// Where the server counts no tokens, a piece of text is taken for one, and the prompt's number stays 0.
    fn done(&self) -> GenerationDone {
        let now = Instant::now();
        let first = self.first.unwrap_or(now);
        let completion_tokens = self.usage.map_or(self.pieces, |usage| usage.completion_tokens);
        GenerationDone {
            finish: self.finish.unwrap_or(if completion_tokens >= self.max_tokens {
                FinishReason::Length
            } else {
                FinishReason::Stop
            }),
            prompt_tokens: self.usage.map_or(0, |usage| usage.prompt_tokens),
            completion_tokens,
            prefill: first - self.asked,
            decode: if self.first.is_some() { now - first } else { Duration::ZERO },
        }
    }
}

fn nonsense(place: &str, what: &str) -> Error {
    Error::new(Code::EngineFailed, format!("{place}: it sent {what}"))
        .hint("is it a server that speaks OpenAI's chat API, and the url its base (usually …/v1)?")
}
