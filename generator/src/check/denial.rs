//! Whether a clause denies something.

use std::collections::HashSet;

use footnote_core::text::word_spans;

use crate::lexical::terms;

/// A stretch of a sentence that affirms or denies as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    /// Its content words, without those that deny.
    terms: HashSet<String>,
    pub(crate) denies: bool,
}

/// English, German, French, Spanish. `ne` alone is left out: `pas`, `jamais` and the like come with it.
const DENIALS: &[&str] = &[
    "not", "no", "never", "none", "cannot", "neither", "nor", "without", "nobody", "nothing", "nowhere", "nicht",
    "kein", "keine", "keinen", "keinem", "keiner", "keines", "nie", "niemals", "niemand", "nichts", "ohne", "weder",
    "pas", "jamais", "aucun", "aucune", "sans", "rien", "non", "nunca", "jamás", "ningún", "ninguno", "ninguna", "sin",
    "tampoco", "nadie", "nada",
];
/// After a denial, they take it back: `not only`, `nicht nur`, `no solo`.
const TAKEN_BACK: &[&str] =
    &["only", "just", "merely", "without", "nur", "bloß", "seulement", "solo", "sólo", "solamente"];
/// They begin another clause.
const JOINTS: &[&str] = &[
    "but", "although", "though", "while", "whereas", "because", "since", "unless", "which", "aber", "sondern",
    "obwohl", "während", "weil", "mais", "tandis", "parce", "pero", "sino", "aunque", "mientras", "porque",
];
/// Content words that a clause of its own must have; with fewer it belongs to the one before.
const CLAUSE: usize = 2;

/// The clauses of `text`, in order.
pub(crate) fn clauses(text: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let (mut start, mut end) = (0, 0);
    let bounds = word_spans(text).chain([(text.len(), text.len())]);
    for (word, word_end) in bounds {
        let gap = &text[end..word];
        // `no. 5`, `31. März`: no end.
        let before_figure = gap.trim() == "." && text[word..].starts_with(|c: char| c.is_ascii_digit());
        let is_joint = JOINTS.contains(&text[word..word_end].to_lowercase().as_str());
        let is_bound = gap.contains(['.', '!', '?', ';', ':', ',', '\n', '|', '–', '—', '(']) && !before_figure;
        if is_joint || is_bound || word == text.len() {
            push(&mut clauses, &text[start..word]);
            start = word;
        }
        end = word_end;
    }
    clauses
}

fn push(clauses: &mut Vec<Clause>, text: &str) {
    let denies = denies(text);
    let terms: HashSet<String> = terms(text).into_iter().filter(|term| !DENIALS.contains(&term.as_str())).collect();
    match clauses.last_mut() {
        Some(last) if last.terms.len() < CLAUSE || (terms.len() < CLAUSE && !denies) => {
            last.terms.extend(terms);
            last.denies |= denies;
        }
        _ if terms.is_empty() && !denies => {}
        _ => clauses.push(Clause { terms, denies }),
    }
}

/// Whether a clause denies something.
fn denies(clause: &str) -> bool {
    let words: Vec<(String, bool)> = word_spans(clause)
        .map(|(start, end)| {
            let before_number =
                clause[end..].trim_start_matches(['.', ' ', '\u{a0}']).starts_with(|c: char| c.is_ascii_digit());
            (clause[start..end].to_lowercase(), before_number)
        })
        .collect();
    words.iter().enumerate().any(|(at, (word, before_number))| {
        let contracted = word.ends_with("n't") || word.ends_with("n’t");
        // `no. 5`
        let is_number_sign = word == "no" && *before_number;
        let taken_back = words.get(at + 1).is_some_and(|(next, _)| TAKEN_BACK.contains(&next.as_str()));
        let is_second = at > 0 && word == "without" && words[at - 1].0 == "not";
        (contracted || DENIALS.contains(&word.as_str())) && !is_number_sign && !taken_back && !is_second
    })
}

/// Whether each clause of `said` affirms or denies as the clause of `quoted` does that speaks of the same.
pub(crate) fn agree(said: &[Clause], quoted: &[Clause]) -> bool {
    said.iter().all(|clause| {
        let shared = |other: &Clause| clause.terms.intersection(&other.terms).count();
        let most = quoted.iter().map(shared).max().unwrap_or_default();
        // A clause that shares nothing is held against all of them.
        quoted.iter().filter(|other| shared(other) == most).any(|other| other.denies == clause.denies)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreeing(said: &str, quoted: &str) -> bool {
        agree(&clauses(said), &clauses(quoted))
    }

    #[test]
    fn a_denial_must_stand_in_the_clause_that_speaks_of_the_same() {
        for (said, quoted) in [
            ("The code is under Apache.", "The code is under Apache, but the weights are not open."),
            ("The weights are not open.", "The code is under Apache, but the weights are not open."),
            ("It not only runs but also sleeps.", "It runs and also sleeps."),
            ("The tower cannot be climbed.", "It's not possible to climb the tower."),
            ("Das Modell läuft nicht ohne Lizenz.", "Das Modell läuft nie ohne Lizenz."),
            ("See rule no. 5 of the house.", "Rule 5 of the house, see there."),
        ] {
            assert!(agreeing(said, quoted), "{said} / {quoted}");
        }
        for (said, quoted) in [
            ("The weights are open.", "The code is under Apache, but the weights are not open."),
            ("The code is not under Apache.", "The code is under Apache, but the weights are not open."),
            ("The bridge was completed in 1937.", "The bridge was not completed in 1937."),
            ("It runs without a licence.", "It runs with a licence."),
            ("Das Modell ist frei.", "Das Modell ist nicht frei."),
            ("Le modèle est libre.", "Le modèle n'est pas libre."),
            ("El modelo es libre.", "El modelo no es libre."),
            ("Kein Modell ist frei.", "Das Modell ist frei."),
        ] {
            assert!(!agreeing(said, quoted), "{said} / {quoted}");
        }
    }
}
