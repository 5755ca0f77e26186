//! Collections whose documents lie in the catalog, searched by their words; answers quote.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use footnote_core::answer::{FollowUp, How};
use footnote_core::catalog::IngestedDocument;
use footnote_core::explain::{Candidate, Cut, Explanation};
use footnote_core::passage::{DocumentRef, LegScore, Retrieved};
use footnote_core::question::{Question, Turn};
use footnote_core::seam::{Catalog, Embedder, EmbeddingModel, Searcher};
use footnote_core::{Chunk, ChunkId, Document, Facts, Metadata, Passage, Span};
use footnote_generator::{AnswererParts, GroundedAnswerer, GroundingOptions};

use super::*;

/// Length of the fake vectors.
const DIMENSION: usize = 64;

/// What the documents of a library are in the tests: name, text, labels.
pub(super) type Shelved<'a> = (&'a str, &'a str, &'a [&'a str]);

impl World {
    /// Puts an indexed document of one chunk into the default collection.
    pub(super) async fn shelve(&self, (name, text, labels): Shelved<'_>) -> DocumentId {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.shelve_with(name, text, Metadata { labels, ..Metadata::default() }).await
    }

    pub(super) async fn shelve_with(&self, name: &str, text: &str, metadata: Metadata) -> DocumentId {
        // Not of this world's folder: the same in every world.
        let uri = format!("memory:{name}");
        let id = DocumentId::of("default", &uri);
        let record = DocumentRecord {
            title: name.to_owned(),
            status: DocumentStatus::Indexed,
            reason: None,
            chunks: 1,
            metadata,
            version: 1 + self.catalog.record(id).await.unwrap().map_or(0, |earlier| earlier.version),
            ..record(id, uri.clone())
        };
        let document = Document {
            id,
            collection: "default".into(),
            uri,
            title: name.to_owned(),
            media_type: record.media_type.clone(),
            language: None,
            text: text.to_owned(),
            pages: vec![],
            headings: vec![],
            lines: vec![],
        };
        let chunk = Chunk {
            id: ChunkId::of(id, text, 0),
            document: id,
            ordinal: 0,
            span: Span::new(0, text.len()),
            text: text.to_owned(),
            heading_path: vec![],
            pages: None,
            tokens: 0,
        };
        let ingested = IngestedDocument { record, document, chunks: vec![chunk] };
        self.catalog.begin(vec![ingested]).await.unwrap();
        self.catalog.commit(&[(id, Timings::default())]).await.unwrap();
        id
    }
}

pub(super) struct Library {
    pub(super) catalog: SqliteCatalog,
}

#[async_trait]
impl Collections for Library {
    async fn open(&self, name: &str) -> Result<CollectionHandle> {
        let known = self.catalog.collections().await?;
        if !known.iter().any(|known| known == name) {
            return Err(unknown_collection(name, &known));
        }
        let searcher = Arc::new(ByWords { catalog: self.catalog.clone(), collection: name.to_owned() });
        let parts = AnswererParts {
            searcher: searcher.clone(),
            embedder: Arc::new(Letters::new()),
            reader: None,
            catalog: Arc::new(self.catalog.clone()),
            generator: None,
        };
        let options =
            GroundingOptions { collection: name.to_owned(), min_confidence: 0.1, ..GroundingOptions::default() };
        Ok(CollectionHandle { searcher, answerer: Arc::new(GroundedAnswerer::new(parts, options)) })
    }
}

/// Ranks the documents within a question's scope by the words that they share with it.
struct ByWords {
    catalog: SqliteCatalog,
    collection: String,
}

#[async_trait]
impl Searcher for ByWords {
    async fn search(&self, question: &Question) -> Result<Retrieved> {
        let scope = question.scope();
        let asked = words(question.text());
        let mut passages = Vec::new();
        for record in self.catalog.documents(&self.collection, Some(DocumentStatus::Indexed)).await? {
            let ids = self.catalog.chunk_ids_of(record.id).await?;
            for (chunk, record) in self.catalog.chunks(&ids).await? {
                let score = words(&chunk.text).intersection(&asked).count() as f32;
                if score > 0.0 && scope.as_ref().is_none_or(|scope| scope.matches(&Facts::of(&record))) {
                    passages.push(passage(chunk, record, score));
                }
            }
        }
        passages.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.document.uri.cmp(&b.document.uri)));
        let top_k = question.top_k().unwrap_or(8);
        let explanation = question.explain().then(|| explained(&passages, top_k));
        passages.truncate(top_k);
        Ok(Retrieved { passages, explanation, degraded: Some("a fake".into()), ..Retrieved::default() })
    }
}

fn words(text: &str) -> HashSet<String> {
    footnote_core::text::words(text).collect()
}

fn passage(chunk: Chunk, record: DocumentRecord, score: f32) -> Passage {
    let DocumentRecord { id, title, uri, media_type, .. } = record;
    let document = DocumentRef { id, title, uri, media_type };
    let keyword = Some(LegScore { rank: 1, score });
    Passage { chunk, document, score, dense: None, keyword, reranked: Some(score * 2.0) }
}

fn explained(passages: &[Passage], top_k: usize) -> Explanation {
    let candidates = passages.iter().enumerate().map(|(at, passage)| Candidate {
        chunk_id: passage.chunk.id,
        document: passage.document.clone(),
        dense: None,
        keyword: passage.keyword,
        fused: LegScore { rank: at + 1, score: passage.score },
        reranked: passage.reranked,
        rank: (at < top_k).then_some(at + 1),
        cut: (at >= top_k).then_some(Cut::BelowTopK),
    });
    Explanation { fusion: "words".into(), candidates: candidates.collect(), ..Explanation::default() }
}

/// Texts are near when their words are.
struct Letters(EmbeddingModel);

impl Letters {
    fn new() -> Self {
        Self(EmbeddingModel { id: "letters".into(), dimension: DIMENSION, max_tokens: 256 })
    }

    fn embed(text: &str) -> Vec<f32> {
        let mut vector = vec![0.0_f32; DIMENSION];
        for word in words(text) {
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            vector[hasher.finish() as usize % DIMENSION] += 1.0;
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
        vector.into_iter().map(|x| x / length).collect()
    }
}

#[async_trait]
impl Embedder for Letters {
    fn model(&self) -> &EmbeddingModel {
        &self.0
    }

    async fn embed_passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|text| Self::embed(text)).collect())
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        Ok(Self::embed(text))
    }
}

/// Puts the question before in front of one that begins with "And".
pub(super) struct Joining;

#[async_trait]
impl Condenser for Joining {
    async fn condense(&self, history: &[Turn], question: &str) -> FollowUp {
        let before = history.last().filter(|_| question.starts_with("And"));
        let (standalone, how) = match before {
            Some(before) => (format!("{} {question}", before.question), How::Rules),
            None => (question.to_owned(), How::Unchanged),
        };
        FollowUp { asked: question.to_owned(), standalone, how }
    }
}
