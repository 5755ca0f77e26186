//! Holds every sentence of a draft against what it cites. Only what passes can reach the answer:
//! a [`VerifiedSentence`] is made here and nowhere else.

use std::collections::HashSet;

use footnote_core::Evidence;
use footnote_core::answer::{Support, Verdict};
use footnote_core::text::sentence::marker_length;

use crate::asked::Asked;
use crate::cite::DraftSentence;
use crate::claims::Claims;
use crate::support::support;

/// A sentence that its quotes bear out.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedSentence {
    text: String,
    /// Numbers of the evidence that it leans on.
    cites: Vec<usize>,
    support: Support,
}

impl VerifiedSentence {
    /// The evidence quoted as it is: it needs no check. Line breaks and list marks are not shown.
    #[must_use]
    pub fn quote(evidence: &Evidence) -> Self {
        let support = Support { verdict: Verdict::Supported, score: 1.0 };
        Self { text: shown(&evidence.quote), cites: vec![evidence.number], support }
    }

    /// The words, without marks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Numbers of the evidence that it leans on; never empty.
    #[must_use]
    pub fn cites(&self) -> &[usize] {
        &self.cites
    }

    /// How well the quotes bear it out.
    #[must_use]
    pub fn support(&self) -> Support {
        self.support
    }
}

/// Checks sentences against the evidence, for one question.
pub struct Verifier<'a> {
    evidence: &'a [Evidence],
    question: Claims,
    asks_for: Asked,
    said: HashSet<Vec<String>>,
    /// Whether a sentence that answers was passed: the first one has to.
    answered: bool,
}

impl<'a> Verifier<'a> {
    /// For `question`, with `evidence` numbered from 1.
    #[must_use]
    pub fn new(question: &str, evidence: &'a [Evidence]) -> Self {
        Self {
            evidence,
            question: Claims::of(question),
            asks_for: Asked::by(question),
            said: HashSet::new(),
            answered: false,
        }
    }

    /// The sentence, when what it cites bears it out and it says something. Without a mark, or when
    /// its marks don't hold, it is tried against the piece that supports it best.
    pub fn verify(&mut self, draft: DraftSentence) -> Option<VerifiedSentence> {
        let claims = Claims::of(&draft.text);
        let cited = if draft.cites.is_empty() { None } else { self.judge(&claims, draft.cites) };
        let (cites, quoted, support) = cited.or_else(|| self.best(&claims))?;
        if !self.is_worth_saying(&claims, &quoted) || !self.said.insert(claims.sequence) {
            return None;
        }
        self.answered = true;
        Some(VerifiedSentence { text: draft.text, cites, support })
    }

    fn best(&self, claims: &Claims) -> Option<(Vec<usize>, Claims, Support)> {
        let judged = self.evidence.iter().filter_map(|piece| self.judge(claims, vec![piece.number]));
        judged.max_by(|(_, _, a), (_, _, b)| a.score.total_cmp(&b.score))
    }

    fn judge(&self, claims: &Claims, cites: Vec<usize>) -> Option<(Vec<usize>, Claims, Support)> {
        let cited = self.evidence.iter().filter(|piece| cites.contains(&piece.number));
        let quotes: Vec<&str> = cited.map(|piece| piece.quote.as_str()).collect();
        let quoted = Claims::of(&quotes.join("\n"));
        let support = support(claims, &quoted, &self.question)?;
        Some((cites, quoted, support))
    }

    /// Whether the sentence speaks of what was asked and brings something from its quotes that the
    /// question does not say already; until one sentence has answered, of the kind that was asked for.
    fn is_worth_saying(&self, claims: &Claims, quoted: &Claims) -> bool {
        let asked = |term: &String| self.question.terms.contains(term);
        let brings_figure = claims.figures.iter().any(|figure| !self.question.figures.contains(figure));
        let brings_name = |claims: &Claims| claims.proper.iter().any(|name| !self.question.has_word(name));
        let is_of_the_kind = match self.asks_for {
            _ if self.answered => true,
            Asked::Figure => brings_figure || quoted.figures.is_subset(&self.question.figures),
            Asked::Name => brings_name(claims) || !brings_name(quoted),
            Asked::Anything => true,
        };
        let speaks_of_it = self.question.terms.is_empty() || claims.terms.iter().any(asked);
        let brings_something = claims.terms.iter().any(|term| quoted.terms.contains(term) && !asked(term));
        is_of_the_kind && speaks_of_it && brings_something && !claims.goes_in_circles() && !claims.is_talk(quoted)
    }
}

