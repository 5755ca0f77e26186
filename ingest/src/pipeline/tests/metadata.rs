//! What filters are told of documents: by front matter, by rules, by whoever uploaded them.

use footnote_core::{Facts, Grants};

use super::*;
use crate::metadata::{Rule, UNREADABLE, notes};

fn rule(path: &str, labels: &[&str], tags: &[&str]) -> Rule {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Rule { path: path.into(), labels: words(labels), tags: words(tags), ..Rule::default() }
}

impl World {
    async fn ingest_by(&self, rules: Vec<Rule>, path: &str) -> IngestReport {
        let rules = Rules::new(rules, Some(self.folder.path().join("docs/uploads")));
        let options = IngestOptions { rules, ..self.ingestor().options };
        let ingestor = Ingestor::new(self.stores(), options).unwrap();
        ingestor.ingest_paths(&[self.path(path)], &(), &CancellationToken::new()).await.unwrap()
    }

    async fn record(&self, name: &str) -> DocumentRecord {
        let uri = format!("file://{}", fs_err::canonicalize(self.path("")).unwrap().join(name).display());
        self.catalog.record(DocumentId::of("default", &uri)).await.unwrap().unwrap()
    }

    /// What both indexes were told of a document; the same of each of its chunks, and what its row says.
    async fn told(&self, name: &str) -> Facts {
        let record = self.record(name).await;
        let facts = Facts::of(&record);
        for chunk in self.catalog.chunk_ids_of(record.id).await.unwrap() {
            assert_eq!(*self.vectors.facts.lock().unwrap()[&chunk], facts, "{name}");
            assert_eq!(*self.keyword.facts.lock().unwrap()[&chunk], facts, "{name}");
        }
        facts
    }
}

fn with_front_matter(front: &str) -> String {
    format!("---\n{front}\n---\n{}", guide("two"))
}

#[tokio::test]
async fn model_a_front_matter_reaches_both_indexes_and_the_catalog() {
    let world = World::new();
    world.write("a.md", with_front_matter("title: A guide\ntags: [lamps]\nlabels: [hr]\nyear: 2018"));
    world.write("b.md", guide("other"));
    assert_eq!(world.ingest().await.unwrap().added, 2);
    let facts = world.told("a.md").await;
    for word in ["tags=lamps", "label=hr", "fields.year=2018"] {
        assert!(facts.holds(word), "{word}: {facts:?}");
    }
    assert_eq!(
        (facts.numbers["fields.year"].as_slice(), world.record("a.md").await.title.as_str()),
        ([2018.0].as_slice(), "A guide")
    );
    assert!(world.told("b.md").await.holds("label="));
    let (all, none, hr) = (Grants::All, Grants::Only(vec![]), Grants::Only(vec!["hr".into()]));
    for (name, grants, there) in
        [("year", &all, true), ("year", &none, false), ("year", &hr, true), ("month", &all, false)]
    {
        assert_eq!(world.catalog.has_field("default", name, grants).await.unwrap(), there, "{name} {grants:?}");
    }
    assert_eq!(world.catalog.languages("default").await.unwrap(), ["en"]);

    // Another front matter over the same text: other facts, the same vectors.
    world.embedded_since();
    world.write("a.md", with_front_matter("title: A guide\ntags: [halls]"));
    assert_eq!(world.ingest().await.unwrap().changed, 1);
    assert!(world.embedded_since().is_empty());
    let facts = world.told("a.md").await;
    assert!(facts.holds("tags=halls") && facts.holds("label=") && !facts.holds("tags=lamps"), "{facts:?}");
}

#[tokio::test]
async fn model_other_rules_reach_documents_that_did_not_change_without_the_model() {
    let world = World::new();
    world.write("hr/a.md", with_front_matter("labels: [everybody]"));
    world.write("it/b.md", guide("it"));
    world.write("hr/empty.txt", "");
    world.ingest_by(vec![], "").await;
    assert!(world.told("hr/a.md").await.holds("label=everybody"));
    world.embedded_since();
    // The files may be gone by now: nothing is read.
    let rules = || vec![rule("hr/**", &["hr"], &["people"])];
    let report = world.ingest_by(rules(), "it").await;
    assert_eq!((report.changed, report.unchanged, report.embedded), (1, 1, 0), "also outside of the paths of the run");
    let facts = world.told("hr/a.md").await;
    assert!(facts.holds("label=hr") && facts.holds("tags=people") && !facts.holds("label=everybody"), "{facts:?}");
    assert!(world.told("it/b.md").await.holds("label="));
    assert_eq!(world.record("hr/empty.txt").await.metadata.labels, ["hr"], "what is in no index has labels, too");
    assert_eq!(world.ingest_by(rules(), "").await.changed, 0);
    // Without rules it is as it says itself.
    assert_eq!(world.ingest_by(vec![], "").await.changed, 1);
    assert!(world.told("hr/a.md").await.holds("label=everybody"));
    assert!(world.embedded_since().is_empty() && world.verify().await.is_clean());
    assert_eq!(world.bodies().len(), 4);
}

#[tokio::test]
async fn model_a_crash_at_any_step_of_a_change_of_rules_is_mended_by_the_next_run() {
    let mut steps = 0;
    loop {
        let world = World::new();
        world.write("hr/a.md", guide("two"));
        world.ingest_by(vec![], "").await;
        world.fuse.cut_after(steps);
        let rules = || Rules::new(vec![rule("hr/**", &["hr"], &[])], None);
        let ingestor = || {
            let options = IngestOptions { rules: rules(), ..world.ingestor().options };
            Ingestor::new(world.stores(), options).unwrap()
        };
        let crashed = ingestor().ingest_paths(&[world.path("")], &(), &CancellationToken::new()).await.is_err();
        world.fuse.mend();
        world.keyword.lose_pending();
        ingestor().ingest_paths(&[world.path("")], &(), &CancellationToken::new()).await.unwrap();
        assert!(world.told("hr/a.md").await.holds("label=hr"), "after {steps} steps");
        assert!(world.verify().await.is_clean(), "after {steps} steps");
        if !crashed {
            break;
        }
        steps += 1;
    }
    assert!(steps > 4, "the run has more steps than {steps}");
}

