//! A small world for tests: a corpus in memory, an embedder of hashed words, a scripted engine.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::passage::{DocumentRef, Retrieved};
use footnote_core::seam::{
    Catalog, Embedder, EmbeddingModel, FinishReason, GenerationDone, GenerationEvent, GenerationRequest,
    GenerationStream, Generator, GeneratorInfo, Searcher,
};
use footnote_core::{Chunk, ChunkId, Document, DocumentId, Error, Evidence, Grants, Passage, Question, Result, Span};
use futures::StreamExt;

use crate::evidence::Chosen;
use crate::lexical::terms;

const COLLECTION: &str = "test";

/// Documents of one chunk each; it is searched by giving all of it.
#[derive(Clone)]
pub(crate) struct Corpus {
    pub(crate) documents: Vec<Document>,
    pub(crate) finds_nothing: bool,
    /// Who may see its documents.
    pub(crate) labels: Vec<String>,
}

impl Corpus {
    /// Documents of these titles and texts.
    pub(crate) fn of(texts: &[(&str, &str)]) -> Self {
        let document = |(title, text): &(&str, &str)| Document {
            id: DocumentId::of(COLLECTION, title),
            collection: COLLECTION.into(),
            uri: format!("file:///{title}"),
            title: (*title).into(),
            media_type: "text/plain".into(),
            language: None,
            text: (*text).into(),
            pages: vec![],
            headings: text
                .strip_prefix("# ")
                .and_then(|rest| rest.find('\n'))
                .map(|end| footnote_core::document::Heading { level: 1, span: Span::new(2, 2 + end) })
                .into_iter()
                .collect(),
            lines: vec![],
        };
        Self { documents: texts.iter().map(document).collect(), finds_nothing: false, labels: vec![] }
    }

    pub(crate) fn passages(&self) -> Vec<Passage> {
        self.documents.iter().map(passage).collect()
    }
}

fn passage(document: &Document) -> Passage {
    Passage {
        chunk: Chunk {
            id: ChunkId::of(document.id, "hash", 0),
            document: document.id,
            ordinal: 0,
            span: Span::new(0, document.text.len()),
            text: document.text.clone(),
            heading_path: vec![],
            pages: None,
            tokens: 0,
        },
        document: reference(document),
        score: 1.0,
        dense: None,
        keyword: None,
        reranked: None,
    }
}

fn reference(document: &Document) -> DocumentRef {
    DocumentRef {
        id: document.id,
        title: document.title.clone(),
        uri: document.uri.clone(),
        media_type: document.media_type.clone(),
    }
}

/// A piece of evidence that stands alone.
pub(crate) fn evidence(number: usize, title: &str, headings: &[&str], quote: &str) -> Evidence {
    let document = Corpus::of(&[(title, quote)]).documents.remove(0);
    Evidence {
        number,
        span: Span::new(0, quote.len()),
        quote: quote.into(),
        chunk: ChunkId::of(document.id, "hash", 0),
        document: reference(&document),
        heading_path: headings.iter().map(|heading| (*heading).to_owned()).collect(),
        pages: None,
        score: 1.0,
    }
}

/// Evidence at the places where the quotes stand in the corpus.
pub(crate) fn chosen(corpus: &Corpus, quotes: &[&str]) -> Chosen {
    let find = |(i, quote): (usize, &&str)| {
        let holds = |document: &&Document| document.text.contains(quote);
        let document = corpus.documents.iter().find(holds).expect("a document holds the quote");
        let start = document.text.find(quote).expect("the quote stands in it");
        let span = Span::new(start, start + quote.len());
        Evidence { span, document: reference(document), ..evidence(i + 1, &document.title, &[], quote) }
    };
    Chosen {
        evidence: quotes.iter().enumerate().map(find).collect(),
        documents: corpus
            .documents
            .iter()
            .map(|document| (document.id, Arc::new(document.clone())))
            .collect::<HashMap<_, _>>(),
        answers: vec![],
        signs: None,
    }
}

#[async_trait]
impl Searcher for Corpus {
    async fn search(&self, _: &Question) -> Result<Retrieved> {
        let passages = if self.finds_nothing { vec![] } else { self.passages() };
        Ok(Retrieved { passages, embed_ms: 1.0, search_ms: 2.0, ..Retrieved::default() })
    }
}

fn not_in_tests<T>() -> Result<T> {
    Err(Error::internal("the tests of this crate do not need it"))
}