/// A quote as a sentence of an answer: on one line, without the mark of a list or a table.
fn shown(quote: &str) -> String {
    let line = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = &line[marker_length(&line)..];
    line.trim_matches(|c: char| c == '|' || c.is_whitespace()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::evidence;

    const QUESTION: &str = "When was the Eiffel Tower completed?";

    fn pieces() -> [Evidence; 2] {
        [
            evidence(1, "Towers", &[], "The tower was completed on 31 March 1889, at 1,024 feet, by Gustave Eiffel."),
            evidence(2, "Bridges", &[], "The bridge was not completed in 1937."),
        ]
    }

    fn check(question: &str, draft: &str) -> Option<(Vec<usize>, Verdict)> {
        let pieces = pieces();
        let verified = Verifier::new(question, &pieces).verify(DraftSentence::parse(draft, 2))?;
        Some((verified.cites, verified.support.verdict))
    }

    #[test]
    fn what_the_quote_says_passes_and_names_of_the_question_may_be_used() {
        let expected = Some((vec![1], Verdict::Supported));
        assert_eq!(check(QUESTION, "The Eiffel Tower was completed on 31 March 1889 [1]."), expected);
    }

    #[test]
    fn a_figure_or_a_name_that_the_quote_lacks_is_never_passed() {
        for wrong in [
            "The tower was completed on 31 March 1890 [1].",
            "The tower was completed in 1889 by Alexandre Dumas [1].",
            "The tower was completed on 30 March 1889 [1].",
            "The tower was completed on 31 April 1889 [1].",
            "The tower was not completed in 1889 [1].",
            "The tower was completed in 1889 with three floors [1].",
            "The bridge was completed in 1937 [2].",
        ] {
            assert_eq!(check(QUESTION, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn figures_are_compared_by_value() {
        assert!(check("How high is the tower?", "The tower has 1024 feet [1].").is_some());
    }

    #[test]
    fn a_sentence_without_a_mark_or_with_a_wrong_one_gets_the_piece_that_bears_it_out() {
        for draft in ["The tower was completed in 1889.", "The tower was completed in 1889 [2]."] {
            assert_eq!(check(QUESTION, draft).unwrap().0, [1], "{draft}");
        }
    }

    #[test]
    fn a_sentence_that_only_repeats_the_question_is_dropped() {
        for empty in ["The Eiffel Tower was completed [1].", "The answer is [1].", "According to the evidence [1]."] {
            assert_eq!(check(QUESTION, empty), None, "{empty}");
        }
    }

    #[test]
    fn talk_about_the_answer_and_running_in_circles_are_dropped() {
        for bad in [
            "The answer is that the tower was completed on 31 March 1889 [1].",
            "The tower completed on 31 March 1889 was completed on 31 March 1889 [1].",
            "31 March 1889 [1].",
        ] {
            assert_eq!(check(QUESTION, bad), None, "{bad}");
        }
    }

    #[test]
    fn the_first_sentence_must_answer_what_was_asked() {
        assert_eq!(check(QUESTION, "The tower was completed by Gustave Eiffel [1]."), None);
        assert!(check("Who completed the tower?", "The tower was completed by Gustave Eiffel [1].").is_some());
        assert_eq!(check("Who completed the tower?", "The tower was completed in 1889 [1]."), None);
    }

    #[test]
    fn nothing_is_said_twice() {
        let pieces = pieces();
        let mut verifier = Verifier::new(QUESTION, &pieces);
        let draft = DraftSentence::parse("The tower was completed in 1889.", 2);
        assert!(verifier.verify(draft.clone()).is_some());
        assert!(verifier.verify(draft).is_none());
    }

    #[test]
    fn a_quote_is_shown_without_its_list_mark_and_line_breaks() {
        for (quote, text) in [("- one\n  two.", "one two."), ("| a | b |", "a | b"), ("2. Step", "Step")] {
            assert_eq!(VerifiedSentence::quote(&evidence(1, "T", &[], quote)).text(), text);
        }
    }
}
