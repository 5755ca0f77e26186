//! Holds every sentence of a draft against what it cites. Only what passes can be said as fact:
//! a [`VerifiedSentence`] is made here and nowhere else.

use std::collections::HashSet;

use footnote_core::Evidence;
use footnote_core::answer::{Reason, ReasonCode, Support, Verdict};
use footnote_core::text::sentence::marker_length;

use crate::asked::Asked;
use crate::check::Facts;
use crate::cite::DraftSentence;
use crate::claims::Claims;
use crate::plain::{visible, with_foreign_marks};
use crate::support::{Grounds, support};

/// A sentence that its quotes bear out.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedSentence {
    text: String,
    /// Numbers of the evidence that it leans on.
    cites: Vec<usize>,
    support: Support,
}

/// A sentence that nothing bears out.
#[derive(Debug, Clone, PartialEq)]
pub struct UnsupportedSentence {
    text: String,
    support: Support,
    /// Number of the evidence that comes nearest.
    nearest: usize,
}

/// What became of a sentence of a draft.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    /// It may be shown.
    Holds(VerifiedSentence),
    /// It may not be shown as fact.
    Unsupported(UnsupportedSentence),
    /// There is nothing in it: whether it is true does not matter.
    Empty(ReasonCode),
}

impl VerifiedSentence {
    /// The evidence quoted as it is: it needs no check. Line breaks, list marks and what cannot be seen are not
    /// shown, and numbers in brackets are shown as `(3)`: they are the document's, no footnotes of the answer.
    #[must_use]
    pub fn quote(evidence: &Evidence) -> Self {
        let reason = Reason { code: ReasonCode::Verbatim, message: "the document's own words".into() };
        let support = Support { verdict: Verdict::Supported, score: 1.0, reason: Some(reason) };
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
    pub fn support(&self) -> &Support {
        &self.support
    }
}

impl UnsupportedSentence {
    /// The words, without marks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The verdict, with its reason.
    #[must_use]
    pub fn support(&self) -> &Support {
        &self.support
    }

    /// Number of the evidence that comes nearest.
    #[must_use]
    pub fn nearest(&self) -> usize {
        self.nearest
    }

    /// What kind of thing is not borne out.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        self.support.reason.as_ref().map_or(ReasonCode::FewWordsShared, |reason| reason.code)
    }
}

/// Checks sentences against the evidence, for one question.
pub struct Verifier<'a> {
    evidence: &'a [Evidence],
    question: Claims,
    question_facts: Facts,
    /// What stands around each piece of evidence.
    around: Vec<String>,
    asks_for: Asked,
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

/// A sentence held against some pieces.
struct Judged {
    cites: Vec<usize>,
    quoted: Read,
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
            asks_for: Asked::by(question),
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
        if !self.says_something(&said, &judged.quoted) {
            return Checked::Empty(ReasonCode::SaysNothing);
        }
        if !judged.holds() {
            let nearest = judged.cites.first().copied().unwrap_or(1);
            return Checked::Unsupported(UnsupportedSentence { text: draft.text, support: judged.support, nearest });
        }
        if !self.is_worth_saying(&said, &judged.quoted) {
            return Checked::Empty(ReasonCode::SaysNothing);
        }
        if !self.said.insert(said.claims.sequence) {
            return Checked::Empty(ReasonCode::Repeats);
        }
        self.answered = true;
        Checked::Holds(VerifiedSentence { text: draft.text, cites: judged.cites, support: judged.support })
    }

    fn best(&self, said: &Read) -> Option<Judged> {
        let judged = self.evidence.iter().map(|piece| self.judge(said, vec![piece.number]));
        judged.max_by(|a, b| a.holds().cmp(&b.holds()).then(a.support.score.total_cmp(&b.support.score)))
    }

    fn judge(&self, said: &Read, cites: Vec<usize>) -> Judged {
        let cited = || self.evidence.iter().zip(&self.around).filter(|(piece, _)| cites.contains(&piece.number));
        let facts = |texts: Vec<String>| Facts::of(&visible(&texts.join("\n")));
        let quotes: Vec<&str> = cited().map(|(piece, _)| piece.quote.as_str()).collect();
        let quoted = Read::of(&visible(&quotes.join("\n")));
        let label = facts(cited().map(|(piece, _)| label(piece)).collect());
        let around = facts(cited().map(|(_, around)| around.clone()).collect());
        let grounds = Grounds { quoted: &quoted.facts, label: &label, around: &around, question: &self.question_facts };
        let support = support(&said.facts, grounds);
        Judged { cites, quoted, support }
    }

    /// Whether the sentence has words that the question does not have, does not run in circles and does not talk
    /// about itself.
    fn says_something(&self, said: &Read, quoted: &Read) -> bool {
        let new = |term: &String| !self.question.terms.contains(term);
        said.claims.terms.iter().any(new) && !said.claims.goes_in_circles() && !said.claims.is_talk(&quoted.claims)
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

/// A quote as a sentence of an answer: on one line, without the mark of a list or a table.
fn shown(quote: &str) -> String {
    let quote = visible(quote);
    let line = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = &line[marker_length(&line)..];
    with_foreign_marks(line.trim_matches(|c: char| c == '|' || c.is_whitespace())).into_owned()
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

    #[test]
    fn what_a_document_says_in_brackets_is_no_footnote_of_the_answer() {
        let quote = "It was so\u{200b} in 1889 [3], [1, 2] \u{202e}and [note].";
        assert_eq!(
            VerifiedSentence::quote(&evidence(1, "T", &[], quote)).text(),
            "It was so in 1889 (3), (1, 2) and [note]."
        );
    }

    #[test]
    fn a_quote_is_shown_without_its_list_mark_and_line_breaks() {
        for (quote, text) in [("- one\n  two.", "one two."), ("| a | b |", "a | b"), ("2. Step", "Step")] {
            assert_eq!(VerifiedSentence::quote(&evidence(1, "T", &[], quote)).text(), text);
        }
    }
}
