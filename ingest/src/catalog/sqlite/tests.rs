//! The file itself: full disks, files that are no catalog, files of earlier versions.

use super::*;
use crate::catalog::tests::document;

async fn open() -> (SqliteCatalog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (SqliteCatalog::open(&folder.path().join("sub/catalog.db")).unwrap(), folder)
}

#[tokio::test]
async fn a_full_disk_is_named_and_changes_nothing() {
    let (catalog, _folder) = open().await;
    let small = document("small", &["a"]);
    catalog.begin(vec![small.clone()]).await.unwrap();
    // SQLite's own limit gives the same error as the disk's.
    catalog
        .write(|connection| {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))
        })
        .await
        .unwrap();
    let error = catalog.begin(vec![document("large", &["x".repeat(1 << 20).as_str()])]).await.unwrap_err();
    assert_eq!(error.code(), Code::DiskFull);
    assert!(error.message().contains("catalog.db") && error.hint_text().is_some());
    assert_eq!(catalog.documents("c", None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn files_that_are_no_catalog_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("words.db");
    fs_err::write(&words, "not a database, but long enough to have a header ".repeat(40)).unwrap();
    let error = SqliteCatalog::open(&words).err().unwrap();
    assert_eq!(error.code(), Code::DataFolderFormat, "{error}");

    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let error = SqliteCatalog::open(&foreign).err().unwrap();
    assert!(error.message().contains("not footnote's"), "{error}");

    let newer = folder.path().join("newer.db");
    drop(SqliteCatalog::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteCatalog::open(&newer).err().unwrap();
    assert!(error.message().contains("format 99"), "{error}");
}

#[tokio::test]
async fn a_catalog_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let old = Connection::open(&path).unwrap();
    schema::migrate_to(&old, 1).unwrap();
    let id = DocumentId::of("c", "one");
    old.execute(
        "INSERT INTO documents VALUES (?1, 'c', 'one', 'T', 'text/plain', 1, NULL, 'h', 0, '[]', 1, 'indexed', NULL, 0)",
        [id.0.as_bytes()],
    )
    .unwrap();
    old.execute("INSERT INTO texts VALUES (?1, 'a', '[]', '[]', '[]')", [id.0.as_bytes()]).unwrap();
    drop(old);

    let catalog = SqliteCatalog::open(&path).unwrap();
    let record = catalog.record(id).await.unwrap().unwrap();
    assert_eq!((record.version, record.status, record.language), (1, DocumentStatus::Indexed, None));
    assert_eq!(catalog.document(id).await.unwrap().unwrap().text, "a");
}
