//! A generation as its consumer sees it: one clock, outside of every engine.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use footnote_core::seam::{Message, Role};

/// What happened, and when, counted from the moment at which the messages were handed over.
///
/// Template and tokenization are part of the time to the first token, on every side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Generation {
    /// Tokens read.
    pub(crate) prompt_tokens: usize,
    /// Tokens written.
    pub(crate) tokens: usize,
    /// The first piece of text arrived.
    pub(crate) first: Duration,
    /// The answer ended.
    pub(crate) end: Duration,
    /// What was written.
    pub(crate) text: String,
}

impl Generation {
    /// Tokens per second: prompt tokens / time to first token.
    pub(crate) fn prefill_rate(&self) -> f64 {
        self.prompt_tokens as f64 / self.first.as_secs_f64()
    }

    /// Tokens per second: (tokens - 1) / time from the first token to the end.
    pub(crate) fn decode_rate(&self) -> f64 {
        (self.tokens as f64 - 1.0) / (self.end - self.first).as_secs_f64()
    }
}

/// The consumer's clock.
pub(crate) struct Watch {
    asked: Instant,
    first: Option<Duration>,
    bytes: Vec<u8>,
}

impl Watch {
    /// The messages are being handed over.
    pub(crate) fn start() -> Self {
        Self { asked: Instant::now(), first: None, bytes: Vec::new() }
    }

    /// A piece of text arrived. Empty ones don't count.
    pub(crate) fn piece(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.first.get_or_insert_with(|| self.asked.elapsed());
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The answer ended, with these counts.
    pub(crate) fn end(self, prompt_tokens: usize, tokens: usize) -> Result<Generation> {
        let end = self.asked.elapsed();
        ensure!(tokens > 1, "only {tokens} tokens were written: nothing to measure");
        let first = self.first.unwrap_or(end);
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        Ok(Generation { prompt_tokens, tokens, first, end, text })
    }
}

/// About a thousand tokens of prose and a task that takes many words.
pub(crate) fn long_chat() -> Vec<Message> {
    let task = "Write a long and detailed report about these notes, section by section, in many paragraphs.";
    chat("You are a careful writer.", &format!("{}\n\n{task}", include_str!("../prompt.txt")))
}

/// A few tokens that share nothing with a measured prompt but the template's first marks: it warms
/// an engine up, and it pushes the prompt before it out of an engine's prefix cache.
pub(crate) fn short_chat() -> Vec<Message> {
    chat("Count, and say nothing else.", "One, two, three, four.")
}

pub(crate) fn chat(system: &str, user: &str) -> Vec<Message> {
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    vec![message(Role::System, system), message(Role::User, user)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_count_the_first_token_as_prefill_only() {
        let generation = Generation {
            prompt_tokens: 1000,
            tokens: 101,
            first: Duration::from_secs(4),
            end: Duration::from_secs(6),
            text: String::new(),
        };
        assert_eq!((generation.prefill_rate(), generation.decode_rate()), (250.0, 50.0));
    }

    #[test]
    fn the_first_token_is_the_first_with_text_and_cut_code_points_come_out_whole() {
        let mut watch = Watch::start();
        watch.piece(b"");
        assert_eq!(watch.first, None);
        watch.piece(b"\xe2\x82");
        let first = watch.first;
        watch.piece(b"\xac");
        let generation = watch.end(10, 2).unwrap();
        assert_eq!((Some(generation.first), generation.text.as_str()), (first, "€"));
    }

    #[test]
    fn an_answer_too_short_to_be_measured_is_refused() {
        assert!(Watch::start().end(10, 1).is_err());
    }
}
