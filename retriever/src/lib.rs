//! Retrieval: from chunks into both indexes, and from a question to its passages.
//!
//! In the order in which data passes:
//!
//! * [`embed`]: texts into unit vectors, by an ONNX model on a thread of its own.
//! * [`words`]: texts and questions into the terms of the keyword index, by language.
//! * [`index`]: the two legs, written and searched: vectors ([`index::edge`]) and keywords
//!   ([`index::tantivy`]).
//! * [`fuse`]: two rankings into one; pure arithmetic.
//! * [`retrieve`]: the legs asked at once, fused, and their chunks loaded.

pub mod embed;
pub mod fuse;
pub mod index;
pub mod retrieve;
pub mod words;

pub use embed::{FastEmbedder, FastEmbedderOptions};
pub use fuse::Fusion;
pub use index::edge::EdgeStore;
pub use index::tantivy::TantivyIndex;
pub use retrieve::{Retriever, RetrieverOptions, RetrieverParts};

#[cfg(test)]
mod test_model;
