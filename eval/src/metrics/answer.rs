//! How near an answer is to the gold answers: SQuAD's measures, and whether it holds one.
//!
//! Normalisation, exact match and F1 are those of SQuAD's own evaluation script (Rajpurkar et al.
//! 2016, 2018). There unanswerable questions count too; here they are the business of
//! [`abstain`](super::abstain), so the figures compare with the script's `HasAns_exact` and
//! `HasAns_f1`.

use std::collections::HashMap;

/// SQuAD's `normalize_answer`: lower case, without ASCII punctuation and the articles `a`, `an` and
/// `the`, single spaces.
#[must_use]
pub fn normalise(text: &str) -> String {
    let lower: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let mut plain = String::with_capacity(lower.len());
    // A word is a run of letters and digits, as `\b` has it; what stands between is kept.
    let mut rest = lower.as_str();
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        match &rest[..word] {
            "a" | "an" | "the" => plain.push(' '),
            other => plain.push_str(other),
        }
        let gap = rest[word..].find(char::is_alphanumeric).map_or(rest.len(), |at| word + at);
        plain.push_str(&rest[word..gap]);
        rest = &rest[gap..];
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the two are the same, normalised.
#[must_use]
pub fn exact_match(answer: &str, gold: &str) -> bool {
    normalise(answer) == normalise(gold)
}

/// The harmonic mean of word precision and recall between the two, normalised; words count as often
/// as both have them. Where one of them has no words: 1 if neither has, else 0.
#[must_use]
pub fn f1(answer: &str, gold: &str) -> f64 {
    let (answer, gold) = (normalise(answer), normalise(gold));
    if answer.is_empty() || gold.is_empty() {
        return f64::from(u8::from(answer == gold));
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in gold.split(' ') {
        *left.entry(word).or_default() += 1;
    }
    let mut shared = 0_usize;
    for word in answer.split(' ') {
        if let Some(count) = left.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    // 2PR / (P + R) with P = shared / answer's words and R = shared / gold's words.
    2.0 * shared as f64 / (answer.split(' ').count() + gold.split(' ').count()) as f64
}

/// Whether `text` holds `gold` as whole words, both normalised. Dashes and slashes part words here
/// (`1712–1750`, `CPU/GPU`), and typographic quotation marks are none. A gold answer without words
/// is held by nothing.
#[must_use]
pub fn contains(text: &str, gold: &str) -> bool {
    let (text, gold) = (normalise(&parted(text)), normalise(&parted(gold)));
    !gold.is_empty() && format!(" {text} ").contains(&format!(" {gold} "))
}

/// `text` with spaces for dashes and slashes, and without typographic quotation marks.
fn parted(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '“' | '”' | '„' | '‘' | '’' | '«' | '»'))
        .map(|c| if matches!(c, '–' | '—' | '/') { ' ' } else { c })
        .collect()
}

/// `answer` without its footnote marks: `[1]`, `[1, 2]`, where every number is one of `indexes`.
/// Other brackets belong to the text.
#[must_use]
pub fn without_marks(answer: &str, indexes: &[usize]) -> String {
    let is_mark = |inside: &str| {
        inside.split(',').all(|number| number.trim().parse().is_ok_and(|number: usize| indexes.contains(&number)))
    };
    let mut plain = String::with_capacity(answer.len());
    let mut rest = answer;
    while let Some(open) = rest.find('[') {
        let mark = rest[open..].find(']').map(|length| open + length);
        match mark.filter(|close| is_mark(&rest[open + 1..*close])) {
            Some(close) => {
                plain.push_str(rest[..open].trim_end_matches(' '));
                rest = &rest[close + 1..];
            }
            None => {
                plain.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normalisation_is_squads() {
        for (text, expected) in [
            ("The  Eiffel Tower!", "eiffel tower"),
            ("An apple, a day.", "apple day"),
            ("theatre another", "theatre another"),
            ("\"10th and 11th\" centuries\n", "10th and 11th centuries"),
            ("U.S.A.", "usa"),
            ("state-of-the-art", "stateoftheart"),
            ("the–end", "–end"),
            ("A", ""),
            ("É a", "é"),
        ] {
            assert_eq!(normalise(text), expected, "{text}");
        }
    }

    #[test]
    fn exact_match_passes_over_case_articles_and_marks() {
        assert!(exact_match("The Normans.", "normans"));
        assert!(!exact_match("Normans of France", "normans"));
    }

    #[test]
    fn f1_counts_shared_words_as_often_as_both_have_them() {
        // 2 of 4 words are shared with 3 gold ones: P = 1/2, R = 2/3, F1 = 4/7.
        assert!((f1("in the late 10th century", "10th century Normandy") - 4.0 / 7.0).abs() < 1e-12);
        // "new" twice in the answer, once in the gold: 2 shared of 3 and 2.
        assert!((f1("new new york", "New York") - 0.8).abs() < 1e-12);
        assert_eq!(f1("completely different", "words"), 0.0);
        assert_eq!((f1("", "a"), f1("", "word"), f1("word", "the")), (1.0, 0.0, 0.0));
    }

    #[test]
    fn an_answer_is_contained_as_whole_words_only() {
        for (text, gold) in [
            ("Completed in 1889, it stands.", "1889"),
            ("built 1712–1750", "1712"),
            ("runs on CPU/GPU alike", "GPU"),
            ("the “Apache-2.0” licence", "Apache-2.0"),
            ("in the 10th and 11th centuries", "the 10th and 11th centuries"),
            ("needs 4.5 GB", "4.5 GB"),
        ] {
            assert!(contains(text, gold), "{text} | {gold}");
        }
        for (text, gold) in
            [("in 18890", "1889"), ("needs 4.5 GB", "5 GB"), ("a northern tribe", "Norte"), ("any", "the"), ("", "x")]
        {
            assert!(!contains(text, gold), "{text} | {gold}");
        }
    }

    #[test]
    fn footnote_marks_are_no_part_of_the_answer() {
        assert_eq!(without_marks("Completed in 1889 [1]. Tall [1, 2][2].", &[1, 2]), "Completed in 1889. Tall.");
        assert_eq!(without_marks("x[3] of [1] [open [1]", &[1]), "x[3] of [open");
        assert_eq!(without_marks("[] [a] [1", &[1]), "[] [a] [1");
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_only_what_articles_and_spaces_hid(text in "[ aAn.,–x1theTHE]{0,30}") {
            let once = normalise(&text);
            prop_assert_eq!(&normalise(&once), &once);
            prop_assert!(!once.split(' ').any(|word| matches!(word, "a" | "an" | "the")));
        }

        #[test]
        fn f1_is_symmetric_and_one_only_for_the_same_words(a in "[a-d ]{0,12}", b in "[a-d ]{0,12}") {
            prop_assert!((f1(&a, &b) - f1(&b, &a)).abs() < 1e-12);
            if exact_match(&a, &b) {
                prop_assert_eq!(f1(&a, &b), 1.0);
            }
        }
    }
}
