//! A text with its words and phrases.

use super::phrase::{Phrase, cut, phrases};
use super::token::{Token, tokens};

/// What the rules look at.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    pub(super) phrases: Vec<Phrase>,
}

impl Parsed {
    pub(super) fn new(text: &str) -> Self {
        let tokens = tokens(text);
        let phrases = phrases(&tokens);
        Self { text: text.to_owned(), tokens, phrases }
    }

    /// The words of a phrase as they stand.
    pub(super) fn words(&self, phrase: &Phrase) -> &str {
        phrase.text(&self.text, &self.tokens)
    }

    /// Tokens `first..end` as they stand, without a clitic at the end.
    pub(super) fn cut(&self, first: usize, end: usize) -> &str {
        cut(&self.text, &self.tokens, first, end)
    }

    /// The text with tokens `first..end` replaced. A clitic at the end stays.
    pub(super) fn replaced(&self, first: usize, end: usize, with: &str) -> String {
        format!("{}{with}{}", &self.text[..self.tokens[first].start], &self.text[self.tokens[end - 1].end..])
    }

    pub(super) fn has_word(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.word == word)
    }

    /// What is spoken of: its things, without what was asked for.
    pub(super) fn things(&self) -> impl Iterator<Item = &Phrase> {
        self.phrases.iter().filter(|phrase| phrase.is_thing() && !phrase.asked)
    }
}
