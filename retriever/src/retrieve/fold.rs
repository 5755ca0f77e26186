//! Which texts say the same. Pure.
//!
//! Two texts are near-duplicates when they are equal up to case, spaces and punctuation, or when nine tenths of
//! their shingles (runs of three words) are shared (Broder: "On the resemblance and containment of documents", 1997)
//! and both hold the same figures: another figure is another fact, however much stands around it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Words of a shingle.
const SHINGLE: usize = 3;
/// The share of shingles, of those that either has, that both must have.
const SHARE: f64 = 0.9;
/// A shorter text says too little without its title and headings: these are compared with it.
const FEW_WORDS: usize = 12;

/// A text with what stands above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// The text.
    pub(super) text: &'a str,
    /// Title and headings.
    pub(super) context: &'a str,
}

/// For each text, the first one before it that says the same and is no duplicate itself.
///
/// By prefix filtering (Bayardo, Ma, Srikant: "Scaling up all pairs similarity search", 2007): of two sets of which nine
/// tenths are shared, the lowest tenths share an element. So only few pairs are compared.
pub(super) fn duplicates(texts: &[Said<'_>]) -> Vec<Option<usize>> {
    let prints: Vec<Print> = texts.iter().map(Print::of).collect();
    let mut by_shingle: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut found = vec![None; texts.len()];
    for (at, print) in prints.iter().enumerate() {
        let mut alike: Vec<usize> =
            print.prefix().iter().filter_map(|shingle| by_shingle.get(shingle)).flatten().copied().collect();
        alike.sort_unstable();
        alike.dedup();
        found[at] = alike.into_iter().find(|&earlier| prints[earlier].says_the_same(print));
        if found[at].is_none() {
            for shingle in print.prefix() {
                by_shingle.entry(*shingle).or_default().push(at);
            }
        }
    }
    found
}

/// A text, as far as it is compared.
struct Print {
    /// All of its words.
    whole: u64,
    /// Of its context, where the text is short.
    context: Option<u64>,
    /// Sorted, each once. Never empty.
    shingles: Vec<u64>,
    /// The words with a digit in them, sorted.
    figures: Vec<u64>,
}

impl Print {
    fn of(said: &Said<'_>) -> Self {
        let words = words(said.text);
        let hashes: Vec<u64> = words.iter().map(|word| word.hash).collect();
        let mut shingles: Vec<u64> = match hashes.len() {
            0..=SHINGLE => vec![hash_of(&hashes)],
            _ => hashes.windows(SHINGLE).map(hash_of).collect(),
        };
        shingles.sort_unstable();
        shingles.dedup();
        let mut figures: Vec<u64> = words.iter().filter(|word| word.is_figure).map(|word| word.hash).collect();
        figures.sort_unstable();
        let context = (hashes.len() < FEW_WORDS).then(|| {
            let context: Vec<u64> = self::words(said.context).iter().map(|word| word.hash).collect();
            hash_of(&context)
        });
        Self { whole: hash_of(&hashes), context, shingles, figures }
    }

    /// The lowest shingles: those of which a near-duplicate must have one.
    fn prefix(&self) -> &[u64] {
        let all = self.shingles.len();
        let must_share = (all as f64 * SHARE).ceil() as usize;
        &self.shingles[..=all.saturating_sub(must_share).min(all - 1)]
    }

    fn says_the_same(&self, other: &Self) -> bool {
        if self.context != other.context {
            return false;
        }
        self.whole == other.whole || (self.figures == other.figures && self.resemblance(other) >= SHARE)
    }

    /// The shingles that both have, by those that either has.
    fn resemblance(&self, other: &Self) -> f64 {
        let (mut a, mut b) = (self.shingles.iter().peekable(), other.shingles.iter().peekable());
        let mut shared = 0usize;
        while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
            let order = left.cmp(right);
            shared += usize::from(order.is_eq());
            if order.is_le() {
                a.next();
            }
            if order.is_ge() {
                b.next();
            }
        }
        shared as f64 / (self.shingles.len() + other.shingles.len() - shared) as f64
    }
}

struct Word {
    hash: u64,
    is_figure: bool,
}

