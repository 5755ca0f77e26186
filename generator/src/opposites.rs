//! Words that mean the opposite of one another: an embedding takes "the least" for "the most".

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::lexical::stem;

/// Written by hand, a line a pair of sides: each word on the left excludes each on the right.
const SIDES: &str = include_str!("../data/opposites.txt");
/// WordNet's antonyms, a line a pair.
const ANTONYMS: &str = include_str!("../data/antonyms.txt");

/// Beginnings that turn a word into its opposite.
const PREFIXES: [&str; 8] = ["un", "in", "im", "ir", "il", "non", "dis", "anti"];
/// Letters that must be left: `until` is not the opposite of `til`.
const BASE: usize = 4;

/// The opposites of a word, all of them as stems.
static OPPOSITES: LazyLock<HashMap<String, HashSet<String>>> = LazyLock::new(|| {
    let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines(SIDES).filter_map(|line| line.split_once('/'));
    let pairs = pairs.chain(lines(ANTONYMS).filter_map(|line| line.split_once(' ')));
    let mut opposites: HashMap<String, HashSet<String>> = HashMap::new();
    let stems = |side: &str| side.split_whitespace().map(stem).collect::<Vec<String>>();
    for (left, right) in pairs {
        let (left, right) = (stems(left), stems(right));
        // Forms of one word, as `interest` and `interested` are, turn nothing round.
        for (one, other) in left.iter().flat_map(|one| right.iter().map(move |other| (one, other))) {
            if one != other {
                opposites.entry(one.clone()).or_default().insert(other.clone());
                opposites.entry(other.clone()).or_default().insert(one.clone());
            }
        }
    }
    opposites
});

/// A word of `asked` that `said` lacks, with the opposite that it has in its place. Both are stems. What was asked itself
/// (`after the outage, … before the change`) stands in no other word's place.
pub(crate) fn opposite<'a>(asked: &'a HashSet<String>, said: &HashSet<String>) -> Option<(&'a str, String)> {
    let turned = |word: &'a String| {
        let stands = |other: &&String| said.contains(*other) && !asked.contains(*other);
        let opposite = OPPOSITES.get(word)?.iter().filter(stands).min()?;
        Some((word.as_str(), opposite.clone()))
    };
    asked.iter().filter(|word| !said.contains(*word)).filter_map(turned).min()
}

/// A word of `asked` whose opposite by a prefix `said` has: `stable` and `unstable`, either way round.
pub(crate) fn prefixed<'a>(asked: &'a HashSet<String>, said: &HashSet<String>) -> Option<(&'a str, String)> {
    let lacking = asked.iter().filter(|word| !said.contains(*word));
    lacking
        .filter_map(|word| {
            let other = base(word).filter(|base| said.contains(*base)).map(str::to_owned);
            let other = other.or_else(|| said.iter().find(|other| base(other) == Some(word)).cloned());
            Some((word.as_str(), other?))
        })
        .next()
}

fn base(word: &str) -> Option<&str> {
    PREFIXES.iter().filter_map(|prefix| word.strip_prefix(prefix)).find(|base| base.len() >= BASE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::terms;

    fn set(text: &str) -> HashSet<String> {
        terms(text).into_iter().collect()
    }

    #[test]
    fn an_opposite_counts_only_in_the_place_of_the_word() {
        assert!(opposite(&set("the least rain"), &set("most of the rain")).is_some());
        assert!(opposite(&set("the least rain"), &set("the least, not the most")).is_none());
        assert!(opposite(&set("rain"), &set("most snow")).is_none());
    }

    #[test]
    fn a_prefix_turns_a_word_round_in_either_text() {
        assert!(prefixed(&set("unstable builds"), &set("stable builds")).is_some());
        assert!(prefixed(&set("stable builds"), &set("unstable builds")).is_some());
        assert!(prefixed(&set("until now"), &set("til dawn")).is_none());
    }

    #[test]
    fn each_pair_of_both_lists_works_in_both_directions() {
        assert!(OPPOSITES.len() > 4_000, "{}", OPPOSITES.len());
        for (one, other) in [("most", "least"), ("northeast", "southwest"), ("abundant", "scarce"), ("absorb", "emit")]
        {
            assert!(opposite(&set(one), &set(other)).is_some() && opposite(&set(other), &set(one)).is_some(), "{one}");
        }
        assert!(OPPOSITES.iter().all(|(word, opposites)| !opposites.contains(word)));
    }

    #[test]
    fn the_verb_of_a_duration_is_no_opposite_of_first() {
        assert!(opposite(&set("how long did it last"), &set("at first it took an hour")).is_none());
    }
}
