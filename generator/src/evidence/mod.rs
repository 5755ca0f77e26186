//! Chooses the sentences that carry the answer, each with its exact place.
//!
//! `score = cosine(question, unit) + lexical_weight × overlap + RANK_PRIOR / rank`, over the units of
//! the retrieved passages, and `KIND` more for a unit that holds the kind of thing that is asked for. Measured on SQuAD 2.0's development set (2,910 answerable questions, MiniLM
//! int8) within the gold paragraph: the best unit holds a gold answer for 87.5 % of them, the best two
//! for 95.2 %. IDF weights are worth 0.8 points there, the title in the embedded text 0.7.
//!
//! Where there is a model that finds answers ([`reading`]), it reads the best units again and has a say in their score.

mod reading;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use footnote_core::seam::{Catalog, Embedder, FoundAnswer, SpanReader};
use footnote_core::text::sentence::sentences;
use footnote_core::{Chunk, Document, DocumentId, Evidence, Passage, Result, Span};

use crate::command::Guard;
use crate::confidence::{Place, Signs};
use crate::lexical::{Query, terms};
use crate::sought::Sought;

/// How much the rank of its passage adds to a unit: a tie-break. Over 0.1 it costs the best unit
/// more than it gives the second (SQuAD, ten paragraphs per question).
const RANK_PRIOR: f32 = 0.05;
/// Bytes that a heading's line may have beside the heading itself: `### `, `1. `.
const MARKUP: usize = 8;
/// What a unit gets where a model finds the answer in it: up to this, `READ / (1 + e^(-x / 2))`, `x` the log of the odds.
const READ: f32 = 0.6;
/// What a unit gets for holding a figure or a name where the question asks for one.
const KIND: f32 = 0.15;
/// What a word of the question counts less in a piece when an earlier piece has it. (1,200 questions of SQuAD: the best two
/// pieces hold a gold answer for 89.3 % with it and 89.0 % without.)
const REPEATED: f32 = 0.2;
/// What the prefilter gives for the passage's rank beside the shared words.
const PREFILTER_RANK: f32 = 0.3;
/// Units that are embedded. Sixteen lose nothing against sixty (91.0 % and 90.6 % in the best three).
const EMBEDDED_UNITS: usize = 16;
/// Bytes before and behind a piece that tell what it speaks of.
const AROUND: (usize, usize) = (600, 200);
/// Evidence below this share of the best score is left out.
const RELATIVE_CUT: f32 = 0.6;

/// What to choose by; see [`crate::GroundingOptions`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) max_evidence: usize,
    pub(crate) lexical_weight: f32,
}

/// The evidence, best first, and the documents that it quotes.
pub(crate) struct Chosen {
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) documents: HashMap<DocumentId, Arc<Document>>,
    /// The answers that a model found in the pieces, where it holds them for likelier than none.
    pub(crate) answers: Vec<String>,
    /// What speaks for and against the best piece.
    pub(crate) signs: Option<Signs>,
}

/// A unit that may become evidence.
struct Candidate<'a> {
    passage: &'a Passage,
    rank: f32,
    /// In the document.
    span: Span,
    text: &'a str,
    terms: HashSet<String>,
    /// Terms of the title and the headings.
    context: HashSet<String>,
    /// Terms of the units before and behind it.
    beside: HashSet<String>,
    overlap: f32,
    /// Whether it holds a figure that the question lacks.
    figure: bool,
    /// [`KIND`], or nothing.
    kind: f32,
    /// With the question.
    cosine: f32,
    /// The answer in it, by a model that read it, and how much likelier that is than its holding none.
    read: Option<FoundAnswer>,
    score: f32,
}

/// Who scores and who holds the documents.
#[derive(Clone, Copy)]
pub(crate) struct Judges<'a> {
    pub(crate) embedder: &'a dyn Embedder,
    pub(crate) reader: Option<&'a dyn SpanReader>,
    pub(crate) catalog: &'a dyn Catalog,
}

