//! What a run does: new, changed, moved, copied, deleted and packed files.

use super::*;

#[tokio::test]
async fn model_a_second_run_changes_nothing() {
    let world = World::new();
    world.write("guide.md", guide("two"));
    world.write("sub/page.html", "<title>Page</title><p>Some words of a page.");
    world.write("notes.txt", "A note.\n");
    let first = world.ingest().await.unwrap();
    assert_eq!((first.added, first.chunks, first.embedded), (3, 5, 5));
    assert!(first.problems.is_empty() && first.seconds > 0.0);
    assert!(world.verify().await.is_clean());
    assert_eq!(world.embedded_since().len(), 5);

    // Same content, later time: known by its hash.
    world.write("notes.txt", "A note.\n");
    let second = world.ingest().await.unwrap();
    assert_eq!((second.unchanged, second.added, second.changed, second.embedded), (3, 0, 0, 0));
    assert!(world.embedded_since().is_empty());
}

#[tokio::test]
async fn model_a_changed_paragraph_embeds_only_its_chunk_and_gone_files_go() {
    let world = World::new();
    world.write("guide.md", guide("two"));
    world.write("gone.txt", "Soon to be gone.");
    world.ingest().await.unwrap();
    world.embedded_since();

    world.write("guide.md", guide("something else"));
    fs_err::remove_file(world.path("gone.txt")).unwrap();
    let report = world.ingest().await.unwrap();
    assert_eq!((report.changed, report.removed, report.chunks, report.embedded), (1, 1, 3, 1));
    let embedded = world.embedded_since();
    assert!(embedded.len() == 1 && embedded[0].starts_with("Guide > Two\n") && embedded[0].contains("something else"));
    assert!(world.verify().await.is_clean());
    assert_eq!(world.statuses().await, [("guide.md".to_owned(), DocumentStatus::Indexed)]);
    assert!(!world.bodies().iter().any(|body| body.contains("about two") || body.contains("gone")));
}

