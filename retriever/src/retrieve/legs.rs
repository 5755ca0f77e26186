//! Both legs, asked at once.

use std::time::{Duration, Instant};

use footnote_core::seam::Hit;
use footnote_core::{Code, Error, Question, Result};

use super::Retriever;

/// What the legs found.
pub(super) struct Legs {
    /// The question's vector.
    pub(super) vector: Vec<f32>,
    /// What the vector leg found, best first; nothing where it is away.
    pub(super) dense: Vec<Hit>,
    /// What the keyword leg found.
    pub(super) keyword: Vec<Hit>,
    /// Which leg is away, in words.
    pub(super) degraded: Option<String>,
    /// What embedding took.
    pub(super) embedding: Duration,
}

impl Retriever {
    /// Asks both legs within the question's scope. The keyword leg needs no vector: it runs while the question is
    /// embedded.
    ///
    /// # Errors
    /// Those of the model and of the legs. Where a leg's store is away and the options say so, the other answers alone.
    pub(super) async fn ask(&self, question: &Question, limit: usize) -> Result<Legs> {
        let scope = question.scope();
        let by_meaning = async {
            let started = Instant::now();
            let vector = self.parts.embedder.embed_query(question.text()).await?;
            let embedding = started.elapsed();
            let found = self.parts.vectors.search(vector.clone(), limit, scope.as_ref()).await;
            Ok::<_, Error>((vector, embedding, found))
        };
        let by_words = self.parts.keyword.search(question.text(), limit, scope.as_ref());
        let (meaning, words) = tokio::join!(by_meaning, by_words);
        let (vector, embedding, meaning) = meaning?;
        let (dense, keyword, degraded) = match (meaning, words) {
            (Ok(dense), Ok(keyword)) => (dense, keyword, None),
            (Err(error), Ok(keyword)) if self.can_spare(&error) => (Vec::new(), keyword, Some(away("vector", &error))),
            (Ok(dense), Err(error)) if self.can_spare(&error) => (dense, Vec::new(), Some(away("keyword", &error))),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        Ok(Legs { vector, dense, keyword, degraded, embedding })
    }

    /// Whether the other leg is to answer alone. A leg that is broken, not away, is never spared: that must be mended.
    pub(super) fn can_spare(&self, error: &Error) -> bool {
        self.options.one_leg_will_do && error.code() == Code::StoreUnavailable
    }
}

fn away(leg: &str, error: &Error) -> String {
    tracing::warn!(leg, %error, "a leg is away; the other answers alone");
    format!("the {leg} leg is away: {}", error.message())
}
