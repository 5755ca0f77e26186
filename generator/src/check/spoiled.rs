//! How many spoiled sentences the checks catch: sentences of the handbook (or of the texts below the folder
//! `FOOTNOTE_SPOIL`), each with one detail made wrong, held against the sentence as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use footnote_core::answer::Verdict;
use footnote_core::text::sentence::sentences;

use super::Facts;
use crate::support::{Grounds, support};

/// Content words that a sentence must have to be worth spoiling.
const WORDS: usize = 6;

fn texts(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(self::texts(&path));
        } else if path.extension().is_some_and(|kind| kind == "md" || kind == "txt") {
            texts.push(fs_err::read_to_string(path).unwrap());
        }
    }
    texts
}

type Spoil = fn(&str) -> Option<String>;

/// The ways to spoil a sentence: the text with one detail made wrong, where it has such a detail.
const WAYS: [(&str, Spoil); 6] = [
    ("number", |text| {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let len = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
        let number: u64 = text[start..start + len].parse().ok()?;
        Some(format!("{}{}{}", &text[..start], number + 1, &text[start + len..]))
    }),
    ("unit", |text| {
        swapped(
            text,
            &[
                (" GB", " MB"),
                (" MB", " GB"),
                (" seconds", " minutes"),
                (" minutes", " hours"),
                (" hours", " days"),
                (" days", " weeks"),
                (" years", " months"),
                (" kilometres", " miles"),
                (" metres", " feet"),
                (" percent", ""),
                ("%", ""),
                (" km", " miles"),
                (" million", " billion"),
                ("$", "€"),
            ],
            |before| before.ends_with(|c: char| c.is_ascii_digit()),
        )
    }),
    ("date", |text| {
        swapped(
            text,
            &[
                (" January ", " June "),
                (" February ", " July "),
                (" March ", " May "),
                (" April ", " August "),
                (" May ", " March "),
                (" June ", " January "),
                (" July ", " October "),
                (" August ", " April "),
                (" September ", " November "),
                (" October ", " July "),
                (" November ", " December "),
                (" December ", " November "),
            ],
            |_| true,
        )
        .filter(|spoiled| !super::dates::dates(spoiled).is_empty())
    }),
    ("name", |text| {
        let mut at =
            text.match_indices(' ').map(|(at, _)| at + 1).filter(|at| text[*at..].starts_with(char::is_uppercase));
        let start = at.find(|at| !text[..*at].trim_end().ends_with(['.', '!', '?']))?;
        let len = text[start..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - start);
        let known = footnote_core::text::is_stop_word(&text[start..start + len].to_lowercase());
        (!known).then(|| format!("{}Zanzibar{}", &text[..start], &text[start + len..]))
    }),
    ("negation", |text| {
        swapped(
            text,
            &[
                (" is ", " is not "),
                (" are ", " are not "),
                (" was ", " was not "),
                (" were ", " were not "),
                (" can ", " cannot "),
                (" has been ", " has not been "),
                (" with ", " without "),
            ],
            |_| true,
        )
        .filter(|_| !super::denial::clauses(text).iter().any(|clause| clause.denies))
    }),
    ("opposite", |text| {
        swapped(
            text,
            &[
                (" more ", " less "),
                (" less ", " more "),
                (" before ", " after "),
                (" after ", " before "),
                (" first ", " last "),
                (" larger ", " smaller "),
                (" faster ", " slower "),
                (" increased ", " decreased "),
                (" higher ", " lower "),
                (" largest ", " smallest "),
            ],
            |_| true,
        )
    }),
];

fn swapped(text: &str, pairs: &[(&str, &str)], fits: impl Fn(&str) -> bool) -> Option<String> {
    pairs.iter().find_map(|(old, new)| {
        let at = text.find(old).filter(|at| fits(&text[..*at]))?;
        Some(format!("{}{new}{}", &text[..at], &text[at + old.len()..]))
    })
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures are published")]
fn spoiled_sentences_are_caught_and_true_ones_pass() {
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let nothing = Facts::default();
    let handbook = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../examples/handbook");
    let folder = std::env::var_os("FOOTNOTE_SPOIL").map_or(handbook, PathBuf::from);
    for text in texts(&folder) {
        for unit in sentences(&text) {
            let unit = unit.of(&text).unwrap();
            let quoted = Facts::of(unit);
            if quoted.sequence().len() < WORDS {
                continue;
            }
            let mut count = |way, counts: bool| {
                let row = seen.entry(way).or_default();
                row.0 += 1;
                row.1 += usize::from(counts);
            };
            let grounds = Grounds { quoted: &quoted, label: &nothing, around: &nothing, question: &nothing };
            count("true", support(&quoted, grounds).verdict == Verdict::Supported);
            for (way, spoil) in WAYS {
                if let Some(spoiled) = spoil(unit) {
                    let verdict = support(&Facts::of(&spoiled), grounds).verdict;
                    count(way, verdict == Verdict::Unsupported);
                    if std::env::var_os("FOOTNOTE_SPOIL_SHOW").is_some() && verdict != Verdict::Unsupported {
                        eprintln!("{way}: {spoiled}");
                    }
                }
            }
        }
    }
    for (way, (all, counted)) in seen {
        let share = counted as f64 / all as f64;
        eprintln!("{way}: {counted} of {all}, {share:.3}");
        assert!(all > 0 && share >= 0.95, "{way}: {counted} of {all}");
    }
}
