//! The legs' rankings as one. Pure.

use footnote_core::Question;

use super::RetrieverOptions;
use super::legs::Legs;
use crate::fuse::{Beyond, Fused, Fusion, lean};

/// How the legs are joined for a question.
pub(super) struct Weighing {
    /// The method, with the weight that is used.
    pub(super) fusion: Fusion,
    /// What the question itself said about the weights.
    pub(super) reason: Option<String>,
}

impl Weighing {
    pub(super) fn of(question: &Question, options: &RetrieverOptions) -> Self {
        let (fusion, reason) = match options.lean {
            true => lean::leaning(options.fusion, question.text()),
            false => (options.fusion, None),
        };
        Self { fusion, reason }
    }

    /// Whether it matters what a leg thinks of chunks that it did not propose.
    pub(super) fn looks_beyond(&self) -> bool {
        self.fusion.dense_weight().is_some()
    }
}

/// The joint ranking of all candidates.
pub(super) struct Ranking {
    /// Best first.
    pub(super) fused: Vec<Fused>,
    /// How it came about.
    pub(super) weighing: Weighing,
}

impl Ranking {
    /// Fuses what the legs found.
    pub(super) fn of(legs: &Legs, weighing: Weighing, options: &RetrieverOptions) -> Self {
        let beyond = Beyond { dense: &legs.similarities, keyword: &legs.words };
        let mut fused = weighing.fusion.fuse(&legs.dense, &legs.keyword, beyond);
        // Who asks for more gets more behind what they would have got, not something else.
        fused.sort_by_key(|fused| !is_proposed(fused, options.candidates));
        Self { fused, weighing }
    }
}

/// Whether a leg has it among its first `candidates`.
fn is_proposed(fused: &Fused, candidates: usize) -> bool {
    [fused.dense, fused.keyword].into_iter().flatten().any(|leg| leg.rank <= candidates)
}
