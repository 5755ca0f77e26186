//! What can be checked in a text: its figures, its names, its content words, whether it denies.

use std::collections::HashSet;

use footnote_core::text::{is_stop_word, word_spans};

use crate::lexical::{stem, terms, without_possessive};

/// The checkable parts of a text.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Figures by value: `1,024` is `1024`, `three` is `3`, `98MB` is `98`.
    pub(crate) figures: HashSet<String>,
    /// Names that must be found elsewhere: capitalised words that don't begin a sentence, and
    /// identifiers such as `Q4_K_M`. Lower case.
    pub(crate) names: HashSet<String>,
    /// The names that are capitalised words: people, places, products.
    pub(crate) proper: HashSet<String>,
    /// Content words, stemmed.
    pub(crate) terms: HashSet<String>,
    /// The content words in the order in which they stand, with repeats.
    pub(crate) sequence: Vec<String>,
    /// Whether it denies something.
    pub(crate) negates: bool,
    /// What tells one of a name from another: `2.3` in `Wick 2.3`, and `qwen3-next`.
    pub(crate) numbering: HashSet<String>,
    /// Compounds that are no names: `coal-fired`. Lower case.
    pub(crate) compounds: HashSet<String>,
    words: HashSet<String>,
    /// The words in a row, compounds in their parts, each after a space.
    row: String,
}

impl Claims {
    pub(crate) fn of(text: &str) -> Self {
        let mut claims = Self { terms: terms(text).into_iter().collect(), ..Self::default() };
        let mut begins = true;
        let mut end = 0;
        let spans: Vec<(usize, usize)> = word_spans(text).collect();
        for (at, &(start, word_end)) in spans.iter().enumerate() {
            let next = spans.get(at + 1).map(|(start, end)| text[*start..*end].to_lowercase());
            claims.negates |= denies(&text[start..word_end].to_lowercase(), next.as_deref());
            begins |= text[end..start].contains(['.', '!', '?', ':', '\n', '|', '•']);
            end = word_end;
            let word = &text[start..word_end];
            let before = at.checked_sub(1).map(|before| spans[before]);
            if let Some((name, end)) = before
                && text[end..start] == *" "
                && can_be_numbered(&text[name..end])
                && word.starts_with(|c: char| c.is_ascii_digit())
            {
                claims.numbering.insert(without_possessive(word).to_lowercase());
            }
            claims.add(word, begins);
            begins = false;
        }
        claims
    }

    fn add(&mut self, word: &str, begins: bool) {
        let plain = without_possessive(word);
        let lower = plain.to_lowercase();
        if let Some(figure) = figure(&lower) {
            self.figures.insert(figure);
        } else if is_identifier(plain) {
            self.names.insert(lower.clone());
            if plain.starts_with(char::is_alphabetic) {
                self.numbering.insert(lower.clone());
            }
        } else if plain.starts_with(char::is_uppercase) && !begins && !is_stop_word(&lower) {
            self.names.insert(lower.clone());
            self.proper.insert(lower.clone());
        } else if lower.contains('-') {
            self.compounds.insert(lower.clone());
        }
        if !is_stop_word(&lower) {
            self.sequence.push(stem(&lower));
        }
        for part in lower.split('-') {
            self.words.insert(part.to_owned());
            self.row.extend([" ", part]);
        }
        self.words.insert(lower);
    }

    /// Whether it says the same twice in a row of words, as a model does that has lost its thread.
    pub(crate) fn goes_in_circles(&self) -> bool {
        let mut pairs = HashSet::new();
        self.sequence.windows(2).any(|pair| !pairs.insert(pair))
    }

    /// Whether it talks about answers and evidence where its quotes don't.
    pub(crate) fn is_talk(&self, quoted: &Self) -> bool {
        TALK.iter().any(|word| self.terms.contains(*word) && !quoted.terms.contains(*word))
    }

    /// Whether the word, or the parts of a compound one after the other, stand in the text.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        let in_parts = || format!("{} ", self.row).contains(&format!(" {} ", word.replace('-', " ")));
        self.words.contains(word) || (word.contains('-') && in_parts())
    }
}

