//! A passage is as good as its best sentence: no model but the one that embeds.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use footnote_core::seam::{Embedder, Reranker};
use footnote_core::text::sentence::sentences;
use footnote_core::{Chunk, Passage, Result};

/// Sentences that are embedded at once: few, so that little is lost when the time runs out in the middle.
const BATCH: usize = 16;

/// What the best sentence's cosine counts beside the fused score: `docs/ranking.md` has what others gave.
const WEIGHT: f32 = 0.2;

/// Adds to each passage's fused score how close its best sentence comes to the question.
pub struct SentenceReranker {
    embedder: Arc<dyn Embedder>,
}

impl SentenceReranker {
    /// `embedder` is the model of the question's vector; one that remembers sentences ([`CachedEmbedder`]) saves most
    /// of the work.
    ///
    /// [`CachedEmbedder`]: crate::embed::CachedEmbedder
    #[must_use]
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self { embedder }
    }
}

#[async_trait]
impl Reranker for SentenceReranker {
    fn name(&self) -> &str {
        "sentences"
    }

    async fn rerank(
        &self,
        _question: &str,
        query_vector: &[f32],
        passages: &[Passage],
        deadline: Instant,
    ) -> Result<Vec<Option<f32>>> {
        let units: Vec<Vec<String>> = passages.iter().map(units).collect();
        let all: Vec<String> = units.iter().flatten().cloned().collect();
        let mut similarities: Vec<f32> = Vec::with_capacity(all.len());
        for batch in all.chunks(BATCH) {
            let work = self.embedder.embed_passages(batch.to_vec());
            let Ok(vectors) = tokio::time::timeout_at(deadline.into(), work).await else { break };
            let cosine = |vector: &Vec<f32>| query_vector.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
            similarities.extend(vectors?.iter().map(cosine));
        }
        let mut at = 0;
        let scores = passages.iter().zip(&units).map(|(passage, units)| {
            let best = similarities.get(at..at + units.len()).map(|read| read.iter().copied().reduce(f32::max));
            at += units.len();
            // A passage without a sentence was read, and brings nothing.
            best.map(|best| passage.score + WEIGHT * best.unwrap_or(0.0))
        });
        Ok(scores.collect())
    }
}

/// The sentences of a passage, each as its chunk is embedded, and as the evidence stage embeds it: then neither pays
/// for what the other did.
fn units(passage: &Passage) -> Vec<String> {
    let chunk = &passage.chunk;
    let unit = |text: &str| {
        let unit = Chunk { text: text.to_owned(), heading_path: chunk.heading_path.clone(), ..*chunk };
        unit.embedded_text(&passage.document.title)
    };
    sentences(&chunk.text).into_iter().filter_map(|span| span.of(&chunk.text).map(unit)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use footnote_core::passage::DocumentRef;
    use footnote_core::seam::EmbeddingModel;
    use footnote_core::{ChunkId, DocumentId, Span};

    use super::*;

    /// `[1, 0]` for a text with the word "tower", else `[0, 1]`; after so many calls it does not come back.
    struct Towers(EmbeddingModel, AtomicUsize);

    #[async_trait]
    impl Embedder for Towers {
        fn model(&self) -> &EmbeddingModel {
            &self.0
        }
        async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
            if self.1.fetch_sub(1, Ordering::SeqCst) == 0 {
                std::future::pending::<()>().await;
            }
            Ok(texts.iter().map(|text| if text.contains("tower") { vec![1.0, 0.0] } else { vec![0.0, 1.0] }).collect())
        }
        async fn embed_query(&self, _: &str) -> Result<Vec<f32>> {
            Ok(vec![1.0, 0.0])
        }
    }

    fn passage(text: &str, score: f32) -> Passage {
        let document = DocumentId::of("test", text);
        let chunk = Chunk {
            id: ChunkId::of(document, "", 0),
            document,
            ordinal: 0,
            span: Span::new(0, text.len()),
            text: text.into(),
            heading_path: vec![],
            pages: None,
            tokens: 1,
        };
        let document = DocumentRef { id: document, title: "T".into(), uri: String::new(), media_type: String::new() };
        Passage { chunk, document, score, dense: None, keyword: None, reranked: None }
    }

    async fn scores(calls: usize, budget: Duration, texts: &[&str]) -> Vec<Option<f32>> {
        let model = EmbeddingModel { id: "towers".into(), dimension: 2, max_tokens: 9 };
        let reranker = SentenceReranker::new(Arc::new(Towers(model, AtomicUsize::new(calls))));
        let passages: Vec<Passage> = texts.iter().map(|text| passage(text, 0.25)).collect();
        reranker.rerank("Which?", &[1.0, 0.0], &passages, Instant::now() + budget).await.unwrap()
    }

    #[tokio::test]
    async fn the_best_sentence_counts_wherever_it_stands() {
        let texts = ["Nothing. More of nothing. A tower at last.", "Nothing here.", ""];
        let scores = scores(9, Duration::from_secs(60), &texts).await;
        assert_eq!(scores, [Some(0.25 + WEIGHT), Some(0.25), Some(0.25)]);
    }

    #[tokio::test]
    async fn what_was_not_read_in_time_has_no_score() {
        let long = "A tower stands here. ".repeat(BATCH - 1);
        let texts = [long.as_str(), "The second tower. Its other sentence.", "The third tower."];
        let scores = scores(1, Duration::from_millis(500), &texts).await;
        assert_eq!(scores, [Some(0.25 + WEIGHT), None, None]);
    }
}
