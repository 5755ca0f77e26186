//! What a reader asks.

use serde::{Deserialize, Serialize};

use crate::access::Grants;
use crate::error::{Code, Error, Result};
use crate::filter::Filter;

/// The longest question, in code points. A longer one is a document, not a question.
pub const MAX_QUESTION_CHARS: usize = 8_000;

/// The most passages that one question may ask for.
pub const MAX_TOP_K: usize = 1_000;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// What was asked.
    pub question: String,
    /// What was answered, where it is known.
    #[serde(default)]
    pub answer: Option<String>,
}

/// A question that was checked: not empty, not too long, `top_k` in range.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    text: String,
    top_k: Option<usize>,
    filter: Option<Filter>,
    grants: Grants,
    explain: bool,
    asker: Option<String>,
}

impl Question {
    /// Checks `text` and makes a question of it.
    ///
    /// # Errors
    /// [`Code::QuestionEmpty`] and [`Code::QuestionTooLong`].
    pub fn new(text: &str) -> Result<Self> {
        let text = readable(text);
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
        Ok(Self { text: text.to_owned(), top_k: None, filter: None, grants: Grants::All, explain: false, asker: None })
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

    /// Asks only the documents that fit `filter`.
    #[must_use]
    pub fn filtered(mut self, filter: Option<Filter>) -> Self {
        self.filter = filter;
        self
    }

    /// Asks only the documents that its asker may see. Without it, every document is asked.
    #[must_use]
    pub fn granted(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// Asks how the ranking comes about, too.
    #[must_use]
    pub fn explained(mut self, explain: bool) -> Self {
        self.explain = explain;
        self
    }

    /// Says who asks: turns at the engine are shared out fairly between askers.
    #[must_use]
    pub fn asked_by(mut self, asker: Option<String>) -> Self {
        self.asker = asker;
        self
    }

    /// Who asks, where it is known.
    #[must_use]
    pub fn asker(&self) -> Option<&str> {
        self.asker.as_deref()
    }

    /// Its filter and its asker's grants in one: what both legs are to keep to.
    #[must_use]
    pub fn scope(&self) -> Option<Filter> {
        Filter::both(self.grants.filter(), self.filter.clone())
    }

    /// The filter alone.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// What its asker may see.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Whether it asks how the ranking comes about.
    #[must_use]
    pub fn explain(&self) -> bool {
        self.explain
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

/// The text with a space for each control character that is no white space: engines and terminals stumble over them.
fn readable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !c.is_whitespace() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_endless_question_is_refused_with_a_hint() {
        let endless = "x".repeat(100_000);
        for (text, code) in
            [(" \n", Code::QuestionEmpty), ("\0\u{1b}\u{7f}\r", Code::QuestionEmpty), (&endless, Code::QuestionTooLong)]
        {
            let error = Question::new(text).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.hint_text().is_some());
        }
    }

    #[test]
    fn control_characters_become_spaces_and_lines_stay() {
        assert_eq!(Question::new("\u{1}why\0not?\nso\u{85}").unwrap().text(), "why not?\nso");
    }

    #[test]
    fn top_k_has_bounds() {
        for bad in [0, 1_000_000] {
            let error = Question::new("why?").unwrap().with_top_k(Some(bad)).unwrap_err();
            assert_eq!(error.code(), Code::TopKOutOfRange);
        }
    }
}
