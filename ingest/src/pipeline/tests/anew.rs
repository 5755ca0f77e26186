//! Indexes that are checked, mended and made anew.

use super::*;

#[tokio::test]
async fn verify_sees_what_is_missing_and_what_is_too_much() {
    let world = World::new();
    let (lost, stray) = (ChunkId::of(DocumentId::of("d", "u"), "x", 0), ChunkId::of(DocumentId::of("d", "u"), "y", 0));
    let text = Source::Text { uri: "set:1".into(), title: String::new(), text: "words".into() };
    let id = DocumentId::of("default", "set:1");
    let chunk = Chunk {
        id: lost,
        document: id,
        ordinal: 0,
        span: Span::new(0, 3),
        text: "not these".into(),
        heading_path: vec![],
        pages: None,
        tokens: 1,
    };
    let document = footnote_core::Document {
        id,
        collection: "default".into(),
        uri: text.uri(),
        title: String::new(),
        media_type: "text/plain".into(),
        language: None,
        text: "words".into(),
        pages: vec![],
        headings: vec![],
        lines: vec![],
    };
    let record = DocumentRecord {
        id,
        collection: "default".into(),
        uri: text.uri(),
        title: String::new(),
        media_type: "text/plain".into(),
        language: None,
        bytes: 5,
        modified_ms: None,
        content_hash: "h".into(),
        pages: 0,
        pages_without_text: vec![],
        chunks: 1,
        status: DocumentStatus::Indexed,
        reason: None,
        version: 1,
        attempts: 0,
        retry_at_ms: None,
        timings: footnote_core::catalog::Timings::default(),
        metadata: footnote_core::Metadata::default(),
        updated_ms: 0,
    };
    world.catalog.begin(vec![IngestedDocument { record, document, chunks: vec![chunk] }]).await.unwrap();
    assert_eq!(world.verify().await.unfinished, ["set:1"]);
    world.catalog.commit(&[(id, footnote_core::catalog::Timings::default())]).await.unwrap();
    world.vectors.chunks.lock().unwrap().insert(stray, vec![]);
    let report = world.verify().await;
    assert!(!report.is_clean());
    assert_eq!((report.vectors.missing, report.vectors.orphans), (vec![lost], vec![stray]));
    assert_eq!((report.keyword.missing, report.keyword.orphans), (vec![lost], vec![]));
    assert_eq!(report.wrong_text, [lost]);
}

#[tokio::test]
async fn model_an_index_is_made_anew_beside_the_old_one() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.write("b.txt", "words");
    world.ingest().await.unwrap();
    // The sources are gone: the texts in the catalog are enough.
    fs_err::remove_file(world.path("b.txt")).unwrap();
    let next = Stores {
        catalog: Arc::new(SqliteCatalog::open(&world.folder.path().join("next.db")).unwrap()),
        embedder: Arc::new(FakeEmbedder::new("model-b", &world.fuse)),
        vectors: Arc::new(FakeVectors::new(&world.fuse)),
        keyword: Arc::new(FakeKeyword::new(&world.fuse)),
    };
    let options = IngestOptions { chunk: ChunkOptions::default(), ..world.ingestor().options };
    let anew = Ingestor::new(next.clone(), options.clone()).unwrap();
    let from: Arc<dyn Catalog> = world.catalog.clone();
    let report = anew.rebuild(&from, &(), &CancellationToken::new()).await.unwrap();
    assert_eq!(report.added, 2);
    assert!(verify(&*next.catalog, &*next.vectors, &*next.keyword, "default").await.unwrap().is_clean());
    assert_eq!(anew.rebuild(&from, &(), &CancellationToken::new()).await.unwrap().added, 0, "it goes on where it was");

    world.catalog.inner.adopt(&world.folder.path().join("next.db"), "default", &[("generation", "1")]).await.unwrap();
    let swapped = Stores { catalog: world.catalog.clone(), ..next };
    assert!(verify(&*swapped.catalog, &*swapped.vectors, &*swapped.keyword, "default").await.unwrap().is_clean());
    assert_eq!(world.catalog.fact("default", "generation").await.unwrap().as_deref(), Some("1"));
    assert_eq!(world.catalog.fact("default", EMBEDDING_MODEL).await.unwrap().as_deref(), Some("model-b"));
    Ingestor::new(swapped, options)
        .unwrap()
        .ingest_paths(&[world.path("")], &(), &CancellationToken::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn model_what_outside_hands_broke_is_mended() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.write("b.txt", "words of b");
    world.ingest().await.unwrap();
    let lost = *world.vectors.chunks.lock().unwrap().keys().next().unwrap();
    world.vectors.chunks.lock().unwrap().remove(&lost);
    world.keyword.committed.lock().unwrap().clear();
    let stray = ChunkId::of(DocumentId::of("d", "u"), "y", 0);
    world.vectors.chunks.lock().unwrap().insert(stray, vec![]);
    let broken = world.verify().await;
    assert!(!broken.is_clean());
    let repair = world.ingestor().repair(&broken).await.unwrap();
    assert_eq!((repair.removed, repair.restored, repair.recut), (1, 4, 0));
    assert!(world.verify().await.is_clean());
    assert_eq!(world.bodies().len(), 4);
}
