//! The settings, as the rest of footnote sees them. Their defaults and meaning: `default.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::access::AccessSettings;
use crate::catalog::CatalogSettings;
use crate::generation::GenerationSettings;
use crate::ingest_rules::IngestRule;
use crate::qdrant::{QdrantSettings, VectorSettings};
use crate::retrieval::RetrievalSettings;

/// Every setting. Made by [`load`](crate::load) only, so always checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The data folder: all state lives here.
    pub data: PathBuf,
    /// The folder of model files.
    pub models: PathBuf,
    /// Discovery and extraction.
    pub ingest: IngestSettings,
    /// Chunking.
    pub chunk: ChunkSettings,
    /// The embedding model.
    pub embedding: EmbeddingSettings,
    /// The vector leg.
    pub vectors: VectorSettings,
    /// The keyword leg.
    pub keyword: KeywordSettings,
    /// Where Qdrant is.
    pub qdrant: QdrantSettings,
    /// Where the record of what was ingested is.
    pub catalog: CatalogSettings,
    /// From both legs to passages.
    pub retrieval: RetrievalSettings,
    /// Evidence and verification.
    pub grounding: GroundingSettings,
    /// The generation engine.
    pub generation: GenerationSettings,
    /// The HTTP server.
    pub server: ServerSettings,
    /// Conversations.
    pub sessions: SessionSettings,
    /// Who may see which documents.
    pub access: AccessSettings,
}

/// `[ingest]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestSettings {
    /// Larger files are skipped.
    pub max_file_bytes: u64,
    /// Whether symbolic links are followed.
    pub follow_links: bool,
    /// Seconds that one file may take.
    pub extract_deadline_seconds: u64,
    /// Seconds that one page may take.
    pub page_deadline_seconds: u64,
    /// Bytes of memory that reading one file may take.
    pub extract_memory_bytes: u64,
    /// Processes that read files side by side; 0: one per core.
    pub extract_workers: usize,
    /// How pages without text are read.
    pub ocr: OcrKind,
    /// Languages that OCR looks for, in tesseract's notation.
    pub ocr_languages: String,
    /// Files that an archive may hold.
    pub archive_max_files: usize,
    /// Bytes that an archive may unpack to.
    pub archive_max_bytes: u64,
    /// Attempts before a failing file is quarantined.
    pub attempts: u32,
    /// Seconds before the second attempt; doubled each time.
    pub retry_seconds: u64,
    /// Folders that the server follows.
    pub watch: Vec<PathBuf>,
    /// Folders below which paths may be named over HTTP.
    pub roots: Vec<PathBuf>,
    /// Seconds between two looks through a followed folder.
    pub rescan_seconds: u64,
    /// Milliseconds of quiet before a changed file is read.
    pub debounce_ms: u64,
    /// What documents get by their paths.
    pub rules: Vec<IngestRule>,
}

/// How pages without text are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OcrKind {
    /// They are reported.
    Off,
    /// By the tesseract program.
    Tesseract,
}

/// `[chunk]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkSettings {
    /// Tokens per chunk, title and heading path included.
    pub max_tokens: usize,
    /// Tokens that neighbours share.
    pub overlap_tokens: usize,
}

/// `[embedding]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSettings {
    /// Id in the model catalog.
    pub model: String,
    /// Texts per run.
    pub batch_size: usize,
    /// 0: one per core.
    pub threads: usize,
}

/// The vector stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VectorKind {
    /// Qdrant's engine in this process.
    Edge,
    /// A Qdrant server or cluster.
    Qdrant,
}

/// `[keyword]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeywordSettings {
    /// Which index.
    pub index: KeywordKind,
}

/// The keyword indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeywordKind {
    /// tantivy in this process.
    Tantivy,
    /// Sparse vectors on the Qdrant server.
    Qdrant,
}

/// `[grounding]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroundingSettings {
    /// Sentences of evidence.
    pub max_evidence: usize,
    /// Weight of shared words.
    pub lexical_weight: f32,
    /// Below this confidence, there is no answer.
    pub min_confidence: f32,
    /// Whether a model phrases the answer.
    pub mode: AnswerMode,
    /// What becomes of sentences that no quote bears out.
    pub unsupported: UnsupportedKind,
    /// Whether a model that finds answers reads the best sentences again.
    pub reader: ReaderKind,
    /// That model: an id of the model catalog.
    pub reader_model: String,
}

/// Whether a model that finds answers reads the best sentences again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReaderKind {
    /// Where its files are there.
    Auto,
    /// No.
    None,
    /// Yes.
    Model,
}

/// What becomes of sentences that no quote bears out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnsupportedKind {
    /// Left out.
    Drop,
    /// Shown, marked.
    Mark,
    /// The nearest evidence is quoted in their place.
    Quote,
}

/// Who phrases an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerMode {
    /// The model, checked.
    Generated,
    /// Nobody: the evidence itself.
    Quoted,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// The collection that is meant when none is named.
    pub collection: String,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// The largest upload.
    pub max_upload_bytes: usize,
}

/// `[sessions]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// Tokens of a session.
    pub max_tokens: usize,
    /// Sessions that are kept.
    pub max_sessions: usize,
    /// Days that an unused one is kept.
    pub keep_days: u64,
}
