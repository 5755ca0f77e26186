//! A collection of any size, made of real chunks by perturbing them: vectors leaned towards another chunk's and
//! shaken, words exchanged with another chunk's.

use std::sync::Arc;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::seam::{KeywordEntry, VectorPoint};
use footnote_core::{Chunk, ChunkId, Document, DocumentId, Facts, Metadata, Span};

use super::source::{RealChunk, Source};

/// Chunks of a document.
pub(super) const PER_DOCUMENT: usize = 20;
/// One in so many documents has the tag of the filter that keeps a tenth, and of the one that keeps a thousandth.
pub(super) const TENTH: usize = 10;
pub(super) const THOUSANDTH: usize = 1_000;

/// A document with its chunks' vectors.
pub(super) struct Grown {
    pub(super) ingested: IngestedDocument,
    pub(super) points: Vec<VectorPoint>,
    pub(super) entries: Vec<KeywordEntry>,
}

/// The `number`-th document of a collection. The first chunks are the real ones as they are; the same number gives
/// the same document.
pub(super) fn document(source: &Source, number: usize, chunks: usize) -> Grown {
    let (mut text, mut spans) = (String::new(), Vec::new());
    let mut vectors = Vec::new();
    let mut title = String::new();
    for at in number * PER_DOCUMENT..((number + 1) * PER_DOCUMENT).min(chunks) {
        let RealChunk { title: own, text: words, vector } = chunk(source, at);
        let start = text.len();
        text.push_str(&words);
        spans.push(Span::new(start, text.len()));
        text.push_str("\n\n");
        vectors.push(vector);
        title = own;
    }
    let record = record(number, &title, &text, spans.len());
    let facts = Arc::new(Facts::of(&record));
    let id = record.id;
    let chunks: Vec<Chunk> = spans
        .iter()
        .enumerate()
        .map(|(ordinal, span)| Chunk {
            id: ChunkId::of(id, "bench", ordinal),
            document: id,
            ordinal: ordinal as u32,
            span: *span,
            text: text[span.start..span.end].to_owned(),
            heading_path: Vec::new(),
            pages: None,
            tokens: 150,
        })
        .collect();
    let point = |(chunk, vector): (&Chunk, Vec<f32>)| VectorPoint {
        chunk: chunk.id,
        document: id,
        vector,
        facts: Arc::clone(&facts),
    };
    let entry = |chunk: &Chunk| KeywordEntry {
        chunk: chunk.id,
        document: id,
        title: title.clone(),
        headings: String::new(),
        body: chunk.text.clone(),
        place: String::new(),
        language: Some("en".into()),
        facts: Arc::clone(&facts),
    };
    let (points, entries) = (chunks.iter().zip(vectors).map(point).collect(), chunks.iter().map(entry).collect());
    let document = Document {
        id,
        collection: record.collection.clone(),
        uri: record.uri.clone(),
        title,
        media_type: record.media_type.clone(),
        language: Some("en".into()),
        text,
        pages: Vec::new(),
        headings: Vec::new(),
        lines: Vec::new(),
    };
    Grown { ingested: IngestedDocument { record, document, chunks }, points, entries }
}

fn record(number: usize, title: &str, text: &str, chunks: usize) -> DocumentRecord {
    let uri = format!("bench:{number}");
    let mut tags = vec![format!("tenth-{}", number % TENTH), format!("thousandth-{}", number % THOUSANDTH)];
    tags.sort_unstable();
    DocumentRecord {
        id: DocumentId::of("bench", &uri),
        collection: "bench".into(),
        uri,
        title: title.to_owned(),
        media_type: "text/plain".into(),
        language: Some("en".into()),
        bytes: text.len() as u64,
        modified_ms: None,
        content_hash: String::new(),
        pages: 0,
        pages_without_text: Vec::new(),
        chunks: chunks as u32,
        status: DocumentStatus::Indexed,
        reason: None,
        version: 1,
        attempts: 0,
        retry_at_ms: None,
        timings: Timings::default(),
        metadata: Metadata { tags, ..Metadata::default() },
        updated_ms: 0,
    }
}

fn chunk(source: &Source, at: usize) -> RealChunk {
    let real = &source.chunks;
    let base = &real[at % real.len()];
    if at < real.len() {
        return base.clone();
    }
    let mut dice = Dice::new(at as u64);
    let other = &real[dice.below(real.len())];
    RealChunk {
        title: base.title.clone(),
        text: exchanged(&base.text, &other.text, &mut dice),
        vector: leaned(&base.vector, &other.vector, &mut dice),
    }
}

/// Towards the other by up to a half, and shaken by a tenth of its length in all directions together.
fn leaned(base: &[f32], other: &[f32], dice: &mut Dice) -> Vec<f32> {
    let lean = 0.5 * dice.unit();
    let shake = 0.2 * 3f32.sqrt() / (base.len() as f32).sqrt();
    let mut vector: Vec<f32> =
        base.iter().zip(other).map(|(a, b)| a + lean * b + shake * (dice.unit() - 0.5)).collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

/// With one word in seven from the other.
fn exchanged(base: &str, other: &str, dice: &mut Dice) -> String {
    let others: Vec<&str> = other.split_whitespace().collect();
    let mut text = String::with_capacity(base.len() + 16);
    for word in base.split_whitespace() {
        let word = if dice.below(7) == 0 && !others.is_empty() { others[dice.below(others.len())] } else { word };
        text.push_str(word);
        text.push(' ');
    }
    text.truncate(text.trim_end().len());
    text
}

/// xorshift64 (Marsaglia, "Xorshift RNGs", 2003) over a mixed seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((mixed ^ (mixed >> 31)) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// In `0..1`.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        let chunk = |n: usize| RealChunk {
            title: format!("Title {n}"),
            text: format!("the {n} quick brown foxes jump over {n} lazy dogs and more"),
            vector: (0..8).map(|at| if at == n { 1.0 } else { 0.0 }).collect(),
        };
        Source { chunks: (0..8).map(chunk).collect(), questions: Vec::new() }
    }

    #[test]
    fn documents_grow_from_real_ones_and_come_out_the_same_each_time() {
        let source = source();
        for number in 0..5 {
            let (one, again) = (document(&source, number, 93), document(&source, number, 93));
            assert_eq!(one.points, again.points);
            assert_eq!(one.entries, again.entries);
            assert_eq!(one.points.len(), if number == 4 { 13 } else { 20 });
            for (point, chunk) in one.points.iter().zip(&one.ingested.chunks) {
                assert!((point.vector.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-4);
                assert_eq!(chunk.text, one.ingested.document.text[chunk.span.start..chunk.span.end]);
            }
        }
        assert_eq!(document(&source, 0, 93).ingested.chunks[3].text, source.chunks[3].text);
    }
}
