//! One writes, others read; connections that break; what is said of a database that cannot be used.

use footnote_core::Code;

use super::testing::schema;
use super::*;
use crate::catalog::tests::document;

/// Cuts the connection that holds the writer's lock, and waits until it is gone.
async fn cut(postgres: &Postgres) {
    let lock = format!("footnote:{}", postgres.schema());
    let holder = "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' \
         AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)";
    assert_eq!(postgres.rows(holder, &[&lock]).await.unwrap().len(), 1, "one connection holds the lock");
}

#[tokio::test]
async fn one_writes_and_others_read_what_it_wrote() {
    let Some(schema) = schema() else { return };
    let early = PostgresCatalog::open_to_read(schema.postgres()).await.err().unwrap();
    assert_eq!(early.code(), Code::PathMissing, "{early}");
    let writer = PostgresCatalog::open_to_write(schema.postgres(), "footnote serve").await.unwrap();
    let second = PostgresCatalog::open_to_write(schema.postgres(), "footnote ingest").await.err().unwrap();
    assert_eq!(second.code(), Code::DataFolderInUse);
    assert!(second.message().contains("(footnote serve)"), "{second}");
    let reader = PostgresCatalog::open_to_read(schema.postgres()).await.unwrap();
    let one = document("one", &["alpha"]);
    writer.begin(vec![one.clone()]).await.unwrap();
    writer.commit(&[(one.record.id, Timings::default())]).await.unwrap();
    assert_eq!(reader.document(one.record.id).await.unwrap(), Some(one.document.clone()));
    assert!(reader.set_fact("c", "a", "b").await.is_err());
    drop(writer);
    // The server notices the end of a connection in its own time; the next one waits for that.
    PostgresCatalog::open_to_write(schema.postgres(), "footnote ingest").await.unwrap();
    schema.remove().await;
}

#[tokio::test]
async fn a_cut_connection_costs_neither_reader_nor_writer_anything() {
    let Some(schema) = schema() else { return };
    let writer = PostgresCatalog::open_to_write(schema.postgres(), "a test").await.unwrap();
    writer.set_fact("c", "a", "1").await.unwrap();
    cut(&schema.postgres()).await;
    writer.set_fact("c", "a", "2").await.unwrap();
    assert_eq!(writer.fact("c", "a").await.unwrap().as_deref(), Some("2"));
    schema.remove().await;
}

#[tokio::test]
async fn a_writer_that_was_replaced_meanwhile_writes_no_more() {
    let Some(schema) = schema() else { return };
    let first = PostgresCatalog::open_to_write(schema.postgres(), "the first").await.unwrap();
    cut(&schema.postgres()).await;
    let second = PostgresCatalog::open_to_write(schema.postgres(), "the second").await.unwrap();
    second.set_fact("c", "a", "2").await.unwrap();
    cut(&schema.postgres()).await;
    let refused = first.set_fact("c", "a", "1").await.unwrap_err();
    assert_eq!(refused.code(), Code::StoresDisagree, "{refused}");
    assert_eq!(first.fact("c", "a").await.unwrap().as_deref(), Some("2"));
    schema.remove().await;
}

#[tokio::test]
async fn what_sqlite_has_is_copied_whole() {
    let Some(schema) = schema() else { return };
    let folder = tempfile::tempdir().unwrap();
    let from = SqliteCatalog::open(&folder.path().join("catalog.sqlite")).unwrap();
    let (mut one, mut gone) = (document("one", &["alpha", "béta"]), document("gone", &["c"]));
    for version in 1..=3 {
        one.record.version = version;
        one.record.title = format!("Title\u{0} {version}");
        one.document.title.clone_from(&one.record.title);
        from.begin(vec![one.clone()]).await.unwrap();
        from.commit(&[(one.record.id, Timings::default())]).await.unwrap();
    }
    gone.record.status = DocumentStatus::Deleted;
    from.record_outcomes(vec![gone.record.clone()]).await.unwrap();
    from.set_fact("c", "embedding_model", "m").await.unwrap();

    let to = PostgresCatalog::open_to_write(schema.postgres(), "a test").await.unwrap();
    to.copy(&from, "c").await.unwrap();
    // Again, as after a connection that was lost at its end.
    to.copy(&from, "c").await.unwrap();
    let plain = |mut record: DocumentRecord| {
        record.title = record.title.replace('\0', "\u{fffd}");
        record
    };
    let expected: Vec<_> = from.documents("c", None).await.unwrap().into_iter().map(plain).collect();
    assert_eq!(to.documents("c", None).await.unwrap(), expected);
    let expected: Vec<_> = from.versions(one.record.id).await.unwrap().into_iter().map(plain).collect();
    assert_eq!(to.versions(one.record.id).await.unwrap(), expected);
    assert_eq!(to.documents("c", Some(DocumentStatus::Deleted)).await.unwrap(), [gone.record]);
    assert_eq!(to.document(one.record.id).await.unwrap().unwrap().text, one.document.text);
    assert_eq!(to.chunk_ids("c").await.unwrap().len(), 2);
    assert_eq!(to.fact("c", "embedding_model").await.unwrap().as_deref(), Some("m"));
    let content = crate::hash::content_hash(&one.chunks[0], &one.record.uri, &one.record.title);
    assert_eq!(to.twins("c", &[content]).await.unwrap(), from.twins("c", &[content]).await.unwrap());
    schema.remove().await;
}

#[tokio::test]
async fn tables_of_another_version_are_left_alone() {
    let Some(schema) = schema() else { return };
    drop(PostgresCatalog::open_to_write(schema.postgres(), "a test").await.unwrap());
    schema.postgres().execute("UPDATE footnote SET version = 99", &[]).await.unwrap();
    let later = PostgresCatalog::open_to_read(schema.postgres()).await.err().unwrap();
    assert!(later.code() == Code::DataFolderFormat && later.message().contains("format 99"), "{later}");
    schema.postgres().execute("UPDATE footnote SET version = 0", &[]).await.unwrap();
    let earlier = PostgresCatalog::open_to_read(schema.postgres()).await.err().unwrap();
    assert!(earlier.hint_text().unwrap().contains("update the footnote that ingests"), "{earlier}");
    schema.remove().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_said_without_its_password() {
    let Some(schema) = schema() else { return };
    let url: tokio_postgres::Config = schema.url().parse().unwrap();
    let password = String::from_utf8_lossy(url.get_password().unwrap()).into_owned();
    let cases = [
        (schema.url().replace(&password, "wr0ng"), Code::StoreRefused, "password"),
        (schema.url().replace("/postgres?", "/nowhere?"), Code::StoreRefused, "nowhere"),
        ("postgresql://footnote:wr0ng@127.0.0.1:1/postgres".to_owned(), Code::StoreUnavailable, "127.0.0.1:1"),
    ];
    for (url, code, word) in cases {
        let error = PostgresCatalog::open_to_read(schema.at(&url)).await.err().unwrap();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(word) && error.hint_text().is_some(), "{error:?}");
        assert!(!format!("{error:?}").contains("wr0ng") && !format!("{error:?}").contains(&password), "{error:?}");
    }
    let wrong = PostgresOptions {
        url: "postgresql://me:s3cret@h:x/d".into(),
        schema: "s".into(),
        timeout: std::time::Duration::from_secs(1),
        connections: 1,
    };
    let error = Postgres::new(wrong).err().unwrap();
    assert!(error.code() == Code::SettingsInvalid && !format!("{error:?}").contains("s3cret"), "{error:?}");
}
