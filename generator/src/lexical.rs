//! Which words two texts share: content words, lightly stemmed, weighted by how telling they are.

use std::collections::HashSet;

use footnote_core::text::{is_stop_word, words};

/// The content words of `text`, stemmed, in order, each once. A compound gives its parts too, so
/// that `open-weight` meets `open weight`.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut terms = Vec::new();
    for word in words(text) {
        if is_stop_word(&word) {
            continue;
        }
        let parts = word.split(['-', '_']).filter(|part| part.len() < word.len() && !is_stop_word(part));
        for term in parts.map(stem).chain(std::iter::once(stem(&word))) {
            if !term.is_empty() && seen.insert(term.clone()) {
                terms.push(term);
            }
        }
    }
    terms
}

/// The word without its English ending: plural, -ing, -ed, -ly, possessive. Light on purpose: it
/// makes forms of a word meet, it does not look for roots.
#[must_use]
pub fn stem(word: &str) -> String {
    let word = without_possessive(word);
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.replace(',', "");
    }
    if word.len() > 4
        && let Some(stem) = word.strip_suffix("ies")
    {
        return format!("{stem}y");
    }
    // Short words have plurals, too: `days`, `uses`.
    let ending =
        [("ing", 4), ("edly", 4), ("ed", 4), ("es", 4), ("s", 3), ("ly", 4)].into_iter().find(|(ending, left)| {
            let is_plural = !["ss", "us", "is", "news"].iter().any(|no_plural| word.ends_with(no_plural));
            word.len() >= ending.len() + left && word.ends_with(ending) && (*ending != "s" || is_plural)
        });
    let ending = ending.map(|(ending, _)| ending);
    let stem = ending.and_then(|ending| word.strip_suffix(ending)).unwrap_or(word);
    match stem.strip_suffix('e') {
        Some(short) if stem.len() > 4 => short.to_owned(),
        _ => stem.to_owned(),
    }
}

/// `Qwen` of `Qwen's`.
pub(crate) fn without_possessive(word: &str) -> &str {
    word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word)
}

/// What a word counts that stands beside a unit, not in it: `It serves four users` speaks of what was named before.
const BESIDE: f32 = 0.3;

/// A question's terms and how telling each is among the candidates.
pub struct Query {
    terms: Vec<(String, f32)>,
    total: f32,
}

impl Query {
    /// Weighs the question's terms by their rarity in `candidates`: the IDF of BM25 (Robertson and
    /// Zaragoza, 2009, "The Probabilistic Relevance Framework"). A word that no candidate holds
    /// weighs most, so evidence that lacks it scores low.
    #[must_use]
    pub fn new(question: &str, candidates: &[HashSet<String>]) -> Self {
        let n = candidates.len() as f32;
        let idf = |term: &String| {
            let holding = candidates.iter().filter(|candidate| candidate.contains(term)).count() as f32;
            (1.0 + (n - holding + 0.5) / (holding + 0.5)).ln()
        };
        let terms: Vec<(String, f32)> =
            terms(question).into_iter().map(|term| (idf(&term), term)).map(|(w, t)| (t, w)).collect();
        let total = terms.iter().map(|(_, weight)| weight).sum();
        Self { terms, total }
    }

    /// The weighted share of the question's terms that a unit holds, in `0..=1`; terms that stand only in its context
    /// (title, headings) count by half, those only in the units beside it ([`BESIDE`]) less.
    #[must_use]
    pub fn overlap(&self, unit: &HashSet<String>, context: &HashSet<String>, beside: &HashSet<String>) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let share = |term: &String| match term {
            term if unit.contains(term) => 1.0,
            term if context.contains(term) => 0.5,
            term if beside.contains(term) => BESIDE,
            _ => 0.0,
        };
        self.terms.iter().map(|(term, weight)| weight * share(term)).sum::<f32>() / self.total
    }

    /// The weighted share of the question's terms that stand in both, in `0..=1`.
    #[must_use]
    pub fn repeated(&self, unit: &HashSet<String>, covered: &HashSet<String>) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let repeated = self.terms.iter().filter(|(term, _)| unit.contains(term) && covered.contains(term));
        repeated.map(|(_, weight)| weight).sum::<f32>() / self.total
    }

    /// The weighted share of the question's terms that stand in neither of the two, in `0..=1`.
    #[must_use]
    pub fn missing(&self, unit: &HashSet<String>, context: &HashSet<String>) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let missing = self.terms.iter().filter(|(term, _)| !unit.contains(term) && !context.contains(term));
        missing.map(|(_, weight)| weight).sum::<f32>() / self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(text: &str) -> HashSet<String> {
        terms(text).into_iter().collect()
    }

    #[test]
    fn forms_of_a_word_meet() {
        for (a, b) in [
            ("quantized", "quantize"),
            ("models", "model"),
            ("libraries", "library"),
            ("running", "runn"),
            ("days", "day"),
            ("uses", "use"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} and {b}");
        }
        assert_eq!(
            terms("The 1,024-bit open-weight models"),
            ["1024", "bit", "1024-bit", "open", "weight", "open-weight", "model"]
        );
        for word in ["gas", "plus", "axis", "news", "pass"] {
            assert_eq!(stem(word), word);
        }
    }

    #[test]
    fn rare_words_tell_more_than_common_ones() {
        let candidates = [set("the model runs"), set("the model has a licence"), set("a model")];
        let query = Query::new("model licence", &candidates);
        let none = HashSet::new();
        assert!(query.overlap(&candidates[1], &none, &none) > 0.99);
        assert!(query.overlap(&candidates[0], &none, &none) < 0.3);
        assert!(query.overlap(&candidates[0], &set("licence"), &none) > query.overlap(&candidates[0], &none, &none));
    }

    proptest! {
        #[test]
        fn overlap_is_a_share(question in "[a-f ]{0,20}", unit in "[a-f ]{0,20}") {
            let candidates = [set(&unit)];
            let overlap = Query::new(&question, &candidates).overlap(&candidates[0], &HashSet::new(), &HashSet::new());
            prop_assert!((0.0..=1.0001).contains(&overlap));
        }
    }
}