/// The runs of letters and digits, lower-cased; a Chinese or Japanese character is a word by itself.
fn words(text: &str) -> Vec<Word> {
    let (mut words, mut lower) = (Vec::new(), String::new());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphanumeric) {
        rest = &rest[start..];
        let alone = rest.chars().next().filter(|&c| stands_alone(c)).map(char::len_utf8);
        let end = alone.or_else(|| rest.find(|c: char| !c.is_alphanumeric() || stands_alone(c))).unwrap_or(rest.len());
        lower.clear();
        lower.extend(rest[..end].chars().flat_map(char::to_lowercase));
        let mut hasher = DefaultHasher::new();
        hasher.write(lower.as_bytes());
        words.push(Word { hash: hasher.finish(), is_figure: rest[..end].contains(char::is_numeric) });
        rest = &rest[end..];
    }
    words
}

fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

fn hash_of(words: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(texts: &[&str]) -> Vec<Option<usize>> {
        let texts: Vec<Said<'_>> = texts.iter().map(|text| Said { text, context: "" }).collect();
        duplicates(&texts)
    }

    fn long(changed: &[(usize, &str)]) -> String {
        let mut words: Vec<String> = (0..120).map(|n| format!("word{}", char::from(b'a' + n % 26))).collect();
        for (n, word) in words.iter_mut().enumerate() {
            word.push(char::from(b'a' + (n / 26) as u8));
        }
        for &(at, word) in changed {
            words[at] = word.into();
        }
        words.join(" ")
    }

    #[test]
    fn case_spaces_and_punctuation_make_no_other_text() {
        assert_eq!(
            found(&["The server listens, on port 80.", "other", "the  Server listens on\nport 80"]),
            [None, None, Some(0)]
        );
    }

    #[test]
    fn a_word_that_was_changed_in_a_long_text_makes_no_other_text_but_a_figure_does() {
        assert_eq!(found(&[&long(&[]), &long(&[(60, "otherwise")])]), [None, Some(0)]);
        assert_eq!(found(&[&long(&[(60, "2018")]), &long(&[(60, "2019")])]), [None, None]);
        assert_eq!(found(&["It costs 1.5 EUR.", "It costs 15 EUR."]), [None, None]);
    }

    #[test]
    fn a_text_that_shares_less_is_another() {
        let half = long(&[]).split_inclusive(' ').take(60).collect::<String>();
        assert_eq!(found(&[&long(&[]), &half]), [None, None]);
        assert_eq!(found(&[&long(&[]), &long(&[(20, "x"), (60, "y"), (100, "z")])]), [None, None]);
    }

    #[test]
    fn a_short_text_under_another_heading_is_another() {
        let said = |context| Said { text: "Status: closed", context };
        let texts = [said("Incident A"), said("Incident B"), said("incident a")];
        assert_eq!(duplicates(&texts), [None, None, Some(0)]);
    }

    #[test]
    fn chains_lead_to_the_one_that_is_kept() {
        assert_eq!(found(&["a b", "A, b", "a b!"]), [None, Some(0), Some(0)]);
    }

    #[test]
    fn texts_without_words_and_in_other_scripts_are_compared_too() {
        assert_eq!(found(&["", "…", "数据库索引", "数据库索引。", "数据库"]), [None, Some(0), None, Some(2), None]);
    }

    proptest! {
        /// What prefix filtering saves must not change what is found.
        #[test]
        fn it_finds_what_comparing_all_pairs_finds(
            texts in proptest::collection::vec("([ab] ){12,40}", 0..12), turns in proptest::collection::vec(0usize..40, 0..12),
        ) {
            let mut texts = texts;
            let changed = texts.iter().zip(turns).map(|(text, turn)| {
                let mut words: Vec<&str> = text.split(' ').collect();
                let turn = turn % words.len();
                words[turn] = "c";
                words.join(" ")
            });
            let changed: Vec<String> = changed.collect();
            texts.extend(changed);
            let said: Vec<Said<'_>> = texts.iter().map(|text| Said { text, context: "" }).collect();
            let prints: Vec<Print> = said.iter().map(Print::of).collect();
            let mut expected: Vec<Option<usize>> = Vec::new();
            for at in 0..prints.len() {
                let same = (0..at).find(|&e| expected[e].is_none() && prints[e].says_the_same(&prints[at]));
                expected.push(same);
            }
            prop_assert_eq!(duplicates(&said), expected);
        }
    }
}
