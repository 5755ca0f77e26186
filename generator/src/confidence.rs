//! How sure it is that the evidence answers the question, in `0..=1`: what abstention goes by.
//!
//! A logistic model over few signs that a reader can check: how near the best sentence is, and what the
//! question says that the sentence or its passage lacks or turns round. `docs/answers.md` tells
//! what the weights were fitted on, the ways that were tried, and what they gave on articles that were left out.

use std::collections::HashSet;

use crate::asked::Asked;
use crate::claims::Claims;
use crate::kinds::another_of_its_kind;
use crate::lexical::{Query, terms};
use crate::opposites::{opposite, prefixed};

/// Where a model read the sentence: what its log-odds count, what is left of the other signs, and the bias.
const READ: f32 = 0.135;
const READ_SIGNS: f32 = 0.67;
const READ_BIAS: f32 = 0.04;
/// Weight of the model's own word that there is no answer.
const DECLINED: f32 = 2.5;

/// The signs, for one question and the best sentence of evidence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Signs {
    /// Cosine of question and sentence.
    pub(crate) cosine: f32,
    /// Share of the question's terms, weighed by their rarity, that neither sentence nor headings have.
    pub(crate) missing_share: f32,
    /// Figures of the question that neither the sentence nor its headings have.
    pub(crate) figures: Vec<String>,
    /// What tells one of a name from another in the question (`Wick 2.3`) and the passage lacks: it speaks of another.
    pub(crate) numbering: Vec<String>,
    /// Names of the question that the passage lacks.
    pub(crate) names: Vec<String>,
    /// Compounds of the question (`coal-fired`) that the passage has neither so nor in a row.
    pub(crate) compounds: Vec<String>,
    /// The question denies something.
    pub(crate) denies: bool,
    /// It does, and the sentence does not.
    pub(crate) denial_missing: bool,
    /// A word of the question whose opposite stands in the sentence, and the opposite.
    pub(crate) opposite: Option<(String, String)>,
    /// The same, in the passage.
    pub(crate) opposite_nearby: bool,
    /// The same, by a prefix, in the sentence.
    pub(crate) prefixed: Option<(String, String)>,
    /// A word of the question that the passage lacks, and another of its kind in the sentence: `weeks` and `days`.
    pub(crate) of_its_kind: Option<(String, String)>,
    /// A figure or a name is asked for, and the sentence brings none.
    pub(crate) kind_missing: bool,
    /// The log-odds of its holding the answer, by a model that read the sentence in its place.
    pub(crate) read: Option<f32>,
}

/// A sentence and what stands around it.
pub(crate) struct Place<'a> {
    pub(crate) sentence: &'a str,
    /// Title, headings and text of the passage.
    pub(crate) passage: &'a str,
    /// Terms of title and headings.
    pub(crate) context: &'a HashSet<String>,
}

impl Signs {
    pub(crate) fn of(question: &str, query: &Query, place: &Place<'_>, cosine: f32, read: Option<f32>) -> Self {
        let (asked, said, around) = (Claims::of(question), Claims::of(place.sentence), Claims::of(place.passage));
        let owned = |found: Option<(&str, String)>| found.map(|(word, other)| (word.to_owned(), other));
        let denies = denies(question);
        let turnable = without_degrees(question);
        let brings_figure = said.figures.iter().any(|figure| !asked.figures.contains(figure));
        let brings_name = said.proper.iter().any(|name| !asked.has_word(name));
        Self {
            cosine,
            missing_share: query.missing(&said.terms, place.context),
            figures: sorted(asked.figures.difference(&said.figures).filter(|figure| !place.context.contains(*figure))),
            numbering: sorted(asked.numbering.iter().filter(|number| !around.has_word(number))),
            names: sorted(asked.names.iter().filter(|name| !around.has_word(name))),
            compounds: sorted(asked.compounds.iter().filter(|compound| !around.has_word(compound))),
            denies,
            denial_missing: denies && !said.negates,
            opposite: owned(opposite(&turnable, &said.terms)),
            opposite_nearby: opposite(&turnable, &around.terms).is_some(),
            prefixed: owned(prefixed(&asked.terms, &said.terms)),
            of_its_kind: owned(another_of_its_kind(&asked.terms, &said.terms, &around.terms)),
            kind_missing: match Asked::by(question) {
                Asked::Figure => !brings_figure,
                Asked::Name => !brings_name,
                Asked::Anything => false,
            },
            read,
        }
    }

    /// The model: `1 / (1 + e^-x)`, `x` the weighted sum.
    pub(crate) fn confidence(&self) -> f32 {
        let one = |sign: bool| f32::from(u8::from(sign));
        let x = -2.3 + 5.0 * self.cosine
            - 1.2 * self.missing_share
            - 1.15 * self.figures.len() as f32
            - 1.5 * self.numbering.len() as f32
            - 0.7 * self.names.len() as f32
            - 1.2 * self.compounds.len() as f32
            - 0.9 * one(self.denies)
            - 2.4 * one(self.denial_missing)
            - 1.1 * one(self.opposite.is_some())
            - 0.7 * one(self.opposite_nearby)
            - 1.4 * one(self.prefixed.is_some())
            - 1.2 * one(self.of_its_kind.is_some())
            - 0.7 * one(self.kind_missing);
        let x = self.read.map_or(x, |read| READ_BIAS + READ_SIGNS * x + READ * read);
        1.0 / (1.0 + (-x).exp())
    }

