//! The worker keeps its promises: nothing in silence, nothing twice, nothing half.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use footnote_core::catalog::{DocumentStatus, IngestedDocument};
use footnote_core::seam::Catalog;
use footnote_core::{Chunk, ChunkId, DocumentId, Span};

use super::fakes::{FakeEmbedder, FakeKeyword, FakeVectors, Fuse, FusedCatalog};
use super::*;
use crate::catalog::SqliteCatalog;
use crate::models::tokenizer_path;
use crate::progress::Event;
use crate::verify::{VerifyReport, verify};

const LIMIT: u64 = 1 << 20;

/// A folder of documents, and stores beside it.
struct World {
    folder: tempfile::TempDir,
    fuse: Fuse,
    catalog: Arc<FusedCatalog>,
    embedder: Arc<FakeEmbedder>,
    vectors: Arc<FakeVectors>,
    keyword: Arc<FakeKeyword>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("docs")).unwrap();
        let fuse = Fuse::after(usize::MAX);
        let inner = SqliteCatalog::open(&folder.path().join("catalog.db")).unwrap();
        Self {
            catalog: Arc::new(FusedCatalog { inner, fuse: fuse.clone() }),
            embedder: Arc::new(FakeEmbedder::new("model-a", &fuse)),
            vectors: Arc::new(FakeVectors::new(&fuse)),
            keyword: Arc::new(FakeKeyword::new(&fuse)),
            folder,
            fuse,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("docs").join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs_err::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs_err::write(self.path(name), content).unwrap();
    }

    fn stores(&self) -> Stores {
        Stores {
            catalog: self.catalog.clone(),
            embedder: self.embedder.clone(),
            vectors: self.vectors.clone(),
            keyword: self.keyword.clone(),
        }
    }

    fn ingestor(&self) -> Ingestor {
        let options = IngestOptions {
            collection: "default".into(),
            chunk: ChunkOptions { max_tokens: 64, overlap_tokens: 0 },
            tokenizer: tokenizer_path(),
            max_file_bytes: LIMIT,
            follow_links: false,
            reader: ReaderOptions {
                isolation: crate::reader::Isolation::Thread,
                workers: 0,
                memory_bytes: 1 << 30,
                deadline: Duration::from_secs(30),
                page_deadline: Duration::from_secs(30),
                ocr: crate::reader::OcrOptions::default(),
            },
            archive: ArchiveLimits { max_files: 100, max_bytes: 1 << 24, max_file_bytes: LIMIT },
            retry: Retry::default(),
        };
        Ingestor::new(self.stores(), options).unwrap()
    }

    async fn ingest(&self) -> Result<IngestReport> {
        self.ingestor().ingest_paths(&[self.path("")], &(), &CancellationToken::new()).await
    }

    async fn verify(&self) -> VerifyReport {
        verify(&*self.catalog, &*self.vectors, &*self.keyword, "default").await.unwrap()
    }

    fn embedded_since(&self) -> Vec<String> {
        std::mem::take(&mut *self.embedder.texts.lock().unwrap())
    }

    /// All that can be found: the bodies in the keyword index.
    fn bodies(&self) -> BTreeSet<String> {
        self.keyword.committed.lock().unwrap().values().cloned().collect()
    }

    async fn statuses(&self) -> Vec<(String, DocumentStatus)> {
        let records = self.catalog.documents("default", None).await.unwrap();
        let name = |uri: &str| Path::new(uri).file_name().unwrap().to_string_lossy().into_owned();
        let status = |status: DocumentStatus| if status.is_indexed() { DocumentStatus::Indexed } else { status };
        records.iter().map(|record| (name(&record.uri), status(record.status))).collect()
    }

    /// Lets ingestion of `path` die at the first step after which a document is half written.
    async fn die_while_writing(&self, path: &str) {
        for steps in 0.. {
            self.fuse.cut_after(steps);
            let died = self.ingestor().ingest_paths(&[self.path(path)], &(), &CancellationToken::new()).await;
            self.fuse.mend();
            self.keyword.lose_pending();
            assert_eq!(died.unwrap_err().code(), Code::DiskFull, "it was through before it wrote anything");
            if !self.catalog.documents("default", Some(DocumentStatus::Indexing)).await.unwrap().is_empty() {
                return;
            }
        }
    }
}

