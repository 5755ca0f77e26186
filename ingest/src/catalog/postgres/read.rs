//! What the catalog is asked: one statement each, so that each sees one state of it.

use std::collections::HashMap;

use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::{Chunk, ChunkId, ContentHash, Document, DocumentId, Grants, Result};
use uuid::Uuid;

use super::connect::Postgres;
use super::row::{self, column};
use crate::catalog::stored::{CHUNK, CHUNK_COLUMNS, INDEXED, Places, RECORD};

/// Documents that whoever has the labels of `$2` (NULL: all) may see.
const VISIBLE: &str = "($2::text[] IS NULL OR d.labels IS NULL OR d.labels && $2::text[])";

pub(super) async fn collections(postgres: &Postgres) -> Result<Vec<String>> {
    let question = "SELECT collection FROM facts UNION SELECT collection FROM documents ORDER BY collection";
    postgres.rows(question, &[]).await?.iter().map(|row| column(row, 0)).collect()
}

pub(super) async fn documents(
    postgres: &Postgres,
    collection: &str,
    status: Option<DocumentStatus>,
) -> Result<Vec<DocumentRecord>> {
    let which = match status {
        None => "d.status != 'deleted'".to_owned(),
        Some(DocumentStatus::Indexed) => INDEXED.to_owned(),
        Some(status) => format!("d.status = '{}'", status.as_str()),
    };
    let question = format!("SELECT {RECORD} FROM documents d WHERE d.collection = $1 AND {which} ORDER BY d.uri");
    records(postgres.rows(&question, &[&collection]).await?)
}

pub(super) async fn versions(postgres: &Postgres, id: DocumentId) -> Result<Vec<DocumentRecord>> {
    let question = format!("SELECT {RECORD} FROM versions d WHERE d.id = $1 ORDER BY d.version DESC");
    records(postgres.rows(&question, &[&id.0]).await?)
}

pub(super) async fn record(postgres: &Postgres, id: DocumentId) -> Result<Option<DocumentRecord>> {
    let question = format!("SELECT {RECORD} FROM documents d WHERE d.id = $1");
    Ok(records(postgres.rows(&question, &[&id.0]).await?)?.pop())
}

fn records(rows: Vec<tokio_postgres::Row>) -> Result<Vec<DocumentRecord>> {
    rows.iter().map(|row| row::record(row, 0)).collect()
}

pub(super) async fn document(postgres: &Postgres, id: DocumentId) -> Result<Option<Document>> {
    let question = "SELECT d.collection, d.uri, d.title, d.media_type, t.text, t.pages, t.headings, t.lines, d.language \
         FROM documents d JOIN texts t ON t.document = d.id WHERE d.id = $1";
    let rows = postgres.rows(question, &[&id.0]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let places = Places { pages: column(row, 5)?, headings: column(row, 6)?, lines: column(row, 7)? };
    let (pages, headings, lines) = places.read().map_err(|error| row::invalid(5, error))?;
    Ok(Some(Document {
        id,
        collection: column(row, 0)?,
        uri: column(row, 1)?,
        title: column(row, 2)?,
        media_type: column(row, 3)?,
        language: column(row, 8)?,
        text: column(row, 4)?,
        pages,
        headings,
        lines,
    }))
}

pub(super) async fn chunks(postgres: &Postgres, ids: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
    let question =
        format!("SELECT {CHUNK}, {RECORD} FROM chunks c JOIN documents d ON d.id = c.document WHERE c.id = ANY($1)");
    let wanted: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let mut found = HashMap::with_capacity(ids.len());
    for row in postgres.rows(&question, &[&wanted]).await? {
        let chunk = row::chunk(&row)?;
        found.insert(chunk.id, (chunk, row::record(&row, CHUNK_COLUMNS)?));
    }
    Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
}

pub(super) async fn chunk_ids_of(postgres: &Postgres, id: DocumentId) -> Result<Vec<ChunkId>> {
    let question = "SELECT id FROM (SELECT id, ordinal FROM chunks WHERE document = $1 \
         UNION ALL SELECT chunk, NULL FROM stale_chunks WHERE document = $1) known ORDER BY ordinal NULLS LAST";
    ids(postgres.rows(question, &[&id.0]).await?)
}

pub(super) async fn chunk_ids(postgres: &Postgres, collection: &str) -> Result<Vec<ChunkId>> {
    let question = format!(
        "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document WHERE d.collection = $1 AND {INDEXED}"
    );
    ids(postgres.rows(&question, &[&collection]).await?)
}

fn ids(rows: Vec<tokio_postgres::Row>) -> Result<Vec<ChunkId>> {
    rows.iter().map(|row| column(row, 0).map(ChunkId)).collect()
}

pub(super) async fn twins(
    postgres: &Postgres,
    collection: &str,
    contents: &[ContentHash],
) -> Result<HashMap<ContentHash, ChunkId>> {
    let question = format!(
        "SELECT DISTINCT ON (c.content) c.content, c.id FROM chunks c JOIN documents d ON d.id = c.document \
         WHERE c.content = ANY($1) AND d.collection = $2 AND {INDEXED}"
    );
    let wanted: Vec<&[u8]> = contents.iter().map(|content| content.0.as_slice()).collect();
    let twin = |row: &tokio_postgres::Row| {
        let content: &[u8] = column(row, 0)?;
        let content = content.try_into().map_err(|error| row::invalid(0, error))?;
        Ok((ContentHash(content), ChunkId(column(row, 1)?)))
    };
    postgres.rows(&question, &[&wanted, &collection]).await?.iter().map(twin).collect()
}

pub(super) async fn fact(postgres: &Postgres, collection: &str, name: &str) -> Result<Option<String>> {
    let question = "SELECT value FROM facts WHERE collection = $1 AND name = $2";
    postgres.rows(question, &[&collection, &name]).await?.first().map(|row| column(row, 0)).transpose()
}

/// Whether a document that may be seen has this field of its own.
pub(super) async fn has_field(postgres: &Postgres, collection: &str, name: &str, grants: &Grants) -> Result<bool> {
    let question = format!(
        "SELECT EXISTS (SELECT 1 FROM documents d WHERE d.collection = $1 AND {INDEXED} AND $3 = ANY(d.fields) \
         AND {VISIBLE})"
    );
    let rows = postgres.rows(&question, &[&collection, &granted(grants), &name]).await?;
    rows.first().map_or(Ok(false), |row| column(row, 0))
}

pub(super) async fn visible(postgres: &Postgres, collection: &str, grants: &Grants) -> Result<usize> {
    let question = format!("SELECT count(*) FROM documents d WHERE d.collection = $1 AND {INDEXED} AND {VISIBLE}");
    let rows = postgres.rows(&question, &[&collection, &granted(grants)]).await?;
    rows.first().map_or(Ok(0), |row| row::whole(row, 0))
}

/// What [`VISIBLE`] compares labels with.
fn granted(grants: &Grants) -> Option<&[String]> {
    match grants {
        Grants::All => None,
        Grants::Only(labels) => Some(labels),
    }
}

pub(super) async fn languages(postgres: &Postgres, collection: &str) -> Result<Vec<String>> {
    let question = format!(
        "SELECT d.language FROM documents d WHERE d.collection = $1 AND {INDEXED} AND d.language IS NOT NULL \
         GROUP BY d.language ORDER BY count(*) DESC, d.language"
    );
    postgres.rows(&question, &[&collection]).await?.iter().map(|row| column(row, 0)).collect()
}
