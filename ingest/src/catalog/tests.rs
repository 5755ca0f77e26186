//! The catalog keeps what it was told.

use footnote_core::Span;
use footnote_core::document::{Heading, LineBox, Page, PageBox, PageRange};

use super::*;

fn document(uri: &str, words: &[&str]) -> IngestedDocument {
    let id = DocumentId::of("c", uri);
    let text = words.join(" ");
    let mut at = 0;
    let mut chunks = Vec::new();
    for (ordinal, word) in words.iter().enumerate() {
        chunks.push(Chunk {
            id: ChunkId::of(id, word, 0),
            document: id,
            ordinal: u32::try_from(ordinal).unwrap(),
            span: Span::new(at, at + word.len()),
            text: (*word).to_owned(),
            heading_path: vec!["A".into(), "B".into()],
            pages: Some(PageRange { start: 1, end: 2 }),
            tokens: 3,
        });
        at += word.len() + 1;
    }
    let record = DocumentRecord {
        id,
        collection: "c".into(),
        uri: uri.into(),
        title: "T".into(),
        media_type: "application/pdf".into(),
        language: None,
        bytes: 7,
        modified_ms: Some(-1),
        content_hash: "h".into(),
        pages: 2,
        pages_without_text: vec![2],
        chunks: u32::try_from(chunks.len()).unwrap(),
        status: DocumentStatus::Indexed,
        reason: None,
        version: 1,
        attempts: 0,
        retry_at_ms: None,
        timings: footnote_core::catalog::Timings::default(),
        metadata: footnote_core::Metadata::default(),
        updated_ms: 9,
    };
    let place = PageBox { page: 1, x0: 0.1, y0: 2.5, x1: 3.0, y1: 1.0e-7 };
    let document = Document {
        id,
        collection: "c".into(),
        uri: uri.into(),
        title: "T".into(),
        media_type: "application/pdf".into(),
        language: None,
        pages: vec![Page { number: 1, span: Span::new(0, text.len()) }],
        headings: vec![Heading { level: 2, span: Span::new(0, 1) }],
        lines: vec![LineBox { span: Span::new(0, 1), place }],
        text,
    };
    IngestedDocument { record, document, chunks }
}

fn ids(document: &IngestedDocument) -> Vec<ChunkId> {
    document.chunks.iter().map(|chunk| chunk.id).collect()
}

async fn open() -> (SqliteCatalog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (SqliteCatalog::open(&folder.path().join("sub/catalog.db")).unwrap(), folder)
}

#[tokio::test]
async fn what_was_committed_is_read_back_whole_after_reopening() {
    let (catalog, folder) = open().await;
    let one = document("one", &["alpha", "béta"]);
    catalog.begin(vec![one.clone()]).await.unwrap();
    assert_eq!(catalog.record(one.record.id).await.unwrap().unwrap().status, DocumentStatus::Indexing);
    assert!(catalog.chunk_ids("c").await.unwrap().is_empty());
    catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
    drop(catalog);

    let catalog = SqliteCatalog::open(&folder.path().join("sub/catalog.db")).unwrap();
    assert_eq!(catalog.document(one.record.id).await.unwrap(), Some(one.document.clone()));
    let record = DocumentRecord { status: DocumentStatus::Indexed, ..one.record.clone() };
    assert_eq!(catalog.record(one.record.id).await.unwrap(), Some(record.clone()));
    let backwards = [ids(&one)[1], ChunkId(uuid::Uuid::nil()), ids(&one)[0]];
    let found = catalog.chunks(&backwards).await.unwrap();
    assert_eq!(found, [(one.chunks[1].clone(), record.clone()), (one.chunks[0].clone(), record)]);
    assert_eq!(catalog.collections().await.unwrap(), ["c"]);
}

#[tokio::test]
async fn a_replaced_version_is_remembered_until_the_commit() {
    let (catalog, _folder) = open().await;
    let before = document("one", &["kept", "old"]);
    catalog.begin(vec![before.clone()]).await.unwrap();
    catalog.commit(&[(before.record.id, Timings::default())]).await.unwrap();
    let after = document("one", &["kept", "new"]);
    catalog.begin(vec![after.clone()]).await.unwrap();
    let mut known = catalog.chunk_ids_of(before.record.id).await.unwrap();
    assert_eq!(known.len(), 3, "kept, new, and old, which may still be in an index");
    catalog.commit(&[(before.record.id, Timings::default())]).await.unwrap();
    known = catalog.chunk_ids_of(before.record.id).await.unwrap();
    assert_eq!(known, ids(&after));
}