#[tokio::test]
async fn model_a_file_that_was_touched_is_found_by_its_new_time() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.ingest().await.unwrap();
    world.embedded_since();
    let file = fs_err::File::options().write(true).open(world.path("a.md")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000)).unwrap();
    let report = world.ingest().await.unwrap();
    assert_eq!((report.unchanged, report.changed), (1, 0));
    assert_eq!(world.told("a.md").await.numbers["modified"], [1_000_000.0]);
    assert!(world.embedded_since().is_empty() && world.verify().await.is_clean());
}

#[tokio::test]
async fn model_what_is_said_of_an_upload_counts_before_what_it_says_and_is_kept() {
    let world = World::new();
    world.write("uploads/default/a.md", with_front_matter("labels: [everybody]"));
    let uploads = fs_err::canonicalize(world.path("uploads")).unwrap();
    let say = |label: &str| notes::write(&uploads, "default", "a.md", Some(vec![label.into()]), None).unwrap();
    say("hr");
    world.ingest_by(vec![], "uploads/default/a.md").await;
    assert!(world.told("uploads/default/a.md").await.holds("label=hr"));
    // Sent again, word for word, with another label.
    say("board");
    world.write("uploads/default/a.md", with_front_matter("labels: [everybody]"));
    world.ingest_by(vec![], "uploads/default/a.md").await;
    let facts = world.told("uploads/default/a.md").await;
    assert!(facts.holds("label=board") && !facts.holds("label=hr") && !facts.holds("label=everybody"), "{facts:?}");
    // Rules count before both.
    world.ingest_by(vec![rule("uploads/**", &["staff"], &[])], "uploads/default/a.md").await;
    assert!(world.told("uploads/default/a.md").await.holds("label=staff"));
    assert!(!world.told("uploads/default/a.md").await.holds("label=board"));
}

#[tokio::test]
async fn model_a_front_matter_that_cannot_be_read_is_text_and_closes_the_document() {
    let world = World::new();
    world.write("a.md", with_front_matter("title: Plan: two\nlabels: [hr"));
    let report = world.ingest().await.unwrap();
    assert_eq!((report.added, report.problems.len()), (1, 0));
    assert!(world.bodies().iter().any(|body| body.contains("labels: [hr")));
    assert!(world.told("a.md").await.holds(&format!("label={UNREADABLE}")));
}

#[tokio::test]
async fn model_rules_hold_for_files_in_archives() {
    use std::io::Write;
    let world = World::new();
    let mut zip = zip::ZipWriter::new(fs_err::File::create(world.path("pack.zip")).unwrap());
    for name in ["hr/a.md", "it/b.md"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(guide(name).as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    world.ingest_by(vec![rule("hr/**", &["hr"], &[])], "").await;
    assert!(world.told("pack.zip!/hr/a.md").await.holds("label=hr"));
    assert!(world.told("pack.zip!/it/b.md").await.holds("label="));
    let report = world.ingest_by(vec![rule("*.zip!/**", &["packed"], &[]), rule("*.zip", &["packed"], &[])], "").await;
    assert_eq!((report.changed, report.embedded), (3, 0));
    assert!(world.told("pack.zip!/it/b.md").await.holds("label=packed"));
    assert_eq!(world.record("pack.zip").await.metadata.labels, ["packed"]);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn model_a_document_can_be_found_by_its_name_and_a_rename_embeds_what_changes() {
    let world = World::new();
    world.write("AMD_2016_10K.md", "# FORM 10-K\n\nThe company sold lamps.");
    world.ingest().await.unwrap();
    let embedded = world.embedded_since();
    assert!(embedded[0].starts_with("AMD 2016 10K > FORM 10-K\n"), "{embedded:?}");
    // Another name by which it would be asked for…
    fs_err::rename(world.path("AMD_2016_10K.md"), world.path("AMD_2017_10K.md")).unwrap();
    let report = world.ingest().await.unwrap();
    assert_eq!((report.moved, report.embedded), (1, 1));
    // …and one that says the same.
    world.embedded_since();
    fs_err::rename(world.path("AMD_2017_10K.md"), world.path("AMD-2017-10K.md")).unwrap();
    let report = world.ingest().await.unwrap();
    assert_eq!((report.moved, report.embedded), (1, 0));
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn model_files_that_an_earlier_footnote_read_are_read_again() {
    let world = World::new();
    world.write("a/one.md", with_front_matter("tags: [lamps]"));
    world.write("b/two.md", guide("b"));
    world.ingest().await.unwrap();
    let record = world.record("a/one.md").await;
    // As it was before front matters were read.
    let stored = retell::stored(&world.stores(), DocumentRecord { metadata: Default::default(), ..record }).await;
    let stored = stored.unwrap().unwrap();
    let id = stored.record.id;
    world.catalog.begin(vec![stored]).await.unwrap();
    world.catalog.commit(&[(id, footnote_core::catalog::Timings::default())]).await.unwrap();
    world.catalog.set_fact("default", facts::READING, "2 ocr=off").await.unwrap();
    world.embedded_since();
    let token = CancellationToken::new();
    world.ingestor().ingest_paths(&[world.path("b")], &(), &token).await.unwrap();
    assert!(world.told("a/one.md").await.holds("tags=lamps"), "though this run was about another folder");
    assert!(world.embedded_since().is_empty());
}