fn paragraph(word: &str) -> String {
    format!("This paragraph is about {word} and says so in enough words to be a chunk of its own here. ").repeat(2)
}

fn guide(middle: &str) -> String {
    format!(
        "# Guide\n\n## One\n\n{}\n\n## Two\n\n{}\n\n## Three\n\n{}\n",
        paragraph("one"),
        paragraph(middle),
        paragraph("three")
    )
}

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
async fn model_every_bad_file_gets_a_reason_and_the_others_are_ingested() {
    let world = World::new();
    world.write("good.md", "# Good\n\nWords.");
    world.write("picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0");
    world.write("torn.txt", b"caf\xc3\xa9 and caf\xc3\xa9 b\xff");
    world.write("empty.md", "");
    world.write("blank.html", "<p> </p>");
    world.write("broken.pdf", "%PDF-1.4\nbroken");
    world.write("sheet.xlsx", "words");
    world.write(".hidden.md", "hidden");
    let large = fs_err::File::create(world.path("large.txt")).unwrap();
    large.set_len(200 << 20).unwrap();

    for _ in 0..2 {
        let report = world.ingest().await.unwrap();
        assert_eq!((report.added + report.unchanged, report.skipped, report.failed), (1, 5, 3));
        let told = report.problems.iter().map(|problem| {
            let name = Path::new(&problem.uri).file_name().unwrap().to_string_lossy();
            format!("{name}: {:?}: {}", problem.outcome, problem.reason)
        });
        let expected = [
            ".hidden.md: Skipped: hidden: its name begins with a dot",
            "blank.html: Skipped: it holds no text",
            "broken.pdf: Failed: not a readable PDF: Invalid cross-reference table",
            "empty.md: Skipped: the file is empty",
            "large.txt: Skipped: 209715200 bytes, over the limit of 1048576 (ingest.max_file_bytes)",
            "picture.txt: Skipped: its content is binary (image/png)",
            "sheet.xlsx: Failed: named .xlsx, but its content is text",
            "torn.txt: Failed: not valid UTF-8 at byte 17 (line 1)",
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert!(
            report
                .problems
                .iter()
                .filter(|p| p.outcome == Outcome::Failed)
                .all(|p| p.hint.is_some() && p.code.is_some())
        );
        assert!(world.verify().await.is_clean());
    }
}

#[tokio::test]
async fn model_an_empty_or_missing_folder_deletes_nothing() {
    let world = World::new();
    world.write("a.txt", "words");
    world.ingest().await.unwrap();
    fs_err::remove_file(world.path("a.txt")).unwrap();
    assert_eq!(world.ingest().await.unwrap_err().code(), Code::NothingToIngest);
    fs_err::remove_dir(world.path("")).unwrap();
    assert_eq!(world.ingest().await.unwrap_err().code(), Code::PathMissing);
    assert_eq!(world.statuses().await.len(), 1);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn model_another_model_or_cutting_is_refused() {
    let world = World::new();
    world.write("a.txt", "words");
    world.ingest().await.unwrap();
    let stores = Stores { embedder: Arc::new(FakeEmbedder::new("model-b", &world.fuse)), ..world.stores() };
    let other_model = Ingestor::new(stores, world.ingestor().options).unwrap();
    let options = IngestOptions { chunk: ChunkOptions::default(), ..world.ingestor().options };
    let other_cutting = Ingestor::new(world.stores(), options).unwrap();
    for (ingestor, what) in [(other_model, "`model-a`"), (other_cutting, "max_tokens=64")] {
        let error = ingestor.ingest_paths(&[world.path("")], &(), &CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.code(), Code::IndexMismatch);
        assert!(error.message().contains(what) && error.hint_text().is_some(), "{error}");
    }
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
async fn model_a_full_disk_stops_the_run_and_the_stores_still_agree() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.ingest().await.unwrap();
    world.write("a.md", guide("other"));
    world.die_while_writing("").await;
    let report = world.ingest().await.unwrap();
    assert_eq!(report.recovered, 1);
    assert!(world.verify().await.is_clean());
}

/// Version one of a folder, then version two: one file the same, one changed, one gone, one broken, one new.
async fn changed_world() -> World {
    let world = World::new();
    for name in ["same.md", "changed.md", "gone.md", "breaks.txt"] {
        world.write(name, format!("# {name}\n\n{}\n\n## More\n\n{}", paragraph(name), paragraph("more")));
    }
    world.ingest().await.unwrap();
    world.write("changed.md", format!("# changed.md\n\n{}\n\n## More\n\n{}", paragraph("new"), paragraph("more")));
    fs_err::remove_file(world.path("gone.md")).unwrap();
    world.write("breaks.txt", b"caf\xc3\xa9 and caf\xc3\xa9 b\xff");
    world.write("new.md", paragraph("a new one"));
    world
}

#[tokio::test]
async fn model_a_crash_at_any_step_is_mended_by_the_next_run() {
    let whole = changed_world().await;
    whole.ingest().await.unwrap();
    let (bodies, statuses) = (whole.bodies(), whole.statuses().await);
    assert!(whole.verify().await.is_clean());
    assert_eq!(statuses[0], ("breaks.txt".to_owned(), DocumentStatus::Failed));

    let mut steps = 0;
    loop {
        let world = changed_world().await;
        world.fuse.cut_after(steps);
        let crashed = world.ingest().await.is_err();
        world.fuse.mend();
        world.keyword.lose_pending();
        world.ingest().await.unwrap();
        let report = world.verify().await;
        assert!(report.is_clean(), "after {steps} steps: {report:?}");
        assert_eq!(world.bodies(), bodies, "after {steps} steps");
        assert_eq!(world.statuses().await, statuses, "after {steps} steps");
        if !crashed {
            break;
        }
        steps += 1;
    }
    assert!(steps > 8, "the run has more steps than {steps}");
}

#[tokio::test]
async fn model_a_document_cut_short_is_finished_by_a_run_over_another_folder() {
    let world = World::new();
    world.write("one/a.md", guide("two"));
    world.write("two/b.md", "# B\n\nwords");
    world.die_while_writing("one").await;
    // What it had begun needs no file any more.
    fs_err::remove_file(world.path("one/a.md")).unwrap();
    let report = world.ingestor().ingest_paths(&[world.path("two")], &(), &CancellationToken::new()).await.unwrap();
    assert_eq!((report.recovered, report.added), (1, 1));
    assert_eq!(world.statuses().await.len(), 2);
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
    world.write("copy.md", guide("two"));
    let report = world.ingest().await.unwrap();
    assert_eq!((report.added, report.chunks, report.embedded), (2, 6, 3));
    world.write("late.md", guide("two"));
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
async fn model_a_poison_file_is_quarantined_and_its_neighbours_are_not() {
    let world = World::new();
    world.write("good.md", "# Good\n\nWords.");
    world.write("broken.pdf", "%PDF-1.4\nbroken");
    for _ in 0..3 {
        world.ingest().await.unwrap();
    }
    assert!(world.statuses().await.contains(&("broken.pdf".to_owned(), DocumentStatus::Quarantined)));
    let report = world.ingest().await.unwrap();
    assert_eq!((report.failed, report.unchanged), (1, 1));
    assert!(report.problems[0].hint.as_ref().unwrap().contains("--retry"));
    world.write("broken.pdf", "mended");
    fs_err::rename(world.path("broken.pdf"), world.path("mended.txt")).unwrap();
    assert_eq!(world.ingest().await.unwrap().added, 1);
}

#[tokio::test]
async fn model_a_cancelled_run_keeps_what_it_wrote() {
    let world = World::new();
    for number in 0..600 {
        world.write(&format!("{number}.txt"), format!("document number {number}"));
    }
    let token = CancellationToken::new();
    /// Cancels when the first documents are written.
    struct Cancels<'a>(&'a CancellationToken);
    impl Progress for Cancels<'_> {
        fn event(&self, event: Event<'_>) {
            if matches!(event, Event::Document { .. }) {
                self.0.cancel();
            }
        }
    }
    let error = world.ingestor().ingest_paths(&[world.path("")], &Cancels(&token), &token).await.unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
    assert!(world.verify().await.is_clean());
    let written = world.bodies().len();
    assert!((1..600).contains(&written), "{written}");
    let report = world.ingest().await.unwrap();
    assert_eq!(report.added, 600 - written);
    assert_eq!(world.bodies().len(), 600);
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
