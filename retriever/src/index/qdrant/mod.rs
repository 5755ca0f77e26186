//! Both legs on a Qdrant server or cluster, over gRPC.
//!
//! A collection of footnote's is one collection there, with two named vectors per chunk: `meaning` (dense, cosine) and
//! `words` (sparse, BM25; see [`bm25`](super::bm25)). So a chunk is one point, and query servers hold no state.
//!
//! * [`connect`]: the servers, asked with patience. `complaint`: what they say no with.
//! * [`collection`]: the collection: found or made, its alias, its generations. `creation`: how it is made.
//! * [`points`]: the vector leg. [`words`]: the keyword leg. `counts`: how many chunks have a word, over all shards.
//!   `filter`: filters as Qdrant asks them. `pages`: all points, page after page.

mod collection;
mod complaint;
mod connect;
mod counts;
mod creation;
mod filter;
mod languages;
mod pages;
mod points;
mod values;
mod words;

use std::fmt;
use std::time::Duration;

pub use self::collection::QdrantCollection;
pub use self::points::QdrantStore;
pub use self::words::QdrantKeyword;
#[cfg(test)]
use super::options::Quantization;
use super::options::VectorOptions;

/// The dense vector's name.
const MEANING: &str = "meaning";
/// The sparse vector's name.
const WORDS: &str = "words";

/// Where Qdrant is, and how it is used.
#[derive(Clone)]
pub struct QdrantOptions {
    /// gRPC addresses of a server, or of several nodes of one cluster: where one is away the next is asked.
    pub urls: Vec<String>,
    /// The API key, where the server wants one.
    pub api_key: Option<String>,
    /// Names of collections begin with it, so that several footnotes can share a server.
    pub prefix: String,
    /// Shards of a new collection.
    pub shards: u32,
    /// Nodes that hold each shard of a new collection.
    pub replication_factor: u32,
    /// Nodes that must have written before a write counts.
    pub write_consistency: u32,
    /// The longest that one request may take, and one search with all its attempts.
    pub timeout: Duration,
    /// How often a request is made again when a server is away or too busy, waiting twice as long each time.
    pub retries: u32,
    /// Points per request.
    pub batch: usize,
    /// How vectors are kept and searched.
    pub vectors: VectorOptions,
}

impl fmt::Debug for QdrantOptions {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QdrantOptions").field("urls", &self.urls).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
