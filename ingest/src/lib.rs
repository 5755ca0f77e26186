//! The ingestion worker. Read it in the order in which data passes:
//!
//! ```text
//! discover → plan → load (media_type) → reader (extract, normalize) → section → split (tokens) → chunk
//!          → batch (embed) → catalog, indexes
//! ```
//!
//! * `discover`: which files are there, and a reason for all that was passed over.
//! * [`media_type`]: what kind of file it is, by its content first. `archive`: the files in a file.
//! * [`reader`]: processes of their own for formats that a hostile file can turn against its parser.
//! * `extract`: files to canonical text with pages, headings and line boxes; an extractor per format.
//! * [`metadata`]: what a document says of itself, what rules and its uploader add.
//! * `normalize`: what canonical text is. `language`: which language it is in.
//! * `section`, `syntax`, `units`, `tokens`, `split`, [`chunk`]: token-sized chunks with exact spans and heading paths.
//! * [`pipeline`]: the worker itself: three stages that overlap, batches that cannot be half written.
//! * [`progress`], [`report`]: what happens, and how it went.
//! * [`catalog`]: the record of it all, in SQLite or PostgreSQL. [`mod@verify`]: do catalog and indexes agree?
//! * [`queue`], [`watch`]: jobs that outlive the process, folders that are followed.
//! * `original`: back to the bytes that a document was made from.

mod archive;
pub mod catalog;
pub mod chunk;
mod discover;
mod extract;
#[doc(hidden)]
pub mod fuzzing;
mod hash;
mod language;
pub mod media_type;
pub mod metadata;
mod normalize;
mod original;
pub mod pipeline;
pub mod progress;
pub mod queue;
pub mod reader;
pub mod report;
mod section;
mod split;
mod syntax;
mod tokens;
mod units;
pub mod verify;
pub mod watch;

#[cfg(test)]
mod models;

pub use archive::ArchiveLimits;
pub use catalog::{Postgres, PostgresCatalog, PostgresOptions, SqliteCatalog};
pub use chunk::{ChunkOptions, Chunker};
pub use original::original;
pub use pipeline::{IngestOptions, Ingestor, Repair, Retry, RetryWhich, Stores, finish, remove};
pub use progress::{Event, Progress};
pub use queue::{CancellationToken, JobQueue, JobRunner};
pub use reader::{Isolation, OcrOptions, ReaderOptions};
pub use report::{IngestReport, Outcome, Problem};
pub use verify::{VerifyReport, verify};
pub use watch::{WatchOptions, Watcher};
