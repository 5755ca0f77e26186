//! The ingestion worker. Read it in the order in which data passes:
//!
//! ```text
//! discover → media_type → extract (normalize) → section → split (tokens) → chunk → pipeline → catalog
//! ```
//!
//! * `discover`: which files are there, and a reason for all that was passed over.
//! * [`media_type`]: what kind of file it is, by its content first.
//! * `extract`: files to canonical text with pages, headings and line boxes; an extractor per format.
//! * `normalize`: what canonical text is.
//! * `section`, `tokens`, `split`, [`chunk`]: token-sized chunks with exact spans and heading paths.
//! * [`pipeline`]: the worker itself: three stages that overlap, batches that cannot be half written.
//! * [`reader`]: files of risky formats are read in processes of their own.
//! * [`progress`], [`report`]: what happens, and how it went.
//! * [`catalog`]: the record of it all, in SQLite.
//! * [`mod@verify`]: do catalog and indexes agree?

pub mod catalog;
pub mod chunk;
mod discover;
mod extract;
mod hash;
pub mod media_type;
mod normalize;
pub mod pipeline;
pub mod progress;
pub mod reader;
pub mod report;
mod section;
mod split;
mod tokens;
pub mod verify;

#[cfg(test)]
mod models;

pub use catalog::SqliteCatalog;
pub use chunk::{ChunkOptions, Chunker};
pub use pipeline::{IngestOptions, Ingestor, Stores, recover, remove};
pub use progress::{Event, Progress};
pub use report::{IngestReport, Outcome, Problem};
pub use verify::{VerifyReport, verify};
