//! An embedder that remembers: sentences that reranking embedded are not embedded again for the evidence, nor for the
//! next question.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use footnote_core::seam::{Embedder, EmbeddingModel};
use footnote_core::{Error, Result};

/// What an entry costs beside its text and its vector: map nodes and pointers, roughly.
const ENTRY_BYTES: usize = 128;

/// Another embedder, with the vectors of the texts that it saw last. Not for ingestion, which sees each text once.
pub struct CachedEmbedder {
    inner: Arc<dyn Embedder>,
    cache: Mutex<Lru>,
}

impl CachedEmbedder {
    /// Keeps at most about `max_bytes` of texts and vectors; 0 keeps none.
    #[must_use]
    pub fn new(inner: Arc<dyn Embedder>, max_bytes: usize) -> Self {
        Self { inner, cache: Mutex::new(Lru::new(max_bytes)) }
    }

    fn cache(&self) -> MutexGuard<'_, Lru> {
        // Every step of the cache leaves it whole.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Embedder for CachedEmbedder {
    fn model(&self) -> &EmbeddingModel {
        self.inner.model()
    }

    async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let mut found: Vec<Option<Vec<f32>>> = {
            let mut cache = self.cache();
            texts.iter().map(|text| cache.get(text)).collect()
        };
        let missing: Vec<usize> = (0..texts.len()).filter(|&at| found[at].is_none()).collect();
        if !missing.is_empty() {
            let wanted: Vec<String> = missing.iter().map(|&at| texts[at].clone()).collect();
            let made = self.inner.embed_passages(wanted).await?;
            let mut cache = self.cache();
            for (at, vector) in missing.into_iter().zip(made) {
                cache.put(&texts[at], &vector);
                found[at] = Some(vector);
            }
        }
        let whole: Option<Vec<Vec<f32>>> = found.into_iter().collect();
        whole.ok_or_else(|| Error::internal("the embedding model gave fewer vectors than texts"))
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        // Models may embed questions in another way than passages: a key of its own.
        let key = format!("\0question\0{text}");
        let known = self.cache().get(&key);
        if let Some(vector) = known {
            return Ok(vector);
        }
        let vector = self.inner.embed_query(text).await?;
        self.cache().put(&key, &vector);
        Ok(vector)
    }
}

/// Vectors by text; the one that was not asked for the longest goes first.
struct Lru {
    max_bytes: usize,
    bytes: usize,
    clock: u64,
    by_text: HashMap<Arc<str>, Entry>,
    by_age: BTreeMap<u64, Arc<str>>,
}

struct Entry {
    vector: Box<[f32]>,
    used: u64,
}

impl Lru {
    fn new(max_bytes: usize) -> Self {
        Self { max_bytes, bytes: 0, clock: 0, by_text: HashMap::new(), by_age: BTreeMap::new() }
    }

    fn get(&mut self, text: &str) -> Option<Vec<f32>> {
        let entry = self.by_text.get_mut(text)?;
        self.clock += 1;
        if let Some(key) = self.by_age.remove(&entry.used) {
            self.by_age.insert(self.clock, key);
        }
        entry.used = self.clock;
        Some(entry.vector.to_vec())
    }

    fn put(&mut self, text: &str, vector: &[f32]) {
        let size = cost(text, vector);
        // Two that missed it at once both bring it.
        if size > self.max_bytes || self.by_text.contains_key(text) {
            return;
        }
        while self.bytes + size > self.max_bytes {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            if let Some(entry) = self.by_text.remove(&oldest) {
                self.bytes -= cost(&oldest, &entry.vector);
            }
        }
        self.clock += 1;
        let key: Arc<str> = text.into();
        self.by_age.insert(self.clock, Arc::clone(&key));
        self.by_text.insert(key, Entry { vector: vector.into(), used: self.clock });
        self.bytes += size;
    }
}

fn cost(text: &str, vector: &[f32]) -> usize {
    text.len() + size_of_val(vector) + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;

    /// Gives the length of a text, and counts what it was asked for.
    struct Lengths {
        model: EmbeddingModel,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl Embedder for Lengths {
        fn model(&self) -> &EmbeddingModel {
            &self.model
        }
        async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
            self.asked.fetch_add(texts.len(), Ordering::SeqCst);
            Ok(texts.iter().map(|text| vec![text.len() as f32]).collect())
        }
        async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            Ok(vec![-(text.len() as f32)])
        }
    }

    fn cached(max_bytes: usize) -> (CachedEmbedder, Arc<Lengths>) {
        let model = EmbeddingModel { id: "lengths".into(), dimension: 1, max_tokens: 9 };
        let inner = Arc::new(Lengths { model, asked: AtomicUsize::new(0) });
        (CachedEmbedder::new(Arc::clone(&inner) as _, max_bytes), inner)
    }

    #[tokio::test]
    async fn a_text_is_embedded_once_and_its_place_in_the_list_is_kept() {
        let (embedder, inner) = cached(10_000);
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(embedder.embed_passages(texts(&["a", "bb"])).await.unwrap(), [[1.0], [2.0]]);
        assert_eq!(embedder.embed_passages(texts(&["ccc", "bb", "a"])).await.unwrap(), [[3.0], [2.0], [1.0]]);
        assert_eq!(inner.asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_question_is_not_taken_for_a_passage() {
        let (embedder, inner) = cached(10_000);
        assert_eq!(embedder.embed_passages(vec!["why".into()]).await.unwrap(), [[3.0]]);
        assert_eq!(embedder.embed_query("why").await.unwrap(), [-3.0]);
        assert_eq!(embedder.embed_query("why").await.unwrap(), [-3.0]);
        assert_eq!(inner.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn without_room_it_only_passes_on() {
        let (embedder, inner) = cached(0);
        for _ in 0..2 {
            assert_eq!(embedder.embed_passages(vec!["why".into()]).await.unwrap(), [[3.0]]);
        }
        assert_eq!(inner.asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn what_was_not_asked_for_the_longest_goes_first() {
        let room = 2 * cost("a", &[0.0]);
        let mut lru = Lru::new(room);
        lru.put("a", &[1.0]);
        lru.put("b", &[2.0]);
        assert!(lru.get("a").is_some());
        lru.put("c", &[3.0]);
        assert_eq!(lru.get("b"), None);
        assert_eq!((lru.get("a"), lru.get("c")), (Some(vec![1.0]), Some(vec![3.0])));
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_it_may_nor_gives_another_texts_vector(
            steps in proptest::collection::vec((any::<bool>(), "[a-e]{1,3}"), 0..60), max_bytes in 0usize..1_000,
        ) {
            let mut lru = Lru::new(max_bytes);
            let vector = |text: &str| text.bytes().map(f32::from).collect::<Vec<_>>();
            for (puts, text) in steps {
                if puts {
                    lru.put(&text, &vector(&text));
                } else if let Some(found) = lru.get(&text) {
                    prop_assert_eq!(found, vector(&text));
                }
                let held: usize = lru.by_text.iter().map(|(text, entry)| cost(text, &entry.vector)).sum();
                prop_assert!(held == lru.bytes && held <= max_bytes);
                prop_assert_eq!(lru.by_text.len(), lru.by_age.len());
            }
        }
    }
}