#[tokio::test]
async fn model_texts_of_a_data_set_are_ingested_by_name() {
    let world = World::new();
    let text = |uri: &str, text: &str| Source::Text { uri: uri.into(), title: "T".into(), text: text.into() };
    let sources = vec![text("set:1", "one\r\ntwo"), text("set:2", "  "), text("set:1", "again")];
    let report = world.ingestor().ingest_sources(sources, &(), &CancellationToken::new()).await.unwrap();
    assert_eq!((report.added, report.skipped), (1, 2));
    let again = world
        .ingestor()
        .ingest_sources(vec![text("set:1", "one\r\ntwo")], &(), &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((again.unchanged, again.removed), (1, 0));
    let document = world.catalog.document(DocumentId::of("default", "set:1")).await.unwrap().unwrap();
    assert_eq!((document.text.as_str(), document.title.as_str()), ("one\ntwo", "T"));
}

/// Remembers events.
#[derive(Default)]
struct Watch(Mutex<Vec<String>>);

impl Progress for Watch {
    fn event(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[tokio::test]
async fn model_progress_tells_of_each_document_and_of_all_chunks() {
    let world = World::new();
    for number in 0..150 {
        world.write(&format!("{number}.txt"), format!("document number {number}"));
    }
    let watch = Watch::default();
    let report = world.ingestor().ingest_paths(&[world.path("")], &watch, &CancellationToken::new()).await.unwrap();
    assert_eq!((report.added, report.documents()), (150, 150));
    let events = watch.0.into_inner().unwrap();
    assert_eq!(events[0], "Discovered { documents: 150 }");
    assert_eq!(events.iter().filter(|event| event.starts_with("Document")).count(), 150);
    assert!(events.contains(&"Chunks { embedded: 150, known: 150 }".to_owned()));
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn model_a_document_is_removed_from_everything() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.write("b.txt", "words of another");
    world.ingest().await.unwrap();
    let records = world.catalog.documents("default", None).await.unwrap();
    for there in [true, false] {
        let removed = remove(&world.stores(), records[0].id, "by request").await.unwrap();
        assert_eq!(removed.is_some(), there);
    }
    assert!(world.verify().await.is_clean());
    assert_eq!(world.bodies(), BTreeSet::from(["words of another".to_owned()]));
    assert_eq!(world.vectors.chunks.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn model_a_renamed_file_moves_without_the_model() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.ingest().await.unwrap();
    world.embedded_since();
    fs_err::rename(world.path("a.md"), world.path("b.md")).unwrap();
    let report = world.ingest().await.unwrap();
    assert_eq!((report.moved, report.added, report.removed, report.embedded), (1, 0, 0, 0));
    assert!(world.embedded_since().is_empty() && world.verify().await.is_clean());
    assert_eq!(world.statuses().await, [("b.md".to_owned(), DocumentStatus::Indexed)]);
    let deleted = world.catalog.documents("default", Some(DocumentStatus::Deleted)).await.unwrap();
    assert!(deleted[0].reason.as_ref().unwrap().starts_with("moved to file://"), "{:?}", deleted[0].reason);
    // Its vectors are what they were.
    assert!(world.vectors.chunks.lock().unwrap().values().all(|vector| vector == &[1.0, 0.0]));
}

#[tokio::test]
async fn model_copies_are_embedded_once() {
    let world = World::new();
    world.write("a.md", guide("two"));
    // In a folder of its own: a file's name is embedded where the title says less, so that it is part of the content.
    world.write("copy/a.md", guide("two"));
    let report = world.ingest().await.unwrap();
    assert_eq!((report.added, report.chunks, report.embedded), (2, 6, 3));
    world.write("late/a.md", guide("two"));
    assert_eq!(world.ingest().await.unwrap().embedded, 0);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn model_a_file_named_after_it_was_deleted_leaves_and_comes_back_as_the_next_version() {
    let world = World::new();
    world.write("a.txt", "words of one");
    world.write("b.txt", "words of another");
    world.ingest().await.unwrap();
    fs_err::remove_file(world.path("a.txt")).unwrap();
    let token = CancellationToken::new();
    let report = world.ingestor().ingest_paths(&[world.path("a.txt")], &(), &token).await.unwrap();
    assert_eq!(report.removed, 1);
    assert_eq!(world.bodies(), BTreeSet::from(["words of another".to_owned()]));
    world.write("a.txt", "words again");
    world.ingest().await.unwrap();
    let record = world.catalog.documents("default", None).await.unwrap().remove(0);
    assert_eq!(record.version, 2);
    let versions = world.catalog.versions(record.id).await.unwrap();
    assert_eq!(versions[0].status, DocumentStatus::Deleted);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn model_every_file_of_an_archive_is_a_document() {
    use std::io::Write;
    let world = World::new();
    let pack = |files: &[(&str, &str)]| {
        let mut zip = zip::ZipWriter::new(fs_err::File::create(world.path("pack.zip")).unwrap());
        for (name, text) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    };
    pack(&[("a.md", "# A\n\nWords of a."), ("sub/b.txt", "Words of b."), ("c.bin", "\0\u{1}\u{2}")]);
    let report = world.ingest().await.unwrap();
    assert_eq!((report.added, report.skipped, report.failed), (3, 1, 0), "{:?}", report.problems);
    let again = world.ingest().await.unwrap();
    assert_eq!((again.unchanged, again.skipped, again.removed), (3, 1, 0));

    pack(&[("a.md", "# A\n\nWords of a."), ("sub/b.txt", "Other words.")]);
    let changed = world.ingest().await.unwrap();
    assert_eq!((changed.unchanged, changed.changed, changed.removed), (1, 2, 1));
    assert!(world.verify().await.is_clean());

    fs_err::remove_file(world.path("pack.zip")).unwrap();
    world.write("other.txt", "so that the folder is not empty");
    assert_eq!(world.ingest().await.unwrap().removed, 3);
    assert_eq!(world.bodies().len(), 1);
    assert!(world.verify().await.is_clean());
}
