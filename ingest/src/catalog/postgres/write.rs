//! What the catalog is told: each change is one transaction.

use std::borrow::Cow;

use deadpool_postgres::Transaction;
use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::seam::{Catalog, CatalogWriter};
use footnote_core::{Chunk, Document, DocumentId};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::{Failure, Postgres, Values};
use super::row::stored;
use crate::catalog::SqliteCatalog;
use crate::catalog::stored::{Places, RECORD, VERSIONS};
use crate::hash::content_hash;

/// Everything that can be told. Told twice, as after a lost connection, it changes nothing more.
pub(super) enum Change<'c> {
    Begin(&'c [IngestedDocument]),
    Commit(&'c [(DocumentId, Timings)]),
    Outcomes(&'c [DocumentRecord]),
    Mark(&'c [DocumentId], DocumentStatus),
    Unchanged(&'c [(DocumentId, Option<i64>)]),
    Fact(&'c str, &'c str, &'c str),
    /// What a catalog in SQLite has of a collection, in place of what is here, and facts.
    Adopt(&'c SqliteCatalog, &'c str, &'c [(&'c str, &'c str)]),
    /// All that a catalog in SQLite has of a collection of which nothing is here.
    Copy(&'c SqliteCatalog, &'c str),
}

impl Change<'_> {
    pub(super) async fn make(&self, transaction: &Transaction<'_>) -> Result<(), Failure> {
        let writing = Writing { transaction };
        match self {
            Self::Begin(documents) => writing.begin(documents).await,
            Self::Commit(done) => writing.commit(done).await,
            Self::Outcomes(records) => writing.outcomes(records).await,
            Self::Mark(ids, status) => writing.mark(ids, *status).await,
            Self::Unchanged(found) => writing.unchanged(found).await,
            Self::Fact(collection, name, value) => writing.fact(collection, name, value).await,
            Self::Adopt(next, collection, facts) => writing.adopt(next, collection, facts).await,
            Self::Copy(from, collection) => writing.copy(from, collection).await,
        }
    }
}

/// A transaction on its way.
struct Writing<'t> {
    transaction: &'t Transaction<'t>,
}

impl Writing<'_> {
    async fn run(&self, statement: &str, values: Values<'_>) -> Result<u64, Failure> {
        let prepared = self.transaction.prepare_cached(statement).await?;
        Ok(self.transaction.execute(&prepared, values).await?)
    }

    async fn begin(&self, documents: &[IngestedDocument]) -> Result<(), Failure> {
        for IngestedDocument { record, document, chunks } in documents {
            let id = record.id.0;
            let stale =
                "INSERT INTO stale_chunks SELECT document, id FROM chunks WHERE document = $1 ON CONFLICT DO NOTHING";
            self.run(stale, &[&id]).await?;
            self.run("DELETE FROM chunks WHERE document = $1", &[&id]).await?;
            self.record(record, DocumentStatus::Indexing).await?;
            self.text(document).await?;
            self.chunks(chunks, &document.uri, &document.title).await?;
            let kept = "DELETE FROM stale_chunks s USING chunks c WHERE s.document = $1 AND c.document = $1 AND c.id = s.chunk";
            self.run(kept, &[&id]).await?;
        }
        Ok(())
    }

    async fn commit(&self, done: &[(DocumentId, Timings)]) -> Result<(), Failure> {
        for (id, timings) in done {
            let timings = serde_json::to_string(timings)?;
            self.run("UPDATE documents SET status = goal, timings = $2 WHERE id = $1", &[&id.0, &timings]).await?;
            self.run("DELETE FROM stale_chunks WHERE document = $1", &[&id.0]).await?;
            // Nothing is kept of a text that is in no index.
            let texts =
                "DELETE FROM texts t USING documents d WHERE t.document = $1 AND d.id = $1 AND d.goal != 'indexed'";
            self.run(texts, &[&id.0]).await?;
        }
        Ok(())
    }

    async fn outcomes(&self, records: &[DocumentRecord]) -> Result<(), Failure> {
        for record in records {
            for table in ["texts", "chunks", "stale_chunks"] {
                self.run(&format!("DELETE FROM {table} WHERE document = $1"), &[&record.id.0]).await?;
            }
            self.record(record, record.status).await?;
        }
        Ok(())
    }

    async fn mark(&self, ids: &[DocumentId], status: DocumentStatus) -> Result<(), Failure> {
        // It need not survive a crash, so nobody waits for the disk.
        self.run("SET LOCAL synchronous_commit = off", &[]).await?;
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let marked =
            "UPDATE documents SET status = $2 WHERE id = ANY($1) AND status IN ('queued', 'extracting', 'embedding')";
        self.run(marked, &[&ids, &status.as_str()]).await.map(drop)
    }

    async fn unchanged(&self, found: &[(DocumentId, Option<i64>)]) -> Result<(), Failure> {
        let ids: Vec<Uuid> = found.iter().map(|(id, _)| id.0).collect();
        let times: Vec<Option<i64>> = found.iter().map(|(_, modified_ms)| *modified_ms).collect();
        let noted = "UPDATE documents d SET modified_ms = f.modified_ms, \
             status = CASE d.status WHEN 'indexed' THEN 'unchanged' ELSE d.status END \
             FROM unnest($1::uuid[], $2::bigint[]) AS f (id, modified_ms) WHERE d.id = f.id";
        self.run(noted, &[&ids, &times]).await.map(drop)
    }

    async fn fact(&self, collection: &str, name: &str, value: &str) -> Result<(), Failure> {
        let kept = "INSERT INTO facts (collection, name, value) VALUES ($1, $2, $3) \
             ON CONFLICT (collection, name) DO UPDATE SET value = $3";
        self.run(kept, &[&collection, &name, &value]).await.map(drop)
    }

    /// Texts are the same in both: what is new are the chunks, and titles that were cut to fit.
    async fn adopt(&self, next: &SqliteCatalog, collection: &str, facts: &[(&str, &str)]) -> Result<(), Failure> {
        self.forget_chunks(collection).await?;
        for record in next.documents(collection, None).await? {
            let changed = "UPDATE documents SET title = $3, chunks = $4, language = $5, metadata = $6, fields = $7, \
                 labels = $8 WHERE id = $1 AND collection = $2";
            let (metadata, (fields, labels)) = (serde_json::to_string(&record.metadata)?, asked_for(&record));
            let chunks = stored(record.chunks);
            let title = Postgres::storable(&record.title);
            let values: Values<'_> =
                &[&record.id.0, &collection, &title, &chunks, &record.language, &metadata, &fields, &labels];
            if self.run(changed, values).await? == 0 {
                continue;
            }
            // Those whose texts were lost are in no index now.
            if record.status == DocumentStatus::Failed {
                let failed =
                    "UPDATE documents SET status = $2, goal = $2, reason = $3, content_hash = '' WHERE id = $1";
                self.run(
                    failed,
                    &[&record.id.0, &record.status.as_str(), &record.reason.as_deref().map(Postgres::storable)],
                )
                .await?;
            }
            self.take_chunks(next, &record).await?;
        }
        for (name, value) in next.facts(collection).await? {
            self.fact(collection, &name, &value).await?;
        }
        for (name, value) in facts {
            self.fact(collection, name, value).await?;
        }
        Ok(())
    }

    async fn copy(&self, from: &SqliteCatalog, collection: &str) -> Result<(), Failure> {
        // There are some when it is told again.
        self.forget_chunks(collection).await?;
        let mut records = from.documents(collection, None).await?;
        records.extend(from.documents(collection, Some(DocumentStatus::Deleted)).await?);
        for record in records {
            for version in from.versions(record.id).await?.iter().rev() {
                self.record(version, version.status).await?;
            }
            self.record(&record, record.status).await?;
            if let Some(document) = from.document(record.id).await? {
                self.text(&document).await?;
            }
            self.take_chunks(from, &record).await?;
        }
        for (name, value) in from.facts(collection).await? {
            self.fact(collection, &name, &value).await?;
        }
        Ok(())
    }

    async fn forget_chunks(&self, collection: &str) -> Result<(), Failure> {
        let gone = "DELETE FROM chunks c USING documents d WHERE d.id = c.document AND d.collection = $1";
        self.run(gone, &[&collection]).await.map(drop)
    }

    async fn take_chunks(&self, from: &SqliteCatalog, record: &DocumentRecord) -> Result<(), Failure> {
        let found = from.chunks(&from.chunk_ids_of(record.id).await?).await?;
        let chunks: Vec<Chunk> = found.into_iter().map(|(chunk, _)| chunk).collect();
        self.chunks(&chunks, &record.uri, &record.title).await
    }

    async fn record(&self, record: &DocumentRecord, status: DocumentStatus) -> Result<(), Failure> {
        self.keep_version(record).await?;
        let (pages, chunks) = (stored(record.pages), stored(record.chunks));
        let (version, attempts) = (stored(record.version), stored(record.attempts));
        let bytes = stored(record.bytes);
        let pages_without_text = serde_json::to_string(&record.pages_without_text)?;
        let timings = serde_json::to_string(&record.timings)?;
        let metadata = serde_json::to_string(&record.metadata)?;
        let (fields, labels) = asked_for(record);
        let (title, media_type) = (Postgres::storable(&record.title), Postgres::storable(&record.media_type));
        let reason = record.reason.as_deref().map(Postgres::storable);
        // An upsert, not a replacement: that would drop the rows that hang on this one.
        let statement = "INSERT INTO documents (id, collection, uri, title, media_type, bytes, modified_ms, content_hash, \
             pages, pages_without_text, chunks, status, reason, updated_ms, language, version, attempts, retry_at_ms, \
             timings, goal, metadata, fields, labels) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
             $23) \
             ON CONFLICT (id) DO UPDATE SET title = $4, media_type = $5, bytes = $6, modified_ms = $7, content_hash = $8, \
             pages = $9, pages_without_text = $10, chunks = $11, status = $12, reason = $13, updated_ms = $14, \
             language = $15, version = $16, attempts = $17, retry_at_ms = $18, timings = $19, goal = $20, metadata = $21, \
             fields = $22, labels = $23";
        let values: &[&(dyn ToSql + Sync)] = &[
            &record.id.0,
            &record.collection,
            &record.uri,
            &title,
            &media_type,
            &bytes,
            &record.modified_ms,
            &record.content_hash,
            &pages,
            &pages_without_text,
            &chunks,
            &status.as_str(),
            &reason,
            &record.updated_ms,
            &record.language,
            &version,
            &attempts,
            &record.retry_at_ms,
            &timings,
            &record.status.as_str(),
            &metadata,
            &fields,
            &labels,
        ];
        self.run(statement, values).await.map(drop)
    }

    /// Remembers the version that `record` replaces.
    async fn keep_version(&self, record: &DocumentRecord) -> Result<(), Failure> {
        let keep = format!(
            "INSERT INTO versions (id, collection, uri, title, media_type, bytes, modified_ms, content_hash, pages, \
             pages_without_text, chunks, status, reason, updated_ms, language, version, attempts, retry_at_ms, timings, \
             metadata) SELECT {RECORD} FROM documents d WHERE d.id = $1 AND d.version < $2 ON CONFLICT DO NOTHING"
        );
        let kept = self.run(&keep, &[&record.id.0, &stored(record.version)]).await?;
        if kept > 0 && record.version > VERSIONS {
            let oldest = stored(record.version - VERSIONS);
            self.run("DELETE FROM versions WHERE id = $1 AND version < $2", &[&record.id.0, &oldest]).await?;
        }
        Ok(())
    }

    async fn text(&self, document: &Document) -> Result<(), Failure> {
        let Places { pages, headings, lines } = Places::of(document)?;
        let kept = "INSERT INTO texts (document, text, pages, headings, lines) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (document) DO UPDATE SET text = $2, pages = $3, headings = $4, lines = $5";
        self.run(kept, &[&document.id.0, &document.text, &pages, &headings, &lines]).await.map(drop)
    }

    /// Those of one document, in one statement.
    async fn chunks(&self, chunks: &[Chunk], uri: &str, title: &str) -> Result<(), Failure> {
        if chunks.is_empty() {
            return Ok(());
        }
        let paths: Result<Vec<String>, _> =
            chunks.iter().map(|chunk| serde_json::to_string(&chunk.heading_path)).collect();
        let contents: Vec<[u8; 16]> = chunks.iter().map(|chunk| content_hash(chunk, uri, title).0).collect();
        let pages = |of: fn(footnote_core::document::PageRange) -> u32| -> Vec<Option<i64>> {
            chunks.iter().map(|chunk| chunk.pages.map(|pages| stored(of(pages)))).collect()
        };
        let statement = "INSERT INTO chunks (id, document, ordinal, span_start, span_end, text, heading_path, page_start, \
             page_end, tokens, content) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], \
             $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[])";
        let values: Values<'_> = &[
            &chunks.iter().map(|chunk| chunk.id.0).collect::<Vec<Uuid>>(),
            &chunks.iter().map(|chunk| chunk.document.0).collect::<Vec<Uuid>>(),
            &chunks.iter().map(|chunk| stored(chunk.ordinal)).collect::<Vec<i64>>(),
            &chunks.iter().map(|chunk| stored(chunk.span.start)).collect::<Vec<i64>>(),
            &chunks.iter().map(|chunk| stored(chunk.span.end)).collect::<Vec<i64>>(),
            &chunks.iter().map(|chunk| chunk.text.as_str()).collect::<Vec<&str>>(),
            &paths?,
            &pages(|pages| pages.start),
            &pages(|pages| pages.end),
            &chunks.iter().map(|chunk| stored(chunk.tokens)).collect::<Vec<i64>>(),
            &contents.iter().map(<[u8; 16]>::as_slice).collect::<Vec<&[u8]>>(),
        ];
        self.run(statement, values).await.map(drop)
    }
}

/// Of a document's metadata, what the catalog is asked for: names of fields, and labels where it has any.
fn asked_for(record: &DocumentRecord) -> (Vec<Cow<'_, str>>, Option<Vec<Cow<'_, str>>>) {
    let labels = &record.metadata.labels;
    let fields = record.metadata.fields.keys().map(|name| Postgres::storable(name)).collect();
    (fields, (!labels.is_empty()).then(|| labels.iter().map(|label| Postgres::storable(label)).collect()))
}
