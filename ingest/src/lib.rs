//! The ingestion worker. Read it in the order in which data passes:
//!
//! ```text
//! discover → media_type (archive) → extract (normalize, language) → section → split (tokens, units, syntax)
//!          → chunk → pipeline → catalog
//! ```
//!
//! * `discover`: which files are there, and a reason for all that was passed over.
//! * [`media_type`]: what kind of file it is, by its content first.
//! * `archive`: the files inside a file, within limits.
//! * `extract`: files to canonical text with pages, headings and line boxes; an extractor per format.
//! * `normalize`: what canonical text is.
//! * `language`: which language a text is in.
//! * `section`, `tokens`, `units`, `syntax`, `split`, [`chunk`]: token-sized chunks with exact spans and heading paths.
//! * [`pipeline`]: the worker itself: three stages that overlap, batches that cannot be half written.
//! * [`progress`], [`report`]: what happens, and how it went.
//! * [`catalog`]: the record of it all, in SQLite.
//! * [`queue`]: jobs that outlive the process, one at a time.
//! * [`watch`]: folders followed as they change.
//! * [`mod@verify`]: do catalog and indexes agree?

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
mod normalize;
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
pub use catalog::SqliteCatalog;
pub use chunk::{ChunkOptions, Chunker};
pub use pipeline::{IngestOptions, Ingestor, Repair, Retry, RetryWhich, Stores, finish, remove};
pub use progress::{Event, Progress};
pub use queue::{CancellationToken, JobQueue, JobRunner};
pub use reader::{Isolation, OcrOptions, ReaderOptions};
pub use report::{IngestReport, Outcome, Problem};
pub use verify::{VerifyReport, verify};
pub use watch::{WatchOptions, Watcher};
