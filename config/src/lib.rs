//! Typed settings and the model catalog.
//!
//! ```text
//! default.toml < footnote.toml < FOOTNOTE_* variables < flags → merge → check → Settings
//! ```
//!
//! * [`layer`]: one source of settings, which remembers where each key was written.
//! * [`load`]: layers in, [`Settings`] out: an unknown key, a bad value or a contradiction stops the
//!   start, with file, line and hint. Whoever holds a [`Settings`] holds a checked one.
//! * [`settings`]: the settings themselves; [`qdrant`]: those of vector stores; [`retrieval`]: those of retrieval;
//!   [`generation`]: those of engines;
//!   [`access`]: who may see which documents; [`catalog`]: where the record of what was ingested is kept.
//! * [`check`]: what types alone cannot say. [`ingest_rules`]: `[[ingest.rules]]`.
//! * [`edit`]: one value changed in a settings file.
//! * [`models`]: the models that footnote knows how to run (`models.toml`).

pub mod access;
pub mod catalog;
pub mod check;
pub mod edit;
pub mod generation;
pub mod ingest_rules;
pub mod layer;
pub mod load;
pub mod models;
pub mod qdrant;
pub mod retrieval;
pub mod settings;

pub use access::{AccessSettings, KeySettings};
pub use catalog::{CatalogKind, CatalogSettings};
pub use generation::{
    EndpointSettings, Engine, GenerationSettings, GrammarKind, IsolationKind, LoraSettings, PromptKind,
};
pub use ingest_rules::IngestRule;
pub use layer::Layer;
pub use load::{DEFAULTS, Loaded, load};
pub use models::{Model, ModelCatalog, ModelFile, ModelKind};
pub use qdrant::{QdrantSettings, QuantizationKind, Secret, VectorSettings};
pub use retrieval::{FusionKind, RerankerKind, RetrievalSettings, WhenAway};
pub use settings::{AnswerMode, KeywordKind, OcrKind, ReaderKind, Settings, UnsupportedKind, VectorKind};
