//! What the catalog is asked.

use std::collections::HashMap;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::{Chunk, ChunkId, ContentHash, Document, DocumentId, Grants};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::row;
use crate::catalog::stored::{CHUNK, CHUNK_COLUMNS, INDEXED, Places, RECORD};

/// Documents that whoever has the labels of `?2` (NULL: all) may see.
const VISIBLE: &str = "(?2 IS NULL OR json_extract(d.metadata, '$.labels') IS NULL \
     OR EXISTS (SELECT 1 FROM json_each(d.metadata, '$.labels') l WHERE l.value IN (SELECT value FROM json_each(?2))))";

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
        "SELECT {} FROM documents d WHERE d.collection = ?1 AND {} ORDER BY d.uri",
        RECORD,
        match status {
            None => "d.status != 'deleted'",
            Some(DocumentStatus::Indexed) => INDEXED,
            Some(_) => "d.status = ?2",
        }
    ))?;
    let read = |row: &rusqlite::Row<'_>| row::record(row, 0);
    match status {
        None | Some(DocumentStatus::Indexed) => query.query_map([collection], read)?.collect(),
        Some(status) => query.query_map([collection, status.as_str()], read)?.collect(),
    }
}

pub(super) fn versions(connection: &Connection, id: DocumentId) -> Result<Vec<DocumentRecord>> {
    let mut query = connection
        .prepare_cached(&format!("SELECT {} FROM versions d WHERE d.id = ?1 ORDER BY d.version DESC", RECORD))?;
    query.query_map([id.0.as_bytes()], |row| row::record(row, 0))?.collect()
}

pub(super) fn record(connection: &Connection, id: DocumentId) -> Result<Option<DocumentRecord>> {
    let mut query = connection.prepare_cached(&format!("SELECT {} FROM documents d WHERE d.id = ?1", RECORD))?;
    query.query_row([id.0.as_bytes()], |row| row::record(row, 0)).optional()
}

pub(super) fn document(connection: &Connection, id: DocumentId) -> Result<Option<Document>> {
    let mut query = connection.prepare_cached(
        "SELECT d.collection, d.uri, d.title, d.media_type, t.text, t.pages, t.headings, t.lines, d.language \
         FROM documents d JOIN texts t ON t.document = d.id WHERE d.id = ?1",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        let places = Places { pages: row.get(5)?, headings: row.get(6)?, lines: row.get(7)? };
        let (pages, headings, lines) = places.read().map_err(|error| row::invalid(5, error.to_string()))?;
        Ok(Document {
            id,
            collection: row.get(0)?,
            uri: row.get(1)?,
            title: row.get(2)?,
            media_type: row.get(3)?,
            language: row.get(8)?,
            text: row.get(4)?,
            pages,
            headings,
            lines,
        })
    };
    query.query_row([id.0.as_bytes()], read).optional()
}

pub(super) fn chunks(connection: &Connection, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {}, {} FROM chunks c JOIN documents d ON d.id = c.document WHERE c.id = ?1",
        CHUNK, RECORD
    ))?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let read = |row: &rusqlite::Row<'_>| Ok((row::chunk(row)?, row::record(row, CHUNK_COLUMNS)?));
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
    let mut query = connection.prepare_cached(&format!(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document WHERE d.collection = ?1 AND {INDEXED}"
    ))?;
    query.query_map([collection], |row| row::uuid(row, 0).map(ChunkId))?.collect()
}

pub(super) fn twins(
    connection: &Connection,
    collection: &str,
    contents: &[ContentHash],
) -> Result<HashMap<ContentHash, ChunkId>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document \
         WHERE c.content = ?1 AND d.collection = ?2 AND {INDEXED} LIMIT 1"
    ))?;
    let mut found = HashMap::new();
    for content in contents {
        let twin = query.query_row(params![content.0, collection], |row| row::uuid(row, 0)).optional()?;
        found.extend(twin.map(|id| (*content, ChunkId(id))));
    }
    Ok(found)
}

pub(super) fn fact(connection: &Connection, collection: &str, name: &str) -> Result<Option<String>> {
    let mut query = connection.prepare_cached("SELECT value FROM facts WHERE collection = ?1 AND name = ?2")?;
    query.query_row([collection, name], |row| row.get(0)).optional()
}

pub(super) fn facts(connection: &Connection, collection: &str) -> Result<Vec<(String, String)>> {
    let mut query = connection.prepare_cached("SELECT name, value FROM facts WHERE collection = ?1")?;
    query.query_map([collection], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Whether a document that may be seen has this field of its own.
pub(super) fn has_field(connection: &Connection, collection: &str, name: &str, grants: &Grants) -> Result<bool> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM documents d, json_each(d.metadata, '$.fields') f \
         WHERE d.collection = ?1 AND {INDEXED} AND f.key = ?3 AND {VISIBLE})"
    ))?;
    query.query_row(params![collection, granted(grants)?, name], |row| row.get(0))
}

pub(super) fn visible(connection: &Connection, collection: &str, grants: &Grants) -> Result<usize> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT count(*) FROM documents d WHERE d.collection = ?1 AND {INDEXED} AND {VISIBLE}"
    ))?;
    query.query_row(params![collection, granted(grants)?], |row| row.get(0))
}

/// What [`VISIBLE`] compares labels with.
fn granted(grants: &Grants) -> Result<Option<String>> {
    match grants {
        Grants::All => Ok(None),
        Grants::Only(labels) => row::to_json(labels).map(Some),
    }
}

pub(super) fn languages(connection: &Connection, collection: &str) -> Result<Vec<String>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT d.language FROM documents d WHERE d.collection = ?1 AND {INDEXED} AND d.language IS NOT NULL \
         GROUP BY d.language ORDER BY count(*) DESC, d.language"
    ))?;
    query.query_map([collection], |row| row.get(0))?.collect()
}
