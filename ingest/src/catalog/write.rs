//! What the catalog is told: each call is one transaction.

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use footnote_core::{Chunk, Document, DocumentId};
use rusqlite::{Connection, Result, Transaction, params};

use super::row;

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
            write_chunk(&transaction, chunk)?;
        }
        transaction
            .prepare_cached(
                "DELETE FROM stale_chunks WHERE document = ?1 AND chunk IN (SELECT id FROM chunks WHERE document = ?1)",
            )?
            .execute([id.as_bytes()])?;
    }
    transaction.commit()
}

pub(super) fn commit(connection: &mut Connection, ids: &[DocumentId]) -> Result<()> {
    let transaction = connection.transaction()?;
    for id in ids {
        transaction
            .prepare_cached("UPDATE documents SET status = 'indexed' WHERE id = ?1")?
            .execute([id.0.as_bytes()])?;
        transaction.prepare_cached("DELETE FROM stale_chunks WHERE document = ?1")?.execute([id.0.as_bytes()])?;
    }
    transaction.commit()
}

pub(super) fn record_outcome(connection: &mut Connection, record: &DocumentRecord) -> Result<()> {
    let transaction = connection.transaction()?;
    for table in ["texts", "chunks", "stale_chunks"] {
        transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE document = ?1"))?
            .execute([record.id.0.as_bytes()])?;
    }
    write_record(&transaction, record, record.status)?;
    transaction.commit()
}

pub(super) fn remove(connection: &Connection, id: DocumentId) -> Result<()> {
    connection.prepare_cached("DELETE FROM documents WHERE id = ?1")?.execute([id.0.as_bytes()]).map(drop)
}

pub(super) fn set_fact(connection: &Connection, collection: &str, name: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO facts (collection, name, value) VALUES (?1, ?2, ?3)")?
        .execute([collection, name, value])
        .map(drop)
}

fn write_record(transaction: &Transaction<'_>, record: &DocumentRecord, status: DocumentStatus) -> Result<()> {
    // An upsert, not a replacement: that would drop the rows that hang on this one.
    let mut statement = transaction.prepare_cached(
        "INSERT INTO documents (id, collection, uri, title, media_type, bytes, modified_ms, content_hash, pages, \
         pages_without_text, chunks, status, reason, updated_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
         ON CONFLICT (id) DO UPDATE SET title = ?4, media_type = ?5, bytes = ?6, modified_ms = ?7, content_hash = ?8, \
         pages = ?9, pages_without_text = ?10, chunks = ?11, status = ?12, reason = ?13, updated_ms = ?14",
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
    ])?;
    Ok(())
}

fn write_text(transaction: &Transaction<'_>, document: &Document) -> Result<()> {
    let pages: Vec<_> = document.pages.iter().map(row::from_page).collect();
    let headings: Vec<_> = document.headings.iter().map(row::from_heading).collect();
    let lines: Vec<_> = document.lines.iter().map(row::from_line).collect();
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO texts (document, text, pages, headings, lines) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            document.id.0.as_bytes(),
            document.text,
            row::to_json(&pages)?,
            row::to_json(&headings)?,
            row::to_json(&lines)?,
        ])?;
    Ok(())
}

fn write_chunk(transaction: &Transaction<'_>, chunk: &Chunk) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO chunks (id, document, ordinal, span_start, span_end, text, heading_path, page_start, page_end, \
             tokens) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
        ])?;
    Ok(())
}
