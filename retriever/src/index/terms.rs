//! The terms that a chunk is found by, and those of a question: for indexes that have no analyzer of their own.

use ::tantivy::tokenizer::{TextAnalyzer, TokenStream};
use footnote_core::seam::KeywordEntry;

use super::analyzer;

/// How often a term of the title and of the headings counts.
const TITLE_TIMES: usize = 2;
const HEADINGS_TIMES: usize = 2;

/// The terms of a chunk, each as often as it counts.
#[must_use]
pub fn entry_terms(entry: &KeywordEntry) -> Vec<String> {
    let mut analyzer = analyzer::english();
    let mut terms = Vec::new();
    for (text, times) in [(&entry.title, TITLE_TIMES), (&entry.headings, HEADINGS_TIMES), (&entry.body, 1)] {
        let found = terms_of(&mut analyzer, text);
        (0..times).for_each(|_| terms.extend_from_slice(&found));
    }
    terms
}

/// The distinct terms of a question.
#[must_use]
pub fn question_terms(question: &str) -> Vec<String> {
    analyzer::query_terms(&mut analyzer::english(), question)
}

fn terms_of(analyzer: &mut TextAnalyzer, text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    analyzer.token_stream(text).process(&mut |token| terms.push(token.text.clone()));
    terms
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use footnote_core::ChunkId;
    use footnote_core::document::DocumentId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn titles_and_headings_count_twice() {
        let document = DocumentId::of("c", "u");
        let entry = KeywordEntry {
            chunk: ChunkId(Uuid::nil()),
            document,
            title: "Turbines".into(),
            headings: "Setting up".into(),
            body: "Turbines turn.".into(),
            place: String::new(),
            language: None,
            facts: Arc::default(),
        };
        let terms = entry_terms(&entry);
        assert_eq!(terms, ["turbin", "turbin", "set", "up", "set", "up", "turbin", "turn"]);
    }
}
