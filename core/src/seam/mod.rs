//! The seams: a trait per file. Adapters implement them; `server/src/wire/` joins them.

mod answerer;
mod catalog;
mod embedder;
mod extractor;
mod generator;
mod keyword_index;
mod reranker;
mod searcher;
mod span_reader;
mod vector_store;

pub use answerer::{AnswerStream, Answerer};
pub use catalog::{Catalog, CatalogWriter};
pub use embedder::{Embedder, EmbeddingModel};
pub use extractor::{Extracted, Extractor};
pub use generator::{
    FinishReason, GenerationDone, GenerationEvent, GenerationRequest, GenerationStream, Generator, GeneratorInfo,
    Grammar, Message, Role,
};
pub use keyword_index::{KeywordEntry, KeywordIndex};
pub use reranker::Reranker;
pub use searcher::Searcher;
pub use span_reader::{FoundAnswer, ReadToken, Reading, SpanReader};
pub use vector_store::{Hit, VectorPoint, VectorStore};
