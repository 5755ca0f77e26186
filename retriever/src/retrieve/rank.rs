//! The legs' rankings as one.

use std::collections::HashSet;

use footnote_core::seam::Hit;
use footnote_core::{ChunkId, Question, Result};

use super::Retriever;
use super::legs::Legs;
use crate::fuse::{Beyond, Fused, Fusion, lean};

/// The joint ranking of all candidates.
pub(super) struct Ranking {
    /// Best first.
    pub(super) fused: Vec<Fused>,
    /// How it came about, with the weight that was used.
    pub(super) fusion: Fusion,
    /// What the question itself said about the weights.
    pub(super) reason: Option<String>,
}

impl Retriever {
    /// Fuses what the legs found.
    ///
    /// # Errors
    /// When the vector store cannot be read.
    pub(super) async fn rank(&self, question: &Question, legs: &Legs) -> Result<Ranking> {
        let (fusion, reason) = match self.options.lean {
            true => lean::leaning(self.options.fusion, question.text()),
            false => (self.options.fusion, None),
        };
        let (dense, keyword) = match fusion.dense_weight() {
            Some(_) => tokio::try_join!(self.similarities(legs), self.words(question, legs))?,
            None => (Vec::new(), Vec::new()),
        };
        let beyond = Beyond { dense: &dense, keyword: &keyword };
        let mut fused = fusion.fuse(&legs.dense, &legs.keyword, beyond);
        // Who asks for more gets more behind what they would have got, not something else.
        fused.sort_by_key(|fused| !is_proposed(fused, self.options.candidates));
        Ok(Ranking { fused, fusion, reason })
    }

    /// The vectors of chunks; none where their store went away since it was searched, and may.
    ///
    /// # Errors
    /// When the vector store cannot be read.
    pub(super) async fn vectors(&self, chunks: &[ChunkId]) -> Result<Vec<Option<Vec<f32>>>> {
        match self.parts.vectors.vectors(chunks).await {
            Err(error) if self.can_spare(&error) => Ok(vec![None; chunks.len()]),
            vectors => vectors,
        }
    }

    /// The exact cosines of the chunks that only the keyword leg found: what the vector leg did not propose may still
    /// be nearly as good as its last, or far from it.
    async fn similarities(&self, legs: &Legs) -> Result<Vec<Hit>> {
        let others = unproposed(&legs.keyword, &legs.dense);
        if legs.dense.is_empty() || others.is_empty() {
            return Ok(Vec::new());
        }
        let vectors = self.vectors(&others).await?;
        let cosine = |vector: Vec<f32>| legs.vector.iter().zip(&vector).map(|(a, b)| a * b).sum();
        let hits = others.into_iter().zip(vectors);
        Ok(hits.filter_map(|(chunk, vector)| Some(Hit { chunk, score: cosine(vector?) })).collect())
    }

    /// The BM25 scores of the chunks that only the vector leg found. Where the keyword leg gave less than it was asked
    /// for, they share no word with the question.
    async fn words(&self, question: &Question, legs: &Legs) -> Result<Vec<Hit>> {
        let others = unproposed(&legs.dense, &legs.keyword);
        if legs.keyword.len() < legs.limit || others.is_empty() {
            return Ok(Vec::new());
        }
        match self.parts.keyword.scores(question.text(), &others).await {
            Err(error) if self.can_spare(&error) => Ok(Vec::new()),
            scores => scores,
        }
    }
}

/// Whether a leg has it among its first `candidates`.
fn is_proposed(fused: &Fused, candidates: usize) -> bool {
    [fused.dense, fused.keyword].into_iter().flatten().any(|leg| leg.rank <= candidates)
}

/// The chunks of `hits` that are not among the `other` leg's.
fn unproposed(hits: &[Hit], other: &[Hit]) -> Vec<ChunkId> {
    let proposed: HashSet<ChunkId> = other.iter().map(|hit| hit.chunk).collect();
    hits.iter().map(|hit| hit.chunk).filter(|id| !proposed.contains(id)).collect()
}
