//! What a reader asks.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// The longest question, in code points. A longer one is a document, not a question.
pub const MAX_QUESTION_CHARS: usize = 8_000;

/// The most passages that one question may ask for.
pub const MAX_TOP_K: usize = 1_000;

/// A question that was checked: not empty, not too long, `top_k` in range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    text: String,
    top_k: Option<usize>,
}

impl Question {
    /// Checks `text` and makes a question of it.
    ///
    /// # Errors
    /// [`Code::QuestionEmpty`] and [`Code::QuestionTooLong`].
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::new(Code::QuestionEmpty, "the question is empty").hint("ask in a few words"));
        }
        let chars = text.chars().count();
        if chars > MAX_QUESTION_CHARS {
            return Err(Error::new(
                Code::QuestionTooLong,
                format!("the question has {chars} characters; the limit is {MAX_QUESTION_CHARS}"),
            )
            .hint("put long material into a document, ingest it, and ask about it in a sentence or two"));
        }
        Ok(Self { text: text.to_owned(), top_k: None })
    }

    /// Asks for `top_k` passages instead of the setting's number.
    ///
    /// # Errors
    /// [`Code::TopKOutOfRange`] outside `1..=1000`.
    pub fn with_top_k(mut self, top_k: Option<usize>) -> Result<Self> {
        if let Some(k) = top_k
            && !(1..=MAX_TOP_K).contains(&k)
        {
            return Err(Error::new(Code::TopKOutOfRange, format!("top_k is {k}; it must be 1 to {MAX_TOP_K}"))
                .hint("leave it out to use the setting retrieval.top_k"));
        }
        self.top_k = top_k;
        Ok(self)
    }

    /// The question's words.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many passages it asks for, where it says.
    #[must_use]
    pub fn top_k(&self) -> Option<usize> {
        self.top_k
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_endless_question_is_refused_with_a_hint() {
        for (text, code) in [(" \n", Code::QuestionEmpty), (&"x".repeat(100_000), Code::QuestionTooLong)] {
            let error = Question::new(text).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.hint_text().is_some());
        }
    }

    #[test]
    fn top_k_has_bounds() {
        for bad in [0, 1_000_000] {
            let error = Question::new("why?").unwrap().with_top_k(Some(bad)).unwrap_err();
            assert_eq!(error.code(), Code::TopKOutOfRange);
        }
    }
}