#[async_trait]
impl Catalog for Corpus {
    async fn collections(&self) -> Result<Vec<String>> {
        not_in_tests()
    }

    async fn documents(&self, _: &str, status: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>> {
        let record = |document: &Document| DocumentRecord {
            id: document.id,
            collection: document.collection.clone(),
            uri: document.uri.clone(),
            title: document.title.clone(),
            media_type: document.media_type.clone(),
            language: None,
            bytes: document.text.len() as u64,
            modified_ms: None,
            content_hash: String::new(),
            pages: 0,
            pages_without_text: vec![],
            chunks: 1,
            status: status.unwrap_or(DocumentStatus::Indexed),
            reason: None,
            version: 1,
            attempts: 0,
            retry_at_ms: None,
            timings: footnote_core::catalog::Timings::default(),
            metadata: footnote_core::Metadata { labels: self.labels.clone(), ..Default::default() },
            updated_ms: 0,
        };
        Ok(self.documents.iter().map(record).collect())
    }

    async fn versions(&self, _: DocumentId) -> Result<Vec<DocumentRecord>> {
        not_in_tests()
    }

    async fn record(&self, _: DocumentId) -> Result<Option<DocumentRecord>> {
        not_in_tests()
    }

    async fn document(&self, id: DocumentId) -> Result<Option<Document>> {
        Ok(self.documents.iter().find(|document| document.id == id).cloned())
    }

    async fn chunks(&self, _: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
        not_in_tests()
    }

    async fn has_field(&self, _: &str, _: &str, _: &Grants) -> Result<bool> {
        not_in_tests()
    }

    async fn languages(&self, _: &str) -> Result<Vec<String>> {
        not_in_tests()
    }

    async fn fact(&self, _: &str, _: &str) -> Result<Option<String>> {
        not_in_tests()
    }
}

/// Texts are near when they share words: a bag of hashed terms.
pub(crate) struct HashedWords {
    model: EmbeddingModel,
}

impl HashedWords {
    const DIMENSION: usize = 256;

    pub(crate) fn new() -> Self {
        Self { model: EmbeddingModel { id: "hashed".into(), dimension: Self::DIMENSION, max_tokens: 256 } }
    }

    fn embed(text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; Self::DIMENSION];
        for term in terms(text) {
            let mut hasher = DefaultHasher::new();
            term.hash(&mut hasher);
            vector[hasher.finish() as usize % Self::DIMENSION] += 1.0f32;
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
        vector.into_iter().map(|x| x / length).collect()
    }
}

#[async_trait]
impl Embedder for HashedWords {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|text| Self::embed(text)).collect())
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        Ok(Self::embed(text))
    }
}

/// An engine that says what it was told to, a token at a time, and counts what was taken from it.
pub(crate) struct Scripted {
    info: GeneratorInfo,
    tokens: Vec<String>,
    error: Option<fn() -> Error>,
    pub(crate) taken: Arc<AtomicUsize>,
}

impl Scripted {
    /// Says `text`, then fails with `error` or ends.
    pub(crate) fn new(text: &str, error: Option<fn() -> Error>) -> Self {
        let info = GeneratorInfo { engine: "scripted".into(), model: "none".into(), context: 2048 };
        let tokens = text.split_inclusive(' ').map(str::to_owned).collect();
        Self { info, tokens, error, taken: Arc::default() }
    }
}

#[async_trait]
impl Generator for Scripted {
    fn info(&self) -> &GeneratorInfo {
        &self.info
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
        let taken = Arc::clone(&self.taken);
        let tokens =
            self.tokens.clone().into_iter().take(request.max_tokens).map(|token| Ok(GenerationEvent::Token(token)));
        let finish = if self.tokens.len() > request.max_tokens { FinishReason::Length } else { FinishReason::Stop };
        let done = GenerationDone {
            finish,
            prompt_tokens: 7,
            completion_tokens: self.tokens.len().min(request.max_tokens),
            prefill: Duration::ZERO,
            decode: Duration::ZERO,
        };
        let end = self.error.map_or(Ok(GenerationEvent::Done(done)), |error| Err(error()));
        let events = futures::stream::iter(tokens.chain([end])).then(move |event| {
            let taken = Arc::clone(&taken);
            async move {
                tokio::time::sleep(Duration::from_millis(2)).await;
                taken.fetch_add(1, Ordering::SeqCst);
                event
            }
        });
        Ok(events.boxed())
    }
}
