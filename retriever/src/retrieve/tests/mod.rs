mod away;
mod steps;

use std::collections::HashMap;
use std::sync::Mutex;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::seam::{EmbeddingModel, KeywordEntry, VectorPoint};
use footnote_core::{Chunk, ChunkId, Code, Document, DocumentId, Error, Grants, Passage, Span};

use super::*;
use crate::{EdgeStore, TantivyIndex, test_model};

/// Chunks, and the documents of some: all that retrieval asks of a catalog.
#[derive(Default)]
struct Chunks(Mutex<HashMap<ChunkId, (Chunk, DocumentRecord)>>, Mutex<HashMap<DocumentId, Document>>);

#[async_trait]
impl Catalog for Chunks {
    async fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
        let held = self.0.lock().unwrap();
        Ok(ids.iter().filter_map(|id| held.get(id).cloned()).collect())
    }
    async fn collections(&self) -> Result<Vec<String>> {
        unreachable!("retrieval reads chunks and documents only")
    }
    async fn documents(&self, _: &str, _: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>> {
        unreachable!("retrieval reads chunks and documents only")
    }
    async fn versions(&self, _: DocumentId) -> Result<Vec<DocumentRecord>> {
        unreachable!("retrieval reads chunks and documents only")
    }

    async fn record(&self, _: DocumentId) -> Result<Option<DocumentRecord>> {
        unreachable!("retrieval reads chunks and documents only")
    }
    async fn document(&self, id: DocumentId) -> Result<Option<Document>> {
        Ok(self.1.lock().unwrap().get(&id).cloned())
    }
    async fn has_field(&self, _: &str, _: &str, _: &Grants) -> Result<bool> {
        unreachable!("retrieval reads chunks and documents only")
    }
    async fn languages(&self, _: &str) -> Result<Vec<String>> {
        unreachable!("retrieval reads chunks and documents only")
    }
    async fn fact(&self, _: &str, _: &str) -> Result<Option<String>> {
        unreachable!("retrieval reads chunks and documents only")
    }
}

/// Counts letters: enough for the order of a test's texts, without a model.
struct Letters(EmbeddingModel);

impl Letters {
    fn vector(text: &str) -> Vec<f32> {
        let mut counts = vec![0.01f32; 26];
        for letter in text.to_lowercase().bytes().filter(u8::is_ascii_lowercase) {
            counts[usize::from(letter - b'a')] += 1.0;
        }
        let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
        counts.into_iter().map(|count| count / length).collect()
    }
}

#[async_trait]
impl Embedder for Letters {
    fn model(&self) -> &EmbeddingModel {
        &self.0
    }
    async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|text| Self::vector(text)).collect())
    }
    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        if text == "fail" {
            return Err(Error::new(Code::EngineFailed, "the model failed"));
        }
        Ok(Self::vector(text))
    }
}

fn letters() -> Arc<dyn Embedder> {
    Arc::new(Letters(EmbeddingModel { id: "letters".into(), dimension: 26, max_tokens: 1_000 }))
}

fn chunk_of(title: &str, body: &str) -> (Chunk, DocumentRecord) {
    let document = DocumentId::of("test", title);
    let chunk = Chunk {
        id: ChunkId::of(document, body, 0),
        document,
        ordinal: 0,
        span: Span::new(0, body.len()),
        text: body.into(),
        heading_path: vec![],
        pages: None,
        tokens: 1,
    };
    let record = DocumentRecord {
        id: document,
        collection: "test".into(),
        uri: format!("test:{title}"),
        title: title.into(),
        media_type: "text/plain".into(),
        language: None,
        bytes: 0,
        modified_ms: None,
        content_hash: String::new(),
        pages: 0,
        pages_without_text: vec![],
        chunks: 1,
        status: DocumentStatus::Indexed,
        reason: None,
        version: 1,
        attempts: 0,
        retry_at_ms: None,
        timings: footnote_core::catalog::Timings::default(),
        metadata: footnote_core::Metadata::default(),
        updated_ms: 0,
    };
    (chunk, record)
}

/// Real indexes that hold `texts`, and the catalog behind them.
struct Shelf {
    _dir: tempfile::TempDir,
    embedder: Arc<dyn Embedder>,
    vectors: Arc<EdgeStore>,
    keyword: Arc<TantivyIndex>,
    catalog: Arc<Chunks>,
}

impl Shelf {
    async fn of(embedder: Arc<dyn Embedder>, texts: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vectors = EdgeStore::open(&dir.path().join("vectors"), embedder.model().dimension).unwrap();
        let keyword = TantivyIndex::open(&dir.path().join("keyword")).unwrap();
        let (vectors, keyword, catalog) = (Arc::new(vectors), Arc::new(keyword), Arc::default());
        let shelf = Self { _dir: dir, embedder, vectors, keyword, catalog };
        for (title, body) in texts {
            let (chunk, record) = chunk_of(title, body);
            shelf.put(chunk, record).await;
        }
        shelf.keep().await;
        shelf
    }

