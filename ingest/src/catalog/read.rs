//! What the catalog is asked.

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::{Chunk, ChunkId, Document, DocumentId};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::row;

pub(super) fn collections(connection: &Connection) -> Result<Vec<String>> {
    let mut query = connection
        .prepare_cached("SELECT collection FROM facts UNION SELECT collection FROM documents ORDER BY collection")?;
    query.query_map([], |row| row.get(0))?.collect()
}

pub(super) fn documents(
    connection: &Connection,
    collection: &str,
    status: Option<DocumentStatus>,
) -> Result<Vec<DocumentRecord>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {} FROM documents d WHERE d.collection = ?1 AND (?2 IS NULL OR d.status = ?2) ORDER BY d.uri",
        row::RECORD
    ))?;
    query.query_map(params![collection, status.map(DocumentStatus::as_str)], |row| row::record(row, 0))?.collect()
}

pub(super) fn record(connection: &Connection, id: DocumentId) -> Result<Option<DocumentRecord>> {
    let mut query = connection.prepare_cached(&format!("SELECT {} FROM documents d WHERE d.id = ?1", row::RECORD))?;
    query.query_row([id.0.as_bytes()], |row| row::record(row, 0)).optional()
}

pub(super) fn document(connection: &Connection, id: DocumentId) -> Result<Option<Document>> {
    let mut query = connection.prepare_cached(
        "SELECT d.collection, d.uri, d.title, d.media_type, t.text, t.pages, t.headings, t.lines \
         FROM documents d JOIN texts t ON t.document = d.id WHERE d.id = ?1",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Document {
            id,
            collection: row.get(0)?,
            uri: row.get(1)?,
            title: row.get(2)?,
            media_type: row.get(3)?,
            text: row.get(4)?,
            pages: row::json::<Vec<_>>(row, 5)?.into_iter().map(row::to_page).collect(),
            headings: row::json::<Vec<_>>(row, 6)?.into_iter().map(row::to_heading).collect(),
            lines: row::json::<Vec<_>>(row, 7)?.into_iter().map(row::to_line).collect(),
        })
    };
    query.query_row([id.0.as_bytes()], read).optional()
}

pub(super) fn chunks(connection: &Connection, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {}, {} FROM chunks c JOIN documents d ON d.id = c.document WHERE c.id = ?1 AND d.status = 'indexed'",
        row::CHUNK,
        row::RECORD
    ))?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let read = |row: &rusqlite::Row<'_>| Ok((row::chunk(row)?, row::record(row, 10)?));
        found.extend(query.query_row([id.0.as_bytes()], read).optional()?);
    }
    Ok(found)
}

pub(super) fn chunk_ids_of(connection: &Connection, id: DocumentId) -> Result<Vec<ChunkId>> {
    let mut query = connection.prepare_cached(
        "SELECT id FROM (SELECT id, ordinal FROM chunks WHERE document = ?1 ORDER BY ordinal) \
         UNION ALL SELECT chunk FROM stale_chunks WHERE document = ?1",
    )?;
    query.query_map([id.0.as_bytes()], |row| row::uuid(row, 0).map(ChunkId))?.collect()
}

pub(super) fn chunk_ids(connection: &Connection, collection: &str) -> Result<Vec<ChunkId>> {
    let mut query = connection.prepare_cached(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document WHERE d.collection = ?1 AND d.status = 'indexed'",
    )?;
    query.query_map([collection], |row| row::uuid(row, 0).map(ChunkId))?.collect()
}

pub(super) fn fact(connection: &Connection, collection: &str, name: &str) -> Result<Option<String>> {
    let mut query = connection.prepare_cached("SELECT value FROM facts WHERE collection = ?1 AND name = ?2")?;
    query.query_row([collection, name], |row| row.get(0)).optional()
}
