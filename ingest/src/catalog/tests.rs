//! Both catalogs keep what they were told.

use std::collections::HashMap;
use std::sync::Arc;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument, Timings};
use footnote_core::document::{Heading, LineBox, Page, PageBox, PageRange};
use footnote_core::metadata::{FieldValue, Metadata};
use footnote_core::seam::CatalogWriter;
use footnote_core::{Chunk, ChunkId, Document, DocumentId, Grants, Span};

use super::postgres::testing::{Schema, schema};
use super::{PostgresCatalog, SqliteCatalog};

/// Where a catalog is tried.
enum Place {
    File(tempfile::TempDir),
    Database(Schema),
}

/// A file, and a schema of the database of `FOOTNOTE_POSTGRES_URL` where there is one.
fn places() -> Vec<Place> {
    let file = Place::File(tempfile::tempdir().unwrap());
    std::iter::once(file).chain(schema().map(Place::Database)).collect()
}

impl Place {
    async fn open(&self) -> Arc<dyn CatalogWriter> {
        match self {
            Self::File(folder) => Arc::new(SqliteCatalog::open(&folder.path().join("sub/catalog.db")).unwrap()),
            Self::Database(schema) => {
                Arc::new(PostgresCatalog::open_to_write(schema.postgres(), "a test").await.unwrap())
            }
        }
    }

    async fn remove(self) {
        if let Self::Database(schema) = self {
            schema.remove().await;
        }
    }
}

