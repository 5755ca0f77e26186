//! Words that mean the opposite of one another: an embedding takes "the least" for "the most".

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::lexical::stem;

/// A line a pair of sides: each word on the left excludes each on the right.
const PAIRS: &str = include_str!("../data/opposites.txt");

/// Beginnings that turn a word into its opposite.
const PREFIXES: [&str; 8] = ["un", "in", "im", "ir", "il", "non", "dis", "anti"];
/// Letters that must be left: `until` is not the opposite of `til`.
const BASE: usize = 4;

static SIDES: LazyLock<Vec<[Vec<String>; 2]>> = LazyLock::new(|| {
    let stems = |side: &str| side.split_whitespace().map(stem).collect();
    let lines = PAIRS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('/'));
    lines.map(|(left, right)| [stems(left), stems(right)]).collect()
});

/// A word of `asked` that `said` lacks, with the opposite that it has in its place. Both are stems. What was asked itself
/// (`after the outage, … before the change`) stands in no other word's place.
pub(crate) fn opposite<'a>(asked: &'a HashSet<String>, said: &HashSet<String>) -> Option<(&'a str, String)> {
    let lacking: Vec<&String> = asked.iter().filter(|word| !said.contains(*word)).collect();
    let ways = SIDES.iter().flat_map(|[left, right]| [(left, right), (right, left)]);
    ways.filter_map(|(own, other)| {
        let word = lacking.iter().find(|word| own.contains(word))?;
        let opposite = other.iter().find(|other| said.contains(*other) && !asked.contains(*other))?;
        Some((word.as_str(), opposite.clone()))
    })
    .next()
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
    fn no_word_stands_on_both_sides() {
        assert!(SIDES.len() > 100);
        for [left, right] in SIDES.iter() {
            assert!(!left.is_empty() && !right.is_empty());
            assert!(left.iter().all(|word| !right.contains(word)), "{left:?} {right:?}");
        }
    }
}
