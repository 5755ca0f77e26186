//! What given chunks score, found or not.

use ::tantivy::query::EnableScoring;
use ::tantivy::schema::IndexRecordOption;
use ::tantivy::{DocId, DocSet, Searcher, SegmentReader, TERMINATED};
use footnote_core::ChunkId;
use footnote_core::seam::Hit;

use super::query;
use super::schema::Fields;

/// The BM25 scores of those of `chunks` that have any of the words. Each word's list of documents is walked from one
/// chunk to the next, by its skip list: a search would walk all of it.
pub(super) fn of(
    searcher: &Searcher,
    fields: Fields,
    words: &[Vec<String>],
    chunks: &[ChunkId],
) -> ::tantivy::Result<Vec<Hit>> {
    let weights =
        words.iter().map(|word| query::word(fields, word).weight(EnableScoring::enabled_from_searcher(searcher)));
    let weights = weights.collect::<::tantivy::Result<Vec<_>>>()?;
    let mut hits = Vec::new();
    for segment in searcher.segment_readers() {
        let documents = documents(segment, fields, chunks)?;
        let mut sums: Vec<Option<f32>> = vec![None; documents.len()];
        for weight in &weights {
            let mut scorer = weight.scorer(segment, 1.0)?;
            for ((document, _), sum) in documents.iter().zip(&mut sums) {
                if scorer.doc() < *document {
                    scorer.seek(*document);
                }
                if scorer.doc() == *document {
                    *sum = Some(sum.unwrap_or(0.0) + scorer.score());
                }
            }
        }
        let scored = documents.iter().zip(sums);
        hits.extend(scored.filter_map(|(&(_, chunk), sum)| Some(Hit { chunk, score: sum? })));
    }
    Ok(hits)
}

/// Those of `chunks` that stand in `segment`, in its order.
fn documents(segment: &SegmentReader, fields: Fields, chunks: &[ChunkId]) -> ::tantivy::Result<Vec<(DocId, ChunkId)>> {
    let mut found = Vec::new();
    for &chunk in chunks {
        let term = fields.chunk_term(chunk);
        let index = segment.inverted_index(term.field())?;
        let Some(mut postings) = index.read_postings(&term, IndexRecordOption::Basic)? else { continue };
        // An entry that was replaced is still there, marked as deleted.
        while postings.doc() != TERMINATED {
            if segment.alive_bitset().is_none_or(|alive| alive.is_alive(postings.doc())) {
                found.push((postings.doc(), chunk));
            }
            postings.advance();
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
