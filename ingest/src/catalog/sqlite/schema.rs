//! The tables, and the steps that lead to them.

use rusqlite::Connection;

/// Marks the file as a catalog of footnote's (`PRAGMA application_id`): "fnot".
const APPLICATION_ID: i32 = 0x666e_6f74;

/// Each entry leads from the version of its index to the next; the file's version is `PRAGMA user_version`.
/// Entries that were released never change.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE facts (
        collection TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (collection, name)
    ) WITHOUT ROWID;

    CREATE TABLE documents (
        id BLOB NOT NULL PRIMARY KEY,
        collection TEXT NOT NULL,
        uri TEXT NOT NULL,
        title TEXT NOT NULL,
        media_type TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        modified_ms INTEGER,
        content_hash TEXT NOT NULL,
        pages INTEGER NOT NULL,
        pages_without_text TEXT NOT NULL,
        chunks INTEGER NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        updated_ms INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX documents_by_uri ON documents (collection, uri);
    CREATE INDEX documents_by_status ON documents (collection, status);

    CREATE TABLE texts (
        document BLOB NOT NULL PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        pages TEXT NOT NULL,
        headings TEXT NOT NULL,
        lines TEXT NOT NULL
    );

    CREATE TABLE chunks (
        id BLOB NOT NULL PRIMARY KEY,
        document BLOB NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL,
        span_start INTEGER NOT NULL,
        span_end INTEGER NOT NULL,
        text TEXT NOT NULL,
        heading_path TEXT NOT NULL,
        page_start INTEGER,
        page_end INTEGER,
        tokens INTEGER NOT NULL
    );
    CREATE INDEX chunks_by_document ON chunks (document, ordinal);

    -- Chunks of the version that a document replaces: they may still be in an index until it is committed.
    CREATE TABLE stale_chunks (
        document BLOB NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        chunk BLOB NOT NULL,
        PRIMARY KEY (document, chunk)
    ) WITHOUT ROWID;
",
    "
    ALTER TABLE documents ADD COLUMN language TEXT;
    ALTER TABLE documents ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE documents ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN retry_at_ms INTEGER;
    ALTER TABLE documents ADD COLUMN timings TEXT NOT NULL DEFAULT '{}';
    -- The status that a document which is `indexing` gets when it is committed.
    ALTER TABLE documents ADD COLUMN goal TEXT NOT NULL DEFAULT 'indexed';
    -- What the embedding model read of it (core::ContentHash); NULL in rows of the first version.
    ALTER TABLE chunks ADD COLUMN content BLOB;
    CREATE INDEX chunks_by_content ON chunks (content);
    -- Versions that later ones replaced, as they last stood.
    CREATE TABLE versions (
        id BLOB NOT NULL,
        collection TEXT NOT NULL,
        uri TEXT NOT NULL,
        title TEXT NOT NULL,
        media_type TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        modified_ms INTEGER,
        content_hash TEXT NOT NULL,
        pages INTEGER NOT NULL,
        pages_without_text TEXT NOT NULL,
        chunks INTEGER NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        updated_ms INTEGER NOT NULL,
        language TEXT,
        version INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        retry_at_ms INTEGER,
        timings TEXT NOT NULL,
        PRIMARY KEY (id, version)
    ) WITHOUT ROWID;
",
    "
    -- core::Metadata: tags, access labels, fields of the document's own.
    ALTER TABLE documents ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE versions ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
",
];

/// Why a file cannot be used.
#[derive(Debug)]
pub(super) enum Refusal {
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// It is a database of something else's.
    Foreign,
    /// It was written by a later version of footnote.
    Newer(usize),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings the database to the newest version, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Refusal> {
    let pragma =
        |connection: &Connection, name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let version = usize::try_from(pragma(connection, "user_version")?).unwrap_or(usize::MAX);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables > 0 && pragma(connection, "application_id")? != i64::from(APPLICATION_ID) {
        return Err(Refusal::Foreign);
    }
    if version > MIGRATIONS.len() {
        return Err(Refusal::Newer(version));
    }
    for index in version..MIGRATIONS.len() {
        let transaction = connection.transaction()?;
        take_step(&transaction, index)?;
        transaction.commit()?;
    }
    Ok(())
}

fn take_step(connection: &Connection, index: usize) -> rusqlite::Result<()> {
    connection.execute_batch(MIGRATIONS[index])?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))
}

/// A catalog of an earlier version, for tests.
#[cfg(test)]
pub(super) fn migrate_to(connection: &Connection, version: usize) -> rusqlite::Result<()> {
    (0..version).try_for_each(|index| take_step(connection, index))
}