/// Scores the units of `passages` (best first) and takes the best.
///
/// # Errors
/// When a model or the catalog fails.
pub(crate) async fn choose(question: &str, passages: &[Passage], judges: Judges<'_>, choice: Choice) -> Result<Chosen> {
    let mut candidates = candidates(&Sought::by(question), &Guard::for_question(question), passages);
    let query = prefilter(question, &mut candidates);
    score(question, &mut candidates, judges.embedder, choice.lexical_weight).await?;
    let mut chosen = Chosen { evidence: Vec::new(), documents: HashMap::new(), answers: Vec::new(), signs: None };
    if let Some(reader) = judges.reader {
        reading::read(question, &mut candidates, reader, &mut chosen, judges.catalog).await?;
        candidates.iter_mut().for_each(Candidate::count_reading);
        sort(&mut candidates);
    }
    take(&mut chosen, candidates.iter().collect(), &query, judges.catalog, choice.max_evidence).await?;
    let best = chosen.evidence.first();
    let best = best.and_then(|best| candidates.iter().find(|candidate| candidate.is(best)));
    chosen.signs = best.map(|best| best.signs(question, &query));
    Ok(chosen)
}

/// A unit of a passage; without words where it is refused.
struct Unit<'p> {
    span: Span,
    text: &'p str,
    terms: HashSet<String>,
}

impl<'p> Unit<'p> {
    fn of(passage: &'p str, (span, refused): (Span, bool)) -> Self {
        let text = span.of(passage).filter(|_| !refused).unwrap_or_default();
        Self { span, text, terms: terms(text).into_iter().collect() }
    }
}

fn candidates<'p>(sought: &Sought, guard: &Guard, passages: &'p [Passage]) -> Vec<Candidate<'p>> {
    let mut seen = HashSet::new();
    let mut candidates = Vec::new();
    for (place, passage) in passages.iter().enumerate() {
        let chunk = &passage.chunk;
        let context: HashSet<String> =
            terms(&format!("{} {}", passage.document.title, chunk.heading_path.join(" "))).into_iter().collect();
        let units = sentences(&chunk.text);
        let refused = guard.refused(&chunk.text, &units);
        let units: Vec<Unit<'_>> = units.into_iter().zip(refused).map(|unit| Unit::of(&chunk.text, unit)).collect();
        for (at, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.text.is_empty()) {
            let Unit { span, text, .. } = *unit;
            let span = span.shifted(chunk.span.start);
            let terms = unit.terms.clone();
            let neighbours = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| units.get(at));
            let beside = neighbours.flat_map(|unit| unit.terms.iter().cloned()).collect();
            let brings = sought.brought_by(text, &terms);
            // A heading says what the text below it is about. One with a figure can be the answer: a release
            // and its date, say.
            let is_label = !brings.substance || (is_heading(text, passage) && !brings.figure);
            // Chunks overlap: the same unit may come twice.
            if is_label || !seen.insert((chunk.document, span)) {
                continue;
            }
            let context = context.clone();
            candidates.push(Candidate {
                passage,
                rank: place as f32 + 1.0,
                span,
                text,
                terms,
                context,
                beside,
                overlap: 0.0,
                figure: brings.figure,
                kind: if brings.kind { KIND } else { 0.0 },
                cosine: 0.0,
                read: None,
                score: 0.0,
            });
        }
    }
    candidates
}

/// Whether the unit only repeats a heading that stands around it anyway.
fn is_heading(text: &str, passage: &Passage) -> bool {
    let text = text.trim_matches(|c: char| c == '#' || c.is_whitespace());
    text == passage.document.title || passage.chunk.heading_path.iter().any(|heading| heading == text)
}

/// Keeps the units that are worth an embedding: by shared words and the rank of their passage.
fn prefilter(question: &str, candidates: &mut Vec<Candidate<'_>>) -> Query {
    let sets: Vec<HashSet<String>> = candidates.iter().map(|candidate| candidate.terms.clone()).collect();
    let query = Query::new(question, &sets);
    for candidate in candidates.iter_mut() {
        candidate.overlap = query.overlap(&candidate.terms, &candidate.context, &candidate.beside);
        candidate.score = candidate.overlap + candidate.kind + PREFILTER_RANK / candidate.rank;
    }
    sort(candidates);
    candidates.truncate(EMBEDDED_UNITS);
    query
}

