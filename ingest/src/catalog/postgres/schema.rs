//! The tables, and the steps that lead to them.

use footnote_core::{Code, Result};

use super::connect::{Failure, Postgres};
use deadpool_postgres::ClientWrapper;

/// Each entry leads from the version of its index to the next; the schema's version is in `footnote`. Entries that were
/// released never change.
///
/// Names and uris are compared byte by byte (`COLLATE "C"`), as SQLite does. JSON is kept as text: `jsonb` refuses what
/// strings of JSON may hold (`\u0000`).
const MIGRATIONS: &[&str] = &[r#"
    -- Who writes: how often that changed, and what they call themselves.
    CREATE TABLE writer (turn BIGINT NOT NULL, holder TEXT NOT NULL);
    INSERT INTO writer VALUES (0, '');

    CREATE TABLE facts (
        collection TEXT COLLATE "C" NOT NULL,
        name TEXT COLLATE "C" NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (collection, name)
    );

    -- The id follows from collection and uri, so there is no index of uris: those of files in archives are too long for one.
    CREATE TABLE documents (
        id UUID NOT NULL PRIMARY KEY,
        collection TEXT COLLATE "C" NOT NULL,
        uri TEXT COLLATE "C" NOT NULL,
        title TEXT NOT NULL,
        media_type TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        modified_ms BIGINT,
        content_hash TEXT NOT NULL,
        pages BIGINT NOT NULL,
        pages_without_text TEXT NOT NULL,
        chunks BIGINT NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        updated_ms BIGINT NOT NULL,
        language TEXT COLLATE "C",
        version BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        retry_at_ms BIGINT,
        timings TEXT NOT NULL,
        metadata TEXT NOT NULL,
        -- The status that a document which is `indexing` gets when it is committed.
        goal TEXT NOT NULL,
        -- Of the metadata, what the catalog is asked for: names of fields, and labels (NULL: everybody may see it).
        fields TEXT[] NOT NULL,
        labels TEXT[]
    );
    CREATE INDEX documents_by_status ON documents (collection, status);

    CREATE TABLE texts (
        document UUID NOT NULL PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        pages TEXT NOT NULL,
        headings TEXT NOT NULL,
        lines TEXT NOT NULL
    );

    CREATE TABLE chunks (
        id UUID NOT NULL PRIMARY KEY,
        document UUID NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        ordinal BIGINT NOT NULL,
        span_start BIGINT NOT NULL,
        span_end BIGINT NOT NULL,
        text TEXT NOT NULL,
        heading_path TEXT NOT NULL,
        page_start BIGINT,
        page_end BIGINT,
        tokens BIGINT NOT NULL,
        -- What the embedding model read of it (core::ContentHash).
        content BYTEA NOT NULL
    );
    CREATE INDEX chunks_by_document ON chunks (document, ordinal);
    CREATE INDEX chunks_by_content ON chunks (content);

    -- Chunks of the version that a document replaces: they may still be in an index until it is committed.
    CREATE TABLE stale_chunks (
        document UUID NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        chunk UUID NOT NULL,
        PRIMARY KEY (document, chunk)
    );

    -- Versions that later ones replaced, as they last stood.
    CREATE TABLE versions (
        id UUID NOT NULL,
        collection TEXT COLLATE "C" NOT NULL,
        uri TEXT COLLATE "C" NOT NULL,
        title TEXT NOT NULL,
        media_type TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        modified_ms BIGINT,
        content_hash TEXT NOT NULL,
        pages BIGINT NOT NULL,
        pages_without_text TEXT NOT NULL,
        chunks BIGINT NOT NULL,
        status TEXT NOT NULL,
        reason TEXT,
        updated_ms BIGINT NOT NULL,
        language TEXT,
        version BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        retry_at_ms BIGINT,
        timings TEXT NOT NULL,
        metadata TEXT NOT NULL,
        PRIMARY KEY (id, version)
    );
"#];

/// The oldest server that is tried, as `server_version_num` counts.
const OLDEST: i64 = 130_000;

/// Brings the schema to the newest version, each step in a transaction of its own. Whoever calls it holds the writer's
/// lock.
pub(super) async fn migrate(postgres: &Postgres, client: &mut ClientWrapper) -> Result<(), Failure> {
    check_server(postgres, client).await?;
    let schema = postgres.schema();
    // Not "if not exists", which asks for the right to make schemas even where there is nothing to make.
    let there = client.query_one("SELECT to_regnamespace($1) IS NOT NULL", &[&schema]).await?;
    if !there.get::<_, bool>(0) {
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    client.batch_execute("CREATE TABLE IF NOT EXISTS footnote (version BIGINT NOT NULL)").await?;
    let version = client.query_opt("SELECT version FROM footnote", &[]).await?.map_or(0, |row| row.get::<_, i64>(0));
    let version = known(postgres, version)?;
    for (index, step) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = client.transaction().await?;
        transaction.batch_execute(step).await?;
        transaction.execute("DELETE FROM footnote", &[]).await?;
        transaction.execute("INSERT INTO footnote VALUES ($1)", &[&(index as i64 + 1)]).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Checks that there is a catalog, and one of this version: who only reads changes no tables.
///
/// # Errors
/// [`Code::PathMissing`] where nothing was ingested yet, [`Code::DataFolderFormat`] for another version.
pub(super) async fn check(postgres: &Postgres) -> Result<()> {
    let name = format!("{}.footnote", postgres.schema());
    let there = postgres.rows("SELECT to_regclass($1) IS NOT NULL", &[&name]).await?;
    let rows = match there.first().is_some_and(|row| row.get(0)) {
        true => postgres.rows("SELECT version FROM footnote", &[]).await?,
        false => Vec::new(),
    };
    let Some(row) = rows.first() else {
        return Err(postgres.told(
            Code::PathMissing,
            "nothing was ingested here yet",
            "ingest a folder first: footnote ingest PATH, with the same settings",
        ));
    };
    match known(postgres, row.get(0))? {
        version if version < MIGRATIONS.len() => Err(postgres.told(
            Code::DataFolderFormat,
            &format!("written by an earlier footnote (format {version})"),
            "update the footnote that ingests first: it brings the tables up to date when it starts",
        )),
        _ => Ok(()),
    }
}

fn known(postgres: &Postgres, version: i64) -> Result<usize> {
    let known = usize::try_from(version).ok().filter(|version| *version <= MIGRATIONS.len());
    known.ok_or_else(|| {
        postgres.told(
            Code::DataFolderFormat,
            &format!("written by a later footnote (format {version})"),
            "update this footnote, or name another database or schema ([catalog] url, schema)",
        )
    })
}

async fn check_server(postgres: &Postgres, client: &ClientWrapper) -> Result<(), Failure> {
    let question = "SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding')";
    let row = client.query_one(question, &[]).await?;
    let (version, encoding): (i64, String) = (row.get(0), row.get(1));
    if version < OLDEST {
        let what = format!("this server is version {}; footnote needs {} or later", version / 10_000, OLDEST / 10_000);
        return Err(postgres.told(Code::StoreVersion, &what, "update the server").into());
    }
    if encoding != "UTF8" {
        let what = format!("the database's encoding is {encoding}: not every text can be kept in it");
        let hint = "make one with: createdb --encoding UTF8 --template template0 NAME";
        return Err(postgres.told(Code::StoreVersion, &what, hint).into());
    }
    Ok(())
}
