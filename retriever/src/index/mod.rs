//! The two legs of retrieval, written and searched.
//!
//! * In this process, a folder each, used by one process at a time: [`edge`] and [`tantivy`]. They search on `threads`.
//! * On a Qdrant server or cluster, both in one collection: [`qdrant`]. Its words are those of [`terms`].

mod bm25;
pub mod edge;
mod edge_config;
mod edge_filter;
mod edge_points;
mod lock;
pub mod options;
mod payload;
pub mod qdrant;
#[cfg(test)]
mod samples;
pub mod tantivy;
pub mod terms;
mod threads;

use std::path::Path;

use footnote_core::{Code, Error, Result};

/// Runs `work` where it may block. A panic inside becomes an error: the engines panic on files
/// that are damaged.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::internal(format!("an index stopped in the middle of its work: {error}"))))
}

/// An index that its engine cannot read.
fn unreadable(dir: &Path, what: &str, reason: &str) -> Error {
    Error::new(Code::DataFolderFormat, format!("{}: the {what} cannot be read: {reason}", dir.display()))
        .hint("restore the data folder from a backup, or move it away and run `footnote ingest` again: it is built from your documents")
}

/// An engine's complaint about reading or writing, told apart by what the user can do about it.
fn failed(dir: &Path, doing: &str, reason: &str) -> Error {
    let full = ["No space left on device", "StorageFull", "QuotaExceeded", "disk quota"];
    if full.iter().any(|words| reason.contains(words)) {
        return disk_full(dir, doing);
    }
    Error::new(Code::Io, format!("{}: cannot {doing}: {reason}", dir.display()))
        .hint("`footnote verify` tells whether the indexes are whole")
}

fn disk_full(dir: &Path, doing: &str) -> Error {
    Error::new(Code::DiskFull, format!("{}: cannot {doing}: the disk is full", dir.display()))
        .hint("free some space, or move the data folder with --data, and run the same command again")
}
