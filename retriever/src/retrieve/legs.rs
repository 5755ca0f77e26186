//! Both legs, asked at once, and each about what only the other found.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use footnote_core::seam::Hit;
use footnote_core::{ChunkId, Code, Error, Question, Result};

use super::Retriever;

/// What the legs found.
pub(super) struct Legs {
    /// The question's vector.
    pub(super) vector: Vec<f32>,
    /// What the vector leg found, best first; nothing where it is away.
    pub(super) dense: Vec<Hit>,
    /// What the keyword leg found.
    pub(super) keyword: Vec<Hit>,
    /// The exact cosines of what only the keyword leg found, in no order; some of the others may be among them.
    pub(super) similarities: Vec<Hit>,
    /// The BM25 scores of what only the vector leg found, likewise.
    pub(super) words: Vec<Hit>,
    /// Which leg is away, in words.
    pub(super) degraded: Option<String>,
    /// What embedding took.
    pub(super) embedding: Duration,
}

/// What each leg has found so far, for the other to see: what is found needs no working out.
#[derive(Default)]
struct Found {
    dense: OnceLock<Vec<Hit>>,
    keyword: OnceLock<Vec<Hit>>,
}

impl Retriever {
    /// Asks both legs within the question's scope. The keyword leg needs no vector: it runs while the question is
    /// embedded. With `beyond`, each is also asked what it thinks of the other's hits, as soon as they are there: what
    /// it did not propose may still be nearly as good as its last, or far from it. The leg that ends first does not
    /// know yet what the other will propose and asks about all of its hits; that costs work, but no time.
    ///
    /// # Errors
    /// Those of the model and of the legs. Where a leg's store is away and the options say so, the other answers alone.
    pub(super) async fn ask(&self, question: &Question, limit: usize, beyond: bool) -> Result<Legs> {
        let scope = question.scope();
        let so_far = Found::default();
        let by_meaning = async {
            let started = Instant::now();
            let vector = self.parts.embedder.embed_query(question.text()).await?;
            let embedding = started.elapsed();
            let found = self.parts.vectors.search(vector.clone(), limit, scope.as_ref()).await;
            let words = match &found {
                Ok(hits) if beyond => {
                    self.words(question, so_far.dense.get_or_init(|| hits.clone()), &so_far, limit).await?
                }
                _ => Vec::new(),
            };
            Ok::<_, Error>((vector, embedding, found, words))
        };
        let by_words = async {
            let found = self.parts.keyword.search(question.text(), limit, scope.as_ref()).await;
            let vectors = match &found {
                Ok(hits) if beyond => self.others(so_far.keyword.get_or_init(|| hits.clone()), &so_far).await?,
                _ => Vec::new(),
            };
            Ok::<_, Error>((found, vectors))
        };
        // The one that goes to another thread first.
        let (words, meaning) = tokio::try_join!(by_words, by_meaning)?;
        let ((vector, embedding, meaning, scores), (words, others)) = (meaning, words);
        let (dense, keyword, degraded) = match (meaning, words) {
            (Ok(dense), Ok(keyword)) => (dense, keyword, None),
            (Err(error), Ok(keyword)) if self.can_spare(&error) => (Vec::new(), keyword, Some(away("vector", &error))),
            (Ok(dense), Err(error)) if self.can_spare(&error) => (dense, Vec::new(), Some(away("keyword", &error))),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        // Beside a leg that found nothing, the other's order stands.
        let cosine = |other: Vec<f32>| vector.iter().zip(&other).map(|(a, b)| a * b).sum();
        let others = others.into_iter().filter(|_| !dense.is_empty());
        let similarities = others.map(|(chunk, other)| Hit { chunk, score: cosine(other) }).collect();
        Ok(Legs { vector, dense, keyword, similarities, words: scores, degraded, embedding })
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

    /// The vectors of the chunks that the keyword leg found, and the vector leg not, as far as that is known.
    async fn others(&self, hits: &[Hit], so_far: &Found) -> Result<Vec<(ChunkId, Vec<f32>)>> {
        let chunks = unproposed(hits, so_far.dense.get());
        if chunks.is_empty() {
            return Ok(Vec::new());
        }
        let vectors = self.vectors(&chunks).await?;
        Ok(chunks.into_iter().zip(vectors).filter_map(|(chunk, vector)| Some((chunk, vector?))).collect())
    }

    /// The BM25 scores of the chunks that the vector leg found, and the keyword leg not, as far as that is known. Where
    /// the keyword leg gave less than it was asked for, they share no word with the question.
    async fn words(&self, question: &Question, hits: &[Hit], so_far: &Found, limit: usize) -> Result<Vec<Hit>> {
        let keyword = so_far.keyword.get();
        let chunks = unproposed(hits, keyword);
        if chunks.is_empty() || keyword.is_some_and(|found| found.len() < limit) {
            return Ok(Vec::new());
        }
        match self.parts.keyword.scores(question.text(), &chunks).await {
            Err(error) if self.can_spare(&error) => Ok(Vec::new()),
            scores => scores,
        }
    }

    /// Whether the other leg is to answer alone. A leg that is broken, not away, is never spared: that must be mended.
    fn can_spare(&self, error: &Error) -> bool {
        self.options.one_leg_will_do && error.code() == Code::StoreUnavailable
    }
}

/// The chunks of `hits` that are not among the `other` leg's, if that has any yet.
fn unproposed(hits: &[Hit], other: Option<&Vec<Hit>>) -> Vec<ChunkId> {
    let proposed: HashSet<ChunkId> = other.into_iter().flatten().map(|hit| hit.chunk).collect();
    hits.iter().map(|hit| hit.chunk).filter(|id| !proposed.contains(id)).collect()
}

fn away(leg: &str, error: &Error) -> String {
    tracing::warn!(leg, %error, "a leg is away; the other answers alone");
    format!("the {leg} leg is away: {}", error.message())
}
