use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// What an embedding model is, as far as an index made with it must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingModel {
    /// Its id in the model catalog.
    pub id: String,
    /// Length of its vectors.
    pub dimension: usize,
    /// The most tokens it reads; the rest of a text is cut off.
    pub max_tokens: usize,
}

/// Turns texts into unit vectors whose dot product is their similarity in meaning.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The model behind it.
    fn model(&self) -> &EmbeddingModel;

    /// Embeds texts of documents: one unit vector of [`EmbeddingModel::dimension`] each, in order.
    ///
    /// # Errors
    /// When the model fails.
    async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>>;

    /// Embeds a question: one unit vector.
    ///
    /// # Errors
    /// When the model fails.
    async fn embed_query(&self, text: &str) -> Result<Vec<f32>>;
}