#[tokio::test]
async fn outcomes_and_removals_leave_no_chunk() {
    let (catalog, _folder) = open().await;
    let (one, two) = (document("one", &["a"]), document("two", &["b"]));
    catalog.begin(vec![one.clone(), two.clone()]).await.unwrap();
    catalog.commit(&[(one.record.id, Timings::default()), (two.record.id, Timings::default())]).await.unwrap();
    let failed = DocumentRecord {
        status: DocumentStatus::Failed,
        reason: Some("damaged".into()),
        chunks: 0,
        ..one.record.clone()
    };
    catalog.record_outcomes(vec![failed.clone()]).await.unwrap();
    let gone = DocumentRecord { status: DocumentStatus::Deleted, chunks: 0, ..two.record.clone() };
    catalog.begin(vec![IngestedDocument { record: gone.clone(), chunks: vec![], ..two.clone() }]).await.unwrap();
    catalog.commit(&[(two.record.id, Timings::default())]).await.unwrap();
    assert_eq!(catalog.documents("c", None).await.unwrap(), std::slice::from_ref(&failed));
    assert_eq!(catalog.documents("c", Some(DocumentStatus::Indexed)).await.unwrap(), []);
    assert_eq!(catalog.documents("c", Some(DocumentStatus::Deleted)).await.unwrap(), [gone]);
    assert_eq!(catalog.document(two.record.id).await.unwrap(), None, "no text is kept of what was deleted");
    assert_eq!(catalog.document(one.record.id).await.unwrap(), None);
    assert!(catalog.chunk_ids("c").await.unwrap().is_empty());
    assert!(catalog.chunk_ids_of(two.record.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_document_that_was_found_as_it_was_is_unchanged_and_still_indexed() {
    let (catalog, _folder) = open().await;
    let one = document("one", &["a"]);
    catalog.begin(vec![one.clone()]).await.unwrap();
    catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
    catalog.found_unchanged(&[(one.record.id, Some(77))]).await.unwrap();
    let record = catalog.record(one.record.id).await.unwrap().unwrap();
    assert_eq!((record.status, record.modified_ms), (DocumentStatus::Unchanged, Some(77)));
    assert_eq!(catalog.documents("c", Some(DocumentStatus::Indexed)).await.unwrap().len(), 1);
    assert_eq!(catalog.chunk_ids("c").await.unwrap(), ids(&one));
}

#[tokio::test]
async fn replaced_versions_are_remembered_as_they_stood() {
    let (catalog, _folder) = open().await;
    let mut one = document("one", &["a"]);
    for version in 1..=3 {
        one.record.version = version;
        one.record.content_hash = format!("h{version}");
        catalog.begin(vec![one.clone()]).await.unwrap();
        catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
    }
    let versions = catalog.versions(one.record.id).await.unwrap();
    let seen: Vec<_> = versions.iter().map(|old| (old.version, old.content_hash.as_str(), old.status)).collect();
    assert_eq!(seen, [(2, "h2", DocumentStatus::Indexed), (1, "h1", DocumentStatus::Indexed)]);
}

#[tokio::test]
async fn twins_are_indexed_chunks_of_the_same_content_in_the_same_collection() {
    let (catalog, _folder) = open().await;
    let one = document("one", &["alpha"]);
    let content = crate::hash::content_hash(&one.chunks[0], "one", "T");
    catalog.begin(vec![one.clone()]).await.unwrap();
    assert!(catalog.twins("c", &[content]).await.unwrap().is_empty(), "not before the commit");
    catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
    assert_eq!(catalog.twins("c", &[content]).await.unwrap(), HashMap::from([(content, one.chunks[0].id)]));
    assert!(catalog.twins("other", &[content]).await.unwrap().is_empty());
}

#[tokio::test]
async fn marks_move_only_documents_that_are_not_indexed() {
    let (catalog, _folder) = open().await;
    let one = document("one", &["a"]);
    catalog.begin(vec![one.clone()]).await.unwrap();
    catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
    let waiting = document("two", &[]).record;
    catalog.record_outcomes(vec![DocumentRecord { status: DocumentStatus::Queued, ..waiting.clone() }]).await.unwrap();
    catalog.mark(&[one.record.id, waiting.id], DocumentStatus::Extracting).await.unwrap();
    let status = async |id| catalog.record(id).await.unwrap().unwrap().status;
    assert_eq!(status(one.record.id).await, DocumentStatus::Indexed);
    assert_eq!(status(waiting.id).await, DocumentStatus::Extracting);
}

#[tokio::test]
async fn facts_are_kept_and_make_a_collection() {
    let (catalog, _folder) = open().await;
    catalog.set_fact("new", "embedding_model", "a").await.unwrap();
    catalog.set_fact("new", "embedding_model", "b").await.unwrap();
    assert_eq!(catalog.fact("new", "embedding_model").await.unwrap().as_deref(), Some("b"));
    assert_eq!(catalog.fact("new", "dimension").await.unwrap(), None);
    assert_eq!(catalog.collections().await.unwrap(), ["new"]);
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
