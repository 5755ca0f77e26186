//! The best units read once more, by a model that finds answers: each with what stands around it.

use footnote_core::seam::{Catalog, FoundAnswer, Reading, SpanReader};
use footnote_core::text::sentence::sentences;
use footnote_core::{Chunk, ChunkId, Result, Span};

use super::{Candidate, Chosen};

/// Bytes that are read for a question, and texts at the most: three long windows, or more of short sections.
const BUDGET: usize = 2_300;
const WINDOWS: usize = 6;
/// Bytes of a window, but for what stands above it: as long as the paragraphs that such models learn from.
const WINDOW: usize = 700;

/// Gives the best candidates (they come best first) the answer that is found in them, and how likely it is. Texts in a language that the
/// reader did not learn are not read.
pub(super) async fn read(
    question: &str,
    candidates: &mut [Candidate<'_>],
    reader: &dyn SpanReader,
    chosen: &mut Chosen,
    catalog: &dyn Catalog,
) -> Result<()> {
    let windows = windows(candidates, reader.languages(), chosen, catalog).await?;
    if windows.is_empty() {
        return Ok(());
    }
    let texts = windows.iter().map(|window| window.text.clone()).collect();
    let readings = reader.read(question, texts).await?;
    for candidate in candidates {
        let read = windows.iter().zip(&readings).filter_map(|(window, reading)| window.found(reading, candidate));
        candidate.read = read.max_by(|a, b| a.odds.total_cmp(&b.odds));
    }
    Ok(())
}

/// Some units of a passage in a row, under its title and headings.
struct Window {
    chunk: ChunkId,
    /// In the document.
    span: Span,
    text: String,
}

async fn windows(
    candidates: &[Candidate<'_>],
    languages: &[String],
    chosen: &mut Chosen,
    catalog: &dyn Catalog,
) -> Result<Vec<Window>> {
    let mut windows: Vec<Window> = Vec::new();
    let (mut left, mut places) = (BUDGET, 0);
    for candidate in candidates {
        if windows.iter().any(|window| window.holds(candidate)) {
            continue;
        }
        let window = Window::around(candidate);
        if places == WINDOWS || (window.text.len() > left && !windows.is_empty()) {
            break;
        }
        places += 1;
        let Some(document) = chosen.document(candidate.passage.document.id, catalog).await? else { continue };
        if is_learned(languages, document.language.as_deref()) {
            left = left.saturating_sub(window.text.len());
            windows.push(window);
        }
    }
    Ok(windows)
}

/// A text in no language that could be told is read all the same: it is short, or mostly figures.
fn is_learned(languages: &[String], language: Option<&str>) -> bool {
    languages.is_empty() || language.is_none_or(|language| languages.iter().any(|learned| learned == language))
}

impl Window {
    /// The candidate's unit and as many beside it, in turn before and behind, as there is room for.
    fn around(candidate: &Candidate<'_>) -> Self {
        let chunk = &candidate.passage.chunk;
        let units = sentences(&chunk.text);
        let place = Span::new(candidate.span.start - chunk.span.start, candidate.span.end - chunk.span.start);
        let at = units.iter().position(|unit| *unit == place);
        let span = at.map_or(place, |at| grown(&units, at));
        let text = span.of(&chunk.text).unwrap_or(candidate.text).to_owned();
        let part = Chunk { text, heading_path: chunk.heading_path.clone(), ..*chunk };
        Self {
            chunk: chunk.id,
            span: span.shifted(chunk.span.start),
            text: part.embedded_text(&candidate.passage.document.title),
        }
    }

    fn holds(&self, candidate: &Candidate<'_>) -> bool {
        let Candidate { passage, span, .. } = candidate;
        self.chunk == passage.chunk.id && self.span.start <= span.start && span.end <= self.span.end
    }

    /// What was found in the candidate's unit, its place in that unit.
    fn found(&self, reading: &Reading, candidate: &Candidate<'_>) -> Option<FoundAnswer> {
        if !self.holds(candidate) {
            return None;
        }
        let above = self.text.len() - self.span.len();
        let start = above + candidate.span.start - self.span.start;
        let FoundAnswer { span, odds } = reading.within(Span::new(start, start + candidate.span.len()))?;
        Some(FoundAnswer { span: Span::new(span.start - start, span.end - start), odds })
    }
}

/// From the unit at `at` to both sides.
fn grown(units: &[Span], at: usize) -> Span {
    let (mut first, mut last) = (at, at);
    loop {
        let before = first.checked_sub(1).filter(|before| units[last].end - units[*before].start <= WINDOW);
        first = before.unwrap_or(first);
        let behind = Some(last + 1).filter(|behind| *behind < units.len());
        let behind = behind.filter(|behind| units[*behind].end - units[first].start <= WINDOW);
        last = behind.unwrap_or(last);
        if before.is_none() && behind.is_none() {
            return Span::new(units[first].start, units[last].end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use footnote_core::seam::ReadToken;

    use super::super::{Choice, Judges, choose};
    use super::*;
    use crate::testing::{Corpus, HashedWords};

    /// Finds the answer where its word stands, and nowhere else. Remembers what it was given.
    struct Finds(&'static str, Mutex<Vec<String>>, Vec<String>);

    impl Finds {
        fn the(word: &'static str) -> Self {
            Self(word, Mutex::default(), vec!["en".into()])
        }
    }

    #[async_trait]
    impl SpanReader for Finds {
        fn name(&self) -> &str {
            "finds"
        }

        fn languages(&self) -> &[String] {
            &self.2
        }

        async fn read(&self, _: &str, texts: Vec<String>) -> Result<Vec<Reading>> {
            let token = |text: &String| {
                let at = text.find(self.0)?;
                Some(ReadToken { span: Span::new(at, at + self.0.len()), start: 5.0, end: 5.0 })
            };
            let readings = texts.iter().map(|text| Reading { none: 0.0, tokens: token(text).into_iter().collect() });
            let readings = readings.collect();
            self.1.lock().unwrap().extend(texts);
            Ok(readings)
        }
    }

    async fn read_by(reader: &Finds, corpus: &Corpus, question: &str) -> Vec<String> {
        let judges = Judges { embedder: &HashedWords::new(), reader: Some(reader), catalog: corpus };
        let choice = Choice { max_evidence: 3, lexical_weight: 0.6 };
        let chosen = choose(question, &corpus.passages(), judges, choice).await.unwrap();
        let is_read = chosen.signs.is_some_and(|signs| signs.read.is_some());
        assert_eq!(is_read, corpus.documents.iter().all(|document| document.language.is_none()));
        chosen.evidence.into_iter().map(|evidence| evidence.quote).collect()
    }

    #[tokio::test]
    async fn a_sentence_that_a_model_finds_the_answer_in_comes_first() {
        let iron = "The tower was made of iron from old mines near Dundee.";
        let ines = "The tower was made by Ines with brothers and cousins.";
        let corpus = Corpus::of(&[("Towers", &format!("{iron} {ines}"))]);
        for (finds, first) in [("Ines", ines), ("iron", iron)] {
            let quotes = read_by(&Finds::the(finds), &corpus, "How was the tower made?").await;
            assert_eq!(quotes[0], first);
        }
    }

    #[tokio::test]
    async fn a_sentence_is_read_in_its_place_and_no_place_twice() {
        let filler = "This sentence is here so that the text is long, and says nothing of towers. ".repeat(12);
        let text = format!("The tower is old. It leans. {filler}The tower was painted in 1931.");
        let corpus = Corpus::of(&[("Towers", text.as_str())]);
        let reader = Finds::the("1931");
        read_by(&reader, &corpus, "When was the old tower painted?").await;
        let texts = reader.1.into_inner().unwrap();
        assert!(texts.len() <= WINDOWS && texts.iter().all(|text| text.starts_with("Towers\n")), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() <= "Towers\n".len() + WINDOW));
        assert_eq!(texts.iter().filter(|text| text.contains("The tower is old. It leans.")).count(), 1);
        assert_eq!(texts.iter().filter(|text| text.contains("painted in 1931")).count(), 1);
    }

    #[tokio::test]
    async fn a_text_in_a_language_that_the_reader_did_not_learn_is_left_to_the_others() {
        let mut corpus = Corpus::of(&[("Towers", "The tower was measured. It comes to some 300 metres.")]);
        corpus.documents[0].language = Some("de".into());
        let reader = Finds::the("300");
        read_by(&reader, &corpus, "What tower was measured?").await;
        assert!(reader.1.into_inner().unwrap().is_empty());
    }

    #[test]
    fn a_window_grows_to_both_sides_as_far_as_there_is_room() {
        let units: Vec<Span> = (0..20).map(|at| Span::new(at * 100, at * 100 + 99)).collect();
        assert_eq!(grown(&units, 10), Span::new(700, 1399));
        assert_eq!(grown(&units, 0), Span::new(0, 699));
        assert_eq!(grown(&units, 19), Span::new(1300, 1999));
        assert_eq!(grown(&[Span::new(0, 5000)], 0), Span::new(0, 5000));
    }
}
