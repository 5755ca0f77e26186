//! What given chunks score, found or not.

use std::cmp::Reverse;

use ::tantivy::query::EnableScoring;
use ::tantivy::schema::IndexRecordOption;
use ::tantivy::{DocId, DocSet, InvertedIndexReader, Searcher, SegmentReader, TERMINATED, Term};
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
    for (segment, documents) in searcher.segment_readers().iter().zip(places(searcher, fields, chunks)?) {
        let mut sums: Vec<Option<f32>> = vec![None; documents.len()];
        for weight in weights.iter().filter(|_| !documents.is_empty()) {
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

/// For each segment those of `chunks` that stand in it, in its order. A chunk stands in one segment only, likely in one
/// of the largest.
fn places(searcher: &Searcher, fields: Fields, chunks: &[ChunkId]) -> ::tantivy::Result<Vec<Vec<(DocId, ChunkId)>>> {
    let segments = searcher.segment_readers();
    let names = segments.iter().map(|segment| segment.inverted_index(fields.chunk));
    let names = names.collect::<::tantivy::Result<Vec<_>>>()?;
    let mut largest_first: Vec<usize> = (0..segments.len()).collect();
    largest_first.sort_by_key(|&at| Reverse(segments[at].num_docs()));
    let mut places = vec![Vec::new(); segments.len()];
    for &chunk in chunks {
        let term = fields.chunk_term(chunk);
        for &at in &largest_first {
            if let Some(document) = alive(&segments[at], &names[at], &term)? {
                places[at].push((document, chunk));
                break;
            }
        }
    }
    for documents in &mut places {
        documents.sort_unstable();
        documents.dedup();
    }
    Ok(places)
}

/// The document of a segment that has a term: an entry that was replaced is still there, marked as deleted.
fn alive(segment: &SegmentReader, names: &InvertedIndexReader, term: &Term) -> ::tantivy::Result<Option<DocId>> {
    let Some(mut postings) = names.read_postings(term, IndexRecordOption::Basic)? else { return Ok(None) };
    while postings.doc() != TERMINATED {
        if segment.alive_bitset().is_none_or(|alive| alive.is_alive(postings.doc())) {
            return Ok(Some(postings.doc()));
        }
        postings.advance();
    }
    Ok(None)
}
