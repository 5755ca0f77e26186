//! Words of which a text can mean one or the other, as units of time or countries: an embedding takes weeks for days.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::lexical::stem;

/// A kind a line.
const KINDS: &str = include_str!("../data/kinds.txt");

/// The lines in which a stem stands.
static LINES: LazyLock<HashMap<String, Vec<usize>>> = LazyLock::new(|| {
    let mut lines: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, line) in KINDS.lines().filter(|line| !line.starts_with('#')).enumerate() {
        for word in line.split_whitespace() {
            lines.entry(stem(word)).or_default().push(place);
        }
    }
    lines
});

/// A word of `asked` that stands nowhere in the passage `around`, and another of its kind that `said` has and was not asked
/// for. All are stems.
pub(crate) fn another_of_its_kind<'a>(
    asked: &'a HashSet<String>,
    said: &HashSet<String>,
    around: &HashSet<String>,
) -> Option<(&'a str, String)> {
    let lines = |word: &String| LINES.get(word).map_or(&[][..], Vec::as_slice);
    let lacking = asked.iter().filter(|word| !around.contains(*word) && !lines(word).is_empty());
    let others: Vec<&String> = said.iter().filter(|word| !asked.contains(*word) && !lines(word).is_empty()).collect();
    lacking
        .filter_map(|word| {
            let same = |other: &&&String| lines(other).iter().any(|line| lines(word).contains(line));
            let other = others.iter().filter(same).min()?;
            Some((word.as_str(), (*other).clone()))
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexical::terms;

    fn other(asked: &str, said: &str, around: &str) -> Option<(String, String)> {
        let set = |text: &str| terms(text).into_iter().collect::<HashSet<String>>();
        let (asked, said, around) = (set(asked), set(said), set(around));
        another_of_its_kind(&asked, &said, &around).map(|(word, other)| (word.into(), other))
    }

    #[test]
    fn another_unit_stands_in_the_place_of_the_one_that_was_asked_for() {
        let said = "It takes two to three days.";
        assert_eq!(other("What takes three weeks?", said, said), Some(("week".into(), "day".into())));
        assert_eq!(other("What takes three days?", said, said), None);
        assert_eq!(other("What takes three weeks?", said, "Others take weeks. It takes two to three days."), None);
        assert_eq!(other("Who takes part?", said, said), None);
    }

    #[test]
    fn nothing_stands_twice_in_a_line() {
        for line in KINDS.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(words.len() > 2, "{line}");
            assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len(), "{line}");
        }
    }
}
