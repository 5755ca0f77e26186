//! The terms of a chunk, weighted by field: what both keyword indexes count.
//!
//! One field holds them all, and a word of a heavier field stands in it more than once. That is BM25F with one
//! length normalization for all fields (Robertson, Zaragoza, Taylor: "Simple BM25 Extension to Multiple Weighted
//! Fields", CIKM 2004): a question's words may be spread over title and text, and each counts once per document, which
//! a sum of a score per field would not give.

use footnote_core::seam::KeywordEntry;

use crate::words;

/// How often a word of the document's title counts.
const TITLE: usize = 1;
/// How often a word of the headings around it counts.
const HEADINGS: usize = 1;
/// How often a word of its file's name and folders counts.
const PLACE: usize = 1;

/// The terms of a chunk with its title, headings and place, each as often as it counts.
#[must_use]
pub fn entry_terms(entry: &KeywordEntry) -> Vec<String> {
    let language = entry.language.as_deref();
    let mut terms = words::terms(&entry.body, language);
    for (text, weight) in [(&entry.title, TITLE), (&entry.headings, HEADINGS), (&entry.place, PLACE)] {
        let own = words::terms(text, language);
        terms.extend(std::iter::repeat_n(own, weight).flatten());
    }
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
    fn words_of_title_headings_and_place_count_with_those_of_the_text() {
        let entry = KeywordEntry {
            chunk: ChunkId(Uuid::nil()),
            document: DocumentId::of("c", "u"),
            title: "Turbines".into(),
            headings: "Setting up".into(),
            body: "Turbines turn.".into(),
            place: "2018 Report".into(),
            language: None,
            facts: Arc::default(),
        };
        assert_eq!(entry_terms(&entry), ["turbin", "turn", "turbin", "set", "up", "2018", "report"]);
    }
}