async fn score(
    question: &str,
    candidates: &mut [Candidate<'_>],
    embedder: &dyn Embedder,
    lexical_weight: f32,
) -> Result<()> {
    let texts = candidates.iter().map(Candidate::embedded_text).collect();
    let (question, units) = futures::try_join!(embedder.embed_query(question), embedder.embed_passages(texts))?;
    for (candidate, unit) in candidates.iter_mut().zip(units) {
        candidate.cosine = question.iter().zip(&unit).map(|(a, b)| a * b).sum();
        candidate.score =
            candidate.cosine + lexical_weight * candidate.overlap + candidate.kind + RANK_PRIOR / candidate.rank;
    }
    sort(candidates);
    Ok(())
}

fn sort(candidates: &mut [Candidate<'_>]) {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// Takes the best, sees to it that each is what the catalog's document says, and numbers them. A word of the question
/// that an earlier piece has already counts less: a question of two parts gets a piece for each.
async fn take(
    chosen: &mut Chosen,
    mut left: Vec<&Candidate<'_>>,
    query: &Query,
    catalog: &dyn Catalog,
    max_evidence: usize,
) -> Result<()> {
    let mut covered = HashSet::new();
    while chosen.evidence.len() < max_evidence {
        let worth = |candidate: &Candidate<'_>| candidate.score - REPEATED * query.repeated(&candidate.terms, &covered);
        let next = (0..left.len()).max_by(|a, b| worth(left[*a]).total_cmp(&worth(left[*b])).then(b.cmp(a)));
        let Some(candidate) = next.map(|at| left.remove(at)) else { break };
        let best = chosen.evidence.first().map_or(f32::NEG_INFINITY, |evidence| evidence.score);
        if candidate.score < best * RELATIVE_CUT {
            break;
        }
        let Some(document) = chosen.document(candidate.passage.document.id, catalog).await? else { continue };
        let is_heading =
            |heading: Span| heading.overlaps(candidate.span) && candidate.span.len() <= heading.len() + MARKUP;
        if !candidate.figure && document.headings.iter().any(|heading| is_heading(heading.span)) {
            continue;
        }
        if candidate.span.of(&document.text) != Some(candidate.text) {
            tracing::warn!(uri = document.uri, "passed over: the document changed after it was searched");
            continue;
        }
        // The same words again are no second piece of evidence.
        left.retain(|other| other.terms != candidate.terms);
        covered.extend(candidate.terms.iter().cloned());
        chosen.answers.extend(candidate.answer().map(str::to_owned));
        chosen.evidence.push(candidate.numbered(chosen.evidence.len() + 1));
    }
    Ok(())
}

impl Chosen {
    /// The text before and behind a piece, in its document.
    pub(crate) fn around(&self, piece: &Evidence) -> String {
        let Some(document) = self.documents.get(&piece.document.id) else { return String::new() };
        let (before, behind) = AROUND;
        let start = document.text.floor_char_boundary(piece.span.start.saturating_sub(before));
        let end = document.text.ceil_char_boundary(piece.span.end.saturating_add(behind).min(document.text.len()));
        let around = |from: usize, to: usize| document.text.get(from..to).unwrap_or_default();
        format!("{}\n{}", around(start, piece.span.start), around(piece.span.end, end))
    }

    async fn document(&mut self, id: DocumentId, catalog: &dyn Catalog) -> Result<Option<Arc<Document>>> {
        if let Some(document) = self.documents.get(&id) {
            return Ok(Some(Arc::clone(document)));
        }
        let Some(document) = catalog.document(id).await?.map(Arc::new) else { return Ok(None) };
        self.documents.insert(id, Arc::clone(&document));
        Ok(Some(document))
    }
}

impl Candidate<'_> {
    /// The unit as its chunk is embedded: a sentence alone often lacks what it speaks of.
    fn embedded_text(&self) -> String {
        let chunk = &self.passage.chunk;
        let unit = Chunk { text: self.text.to_owned(), heading_path: chunk.heading_path.clone(), ..*chunk };
        unit.embedded_text(&self.passage.document.title)
    }

    /// Lets what was read into the score.
    fn count_reading(&mut self) {
        self.score += self.read.map_or(0.0, |found| READ / (1.0 + (-found.odds / 2.0).exp()));
    }

    /// The answer in it, where a model holds that for likelier than none.
    fn answer(&self) -> Option<&str> {
        self.read.filter(|found| found.odds > 0.0).and_then(|found| found.span.of(self.text))
    }

    /// Whether the piece was made of it.
    fn is(&self, piece: &Evidence) -> bool {
        self.span == piece.span && self.passage.chunk.id == piece.chunk
    }

    fn signs(&self, question: &str, query: &Query) -> Signs {
        let chunk = &self.passage.chunk;
        let passage = chunk.embedded_text(&self.passage.document.title);
        let place = Place { sentence: self.text, passage: &passage, context: &self.context };
        Signs::of(question, query, &place, self.cosine, self.read.map(|found| found.odds))
    }

    fn numbered(&self, number: usize) -> Evidence {
        Evidence {
            number,
            span: self.span,
            quote: self.text.to_owned(),
            chunk: self.passage.chunk.id,
            document: self.passage.document.clone(),
            heading_path: self.passage.chunk.heading_path.clone(),
            pages: self.passage.chunk.pages,
            score: self.score,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Corpus, HashedWords};

    const CHOICE: Choice = Choice { max_evidence: 3, lexical_weight: 0.6 };

    async fn chosen(corpus: &Corpus, passages: &[Passage], question: &str) -> Chosen {
        let judges = Judges { embedder: &HashedWords::new(), reader: None, catalog: corpus };
        choose(question, passages, judges, CHOICE).await.unwrap()
    }

    async fn quotes(corpus: &Corpus, question: &str) -> Vec<String> {
        let chosen = chosen(corpus, &corpus.passages(), question).await;
        chosen.evidence.into_iter().map(|evidence| evidence.quote).collect()
    }

    #[tokio::test]
    async fn the_sentence_that_shares_the_telling_words_comes_first() {
        let corpus = Corpus::of(&[
            ("Towers", "The tower stands in Paris. It was completed in 1889. Many people visit the tower."),
            ("Bridges", "The bridge was completed in 1937."),
        ]);
        assert_eq!(quotes(&corpus, "When was the tower completed?").await[0], "It was completed in 1889.");
    }

    #[tokio::test]
    async fn a_question_of_two_parts_gets_a_piece_for_each() {
        let corpus = Corpus::of(&[
            (
                "Towers",
                "The iron tower was completed in 1889. The iron tower was completed on a day in spring, by iron workers.",
            ),
            ("Bridges", "The stone bridge was opened in 1937."),
        ]);
        let quotes = quotes(&corpus, "When was the iron tower completed and the stone bridge opened?").await;
        let both =
            |quotes: &[String]| quotes.iter().any(|q| q.contains("1889")) && quotes.iter().any(|q| q.contains("1937"));
        assert!(both(&quotes[..2]), "{quotes:?}");
    }

    #[tokio::test]
    async fn a_sentence_may_speak_of_what_was_named_before_it() {
        let corpus = Corpus::of(&[
            ("Rooms", "The coffee machine stands in the hall. It serves up to nine users at once."),
            ("Racks", "The Mac Studio stands in the cellar. It serves up to four users at once."),
        ]);
        let quotes = quotes(&corpus, "How many users at once does the Mac Studio serve?").await;
        let place = |words: &str| quotes.iter().position(|quote| quote.contains(words)).unwrap_or(usize::MAX);
        assert!(place("four users") < place("nine users"), "{quotes:?}");
    }

    #[tokio::test]
    async fn a_heading_is_no_evidence() {
        let corpus = Corpus::of(&[("Licences", "# Which licence applies\nThe code is under the Apache licence.")]);
        let quotes = quotes(&corpus, "Which licence applies?").await;
        assert_eq!(quotes, ["The code is under the Apache licence."]);
    }

    #[tokio::test]
    async fn a_sentence_that_two_chunks_share_is_quoted_once() {
        let corpus = Corpus::of(&[("Ports", "The server listens on port 8080.")]);
        let twice = [corpus.passages(), corpus.passages()].concat();
        let chosen = chosen(&corpus, &twice, "Which port?").await;
        assert_eq!(chosen.evidence.len(), 1);
    }

    #[tokio::test]
    async fn evidence_is_exactly_what_the_document_says_at_its_span() {
        let corpus = Corpus::of(&[("Öl", "Größe: 3 €. Das Öl ist teuer."), ("Wein", "Der Wein ist rot. Öl nicht.")]);
        let chosen = chosen(&corpus, &corpus.passages(), "Wie teuer ist das Öl?").await;
        assert!(!chosen.evidence.is_empty());
        for evidence in chosen.evidence {
            assert_eq!(evidence.span.of(&chosen.documents[&evidence.document.id].text), Some(evidence.quote.as_str()));
        }
    }
}