    /// What the nearest evidence lacks, for a reader: words of the question, as they were written where they are names.
    pub(crate) fn missing(&self, question: &str) -> Vec<String> {
        let written = |lower: &String| {
            let at = question.to_lowercase().find(lower.as_str());
            at.and_then(|at| question.get(at..at + lower.len())).unwrap_or(lower).to_owned()
        };
        self.names.iter().chain(&self.compounds).chain(&self.figures).map(written).collect()
    }
}

/// What is left of a confidence where the model read the evidence and said that it does not answer. A model errs too, so it
/// is one more sign, and the last.
pub(crate) fn declined(confidence: f32) -> f32 {
    let odds = confidence / (1.0 - confidence).max(f32::EPSILON) * (-DECLINED).exp();
    odds / (1.0 + odds)
}

/// Whether the question denies what it asks of. `Without` only tells how: `what answers without thinking?`
fn denies(question: &str) -> bool {
    let lower = question.to_lowercase();
    let rest: Vec<&str> = lower.split(' ').filter(|word| *word != "without").collect();
    Claims::of(&rest.join(" ")).negates
}

/// The question's terms but for those that only ask for a measure: `how old is it?` is not turned round by `the new hall`.
fn without_degrees(question: &str) -> HashSet<String> {
    let mut words = question.split_whitespace();
    let mut rest: Vec<&str> = Vec::new();
    while let Some(word) = words.next() {
        rest.push(word);
        if word.eq_ignore_ascii_case("how") {
            words.next();
        }
    }
    terms(&rest.join(" ")).into_iter().collect()
}

fn sorted<'a>(words: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut words: Vec<String> = words.cloned().collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(question: &str, sentence: &str, passage: &str) -> Signs {
        let set = |text: &str| terms(text).into_iter().collect::<HashSet<String>>();
        let query = Query::new(question, &[set(sentence), set("something else")]);
        let place = Place { sentence, passage, context: &set("") };
        Signs::of(question, &query, &place, 0.7, None)
    }

    #[test]
    fn what_the_question_says_and_the_text_does_not_lowers_confidence() {
        let sentence = "The bridge over the Tay was completed in 1887 and carries most of the trains.";
        let sure = signs("When was the bridge over the Tay completed?", sentence, sentence).confidence();
        for question in [
            "When was the bridge over the Forth completed?",
            "When was the bridge over the Tay not completed?",
            "Who completed the bridge over the Tay?",
            "When did the bridge over the Tay carry the least trains?",
            "What happened to the bridge over the Tay in 1879?",
            "When was the bridge over the Tay 2 completed?",
            "When was the rope-driven bridge over the Tay completed?",
        ] {
            let less = signs(question, sentence, sentence).confidence();
            assert!(less < sure - 0.05, "{question}: {less} against {sure}");
        }
    }

    #[test]
    fn a_name_may_stand_elsewhere_in_the_passage() {
        let sentence = "It was completed in 1887.";
        let found =
            signs("When was the Tay Bridge completed?", sentence, "The Tay Bridge is long. It was completed in 1887.");
        assert!(found.names.is_empty());
        let lost = signs("When was the Tay Bridge completed?", sentence, sentence);
        assert_eq!(lost.missing("When was the Tay Bridge completed?"), ["Bridge", "Tay"]);
    }

    #[test]
    fn a_question_for_a_measure_is_not_turned_round_by_it() {
        let sentence = "The new hall of the library is 40 years younger.";
        assert_eq!(signs("How old is the hall of the library?", sentence, sentence).opposite, None);
        let turned = signs("When was the old hall of the library built?", sentence, sentence).opposite;
        assert_eq!(turned, Some(("old".into(), "new".into())));
    }

    #[test]
    fn a_model_that_finds_the_answer_makes_surer_and_has_not_the_last_word() {
        let sentence = "The bridge over the Tay was completed in 1887.";
        let read = |question: &str, odds: f32| {
            let signs = Signs { read: Some(odds), ..signs(question, sentence, sentence) };
            signs.confidence()
        };
        let question = "When was the bridge over the Tay completed?";
        assert!(read(question, 4.0) > read(question, 0.0) && read(question, 0.0) > read(question, -4.0));
        assert!(read("When was the bridge over the Tay not completed?", 2.0) < read(question, -2.0));
    }

    #[test]
    fn a_model_that_declines_lowers_confidence_and_has_not_the_last_word() {
        assert!(declined(0.5) < 0.1 && declined(0.95) > 0.5);
        assert!((0.0..=1.0).contains(&declined(1.0)) && declined(0.0) == 0.0);
    }

    #[test]
    fn confidence_is_a_share_and_grows_with_nearness() {
        let mut near = signs("Why?", "Because.", "Because.");
        let mut last = 0.0;
        for cosine in [-1.0, 0.0, 0.5, 1.0] {
            near.cosine = cosine;
            let confidence = near.confidence();
            assert!((0.0..=1.0).contains(&confidence) && confidence > last);
            last = confidence;
        }
    }
}
