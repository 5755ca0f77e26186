//! A stand-in for the embedding model: a text's hash, drawn out to a unit vector. It costs next to nothing, so that
//! what is left of an ingestion's time can be seen.

use std::hash::{DefaultHasher, Hash, Hasher};

use async_trait::async_trait;
use footnote_core::Result;
use footnote_core::seam::{Embedder, EmbeddingModel};

/// Equal texts have equal vectors; others have nothing to do with each other.
pub(crate) struct StandIn {
    model: EmbeddingModel,
}

impl StandIn {
    /// With vectors of the default model's length.
    pub(crate) fn new(dimension: usize, max_tokens: usize) -> Self {
        Self { model: EmbeddingModel { id: "bench-stand-in".into(), dimension, max_tokens } }
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let mut state = hasher.finish() | 1;
        let mut number = || {
            // xorshift64: Marsaglia, "Xorshift RNGs", 2003.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u32 << 24) as f32 - 0.5
        };
        let mut vector: Vec<f32> = (0..self.model.dimension).map(|_| number()).collect();
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
        vector
    }
}

#[async_trait]
impl Embedder for StandIn {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        Ok(self.vector(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_unit_long_and_of_their_text_alone() {
        let stand_in = StandIn::new(384, 256);
        let (one, other) = (stand_in.vector("kettle"), stand_in.vector("lid"));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        assert!((dot(&one, &one) - 1.0).abs() < 1e-4 && dot(&one, &other).abs() < 0.3);
        assert_eq!(one, stand_in.vector("kettle"));
    }
}
