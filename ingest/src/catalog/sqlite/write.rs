//! What the catalog is told: each call is one transaction.

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::{Chunk, Document, DocumentId};
use rusqlite::{Connection, Result, Transaction, params};

use super::row;
use crate::catalog::stored::{Places, RECORD, VERSIONS};
use crate::hash::content_hash;

pub(super) fn begin(connection: &mut Connection, documents: &[IngestedDocument]) -> Result<()> {
    let transaction = connection.transaction()?;
    for IngestedDocument { record, document, chunks } in documents {
        let id = record.id.0;
        transaction
            .prepare_cached("INSERT OR IGNORE INTO stale_chunks SELECT document, id FROM chunks WHERE document = ?1")?
            .execute([id.as_bytes()])?;
        transaction.prepare_cached("DELETE FROM chunks WHERE document = ?1")?.execute([id.as_bytes()])?;
        write_record(&transaction, record, DocumentStatus::Indexing)?;
        write_text(&transaction, document)?;
        for chunk in chunks {
            write_chunk(&transaction, chunk, document)?;
        }
        transaction
            .prepare_cached(
                "DELETE FROM stale_chunks WHERE document = ?1 AND chunk IN (SELECT id FROM chunks WHERE document = ?1)",
            )?
            .execute([id.as_bytes()])?;
    }
    transaction.commit()
}

pub(super) fn commit(connection: &mut Connection, done: &[(DocumentId, Timings)]) -> Result<()> {
    let transaction = connection.transaction()?;
    for (id, timings) in done {
        let id = id.0.as_bytes();
        transaction
            .prepare_cached("UPDATE documents SET status = goal, timings = ?2 WHERE id = ?1")?
            .execute(params![id, row::to_json(timings)?])?;
        transaction.prepare_cached("DELETE FROM stale_chunks WHERE document = ?1")?.execute([id])?;
        // Nothing is kept of a text that is in no index.
        transaction
            .prepare_cached(
                "DELETE FROM texts WHERE document = ?1 AND (SELECT goal FROM documents WHERE id = ?1) != 'indexed'",
            )?
            .execute([id])?;
    }
    transaction.commit()
}

pub(super) fn record_outcomes(connection: &mut Connection, records: &[DocumentRecord]) -> Result<()> {
    let transaction = connection.transaction()?;
    for record in records {
        for table in ["texts", "chunks", "stale_chunks"] {
            transaction
                .prepare_cached(&format!("DELETE FROM {table} WHERE document = ?1"))?
                .execute([record.id.0.as_bytes()])?;
        }
        write_record(&transaction, record, record.status)?;
    }
    transaction.commit()
}

pub(super) fn mark(connection: &mut Connection, ids: &[DocumentId], status: DocumentStatus) -> Result<()> {
    let transaction = connection.transaction()?;
    for id in ids {
        transaction
            .prepare_cached(
                "UPDATE documents SET status = ?2 WHERE id = ?1 AND status IN ('queued', 'extracting', 'embedding')",
            )?
            .execute(params![id.0.as_bytes(), status.as_str()])?;
    }
    transaction.commit()
}

pub(super) fn found_unchanged(connection: &mut Connection, found: &[(DocumentId, Option<i64>)]) -> Result<()> {
    let transaction = connection.transaction()?;
    for (id, modified_ms) in found {
        transaction
            .prepare_cached(
                "UPDATE documents SET modified_ms = ?2, \
                 status = CASE status WHEN 'indexed' THEN 'unchanged' ELSE status END WHERE id = ?1",
            )?
            .execute(params![id.0.as_bytes(), modified_ms])?;
    }
    transaction.commit()
}

pub(super) fn set_fact(connection: &Connection, collection: &str, name: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO facts (collection, name, value) VALUES (?1, ?2, ?3)")?
        .execute([collection, name, value])
        .map(drop)
}

fn write_record(transaction: &Transaction<'_>, record: &DocumentRecord, status: DocumentStatus) -> Result<()> {
    keep_version(transaction, record)?;
    // An upsert, not a replacement: that would drop the rows that hang on this one.
    let mut statement = transaction.prepare_cached(
        "INSERT INTO documents (id, collection, uri, title, media_type, bytes, modified_ms, content_hash, pages, \
         pages_without_text, chunks, status, reason, updated_ms, language, version, attempts, retry_at_ms, timings, goal, \
         metadata) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) \
         ON CONFLICT (id) DO UPDATE SET title = ?4, media_type = ?5, bytes = ?6, modified_ms = ?7, content_hash = ?8, \
         pages = ?9, pages_without_text = ?10, chunks = ?11, status = ?12, reason = ?13, updated_ms = ?14, \
         language = ?15, version = ?16, attempts = ?17, retry_at_ms = ?18, timings = ?19, goal = ?20, metadata = ?21",
    )?;
    statement.execute(params![
        record.id.0.as_bytes(),
        record.collection,
        record.uri,
        record.title,
        record.media_type,
        record.bytes,
        record.modified_ms,
        record.content_hash,
        record.pages,
        row::to_json(&record.pages_without_text)?,
        record.chunks,
        status.as_str(),
        record.reason,
        record.updated_ms,
        record.language,
        record.version,
        record.attempts,
        record.retry_at_ms,
        row::to_json(&record.timings)?,
        record.status.as_str(),
        row::to_json(&record.metadata)?,
    ])?;
    Ok(())
}

/// Remembers the version that `record` replaces.
fn keep_version(transaction: &Transaction<'_>, record: &DocumentRecord) -> Result<()> {
    let id = record.id.0.as_bytes();
    let kept = transaction
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO versions (id, collection, uri, title, media_type, bytes, modified_ms, content_hash, \
             pages, pages_without_text, chunks, status, reason, updated_ms, language, version, attempts, retry_at_ms, \
             timings, metadata) SELECT {} FROM documents d WHERE d.id = ?1 AND d.version < ?2",
            RECORD
        ))?
        .execute(params![id, record.version])?;
    if kept > 0 && record.version > VERSIONS {
        transaction
            .prepare_cached("DELETE FROM versions WHERE id = ?1 AND version < ?2")?
            .execute(params![id, record.version - VERSIONS])?;
    }
    Ok(())
}

fn write_text(transaction: &Transaction<'_>, document: &Document) -> Result<()> {
    let Places { pages, headings, lines } = Places::of(document).map_err(row::unstorable)?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO texts (document, text, pages, headings, lines) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![document.id.0.as_bytes(), document.text, pages, headings, lines,])?;
    Ok(())
}

fn write_chunk(transaction: &Transaction<'_>, chunk: &Chunk, document: &Document) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO chunks (id, document, ordinal, span_start, span_end, text, heading_path, page_start, page_end, \
             tokens, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            chunk.id.0.as_bytes(),
            chunk.document.0.as_bytes(),
            chunk.ordinal,
            chunk.span.start,
            chunk.span.end,
            chunk.text,
            row::to_json(&chunk.heading_path)?,
            chunk.pages.map(|pages| pages.start),
            chunk.pages.map(|pages| pages.end),
            chunk.tokens,
            content_hash(chunk, &document.uri, &document.title).0,
        ])?;
    Ok(())
}
