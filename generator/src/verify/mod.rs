//! Holds every sentence of a draft against what it cites. Only what passes can be said as fact:
//! a [`VerifiedSentence`] is made here and nowhere else.

mod sentence;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use footnote_core::Evidence;
use footnote_core::answer::{ReasonCode, Support, Verdict};

pub use self::sentence::{Checked, UnsupportedSentence, VerifiedSentence};

use crate::asked::Asked;
use crate::check::Facts;
use crate::cite::DraftSentence;
use crate::claims::Claims;
use crate::plain::visible;
use crate::support::{Grounds, support};

/// Words of an answer that have to stand in a row: a name's.
const SHORT_ANSWER: usize = 3;

/// Checks sentences against the evidence, for one question.
pub struct Verifier<'a> {
    evidence: &'a [Evidence],
    question: Claims,
    question_facts: Facts,
    /// What stands around each piece of evidence.
    around: Vec<String>,
    /// What was read for the pieces that were cited together so far.
    read: HashMap<Vec<usize>, Arc<Cited>>,
    asks_for: Asked,
    /// What a model found in the evidence. An answer has to have one of them.
    expected: Vec<Claims>,
    said: HashSet<Vec<String>>,
    /// Whether a sentence that answers was passed: the first one has to.
    answered: bool,
}

/// A text in the two forms that it is held against others in.
struct Read {
    claims: Claims,
    facts: Facts,
}

impl Read {
    fn of(text: &str) -> Self {
        Self { claims: Claims::of(text), facts: Facts::of(text) }
    }
}

/// Pieces that a sentence cites, as it is held against them.
struct Cited {
    quoted: Read,
    /// Their titles and headings.
    label: Facts,
    around: Facts,
}

/// A sentence held against some pieces.
struct Judged {
    cites: Vec<usize>,
    cited: Arc<Cited>,
    support: Support,
}

impl Judged {
    fn holds(&self) -> bool {
        self.support.verdict != Verdict::Unsupported
    }
}

impl<'a> Verifier<'a> {
    /// For `question`, with `evidence` numbered from 1.
    #[must_use]
    pub fn new(question: &str, evidence: &'a [Evidence]) -> Self {
        Self {
            evidence,
            question: Claims::of(question),
            question_facts: Facts::of(question),
            around: vec![String::new(); evidence.len()],
            read: HashMap::new(),
            asks_for: Asked::by(question),
            expected: Vec::new(),
            said: HashSet::new(),
            answered: false,
        }
    }

    /// With the text before and behind each piece beside its title and headings: a sentence may name what its quote
    /// calls `it`.
    #[must_use]
    pub fn within(mut self, text_around: impl Fn(&Evidence) -> String) -> Self {
        self.around = self.evidence.iter().map(text_around).collect();
        self
    }

    /// With answers that a model found in the evidence: the first sentence has to have one of them. A small model takes a true
    /// sentence's words and answers something else with them. (Questions asked of a text to see whether it says what another
    /// does: Wang et al. 2020, QAGS.)
    #[must_use]
    pub fn expecting(mut self, answers: &[String]) -> Self {
        self.expected = answers.iter().map(|answer| Claims::of(answer)).collect();
        self
    }

    /// The sentence, when what it cites bears it out and it says something. Without a mark, or when
    /// its marks don't hold, it is tried against the piece that supports it best.
    pub fn verify(&mut self, draft: DraftSentence) -> Checked {
        let said = Read::of(&draft.text);
        let cited = if draft.cites.is_empty() { None } else { Some(self.judge(&said, draft.cites)) };
        let judged = match cited {
            Some(judged) if judged.holds() => judged,
            // The reason why the piece that it cites does not bear it out tells more than another's.
            cited => match (self.best(&said), cited) {
                (Some(best), Some(cited)) => {
                    if best.holds() {
                        best
                    } else {
                        cited
                    }
                }
                (Some(best), None) => best,
                (None, _) => return Checked::Empty(ReasonCode::SaysNothing),
            },
        };
        if !self.says_something(&said, &judged.cited.quoted) {
            return Checked::Empty(ReasonCode::SaysNothing);
        }
        if !judged.holds() {
            let nearest = judged.cites.first().copied().unwrap_or(1);
            return Checked::Unsupported(UnsupportedSentence { text: draft.text, support: judged.support, nearest });
        }
        if !self.is_worth_saying(&said, &judged.cited.quoted) {
            return Checked::Empty(ReasonCode::SaysNothing);
        }
        if !self.answered && !self.has_an_answer(&said.claims) {
            return Checked::Empty(ReasonCode::AnotherAnswer);
        }
        if !self.said.insert(said.claims.sequence) {
            return Checked::Empty(ReasonCode::Repeats);
        }
        self.answered = true;
        Checked::Holds(VerifiedSentence { text: draft.text, cites: judged.cites, support: judged.support })
    }

