//! Whether quotes bear out a sentence: arithmetic over claims, nothing else.

use footnote_core::answer::{Support, Verdict};

use crate::claims::Claims;

/// Share of a sentence's content words that its quotes must hold to be called supported.
const SUPPORTED: f32 = 0.6;
/// Below it, hardly a word is shared.
const PARTIAL: f32 = 0.3;
/// Share of a sentence's words that must stand in its quotes in the same order, words that only the
/// question has aside: a small model gets the words right and turns around who did what to whom.
const IN_ORDER: f32 = 0.7;

/// Holds a sentence against its quotes. Names may come from the question; everything else has to
/// stand in the quotes. `None`: the sentence may not be shown with these quotes.
pub(crate) fn support(sentence: &Claims, quoted: &Claims, question: &Claims) -> Option<Support> {
    let holds = sentence.figures.is_subset(&quoted.figures)
        && sentence.names.iter().all(|name| quoted.has_word(name) || question.has_word(name))
        && sentence.negates == quoted.negates;
    let shared = sentence.terms.iter().filter(|term| quoted.terms.contains(*term)).count() as f32;
    let score = shared / (sentence.terms.len() as f32).max(1.0);
    let verdict = match () {
        () if !holds || score < PARTIAL => Verdict::Unsupported,
        () if score >= SUPPORTED => Verdict::Supported,
        () => Verdict::Partial,
    };
    let shown = verdict != Verdict::Unsupported && in_order(sentence, quoted, question) >= IN_ORDER;
    shown.then_some(Support { verdict, score })
}

/// Share of the sentence's terms, in sequence, that the quotes have in the same order.
fn in_order(sentence: &Claims, quoted: &Claims, question: &Claims) -> f32 {
    let from_question_only = |term: &&String| question.terms.contains(*term) && !quoted.terms.contains(*term);
    let said: Vec<&String> = sentence.sequence.iter().filter(|term| !from_question_only(term)).collect();
    if said.is_empty() {
        return 0.0;
    }
    common_subsequence(&said, &quoted.sequence) as f32 / said.len() as f32
}

/// Length of the longest common subsequence (Wagner and Fischer, 1974), in one row.
fn common_subsequence(a: &[&String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if *x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict(sentence: &str, quote: &str) -> Option<Verdict> {
        let question = Claims::of("Who bought the land in America?");
        support(&Claims::of(sentence), &Claims::of(quote), &question).map(|support| support.verdict)
    }

    #[test]
    fn who_did_what_to_whom_must_not_be_turned_around() {
        let quote = "Huguenot settlers purchased the land from the British governor.";
        assert_eq!(verdict("Huguenot settlers purchased the land in America.", quote), Some(Verdict::Supported));
        assert_eq!(verdict("The British governor purchased the land from Huguenot settlers.", quote), None);
    }

    #[test]
    fn words_that_only_the_question_has_cost_support_but_are_allowed() {
        let quote = "Huguenot settlers purchased it.";
        assert_eq!(verdict("Huguenot settlers bought land in America.", quote), Some(Verdict::Partial));
        assert_eq!(verdict("Somebody bought land in America.", quote), None);
    }

    proptest! {
        #[test]
        fn a_text_is_in_order_with_itself_and_never_longer_than_either(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            let letters = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
            let (a, b) = (letters(&a), letters(&b));
            let of = |letters: &[String], other: &[String]| common_subsequence(&letters.iter().collect::<Vec<_>>(), other);
            prop_assert_eq!(of(&a, &a), a.len());
            prop_assert_eq!(of(&a, &b), of(&b, &a));
            prop_assert!(of(&a, &b) <= a.len().min(b.len()));
        }
    }
}
