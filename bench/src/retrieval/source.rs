//! What the collections of this benchmark grow from: real chunks with their vectors, and real questions with theirs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use footnote_config::ModelCatalog;
use footnote_core::ChunkId;
use footnote_core::seam::{Catalog, CatalogWriter, Embedder, VectorStore};
use footnote_eval::EvalSet;
use footnote_ingest::{CancellationToken, RetryWhich, SqliteCatalog};
use footnote_retriever::EdgeStore;
use footnote_server::data::DataFolder;
use footnote_server::wire::{Footnote, Load};
use serde::{Deserialize, Serialize};

use crate::args::Options;
use crate::product::{embedder, explained, settings};

/// Questions that are asked.
pub(super) const QUESTIONS: usize = 200;
const COLLECTION: &str = "source";

/// Real texts and vectors.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(super) chunks: Vec<RealChunk>,
    pub(super) questions: Vec<RealQuestion>,
}

/// A chunk of a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RealChunk {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) vector: Vec<f32>,
}

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RealQuestion {
    pub(super) text: String,
    pub(super) vector: Vec<f32>,
}

impl Source {
    /// The chunks and questions of `set` (a BEIR folder, a SQuAD file), or of the handbook where none is given.
    /// They are kept in `work` and taken from there the next time.
    pub(super) async fn of(options: &Options, set: Option<&Path>, work: &Path) -> Result<Self> {
        let kept = work.join("source.json");
        if kept.is_file() {
            return serde_json::from_slice(&fs_err::read(&kept)?).with_context(|| kept.display().to_string());
        }
        let data = work.join("source");
        let questions = set.unwrap_or(&options.questions);
        let set = EvalSet::read(questions).map_err(explained)?;
        ingest(options, &set, &data).await?;
        let source = Self { chunks: chunks(options, &data).await?, questions: asked(options, &set, &data).await? };
        ensure!(!source.chunks.is_empty() && !source.questions.is_empty(), "nothing to measure with");
        fs_err::write(&kept, serde_json::to_vec(&source)?)?;
        Ok(source)
    }
}

async fn ingest(options: &Options, set: &EvalSet, data: &Path) -> Result<()> {
    let settings = settings(options.models.as_deref(), data)?;
    let models = ModelCatalog::builtin().map_err(explained)?;
    let footnote = Footnote::create(&settings, &models, Load::Retrieval, "footnote-bench").await.map_err(explained)?;
    let token = CancellationToken::new();
    let ingestor = footnote.ingestor(COLLECTION, RetryWhich::Failed, &(), &token).await.map_err(explained)?;
    match &set.corpus {
        Some(corpus) => ingestor.ingest_sources(corpus.clone(), &(), &token).await,
        None => ingestor.ingest_paths(std::slice::from_ref(&options.handbook), &(), &token).await,
    }
    .map_err(explained)?;
    Ok(())
}

async fn chunks(options: &Options, data: &Path) -> Result<Vec<RealChunk>> {
    let folder = DataFolder::open(data, "footnote-bench").map_err(explained)?;
    let catalog = SqliteCatalog::open(&folder.catalog()).map_err(explained)?;
    let vectors = dimension(options, data).and_then(|dimension| {
        EdgeStore::open(&folder.index(COLLECTION, 0).join("vectors"), dimension).map_err(explained)
    })?;
    let mut ids: Vec<ChunkId> = catalog.chunk_ids(COLLECTION).await.map_err(explained)?;
    ids.sort_unstable();
    let mut chunks = Vec::with_capacity(ids.len());
    for some in ids.chunks(1_000) {
        let known = catalog.chunks(some).await.map_err(explained)?;
        let found = vectors.vectors(some).await.map_err(explained)?;
        ensure!(known.len() == found.len(), "the catalog and the vector store disagree");
        for ((chunk, record), vector) in known.into_iter().zip(found) {
            let vector = vector.context("a chunk without a vector")?;
            chunks.push(RealChunk { title: record.title, text: chunk.text, vector });
        }
    }
    Ok(chunks)
}

async fn asked(options: &Options, set: &EvalSet, data: &Path) -> Result<Vec<RealQuestion>> {
    let embedder = embedder(&settings(options.models.as_deref(), data)?)?;
    let mut asked = Vec::new();
    for question in set.sample(Some(QUESTIONS)) {
        let vector = embedder.embed_query(&question.question).await.map_err(explained)?;
        asked.push(RealQuestion { text: question.question.clone(), vector });
    }
    Ok(asked)
}

/// Length of the default model's vectors.
pub(super) fn dimension(options: &Options, data: &Path) -> Result<usize> {
    let settings = settings(options.models.as_deref(), data)?;
    let models = ModelCatalog::builtin().map_err(explained)?;
    models.get(&settings.embedding.model).map_err(explained)?.dimension.context("not an embedding model")
}

/// Where a collection of `chunks` lies.
pub(super) fn place(work: &Path, chunks: usize, quantization: &str) -> PathBuf {
    work.join(format!("{chunks}-{quantization}"))
}