    async fn put(&self, chunk: Chunk, record: DocumentRecord) {
        let vector = self.embedder.embed_passages(vec![chunk.embedded_text(&record.title)]).await.unwrap().remove(0);
        let (id, document) = (chunk.id, chunk.document);
        self.vectors.upsert(vec![VectorPoint { chunk: id, document, vector, facts: Arc::default() }]).await.unwrap();
        let entry = KeywordEntry {
            chunk: id,
            document,
            title: record.title.clone(),
            headings: String::new(),
            body: chunk.text.clone(),
            place: String::new(),
            language: None,
            facts: Arc::default(),
        };
        self.keyword.upsert(vec![entry]).await.unwrap();
        self.catalog.0.lock().unwrap().insert(id, (chunk, record));
    }

    async fn keep(&self) {
        self.vectors.flush().await.unwrap();
        self.keyword.commit().await.unwrap();
    }

    fn parts(&self) -> RetrieverParts {
        RetrieverParts {
            embedder: Arc::clone(&self.embedder),
            vectors: Arc::clone(&self.vectors) as _,
            keyword: Arc::clone(&self.keyword) as _,
            catalog: Arc::clone(&self.catalog) as _,
            reranker: None,
        }
    }

    fn retriever(&self) -> Retriever {
        Retriever::new(self.parts(), OPTIONS)
    }
}

const OPTIONS: RetrieverOptions = RetrieverOptions {
    top_k: 2,
    candidates: 10,
    fusion: Fusion::MinMax { dense_weight: 0.6 },
    lean: false,
    rerank_depth: 10,
    rerank_budget: Duration::from_secs(60),
    diversity: 0.0,
    join_neighbours: true,
    one_leg_will_do: false,
};

async fn titles(retriever: &Retriever, question: &str, top_k: Option<usize>) -> Vec<String> {
    let question = Question::new(question).unwrap().with_top_k(top_k).unwrap();
    let found = retriever.search(&question).await.unwrap();
    found.passages.into_iter().map(|passage| passage.document.title).collect()
}

const TEXTS: [(&str, &str); 4] =
    [("a", "alpha alpha zebra"), ("b", "beta zebra"), ("c", "gamma zebra"), ("d", "delta zebra")];

#[tokio::test]
async fn passages_carry_text_document_ranks_and_scores() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let retriever = shelf.retriever();
    let found = retriever.search(&Question::new("alpha").unwrap()).await.unwrap();
    assert_eq!(found.passages.len(), 2);
    let best = &found.passages[0];
    assert_eq!((best.chunk.text.as_str(), best.document.uri.as_str()), ("alpha alpha zebra", "test:a"));
    let (dense, keyword) = (best.dense.unwrap(), best.keyword.unwrap());
    assert_eq!((dense.rank, keyword.rank), (1, 1));
    assert!(dense.score > 0.5 && dense.score <= 1.0 && keyword.score > 0.0);
    assert!((best.score - 1.0).abs() < 1e-6, "first in both legs");
    let second = &found.passages[1];
    assert_eq!((second.dense.unwrap().rank, second.keyword), (2, None));
    assert!(found.embed_ms >= 0.0 && found.search_ms > 0.0);
}

#[tokio::test]
async fn the_question_says_how_many_passages() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let retriever = shelf.retriever();
    assert_eq!(titles(&retriever, "zebra", None).await.len(), 2);
    assert_eq!(titles(&retriever, "zebra", Some(3)).await.len(), 3);
    assert_eq!(titles(&retriever, "zebra", Some(1_000)).await.len(), 4);
}

#[tokio::test]
async fn chunks_that_the_catalog_does_not_know_give_way_to_the_next() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let (retriever, catalog) = (shelf.retriever(), &shelf.catalog);
    let before = titles(&retriever, "alpha", Some(4)).await;
    assert_eq!(before[0], "a");
    let (gone, _) = chunk_of(TEXTS[0].0, TEXTS[0].1);
    catalog.0.lock().unwrap().remove(&gone.id);
    assert_eq!(titles(&retriever, "alpha", Some(2)).await, before[1..3]);
    catalog.0.lock().unwrap().clear();
    assert!(titles(&retriever, "alpha", None).await.is_empty());
}

#[tokio::test]
async fn an_empty_collection_has_no_passages() {
    let shelf = Shelf::of(letters(), &[]).await;
    let retriever = shelf.retriever();
    assert!(titles(&retriever, "anything", None).await.is_empty());
}

#[tokio::test]
async fn a_failing_leg_is_an_error_not_half_a_result() {
    let shelf = Shelf::of(letters(), &TEXTS).await;
    let retriever = shelf.retriever();
    let error = retriever.search(&Question::new("fail").unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Code::EngineFailed);
}

#[tokio::test]
async fn model_finds_by_meaning_and_by_identifier() {
    let texts = [
        ("Hardware", "A laptop with sixteen gigabytes of RAM runs models of up to eight billion parameters."),
        ("Licences", "The weights may be used commercially under Apache-2.0."),
        ("Releases", "Release v0.3.1 mends the chat template."),
        ("History", "The observatory was completed in 1889 and has two domes."),
        ("Files", "Q4_K_M keeps most of the quality at a quarter of the size."),
    ];
    let shelf = Shelf::of(Arc::new(test_model::load()), &texts).await;
    let retriever = shelf.retriever();
    for (question, expected) in [
        ("How much memory does my computer need?", "Hardware"),
        ("Can my company sell a product that is built on it?", "Licences"),
        ("v0.3.1", "Releases"),
        ("When was the building finished?", "History"),
        ("q4_k_m", "Files"),
    ] {
        assert_eq!(titles(&retriever, question, None).await.first().map(String::as_str), Some(expected), "{question}");
    }
}
