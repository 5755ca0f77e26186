use async_trait::async_trait;

use crate::error::Result;
use crate::passage::Retrieved;
use crate::question::Question;

/// Finds the passages for a question: retrieval alone.
#[async_trait]
pub trait Searcher: Send + Sync {
    /// The passages, best first; none when the collection is empty.
    ///
    /// # Errors
    /// When an index or the embedding model fails.
    async fn search(&self, question: &Question) -> Result<Retrieved>;
}
