//! Rows to words and back.

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::document::PageRange;
use footnote_core::{Chunk, ChunkId, DocumentId, Span};
use rusqlite::types::Type;
use rusqlite::{Result, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Reads a document's row; its columns begin at `from`.
pub(super) fn record(row: &Row<'_>, from: usize) -> Result<DocumentRecord> {
    let status: String = row.get(from + 11)?;
    let status = DocumentStatus::parse(&status).ok_or_else(|| invalid(from + 11, format!("status `{status}`")))?;
    Ok(DocumentRecord {
        id: DocumentId(uuid(row, from)?),
        collection: row.get(from + 1)?,
        uri: row.get(from + 2)?,
        title: row.get(from + 3)?,
        media_type: row.get(from + 4)?,
        bytes: row.get(from + 5)?,
        modified_ms: row.get(from + 6)?,
        content_hash: row.get(from + 7)?,
        pages: row.get(from + 8)?,
        pages_without_text: json(row, from + 9)?,
        chunks: row.get(from + 10)?,
        status,
        reason: row.get(from + 12)?,
        updated_ms: row.get(from + 13)?,
        language: row.get(from + 14)?,
        version: row.get(from + 15)?,
        attempts: row.get(from + 16)?,
        retry_at_ms: row.get(from + 17)?,
        timings: json(row, from + 18)?,
        metadata: json(row, from + 19)?,
    })
}

/// Reads a chunk's row from its first column on.
pub(super) fn chunk(row: &Row<'_>) -> Result<Chunk> {
    let pages = match (row.get(7)?, row.get(8)?) {
        (Some(start), Some(end)) => Some(PageRange { start, end }),
        _ => None,
    };
    Ok(Chunk {
        id: ChunkId(uuid(row, 0)?),
        document: DocumentId(uuid(row, 1)?),
        ordinal: row.get(2)?,
        span: Span::new(row.get(3)?, row.get(4)?),
        text: row.get(5)?,
        heading_path: json(row, 6)?,
        pages,
        tokens: row.get(9)?,
    })
}

/// Reads an id.
pub(super) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid> {
    let bytes: [u8; 16] = row.get(column)?;
    Ok(Uuid::from_bytes(bytes))
}

/// Reads a column of JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| invalid(column, error.to_string()))
}

/// Writes a column of JSON.
pub(super) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(unstorable)
}

/// What cannot be written as JSON.
pub(super) fn unstorable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

/// A column that does not hold what it should.
pub(super) fn invalid(column: usize, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}