    fn best(&mut self, said: &Read) -> Option<Judged> {
        let evidence = self.evidence;
        let judged = evidence.iter().map(|piece| self.judge(said, vec![piece.number]));
        judged.max_by(|a, b| a.holds().cmp(&b.holds()).then(a.support.score.total_cmp(&b.support.score)))
    }

    fn judge(&mut self, said: &Read, cites: Vec<usize>) -> Judged {
        let cited = self.cited(&cites);
        let Cited { quoted, label, around } = &*cited;
        let grounds = Grounds { quoted: &quoted.facts, label, around, question: &self.question_facts };
        let support = support(&said.facts, grounds);
        Judged { cites, cited, support }
    }

    fn cited(&mut self, cites: &[usize]) -> Arc<Cited> {
        if let Some(cited) = self.read.get(cites) {
            return Arc::clone(cited);
        }
        let pieces = || self.evidence.iter().zip(&self.around).filter(|(piece, _)| cites.contains(&piece.number));
        let joined = |texts: Vec<String>| visible(&texts.join("\n")).into_owned();
        let cited = Arc::new(Cited {
            quoted: Read::of(&joined(pieces().map(|(piece, _)| piece.quote.clone()).collect())),
            label: Facts::of(&joined(pieces().map(|(piece, _)| label(piece)).collect())),
            around: Facts::of(&joined(pieces().map(|(_, around)| around.clone()).collect())),
        });
        self.read.insert(cites.to_vec(), Arc::clone(&cited));
        cited
    }

    /// Whether the sentence has words that the question does not have, does not run in circles and does not talk
    /// about itself.
    fn says_something(&self, said: &Read, quoted: &Read) -> bool {
        let new = |term: &String| !self.question.terms.contains(term);
        said.claims.terms.iter().any(new) && !said.claims.goes_in_circles() && !said.claims.is_talk(&quoted.claims)
    }

    /// Whether it has one of the expected answers: a short one's words in a row, of a long one half, of one with figures a
    /// figure.
    fn has_an_answer(&self, said: &Claims) -> bool {
        let has = |answer: &Claims| match answer.sequence.as_slice() {
            [] => true,
            _ if !answer.figures.is_empty() => !answer.figures.is_disjoint(&said.figures),
            words if words.len() <= SHORT_ANSWER => said.sequence.windows(words.len()).any(|row| row == words),
            _ => answer.terms.intersection(&said.terms).count() * 2 >= answer.terms.len(),
        };
        self.expected.is_empty() || self.expected.iter().any(has)
    }

    /// Whether the sentence speaks of what was asked and brings something from its quotes that the
    /// question does not say already; until one sentence has answered, of the kind that was asked for.
    fn is_worth_saying(&self, said: &Read, quoted: &Read) -> bool {
        let (claims, quoted_claims) = (&said.claims, &quoted.claims);
        let asked = |term: &String| self.question.terms.contains(term);
        let brings_figure = |read: &Read| {
            !read.claims.figures.is_subset(&self.question.figures) || read.facts.brings_date(&self.question_facts)
        };
        let brings_name = |claims: &Claims| claims.proper.iter().any(|name| !self.question.has_word(name));
        let is_of_the_kind = match self.asks_for {
            _ if self.answered => true,
            Asked::Figure => brings_figure(said) || !brings_figure(quoted),
            Asked::Name => brings_name(claims) || !brings_name(quoted_claims),
            Asked::Anything => true,
        };
        let speaks_of_it = self.question.terms.is_empty() || claims.terms.iter().any(asked);
        let brings_something = claims.terms.iter().any(|term| quoted_claims.terms.contains(term) && !asked(term))
            || said.facts.brings_date(&self.question_facts);
        is_of_the_kind && speaks_of_it && brings_something
    }
}

