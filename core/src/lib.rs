//! The words everyone shares, and the seams between the parts.
//!
//! Read it in the order in which data passes:
//!
//! ```text
//! source → document (pages, headings, boxes) → chunk → passage → evidence → answer (citations)
//! ```
//!
//! * [`source`]: what is to be ingested, before anything was read.
//! * [`document`]: one canonical text per document, with its pages, headings and line boxes.
//! * [`span`]: half-open ranges into that text, in bytes inside, in code points outside.
//! * [`chunk`]: the unit that is embedded and indexed.
//! * [`collection`]: names of collections.
//! * [`metadata`] and [`facts`]: what filters ask for; [`filter`]: the filter language; [`access`]: who may see what.
//! * [`question`]: what a reader asks.
//! * [`passage`]: a chunk that was retrieved, with its scores; [`explain`]: why it stands where it stands.
//! * [`evidence`]: a sentence that carries the answer, with its exact place.
//! * [`answer`]: what the reader gets, every sentence with its citations.
//! * [`verdict`]: whether quotes bear a sentence out, and why.
//! * [`catalog`]: what was ingested, from what, and how it went.
//! * [`error`]: one error type: whose fault, a stable code, a hint.
//! * [`seam`]: the traits that adapters implement. This crate has no heavy dependency, so that an
//!   engine can be swapped without touching anyone else.

pub mod access;
pub mod answer;
pub mod catalog;
pub mod chunk;
pub mod collection;
pub mod date;
pub mod document;
pub mod error;
pub mod evidence;
pub mod explain;
pub mod facts;
pub mod filter;
pub mod metadata;
pub mod passage;
pub mod question;
pub mod seam;
pub mod source;
pub mod span;
pub mod text;
pub mod verdict;

pub use access::Grants;
pub use answer::{Answer, AnswerEvent, Citation};
pub use chunk::{Chunk, ChunkId, ContentHash};
pub use document::{Document, DocumentId};
pub use error::{Code, Error, Fault, Result};
pub use evidence::Evidence;
pub use facts::Facts;
pub use filter::Filter;
pub use metadata::Metadata;
pub use passage::Passage;
pub use question::Question;
pub use source::Source;
pub use span::{CharSpan, Span};
