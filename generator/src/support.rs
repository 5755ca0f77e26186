//! Whether quotes bear out a sentence: arithmetic over facts, nothing else.

use std::collections::HashSet;

use footnote_core::answer::{Reason, ReasonCode, Support, Verdict};

use crate::check::{Facts, Lacking};

/// Share of a sentence's content words that its quotes must hold to be called supported.
const SUPPORTED: f32 = 0.6;
/// Below it, hardly a word is shared.
const PARTIAL: f32 = 0.5;
/// Share of a sentence's words that may stand neither in its quotes nor in their titles and headings: a small model
/// embellishes ("designed by Petra Voss, a renowned architect", "after four years of work by the guide"), and attributes to
/// one what the text says of another.
const FOREIGN: f32 = 0.1;
/// Words that carry a sentence without saying anything new, stemmed.
const LIGHT: &[&str] = &[
    "also",
    "call",
    "nam",
    "name",
    "known",
    "locat",
    "use",
    "used",
    "made",
    "make",
    "took",
    "take",
    "tak",
    "plac",
    "place",
    "stand",
    "lie",
    "become",
    "becam",
    "became",
    "becom",
    "occur",
    "happen",
    "because",
    "while",
    "during",
    "both",
    "each",
    "within",
    "whether",
    "however",
    "therefore",
    "thus",
];
/// Share of a sentence's words that must stand in its quotes in the same order, words that only the
/// question has aside: a small model gets the words right and turns around who did what to whom.
const IN_ORDER: f32 = 0.7;

/// What a sentence is held against.
#[derive(Clone, Copy)]
pub(crate) struct Grounds<'a> {
    /// The quotes that it cites.
    pub(crate) quoted: &'a Facts,
    /// Their titles and headings.
    pub(crate) label: &'a Facts,
    /// The text before and behind them: what `it` stands for.
    pub(crate) around: &'a Facts,
    /// What was asked. It is no evidence ("What has the Riding Museum of …?"): of it only a figure's unit may come.
    pub(crate) question: &'a Facts,
}

/// Holds a sentence against its quotes. Names may come from around them; everything else has to stand in the quotes. A
/// sentence whose verdict is "unsupported" may not be shown with these quotes.
pub(crate) fn support(sentence: &Facts, grounds: Grounds<'_>) -> Support {
    let Grounds { quoted, label, around, question } = grounds;
    let words: HashSet<&String> = sentence.sequence().iter().collect();
    let shared = words.iter().filter(|word| quoted.has_term(word)).count();
    let score = shared as f32 / (words.len() as f32).max(1.0);
    let is_foreign =
        |word: &&&String| !quoted.has_term(word) && !label.has_term(word) && !LIGHT.contains(&word.as_str());
    let foreign: Vec<_> = words.iter().filter(is_foreign).collect();
    let supposed = foreign.iter().find(|word| question.has_term(word) && !around.has_term(word));
    let few = |message: String| (Verdict::Unsupported, ReasonCode::FewWordsShared, message);
    let shares = || format!("{shared} of {} words stand in the quote", words.len());
    let (verdict, code, message) = match sentence.lacking_in(grounds) {
        Some(Lacking { code, message }) => (Verdict::Unsupported, code, message),
        None if foreign.len() as f32 > FOREIGN * words.len() as f32 => {
            few(format!("{} of {} words stand neither in the quote nor in its headings", foreign.len(), words.len()))
        }
        None if score < PARTIAL => few(shares()),
        None if in_order(sentence, quoted) < IN_ORDER => {
            (Verdict::Unsupported, ReasonCode::Order, "the words stand in another order in the quote".to_owned())
        }
        None => match supposed {
            Some(word) => few(format!("only the question says “{word}”")),
            None if score >= SUPPORTED => (Verdict::Supported, ReasonCode::WordsShared, shares()),
            None => (Verdict::Partial, ReasonCode::FewWordsShared, shares()),
        },
    };
    Support { verdict, score, reason: Some(Reason { code, message }) }
}

/// Share of the sentence's terms, in sequence, that the quotes have in the same order; terms that the quotes lack aside.
fn in_order(sentence: &Facts, quoted: &Facts) -> f32 {
    let said: Vec<&String> = sentence.sequence().iter().filter(|term| quoted.has_term(term)).collect();
    if said.is_empty() {
        return 0.0;
    }
    common_subsequence(&said, quoted.sequence()) as f32 / said.len() as f32
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

    fn verdict(sentence: &str, quote: &str) -> (Verdict, ReasonCode) {
        let [quoted, label, around, question] =
            [quote, "Huguenots in America", "They came from La Rochelle.", "Who bought the land in America?"]
                .map(Facts::of);
        let grounds = Grounds { quoted: &quoted, label: &label, around: &around, question: &question };
        let support = support(&Facts::of(sentence), grounds);
        (support.verdict, support.reason.unwrap().code)
    }

    #[test]
    fn who_did_what_to_whom_must_not_be_turned_around() {
        let quote = "Huguenot settlers purchased the land from the British governor.";
        assert_eq!(
            verdict("Huguenot settlers purchased the land in America.", quote),
            (Verdict::Supported, ReasonCode::WordsShared)
        );
        assert_eq!(
            verdict("The British governor purchased the land from Huguenot settlers.", quote),
            (Verdict::Unsupported, ReasonCode::Order)
        );
    }

    #[test]
    fn words_may_come_from_around_the_quote_and_not_from_the_question() {
        let quote = "Huguenot settlers purchased it.";
        assert_eq!(verdict("Huguenot settlers purchased it in America.", quote).0, Verdict::Supported);
        for supposed in ["Huguenot settlers bought it in America.", "Huguenot settlers purchased the land."] {
            assert_eq!(verdict(supposed, quote), (Verdict::Unsupported, ReasonCode::FewWordsShared), "{supposed}");
        }
    }

    #[test]
    fn words_that_single_out_must_stand_in_the_quote() {
        let quote = "A Huguenot settler purchased the land, and other settlers of America different things.";
        for (sentence, word) in [
            ("The first Huguenot settler purchased the land.", "first"),
            ("The Huguenot settlers of America purchased similar things.", "similar"),
        ] {
            assert_eq!(verdict(sentence, quote), (Verdict::Unsupported, ReasonCode::Opposite), "{word}");
        }
    }

    #[test]
    fn a_sentence_may_not_be_embellished() {
        let quote = "The library was designed by Petra Voss for the city council.";
        let plain = "The library was designed by Petra Voss for the council.";
        assert_eq!(verdict(plain, quote).0, Verdict::Supported);
        let more = "The library was designed by Petra Voss, a renowned architect of the city council.";
        assert_eq!(verdict(more, quote), (Verdict::Unsupported, ReasonCode::FewWordsShared));
        let one = "The library was designed by Petra Voss for the city team.";
        assert_eq!(verdict(one, quote), (Verdict::Unsupported, ReasonCode::FewWordsShared));
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