/// Title and headings, each as a sentence of its own.
fn label(piece: &Evidence) -> String {
    let headings = piece.heading_path.iter().map(String::as_str);
    std::iter::once(piece.document.title.as_str()).chain(headings).collect::<Vec<_>>().join(".\n")
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
        match Verifier::new(question, &pieces).verify(DraftSentence::parse(draft, 2)) {
            Checked::Holds(verified) => Some((verified.cites, verified.support.verdict)),
            _ => None,
        }
    }

    #[test]
    fn what_the_quote_says_passes() {
        let expected = Some((vec![1], Verdict::Supported));
        assert_eq!(check(QUESTION, "The Eiffel Tower was completed on 31 March 1889 [1]."), expected);
    }

    #[test]
    fn what_the_question_supposes_is_no_evidence() {
        let pieces = [evidence(1, "Museums", &[], "The National Museum has paintings from his collection.")];
        let passes = |draft: &str| {
            let mut verifier = Verifier::new("What does the Riding Museum have?", &pieces);
            matches!(verifier.verify(DraftSentence::parse(draft, 1)), Checked::Holds(_))
        };
        assert!(!passes("The Riding Museum has paintings from his collection [1]."));
        assert!(passes("The National Museum has paintings from his collection [1]."));
    }

    #[test]
    fn a_sentence_may_name_what_its_quote_calls_she() {
        let rest = "stopped to rest on a sandy beach by the village, where fishermen came to admire her beauty";
        let pieces = [evidence(1, "Legends", &[], &format!("She {rest}."))];
        let passes = |before: &str| {
            let verifier = Verifier::new("Where did the mermaid stop to rest?", &pieces);
            let draft = DraftSentence::parse(&format!("The mermaid {rest} [1]."), 1);
            matches!(verifier.within(|_| before.to_owned()).verify(draft), Checked::Holds(_))
        };
        assert!(passes("A mermaid came up the river."));
        assert!(!passes("A king came up the river."));
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
    fn the_first_sentence_must_have_an_answer_that_was_found() {
        let quote =
            "Torque is the equivalent of force, as angular velocity is of velocity, and angular momentum of momentum.";
        let pieces = [evidence(1, "Rotation", &[], quote)];
        let checked = |answers: &[&str], draft: &str| {
            let answers: Vec<String> = answers.iter().map(|&answer| answer.into()).collect();
            let mut verifier = Verifier::new("What is the equivalent of velocity?", &pieces).expecting(&answers);
            verifier.verify(DraftSentence::parse(draft, 1))
        };
        let (right, wrong) = (
            "Angular velocity is the equivalent of velocity [1].",
            "The equivalent of velocity is angular momentum [1].",
        );
        for answers in [
            &["angular velocity"][..],
            &["1889", "angular velocity"],
            &["the equivalent of force, as angular velocity is of velocity"],
        ] {
            assert!(matches!(checked(answers, right), Checked::Holds(_)), "{answers:?}");
        }
        for (answers, draft) in [(&["angular velocity"][..], wrong), (&["in 1889"], right), (&["force", "1889"], right)]
        {
            assert_eq!(checked(answers, draft), Checked::Empty(ReasonCode::AnotherAnswer), "{answers:?}");
        }
        assert!(matches!(checked(&[], wrong), Checked::Holds(_)));
    }

    #[test]
    fn nothing_is_said_twice() {
        let pieces = pieces();
        let mut verifier = Verifier::new(QUESTION, &pieces);
        let draft = DraftSentence::parse("The tower was completed in 1889.", 2);
        assert!(matches!(verifier.verify(draft.clone()), Checked::Holds(_)));
        assert_eq!(verifier.verify(draft), Checked::Empty(ReasonCode::Repeats));
    }

    #[test]
    fn an_unsupported_sentence_names_the_reason_and_the_nearest_evidence() {
        let pieces = pieces();
        let unsupported = |draft: &str| match Verifier::new(QUESTION, &pieces).verify(DraftSentence::parse(draft, 2)) {
            Checked::Unsupported(sentence) => (sentence.code(), sentence.nearest()),
            other => panic!("{draft}: {other:?}"),
        };
        for (draft, code) in [
            ("The tower was completed on 30 March 1889 [1].", ReasonCode::Date),
            ("The tower was completed by Alexandre Dumas [1].", ReasonCode::Entity),
            ("The tower was completed in 1889 with three floors [1].", ReasonCode::Number),
            ("The tower was not completed in 1889.", ReasonCode::Negation),
            ("The tower reached 1,024 metres [1].", ReasonCode::Unit),
            ("The tower is a beloved symbol of love and light [1].", ReasonCode::FewWordsShared),
        ] {
            assert_eq!(unsupported(draft), (code, 1), "{draft}");
        }
    }

    #[test]
    fn a_date_in_another_form_is_the_same_answer() {
        for draft in ["The tower was completed on 1889-03-31 [1].", "The tower was completed on March 31, 1889."] {
            assert_eq!(check(QUESTION, draft).unwrap().0, [1], "{draft}");
        }
    }
}
