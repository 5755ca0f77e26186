//! Two rankings into one: reciprocal rank fusion and weighted sums of scaled scores. Pure arithmetic.

pub mod lean;
mod scale;

use std::cmp::Ordering;
use std::collections::HashMap;

use footnote_core::ChunkId;
use footnote_core::passage::LegScore;
use footnote_core::seam::Hit;
use serde::{Deserialize, Serialize};

use self::scale::Scale;

/// How the two legs are joined.
///
/// All but the first are weighted sums: `score(c) = w · s(c, dense) + (1 - w) · s(c, keyword)`, where `w` is
/// `dense_weight`, in `0..=1`, and `s` scales a leg's scores. Bruch, Gai, Ingber: "An Analysis of Fusion Functions for
/// Hybrid Retrieval", TOIS 42(1), 2023, compares them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Fusion {
    /// Reciprocal rank fusion: `score(c) = Σ 1 / (k + rank(c))` over the legs that found `c`, ranks
    /// from 1. Only ranks count, so legs of any scale can be joined.
    ///
    /// Cormack, Clarke, Büttcher: "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank
    /// Learning Methods", SIGIR 2009, with `k = 60`.
    Rrf {
        /// The larger, the less the first ranks stand out; above 0.
        k: f32,
    },
    /// `s` maps a leg's own candidates to `0..=1`: `(score - min) / (max - min)`. A chunk that a leg
    /// did not find has 0 there. Where all of a leg's scores are equal, each of them is 1.
    MinMax {
        /// `w`.
        dense_weight: f32,
    },
    /// The cosine as it is, and a chunk's BM25 as a share of the question's best: `w · cos(c) + (1 - w) · bm25(c) / max`.
    /// Where only one leg found `c`, its score in the other is worked out. Both have a zero that means something, no
    /// likeness and no shared word. So nothing depends on where a leg was cut off, and a leg whose candidates are all about as good does not pull them apart. (Bruch et al.'s
    /// scaling from the theoretical minimum; their maximum of the cosine is left out, so that a question which
    /// nothing comes near to is ranked by its words.)
    Cosine {
        /// `w`.
        dense_weight: f32,
    },
    /// `s` counts standard deviations from the mean of a leg's own candidates. A chunk that a leg did not find has
    /// what its last one has.
    ZScore {
        /// `w`.
        dense_weight: f32,
    },
}

/// A chunk in the joint ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// The chunk.
    pub chunk: ChunkId,
    /// The joint score; comparable within one ranking only.
    pub score: f32,
    /// Its place in the vector leg.
    pub dense: Option<LegScore>,
    /// Its place in the keyword leg.
    pub keyword: Option<LegScore>,
}

/// What is known of chunks that one leg found and the other did not propose: their scores in that other leg. They count
/// without a rank. Scores of other chunks are passed over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beyond<'a> {
    /// The vector leg's.
    pub dense: &'a [Hit],
    /// The keyword leg's.
    pub keyword: &'a [Hit],
}

