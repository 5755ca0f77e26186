//! The answer's text as it grows: verified sentences with their marks, and the footnotes in order of
//! first mention. As fact it takes nothing but [`VerifiedSentence`]s.

use footnote_core::answer::{AnswerEvent, Sentence, Support};
use footnote_core::{CharSpan, Citation, Error, Result};

use crate::cite::citation;
use crate::evidence::Chosen;
use crate::verify::{UnsupportedSentence, VerifiedSentence};

/// What stands behind a sentence that nothing bears out, where such sentences are shown.
pub(crate) const UNSUPPORTED: &str = " [unsupported]";

/// Text and footnotes so far.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    chars: usize,
    citations: Vec<Citation>,
    /// Evidence number of each footnote: `pieces[index - 1]`.
    pieces: Vec<usize>,
    sentences: Vec<Sentence>,
}

/// What was written.
pub(crate) struct Parts {
    pub(crate) text: String,
    pub(crate) citations: Vec<Citation>,
    pub(crate) sentences: Vec<Sentence>,
}

impl Writer {
    /// Whether nothing was written that a quote bears out.
    pub(crate) fn says_nothing(&self) -> bool {
        self.citations.is_empty()
    }

    pub(crate) fn sentences(&self) -> usize {
        self.sentences.len()
    }

    pub(crate) fn into_parts(self) -> Parts {
        Parts { text: self.text, citations: self.citations, sentences: self.sentences }
    }

    /// Whether the piece of evidence is cited already.
    pub(crate) fn cites(&self, piece: usize) -> bool {
        self.pieces.contains(&piece)
    }

    /// Appends a sentence after `separator` and gives the events that tell the reader.
    ///
    /// # Errors
    /// When a quote is not what stands at its place: a bug.
    pub(crate) fn push(
        &mut self,
        sentence: &VerifiedSentence,
        separator: &str,
        chosen: &Chosen,
    ) -> Result<Vec<AnswerEvent>> {
        let words = sentence.text().trim_end_matches(['.', '!', '?']);
        let stop = &sentence.text()[words.len()..];
        let indexes: Vec<usize> = sentence.cites().iter().map(|piece| self.index_of(*piece)).collect();
        let marks: String = indexes.iter().map(|index| format!(" [{index}]")).collect();
        let (text, span) = self.append(separator, &format!("{words}{marks}"), stop);
        let mut events = vec![AnswerEvent::Token { text }];
        for index in &indexes {
            if let Some(known) = self.citations.get_mut(index - 1) {
                known.answer_spans.push(span);
                if is_weaker(sentence.support(), &known.support) {
                    known.support = sentence.support().clone();
                }
                continue;
            }
            let footnote = self.footnote(*index, span, sentence.support().clone(), chosen)?;
            events.push(AnswerEvent::Citation(Box::new(footnote.clone())));
            self.citations.push(footnote);
        }
        events.push(self.verdict(span, sentence.support(), indexes));
        Ok(events)
    }

    /// Appends a sentence that nothing bears out, marked as such and without a footnote.
    pub(crate) fn mark(&mut self, sentence: &UnsupportedSentence, separator: &str) -> Vec<AnswerEvent> {
        let (text, span) = self.append(separator, &format!("{}{UNSUPPORTED}", sentence.text()), "");
        vec![AnswerEvent::Token { text }, self.verdict(span, sentence.support(), Vec::new())]
    }

    /// Appends the words and what closes them, after the separator where something stands before. Gives all of it,
    /// and the place of the words.
    fn append(&mut self, separator: &str, words: &str, stop: &str) -> (String, CharSpan) {
        let lead = if self.text.is_empty() { "" } else { separator };
        let start = self.chars + lead.chars().count();
        let span = CharSpan { start, end: start + words.chars().count() };
        let piece = format!("{lead}{words}{stop}");
        self.chars += piece.chars().count();
        self.text.push_str(&piece);
        (piece, span)
    }

    fn verdict(&mut self, span: CharSpan, support: &Support, citations: Vec<usize>) -> AnswerEvent {
        let sentence = Sentence { span, support: support.clone(), citations };
        self.sentences.push(sentence.clone());
        AnswerEvent::Sentence(sentence)
    }