pub(super) fn document(uri: &str, words: &[&str]) -> IngestedDocument {
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

#[tokio::test]
async fn what_was_committed_is_read_back_whole_after_reopening() {
    for place in places() {
        let catalog = place.open().await;
        let one = document("one", &["alpha", "béta"]);
        catalog.begin(vec![one.clone()]).await.unwrap();
        assert_eq!(catalog.record(one.record.id).await.unwrap().unwrap().status, DocumentStatus::Indexing);
        assert!(catalog.chunk_ids("c").await.unwrap().is_empty());
        catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
        drop(catalog);

        let catalog = place.open().await;
        assert_eq!(catalog.document(one.record.id).await.unwrap(), Some(one.document.clone()));
        let record = DocumentRecord { status: DocumentStatus::Indexed, ..one.record.clone() };
        assert_eq!(catalog.record(one.record.id).await.unwrap(), Some(record.clone()));
        let backwards = [ids(&one)[1], ChunkId(uuid::Uuid::nil()), ids(&one)[0]];
        let found = catalog.chunks(&backwards).await.unwrap();
        assert_eq!(found, [(one.chunks[1].clone(), record.clone()), (one.chunks[0].clone(), record)]);
        assert_eq!(catalog.collections().await.unwrap(), ["c"]);
        place.remove().await;
    }
}

#[tokio::test]
async fn a_replaced_version_is_remembered_until_the_commit() {
    for place in places() {
        let catalog = place.open().await;
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
        place.remove().await;
    }
}

#[tokio::test]
async fn outcomes_and_removals_leave_no_chunk() {
    for place in places() {
        let catalog = place.open().await;
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
        place.remove().await;
    }
}

#[tokio::test]
async fn a_document_that_was_found_as_it_was_is_unchanged_and_still_indexed() {
    for place in places() {
        let catalog = place.open().await;
        let one = document("one", &["a"]);
        catalog.begin(vec![one.clone()]).await.unwrap();
        catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
        catalog.found_unchanged(&[(one.record.id, Some(77))]).await.unwrap();
        let record = catalog.record(one.record.id).await.unwrap().unwrap();
        assert_eq!((record.status, record.modified_ms), (DocumentStatus::Unchanged, Some(77)));
        assert_eq!(catalog.documents("c", Some(DocumentStatus::Indexed)).await.unwrap().len(), 1);
        assert_eq!(catalog.chunk_ids("c").await.unwrap(), ids(&one));
        place.remove().await;
    }
}

#[tokio::test]
async fn replaced_versions_are_remembered_as_they_stood() {
    for place in places() {
        let catalog = place.open().await;
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
        place.remove().await;
    }
}

#[tokio::test]
async fn twins_are_indexed_chunks_of_the_same_content_in_the_same_collection() {
    for place in places() {
        let catalog = place.open().await;
        let one = document("one", &["alpha"]);
        let content = crate::hash::content_hash(&one.chunks[0], "one", "T");
        catalog.begin(vec![one.clone()]).await.unwrap();
        assert!(catalog.twins("c", &[content]).await.unwrap().is_empty(), "not before the commit");
        catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
        assert_eq!(catalog.twins("c", &[content]).await.unwrap(), HashMap::from([(content, one.chunks[0].id)]));
        assert!(catalog.twins("other", &[content]).await.unwrap().is_empty());
        place.remove().await;
    }
}

#[tokio::test]
async fn marks_move_only_documents_that_are_not_indexed() {
    for place in places() {
        let catalog = place.open().await;
        let one = document("one", &["a"]);
        catalog.begin(vec![one.clone()]).await.unwrap();
        catalog.commit(&[(one.record.id, Timings::default())]).await.unwrap();
        let waiting = document("two", &[]).record;
        catalog
            .record_outcomes(vec![DocumentRecord { status: DocumentStatus::Queued, ..waiting.clone() }])
            .await
            .unwrap();
        catalog.mark(&[one.record.id, waiting.id], DocumentStatus::Extracting).await.unwrap();
        let status = async |id| catalog.record(id).await.unwrap().unwrap().status;
        assert_eq!(status(one.record.id).await, DocumentStatus::Indexed);
        assert_eq!(status(waiting.id).await, DocumentStatus::Extracting);
        place.remove().await;
    }
}

#[tokio::test]
async fn facts_are_kept_and_make_a_collection() {
    for place in places() {
        let catalog = place.open().await;
        catalog.set_fact("new", "embedding_model", "a").await.unwrap();
        catalog.set_fact("new", "embedding_model", "b").await.unwrap();
        assert_eq!(catalog.fact("new", "embedding_model").await.unwrap().as_deref(), Some("b"));
        assert_eq!(catalog.fact("new", "dimension").await.unwrap(), None);
        assert_eq!(catalog.collections().await.unwrap(), ["new"]);
        place.remove().await;
    }
}

#[tokio::test]
async fn fields_are_known_to_whom_their_documents_may_be_shown() {
    for place in places() {
        let catalog = place.open().await;
        let (mut open, mut hidden) = (document("open", &["a"]), document("hidden", &["b"]));
        let field = |name: &str| [(name.to_owned(), FieldValue::Number(1.0))].into();
        open.record.metadata = Metadata { fields: field("year"), ..Metadata::default() };
        hidden.record.metadata =
            Metadata { fields: field("pay"), labels: vec!["hr".into(), "board".into()], ..Metadata::default() };
        hidden.record.language = Some("de".into());
        let done = [open.record.id, hidden.record.id].map(|id| (id, Timings::default()));
        catalog.begin(vec![open, hidden.clone()]).await.unwrap();
        assert!(!catalog.has_field("c", "year", &Grants::All).await.unwrap(), "not before the commit");
        catalog.commit(&done).await.unwrap();
        let only = |labels: &[&str]| Grants::Only(labels.iter().map(|label| (*label).into()).collect());
        for (name, grants, known) in [
            ("year", Grants::All, true),
            ("year", only(&[]), true),
            ("pay", Grants::All, true),
            ("pay", only(&["sales", "hr"]), true),
            ("pay", only(&["sales"]), false),
            ("pay", only(&[]), false),
            ("none", Grants::All, false),
        ] {
            assert_eq!(catalog.has_field("c", name, &grants).await.unwrap(), known, "{name} {grants:?}");
        }
        for (grants, seen) in [(Grants::All, 2), (only(&["board"]), 2), (only(&["sales"]), 1), (only(&[]), 1)] {
            assert_eq!(catalog.visible("c", &grants).await.unwrap(), seen, "{grants:?}");
        }
        assert_eq!(catalog.languages("c").await.unwrap(), ["de"]);
        assert_eq!(catalog.record(hidden.record.id).await.unwrap().unwrap().metadata, hidden.record.metadata);
        place.remove().await;
    }
}

#[tokio::test]
async fn a_catalog_that_was_made_anew_is_taken_over_whole() {
    for place in places() {
        let catalog = place.open().await;
        let (kept, lost) = (document("kept", &["one two"]), document("lost", &["three"]));
        let done = [kept.record.id, lost.record.id].map(|id| (id, Timings::default()));
        catalog.begin(vec![kept.clone(), lost.clone()]).await.unwrap();
        catalog.commit(&done).await.unwrap();

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("next.db");
        let next = SqliteCatalog::open(&file).unwrap();
        let mut cut = document("kept", &["one", "two"]);
        cut.record.title = "Another title".into();
        next.begin(vec![cut.clone()]).await.unwrap();
        next.commit(&done[..1]).await.unwrap();
        let failed =
            DocumentRecord { status: DocumentStatus::Failed, reason: Some("its text is lost".into()), ..lost.record };
        next.record_outcomes(vec![failed]).await.unwrap();
        next.set_fact("c", "chunking", "new").await.unwrap();
        drop(next);

        catalog.adopt(&file, "c", &[("generation", "1")]).await.unwrap();
        assert_eq!(catalog.chunk_ids_of(kept.record.id).await.unwrap(), ids(&cut));
        let found = catalog.chunks(&ids(&cut)).await.unwrap();
        assert_eq!(found.iter().map(|(chunk, _)| chunk.clone()).collect::<Vec<_>>(), cut.chunks);
        let record = catalog.record(kept.record.id).await.unwrap().unwrap();
        assert_eq!(
            (record.title.as_str(), record.chunks, record.status),
            ("Another title", 2, DocumentStatus::Indexed)
        );
        let record = catalog.record(lost.record.id).await.unwrap().unwrap();
        assert_eq!((record.status, record.content_hash.as_str()), (DocumentStatus::Failed, ""));
        assert!(catalog.chunk_ids_of(lost.record.id).await.unwrap().is_empty());
        assert_eq!(catalog.fact("c", "generation").await.unwrap().as_deref(), Some("1"));
        assert_eq!(catalog.fact("c", "chunking").await.unwrap().as_deref(), Some("new"));
        place.remove().await;
    }
}
