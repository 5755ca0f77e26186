//! Terms that are already made, handed to tantivy as they are.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Stands between terms. No term holds it: it is a control character.
pub(super) const BETWEEN: char = '\0';

/// Terms as the text of a field that [`GivenTerms`] reads.
#[must_use]
pub fn joined(terms: &[String]) -> String {
    terms.join("\0")
}

/// A tokenizer for fields that are filled with [`joined`] terms.
#[derive(Clone, Debug, Default)]
pub struct GivenTerms;

impl Tokenizer for GivenTerms {
    type TokenStream<'a> = GivenStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> GivenStream<'a> {
        GivenStream { text, next: 0, token: Token::default() }
    }
}

/// The terms of one field.
#[derive(Debug)]
pub struct GivenStream<'a> {
    text: &'a str,
    /// Where the next term begins.
    next: usize,
    token: Token,
}

impl TokenStream for GivenStream<'_> {
    fn advance(&mut self) -> bool {
        while self.next < self.text.len() {
            let start = self.next;
            let end = self.text[start..].find(BETWEEN).map_or(self.text.len(), |length| start + length);
            self.next = end + BETWEEN.len_utf8();
            if start < end {
                self.token.offset_from = start;
                self.token.offset_to = end;
                // The first follows usize::MAX.
                self.token.position = self.token.position.wrapping_add(1);
                self.token.text.clear();
                self.token.text.push_str(&self.text[start..end]);
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