    /// The footnote's number for a piece of evidence: a new one at its first mention.
    fn index_of(&mut self, piece: usize) -> usize {
        let known = self.pieces.iter().position(|known| *known == piece);
        known.unwrap_or_else(|| {
            self.pieces.push(piece);
            self.pieces.len() - 1
        }) + 1
    }

    fn footnote(&self, index: usize, span: CharSpan, support: Support, chosen: &Chosen) -> Result<Citation> {
        let missing = || Error::internal(format!("footnote {index} has no evidence behind it"));
        let number = self.pieces.get(index - 1).ok_or_else(missing)?;
        let evidence = chosen.evidence.iter().find(|evidence| evidence.number == *number).ok_or_else(missing)?;
        let document = chosen.documents.get(&evidence.document.id).ok_or_else(missing)?;
        citation(index, evidence, document, vec![span], support)
    }
}

fn is_weaker(a: &Support, b: &Support) -> bool {
    (a.verdict, a.score) < (b.verdict, b.score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cite::DraftSentence;
    use crate::testing::{Corpus, chosen};
    use crate::verify::{Checked, Verifier};
    use footnote_core::answer::{ReasonCode, Verdict};

    #[test]
    fn footnotes_are_numbered_by_first_mention_and_know_the_sentences_that_lean_on_them() {
        let corpus = Corpus::of(&[("A", "The tower is made of iron."), ("B", "Größe: the bridge has steel cables.")]);
        let chosen = chosen(&corpus, &["The tower is made of iron.", "the bridge has steel cables."]);
        let mut verifier = Verifier::new("What are the bridge and the tower made of?", &chosen.evidence);
        let mut writer = Writer::default();
        let mut told = String::new();
        for draft in [
            "The bridge has steel cables [2].",
            "The tower is made of iron [1].",
            "The bridge and its steel cables stand [2]!",
        ] {
            let Checked::Holds(sentence) = verifier.verify(DraftSentence::parse(draft, 2)) else { panic!("{draft}") };
            for event in writer.push(&sentence, " ", &chosen).unwrap() {
                if let AnswerEvent::Token { text } = event {
                    told.push_str(&text);
                }
            }
        }
        let Parts { text, citations, sentences } = writer.into_parts();
        assert_eq!(
            text,
            "The bridge has steel cables [1]. The tower is made of iron [2]. The bridge and its steel cables stand [1]!"
        );
        assert_eq!(told, text);
        assert_eq!(citations[0].quote, "the bridge has steel cables.");
        assert_eq!(citations[0].span, CharSpan { start: 7, end: 35 });
        let leaning: Vec<&str> =
            citations[0].answer_spans.iter().map(|span| span.to_bytes(&text).unwrap().of(&text).unwrap()).collect();
        assert_eq!(leaning, ["The bridge has steel cables [1]", "The bridge and its steel cables stand [1]"]);
        let cited: Vec<_> = sentences.iter().map(|sentence| sentence.citations.as_slice()).collect();
        assert_eq!(cited, [[1], [2], [1]]);
        assert!(sentences.iter().all(|sentence| sentence.support.verdict == Verdict::Supported));
    }

    #[test]
    fn a_marked_sentence_has_no_footnote_and_says_that_it_is_unsupported() {
        let corpus = Corpus::of(&[("A", "The tower is made of iron.")]);
        let chosen = chosen(&corpus, &["The tower is made of iron."]);
        let mut verifier = Verifier::new("What is the tower made of?", &chosen.evidence);
        let draft = DraftSentence::parse("The tower is made of 12 kinds of cheese [1].", 1);
        let Checked::Unsupported(sentence) = verifier.verify(draft) else { panic!("it passed") };
        let mut writer = Writer::default();
        let events = writer.mark(&sentence, " ");
        assert!(!events.iter().any(|event| matches!(event, AnswerEvent::Citation(_))));
        assert!(writer.says_nothing());
        let Parts { text, citations, sentences } = writer.into_parts();
        assert_eq!(text, "The tower is made of 12 kinds of cheese. [unsupported]");
        assert!(citations.is_empty() && sentences[0].citations.is_empty());
        assert_eq!(sentences[0].support.verdict, Verdict::Unsupported);
        assert_eq!(sentences[0].support.reason.as_ref().unwrap().code, ReasonCode::Number);
    }
}
