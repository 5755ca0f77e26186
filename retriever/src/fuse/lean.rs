//! What a question itself says about the legs' weights. Pure.
//!
//! An embedding model has read few identifiers, and knows little of what stands between quotation marks beyond what it
//! is about; BM25 finds both to the letter. So the vector leg's weight shrinks with the share of such words.

use footnote_core::text::{is_stop_word, word_spans};

use super::Fusion;

/// The share of its weight that the vector leg loses in a question of nothing but exact words. Not all of it: where the
/// words are not in the index, meaning must still order what is left.
const AT_MOST: f32 = 0.5;
/// Words that a reason names.
const NAMED: usize = 3;

/// `fusion` with the weight that fits `question`, and the reason in words where it differs from the setting.
#[must_use]
pub fn leaning(fusion: Fusion, question: &str) -> (Fusion, Option<String>) {
    let Some(weight) = fusion.dense_weight() else { return (fusion, None) };
    let quoted = quotations(question);
    let mut words = 0usize;
    let mut exact: Vec<&str> = Vec::new();
    for (start, end) in word_spans(question) {
        let word = &question[start..end];
        let is_quoted = quoted.iter().any(|&(from, to)| from <= start && end <= to);
        if is_quoted || is_identifier(word) {
            exact.push(word);
        } else if is_stop_word(&word.to_lowercase()) {
            continue;
        }
        words += 1;
    }
    if exact.is_empty() {
        return (fusion, None);
    }
    let share = exact.len() as f32 / words as f32;
    let more = if exact.len() > NAMED { ", …" } else { "" };
    exact.truncate(NAMED);
    let reason = format!("identifiers and quoted words are found to the letter: {}{more}", exact.join(", "));
    (fusion.with_dense_weight(weight * (1.0 - AT_MOST * share)), Some(reason))
}

/// Byte ranges between quotation marks: `"…"`, `“…”`, `„…“`, `«…»`. Apostrophes are none.
fn quotations(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &[char])> = None;
    for (at, c) in text.char_indices() {
        open = match (open, c) {
            (Some((start, closing)), c) if closing.contains(&c) => {
                found.push((start, at));
                None
            }
            (None, '"') => Some((at + 1, &['"'])),
            (None, '“') => Some((at + c.len_utf8(), &['”'])),
            (None, '„') => Some((at + c.len_utf8(), &['“', '”'])),
            (None, '«') => Some((at + c.len_utf8(), &['»'])),
            (open, _) => open,
        };
    }
    found
}

/// Whether a word is made by people for machines or shelves: letters with digits (`v0.3.1`, `Q4_K_M`, `INC-2025-03`),
/// with underscores (`max_tokens`), or with a capital inside (`maxTokens`). A year, a count and an acronym are words
/// like others.
fn is_identifier(word: &str) -> bool {
    let has_letter = word.contains(char::is_alphabetic);
    let has_digit = word.contains(char::is_numeric);
    let mut pairs = word.chars().zip(word.chars().skip(1));
    (has_letter && (has_digit || word.contains('_'))) || pairs.any(|(a, b)| a.is_lowercase() && b.is_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FUSION: Fusion = Fusion::MinMax { dense_weight: 0.5 };

    fn weight(question: &str) -> f32 {
        leaning(FUSION, question).0.dense_weight().unwrap()
    }

    #[test]
    fn plain_words_change_nothing() {
        for question in ["When was the tower completed in 1889?", "What's DNA's role, \"if any", "", "¿Qué?"] {
            assert_eq!(leaning(FUSION, question), (FUSION, None), "{question}");
        }
    }

    #[test]
    fn identifiers_and_quotations_lean_on_the_words() {
        assert_eq!(weight("Q4_K_M"), 0.25);
        assert_eq!(weight("\"iron tower\""), 0.25);
        assert!(weight("What does Q4_K_M mean?") < 0.5 && weight("What does Q4_K_M mean?") > 0.25);
        for word in ["v0.3.1", "INC-2025-03", "max_tokens", "maxTokens", "«genau so»", "„genau so“"] {
            assert!(weight(word) < 0.5, "{word}");
        }
    }

    #[test]
    fn the_reason_names_the_words() {
        let (_, reason) = leaning(FUSION, "Where are a1, b2, c3 and d4?");
        assert_eq!(reason.as_deref(), Some("identifiers and quoted words are found to the letter: a1, b2, c3, …"));
    }

    proptest! {
        #[test]
        fn the_weight_only_shrinks_and_never_to_nothing(question in "([a-zA-Z0-9_\"“”„«» .-]|\\PC){0,60}") {
            let (fusion, reason) = leaning(FUSION, &question);
            let weight = fusion.dense_weight().unwrap();
            prop_assert!((0.25..=0.5).contains(&weight));
            prop_assert_eq!(weight < 0.5, reason.is_some());
        }
    }
}