impl Fusion {
    /// Its name, as settings and explanations have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rrf { .. } => "rrf",
            Self::MinMax { .. } => "min-max",
            Self::Cosine { .. } => "cosine",
            Self::ZScore { .. } => "z-score",
        }
    }

    /// The vector leg's weight, where the method has weights.
    #[must_use]
    pub fn dense_weight(&self) -> Option<f32> {
        match *self {
            Self::Rrf { .. } => None,
            Self::MinMax { dense_weight } | Self::Cosine { dense_weight } | Self::ZScore { dense_weight } => {
                Some(dense_weight)
            }
        }
    }

    /// The same method with another weight of the vector leg, where it has weights.
    #[must_use]
    pub fn with_dense_weight(self, dense_weight: f32) -> Self {
        match self {
            Self::Rrf { k } => Self::Rrf { k },
            Self::MinMax { .. } => Self::MinMax { dense_weight },
            Self::Cosine { .. } => Self::Cosine { dense_weight },
            Self::ZScore { .. } => Self::ZScore { dense_weight },
        }
    }

    /// The joint ranking, best first; equal scores are ordered by id, so that the result depends on
    /// the hits alone, not on their order.
    ///
    /// What is known `beyond` the legs' hits counts, too, where a method has a use for it.
    ///
    /// A hit whose score is not a finite number is left out; of a chunk that a leg names twice, the
    /// better hit counts.
    #[must_use]
    pub fn fuse(&self, dense: &[Hit], keyword: &[Hit], beyond: Beyond<'_>) -> Vec<Fused> {
        let (dense, keyword) = (ranked(dense), ranked(keyword));
        let mut joint: HashMap<ChunkId, Fused> = HashMap::with_capacity(dense.len() + keyword.len());
        for (at, hit) in dense.iter().enumerate() {
            entry(&mut joint, hit.chunk).dense = Some(LegScore { rank: at + 1, score: hit.score });
        }
        for (at, hit) in keyword.iter().enumerate() {
            entry(&mut joint, hit.chunk).keyword = Some(LegScore { rank: at + 1, score: hit.score });
        }
        match *self {
            Self::Rrf { k } => {
                let part = |leg: Option<LegScore>| leg.map_or(0.0, |leg| 1.0 / (k + leg.rank as f32));
                joint.values_mut().for_each(|fused| fused.score = part(fused.dense) + part(fused.keyword));
            }
            Self::MinMax { dense_weight: w } => {
                weigh(&mut joint, beyond, w, Scale::min_max(&dense), Scale::min_max(&keyword));
            }
            Self::Cosine { dense_weight: w } => {
                weigh(&mut joint, beyond, w, Scale::as_it_is(&dense), Scale::share_of_max(&keyword));
            }
            Self::ZScore { dense_weight: w } => {
                weigh(&mut joint, beyond, w, Scale::deviations(&dense), Scale::deviations(&keyword));
            }
        }
        let mut joint: Vec<Fused> = joint.into_values().collect();
        joint.sort_unstable_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
        joint
    }
}

/// Gives every chunk the weighted sum of its scaled scores.
fn weigh(joint: &mut HashMap<ChunkId, Fused>, beyond: Beyond<'_>, w: f32, dense: Scale, keyword: Scale) {
    let (similarities, words) = (known(beyond.dense), known(beyond.keyword));
    for fused in joint.values_mut() {
        let similarity = dense.of_either(fused.dense, similarities.get(&fused.chunk));
        let words = keyword.of_either(fused.keyword, words.get(&fused.chunk));
        fused.score = w * similarity + (1.0 - w) * words;
    }
}

fn known(scores: &[Hit]) -> HashMap<ChunkId, f32> {
    scores.iter().filter(|hit| hit.score.is_finite()).map(|hit| (hit.chunk, hit.score)).collect()
}

fn entry(joint: &mut HashMap<ChunkId, Fused>, chunk: ChunkId) -> &mut Fused {
    joint.entry(chunk).or_insert(Fused { chunk, score: 0.0, dense: None, keyword: None })
}

/// Higher scores first, equal ones by id.
pub(crate) fn best_first(a: (f32, ChunkId), b: (f32, ChunkId)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// A leg's usable hits, best first, each chunk once.
fn ranked(hits: &[Hit]) -> Vec<Hit> {
    let mut best: HashMap<ChunkId, f32> = HashMap::with_capacity(hits.len());
    for hit in hits.iter().filter(|hit| hit.score.is_finite()) {
        // Adding zero makes -0 of a leg equal to its 0.
        let score = hit.score + 0.0;
        best.entry(hit.chunk).and_modify(|known| *known = known.max(score)).or_insert(score);
    }
    let mut hits: Vec<Hit> = best.into_iter().map(|(chunk, score)| Hit { chunk, score }).collect();
    hits.sort_unstable_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
    hits
}

#[cfg(test)]
mod tests;
