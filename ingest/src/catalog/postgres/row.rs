//! Rows to words and back.

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::document::PageRange;
use footnote_core::{Chunk, ChunkId, DocumentId, Error, Result, Span};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// Reads a document's row; its columns begin at `from`.
pub(super) fn record(row: &Row, from: usize) -> Result<DocumentRecord> {
    let status: String = column(row, from + 11)?;
    Ok(DocumentRecord {
        id: DocumentId(column(row, from)?),
        collection: column(row, from + 1)?,
        uri: column(row, from + 2)?,
        title: column(row, from + 3)?,
        media_type: column(row, from + 4)?,
        bytes: whole(row, from + 5)?,
        modified_ms: column(row, from + 6)?,
        content_hash: column(row, from + 7)?,
        pages: whole(row, from + 8)?,
        pages_without_text: json(row, from + 9)?,
        chunks: whole(row, from + 10)?,
        status: DocumentStatus::parse(&status).ok_or_else(|| invalid(from + 11, format!("status `{status}`")))?,
        reason: column(row, from + 12)?,
        updated_ms: column(row, from + 13)?,
        language: column(row, from + 14)?,
        version: whole(row, from + 15)?,
        attempts: whole(row, from + 16)?,
        retry_at_ms: column(row, from + 17)?,
        timings: json(row, from + 18)?,
        metadata: json(row, from + 19)?,
    })
}

/// Reads a chunk's row from its first column on.
pub(super) fn chunk(row: &Row) -> Result<Chunk> {
    let page = |at| match column::<Option<i64>>(row, at)? {
        Some(page) => u32::try_from(page).map(Some).map_err(|error| invalid(at, error)),
        None => Ok(None),
    };
    Ok(Chunk {
        id: ChunkId(column(row, 0)?),
        document: DocumentId(column(row, 1)?),
        ordinal: whole(row, 2)?,
        span: Span::new(whole(row, 3)?, whole(row, 4)?),
        text: column(row, 5)?,
        heading_path: json(row, 6)?,
        pages: page(7)?.zip(page(8)?).map(|(start, end)| PageRange { start, end }),
        tokens: whole(row, 9)?,
    })
}

/// Reads a column.
pub(super) fn column<'r, T: FromSql<'r>>(row: &'r Row, at: usize) -> Result<T> {
    row.try_get(at).map_err(|error| invalid(at, error))
}

/// Reads a column of JSON.
fn json<T: DeserializeOwned>(row: &Row, at: usize) -> Result<T> {
    serde_json::from_str(column(row, at)?).map_err(|error| invalid(at, error))
}

/// Reads a column of numbers that are not negative.
pub(super) fn whole<T: TryFrom<i64>>(row: &Row, at: usize) -> Result<T>
where
    T::Error: std::fmt::Display,
{
    T::try_from(column::<i64>(row, at)?).map_err(|error| invalid(at, error))
}

/// A column that does not hold what it should.
pub(super) fn invalid(at: usize, what: impl std::fmt::Display) -> Error {
    Error::internal(format!("catalog: column {at}: {what}"))
}

/// A number as it is stored: PostgreSQL has none without a sign.
pub(super) fn stored(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
