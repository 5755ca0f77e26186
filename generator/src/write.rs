//! The answer's text as it grows: verified sentences with their marks, and the footnotes in order of
//! first mention. It takes nothing but [`VerifiedSentence`]s.

use footnote_core::answer::{AnswerEvent, Support, Verdict};
use footnote_core::{CharSpan, Citation, Error, Result};

use crate::cite::citation;
use crate::evidence::Chosen;
use crate::verify::VerifiedSentence;

/// Text and footnotes so far.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    chars: usize,
    citations: Vec<Citation>,
    /// Evidence number of each footnote: `pieces[index - 1]`.
    pieces: Vec<usize>,
    sentences: usize,
}

impl Writer {
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn sentences(&self) -> usize {
        self.sentences
    }

    pub(crate) fn into_parts(self) -> (String, Vec<Citation>) {
        (self.text, self.citations)
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
        let lead = if self.is_empty() { "" } else { separator };
        let indexes: Vec<usize> = sentence.cites().iter().map(|piece| self.index_of(*piece)).collect();
        let marks: String = indexes.iter().map(|index| format!(" [{index}]")).collect();
        let start = self.chars + lead.chars().count();
        let span = CharSpan { start, end: start + words.chars().count() + marks.chars().count() };
        let piece = format!("{lead}{words}{marks}{stop}");
        self.chars += piece.chars().count();
        self.text.push_str(&piece);
        self.sentences += 1;

        let mut events = vec![AnswerEvent::Token { text: piece }];
        for index in indexes {
            if let Some(known) = self.citations.get_mut(index - 1) {
                known.answer_spans.push(span);
                known.support = weaker(known.support, sentence.support());
                continue;
            }
            let footnote = self.footnote(index, span, sentence.support(), chosen)?;
            events.push(AnswerEvent::Citation(Box::new(footnote.clone())));
            self.citations.push(footnote);
        }
        Ok(events)
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

fn weaker(a: Support, b: Support) -> Support {
    let rank = |support: &Support| match support.verdict {
        Verdict::Unsupported => 0,
        Verdict::Partial => 1,
        Verdict::Supported => 2,
    };
    if (rank(&b), b.score) < (rank(&a), a.score) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cite::DraftSentence;
    use crate::testing::{Corpus, chosen};
    use crate::verify::Verifier;

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
            let sentence = verifier.verify(DraftSentence::parse(draft, 2)).unwrap();
            for event in writer.push(&sentence, " ", &chosen).unwrap() {
                if let AnswerEvent::Token { text } = event {
                    told.push_str(&text);
                }
            }
        }
        let (text, citations) = writer.into_parts();
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
    }
}