/// Whether a word denies. `no longer` tells a change, and `no more than` a bound.
fn denies(word: &str, next: Option<&str>) -> bool {
    match word {
        "no" => !matches!(next, Some("longer" | "more" | "fewer" | "less" | "later" | "matter")),
        "not" => next != Some("only"),
        "never" | "none" | "cannot" | "neither" | "nor" | "without" => true,
        _ => word.ends_with("n't") || word.ends_with("n’t"),
    }
}

/// Whether a figure behind the word tells it from others of its name. `In 1889` and `11 March 2025` do not.
fn can_be_numbered(word: &str) -> bool {
    // Words that begin a question with a date are short in many languages: `Am 3. Mai`, `En 1889`.
    let is_name = word.starts_with(char::is_uppercase) && word.chars().count() > 2;
    is_name && !is_stop_word(&word.to_lowercase()) && !is_month(word)
}

fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_lowercase();
    MONTHS.iter().any(|month| *month == word || (word.len() >= 3 && month.starts_with(word.as_str())))
}

/// The value of a word that begins with digits, or that names a number.
fn figure(word: &str) -> Option<String> {
    if let Some(number) = NUMBER_WORDS.iter().position(|name| *name == word) {
        return Some((number + 2).to_string());
    }
    let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    // A version or an identifier such as `3d-v2` has digits again: it is a name.
    if number.is_empty() || unit.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number = number.replace(',', "");
    // Two dots make a version: there a last zero counts.
    let is_decimal = number.matches('.').count() == 1;
    Some(if is_decimal { number.trim_end_matches('0').trim_end_matches('.').to_owned() } else { number })
}

/// From two on: "one" is a pronoun as often as a number.
const NUMBER_WORDS: &[&str] =
    &["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// `Q4_K_M`, `v0.3.1`, and dates such as `2026-05-04`, whose value no figure can tell.
fn is_identifier(word: &str) -> bool {
    word.contains('_') || word.contains(|c: char| c.is_ascii_digit())
}

/// Stems of words that talk about the answer instead of giving it.
const TALK: &[&str] = &["answer", "accord", "evidenc", "question", "mention", "passag"];

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(set: &HashSet<String>) -> Vec<&str> {
        let mut items: Vec<&str> = set.iter().map(String::as_str).collect();
        items.sort_unstable();
        items
    }

    #[test]
    fn figures_have_a_value_whatever_they_look_like() {
        let claims = Claims::of("Two of 1,024 tokens, 3.50 GB and 98MB, a 4-bit model, 2nd, 1.2.0.");
        assert_eq!(sorted(&claims.figures), ["1.2.0", "1024", "2", "3.5", "4", "98"]);
    }

    #[test]
    fn names_are_capitalised_words_inside_a_sentence_and_identifiers() {
        let claims = Claims::of("Use Qwen's Q4_K_M file. Then The Apache licence of v0.3.1, 2026-05-04, holds: Done.");
        assert_eq!(sorted(&claims.names), ["2026-05-04", "apache", "q4_k_m", "qwen", "v0.3.1"]);
        assert_eq!(sorted(&claims.proper), ["apache", "qwen"]);
    }

    #[test]
    fn a_figure_behind_a_name_numbers_it() {
        let claims = Claims::of(
            "When will Wick 2.3, Falcon 180B, Phi-4 and Gemma 3's come, after 3 March 2025 and Sept 1706? In 1889? When 3?",
        );
        assert_eq!(sorted(&claims.numbering), ["180b", "2.3", "3", "phi-4"]);
    }

    #[test]
    fn a_compound_is_its_parts_in_a_row() {
        let claims = Claims::of("Qwen3 came next. The Qwen3-VL has open weights.");
        assert!(claims.has_word("qwen3-vl") && claims.has_word("open-weights"));
        assert!(!claims.has_word("qwen3-next"));
    }

    #[test]
    fn compounds_that_are_names_or_figures_are_no_other_compounds() {
        let claims = Claims::of("A water-fired 700-megawatt plant runs Qwen3-VL and Phi-4 in Stratford-upon-Avon.");
        assert_eq!(sorted(&claims.compounds), ["water-fired"]);
    }

    #[test]
    fn a_denial_is_seen() {
        assert!(Claims::of("It doesn't run.").negates && Claims::of("No model runs.").negates);
        for affirmed in ["It runs now.", "It is no longer used.", "No more than three run.", "It not only runs."] {
            assert!(!Claims::of(affirmed).negates, "{affirmed}");
        }
    }
}
