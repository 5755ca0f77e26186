//! Words that turn a statement round: a sentence that says "more" where its quote says "less".

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

/// The word of `said` whose opposite stands in its place in `quoted`; both are words in order, in lower case. So it is
/// where the quote has the opposite and no word of this side at all, or the opposite before the same word.
pub(crate) fn turned_round<'a>(said: &'a [String], quoted: &[String]) -> Option<&'a str> {
    let sides = PAIRS.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]);
    sides.into_iter().find_map(|(mine, theirs)| turned(said, quoted, mine, theirs))
}

fn turned<'a>(said: &'a [String], quoted: &[String], mine: &[&str], theirs: &[&str]) -> Option<&'a str> {
    let holds = |words: &[String], side: &[&str]| words.iter().any(|word| side.contains(&word.as_str()));
    let before = |side: &[&str], next: &String| {
        quoted.windows(2).any(|pair| side.contains(&pair[0].as_str()) && pair[1] == *next)
    };
    if !holds(quoted, theirs) {
        return None;
    }
    let none_at_all = !holds(quoted, mine) && !holds(said, theirs);
    let found = said.iter().enumerate().find(|(at, word)| {
        let in_its_place = |next: &String| before(theirs, next) && !before(mine, next);
        mine.contains(&word.as_str()) && (none_at_all || said.get(at + 1).is_some_and(in_its_place))
    });
    found.map(|(_, word)| word.as_str())
}

/// Words that set something apart from all others, or compare it with them: a question that supposes them (`What is the
/// least controversial …?`) is soon repeated.
const SINGLE_OUT: &[&str] = &[
    "most",
    "least",
    "first",
    "last",
    "only",
    "solely",
    "exclusively",
    "largest",
    "smallest",
    "biggest",
    "greatest",
    "highest",
    "lowest",
    "oldest",
    "youngest",
    "newest",
    "best",
    "worst",
    "longest",
    "shortest",
    "earliest",
    "latest",
    "fastest",
    "slowest",
    "strongest",
    "weakest",
    "similar",
    "same",
    "different",
    "all",
    "every",
    "always",
];

/// A word of `said` that singles out and does not stand in `quoted`.
pub(super) fn singled_out<'a>(said: &'a [String], quoted: &[String]) -> Option<&'a str> {
    said.iter().map(String::as_str).find(|word| SINGLE_OUT.contains(word) && !quoted.iter().any(|known| known == word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::text::words;

    fn turned(said: &str, quoted: &str) -> bool {
        turned_round(&words(said).collect::<Vec<_>>(), &words(quoted).collect::<Vec<_>>()).is_some()
    }

    #[test]
    fn a_comparison_must_not_be_turned_round() {
        for (said, quoted) in [
            ("It needs more memory.", "It needs less memory."),
            ("The tower opened after the fair.", "The tower opened before the fair."),
            ("Sales increased in 2020.", "Sales fell in 2020."),
            ("It needs more memory and fewer cores.", "It needs less memory and fewer cores."),
            ("Nobody came before noon, all did later.", "Nobody came after noon, before that all did."),
            ("Es braucht mehr Zeit.", "Es braucht weniger Zeit."),
        ] {
            assert!(turned(said, quoted), "{said} / {quoted}");
        }
        for (said, quoted) in [
            ("It needs more memory.", "It needs more memory and less time."),
            ("It needs more memory and fewer cores.", "It needs fewer cores and more memory."),
            ("It is fast.", "It is slow."),
        ] {
            assert!(!turned(said, quoted), "{said} / {quoted}");
        }
    }
}
