//! Words that turn a statement round: a sentence that says "more" where its quote says "less".

use std::collections::HashSet;

/// Both sides of each pair, in the forms in which they stand in texts.
const PAIRS: &[(&[&str], &[&str])] = &[
    (&["more", "most", "mehr", "plus", "más"], &["less", "fewer", "least", "fewest", "weniger", "moins", "menos"]),
    (
        &["before", "until", "vor", "bevor", "avant", "antes"],
        &["after", "since", "nach", "nachdem", "après", "después"],
    ),
    (
        &[
            "increase",
            "increases",
            "increased",
            "rise",
            "rises",
            "rose",
            "grow",
            "grows",
            "grew",
            "grown",
            "steigt",
            "stieg",
        ],
        &[
            "decrease",
            "decreases",
            "decreased",
            "fall",
            "falls",
            "fell",
            "shrink",
            "shrinks",
            "shrank",
            "drop",
            "drops",
            "dropped",
            "declined",
            "sinkt",
            "sank",
            "fiel",
        ],
    ),
    (&["higher", "highest", "höher"], &["lower", "lowest", "niedriger"]),
    (&["larger", "largest", "bigger", "biggest", "greater", "größer"], &["smaller", "smallest", "kleiner"]),
    (&["faster", "fastest", "quicker", "schneller"], &["slower", "slowest", "langsamer"]),
    (&["earlier", "earliest", "früher"], &["later", "latest", "später"]),
    (&["older", "oldest", "älter"], &["younger", "youngest", "newer", "newest", "jünger", "neuer"]),
    (&["longer", "longest", "länger"], &["shorter", "shortest", "kürzer"]),
    (&["better", "best"], &["worse", "worst"]),
    (&["first", "erste", "ersten"], &["last", "letzte", "letzten"]),
    (&["minimum", "min"], &["maximum", "max"]),
    (&["above", "over", "exceeds", "oberhalb"], &["below", "under", "unterhalb"]),
    (
        &["allow", "allows", "allowed", "permit", "permits", "permitted"],
        &["forbid", "forbids", "forbidden", "prohibit", "prohibits", "prohibited", "deny", "denies", "denied"],
    ),
    (&["enable", "enables", "enabled"], &["disable", "disables", "disabled"]),
    (&["accept", "accepts", "accepted"], &["reject", "rejects", "rejected", "refuse", "refuses", "refused"]),
    (&["include", "includes", "included"], &["exclude", "excludes", "excluded"]),
    (&["required", "mandatory"], &["optional"]),
    (&["public"], &["private"]),
    (&["always", "immer", "toujours", "siempre"], &["never", "nie", "niemals", "jamais", "nunca"]),
    (&["bought", "buys"], &["sold", "sells"]),
    (&["won", "wins"], &["lost", "loses"]),
    (&["opened", "opens"], &["closed", "closes"]),
    (&["north", "northern", "norden"], &["south", "southern", "süden"]),
    (&["east", "eastern", "osten"], &["west", "western", "westen"]),
    (&["left"], &["right"]),
    (&["true"], &["false"]),
    (&["inside"], &["outside"]),
    (&["upload", "uploads"], &["download", "downloads"]),
];

/// The word of `said` whose opposite stands in `quoted`, where no word of its own side does.
pub(crate) fn turned_round<'a>(said: &'a HashSet<String>, quoted: &HashSet<String>) -> Option<&'a str> {
    let holds = |words: &HashSet<String>, side: &[&str]| side.iter().any(|word| words.contains(*word));
    let turned = |mine: &[&str], theirs: &[&str]| {
        let is_turned = !holds(quoted, mine) && holds(quoted, theirs) && !holds(said, theirs);
        if is_turned { said.iter().find(|word| mine.contains(&word.as_str())) } else { None }
    };
    PAIRS.iter().find_map(|(one, other)| turned(one, other).or_else(|| turned(other, one))).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::text::words;

    fn turned(said: &str, quoted: &str) -> bool {
        turned_round(&words(said).collect(), &words(quoted).collect()).is_some()
    }

    #[test]
    fn a_comparison_must_not_be_turned_round() {
        for (said, quoted) in [
            ("It needs more memory.", "It needs less memory."),
            ("The tower opened after the fair.", "The tower opened before the fair."),
            ("Sales increased in 2020.", "Sales fell in 2020."),
            ("Es braucht mehr Zeit.", "Es braucht weniger Zeit."),
        ] {
            assert!(turned(said, quoted), "{said} / {quoted}");
        }
        for (said, quoted) in [
            ("It needs more memory.", "It needs more memory and less time."),
            ("It needs more memory and fewer cores.", "It needs less memory."),
            ("It is fast.", "It is slow."),
        ] {
            assert!(!turned(said, quoted), "{said} / {quoted}");
        }
    }
}
