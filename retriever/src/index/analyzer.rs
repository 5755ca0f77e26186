//! Words as the keyword index knows them: for texts and questions alike.

use ::tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};
use footnote_core::text::{is_stop_word, word_spans};

/// Longer words are noise (encoded data, mostly), in bytes.
const LONGEST_WORD: usize = 128;

/// English: words and their parts, lower case, without accents, stemmed (Porter2).
#[must_use]
pub fn english() -> TextAnalyzer {
    TextAnalyzer::builder(WordTokenizer)
        .filter(RemoveLongFilter::limit(LONGEST_WORD))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::default())
        .build()
}

/// The distinct terms of a question, in order. Words that carry no meaning of their own are left
/// out, unless there are no others.
#[must_use]
pub fn query_terms(analyzer: &mut TextAnalyzer, question: &str) -> Vec<String> {
    let mut content = Vec::new();
    let mut hollow = Vec::new();
    analyzer.token_stream(question).process(&mut |token| {
        // The source's word, because a stemmed one is not in the list ("does" becomes "doe").
        let word = question[token.offset_from..token.offset_to].to_lowercase();
        let terms: &mut Vec<String> = if is_stop_word(&word) { &mut hollow } else { &mut content };
        if !terms.contains(&token.text) {
            terms.push(token.text.clone());
        }
    });
    if content.is_empty() { hollow } else { content }
}

/// Cuts text into words; a compound word comes whole and in parts (`state-of-the-art`, `Q4_K_M`),
/// so that it is found by either.
#[derive(Clone)]
struct WordTokenizer;

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = Words;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Words {
        let mut tokens = Vec::new();
        for (start, end) in word_spans(text) {
            push_word(&mut tokens, text, start, end);
        }
        Words { tokens: tokens.into_iter(), current: Token::default() }
    }
}

/// The tokens of one text.
struct Words {
    tokens: std::vec::IntoIter<Token>,
    current: Token,
}

impl TokenStream for Words {
    fn advance(&mut self) -> bool {
        match self.tokens.next() {
            Some(token) => {
                self.current = token;
                true
            }
            None => false,
        }
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }
}

fn push_word(tokens: &mut Vec<Token>, text: &str, start: usize, end: usize) {
    let word = &text[start..end];
    // "model's" is "model", "don't" is "dont"; "1,024" is "1024".
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    let mut push = |from: usize, to: usize, part: &str| {
        let position = tokens.len();
        let text = part.chars().filter(|c| !matches!(c, '\'' | '’' | ',')).collect();
        tokens.push(Token { offset_from: from, offset_to: to, position, text, position_length: 1 });
    };
    push(start, end, bare);
    let mut parts = parts_of(bare).peekable();
    // The parts of a figure or a version ("3.5", "1.0.2") say nothing by themselves.
    if parts.peek().is_none_or(|(_, part)| part.len() == bare.len()) || !bare.contains(char::is_alphabetic) {
        return;
    }
    for (at, part) in parts {
        push(start + at, start + at + part.len(), part);
    }
}

/// The parts of a compound word and their places in it.
fn parts_of(word: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    word.split(['-', '_', '.', ',']).filter_map(move |part| {
        let place = at;
        at += part.len() + 1;
        (!part.is_empty()).then_some((place, part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        english().token_stream(text).process(&mut |token| found.push(token.text.clone()));
        found
    }

    #[test]
    fn words_meet_across_case_accents_and_endings() {
        assert_eq!(terms("Les modèles' CAFÉ, quantizing"), terms("les Modeles cafe quantized"));
    }

    #[test]
    fn a_compound_word_is_found_whole_and_in_parts() {
        assert_eq!(terms("Q4_K_M open-source"), ["q4_k_m", "q4", "k", "m", "open-sourc", "open", "sourc"]);
        assert_eq!(terms("v0.3.1"), ["v0.3.1", "v0", "3", "1"]);
    }

    #[test]
    fn figures_stay_whole() {
        assert_eq!(terms("3.5 and 1,024"), ["3.5", "and", "1024"]);
    }

    #[test]
    fn the_genitive_is_the_word() {
        assert_eq!(terms("llama's llama’s"), ["llama", "llama"]);
        assert_eq!(terms("don't"), ["dont"]);
    }

    #[test]
    fn hollow_words_are_asked_for_only_when_there_are_no_others() {
        let asked = |question: &str| query_terms(&mut english(), question);
        assert_eq!(asked("What does the licence say, and say again?"), ["licenc", "say", "again"]);
        assert_eq!(asked("to be or not to be"), ["to", "be", "or", "not"]);
        assert!(asked("?! 🦙 \u{0} «»").is_empty());
    }

    proptest! {
        #[test]
        fn every_text_gives_tokens_that_lie_inside_it(text in "\\PC{0,60}") {
            english().token_stream(&text).process(&mut |token| {
                assert!(text.get(token.offset_from..token.offset_to).is_some_and(|word| !word.is_empty()));
                assert!(!token.text.is_empty());
            });
        }
    }
}
