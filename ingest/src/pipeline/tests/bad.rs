//! What cannot be ingested, and what must not be.

use super::*;

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
