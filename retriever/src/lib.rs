//! Retrieval: from chunks into both indexes, and from a question to its passages.
//!
//! In the order in which data passes:
//!
//! * [`embed`]: texts into unit vectors, by an ONNX model on a thread of its own.
//! * [`words`]: texts and questions into the terms of the keyword index, by language.
//! * [`index`]: the two legs, written and searched: vectors ([`index::edge`]) and keywords
//!   ([`index::tantivy`]), or both on a Qdrant server ([`index::qdrant`]).
//! * [`fuse`]: two rankings into one; pure arithmetic.
//! * [`rerank`]: the best passages read again, each with the question.
//! * [`read`]: texts read with a question, for where the answer stands in them.
//! * [`retrieve`]: all of it: the legs asked at once, fused, reranked, duplicates folded, neighbours joined.

pub mod embed;
pub mod fuse;
pub mod index;
pub mod read;
pub mod rerank;
pub mod retrieve;
pub mod words;

pub use embed::{CachedEmbedder, FastEmbedder, FastEmbedderOptions};
pub use fuse::Fusion;
pub use index::edge::EdgeStore;
pub use index::options::{Quantization, VectorOptions};
pub use index::qdrant::{QdrantCollection, QdrantKeyword, QdrantOptions, QdrantStore};
pub use index::tantivy::TantivyIndex;
pub use read::{OnnxReader, OnnxReaderOptions};
pub use rerank::{CrossEncoder, CrossEncoderOptions, SentenceReranker};
pub use retrieve::{Retriever, RetrieverOptions, RetrieverParts};

mod onnx;

#[cfg(test)]
mod test_model;
