//! Ingesting again: unchanged, changed, moved, removed, failed.

use footnote_tests::{Scenario, files, handbook};
use fs_err::{remove_dir_all, remove_file, rename};

const COUNTS: [&str; 6] = ["added", "changed", "moved", "unchanged", "removed", "embedded"];

/// What an ingestion did, which must succeed, in the order of [`COUNTS`].
fn counts(scenario: &Scenario) -> [u64; 6] {
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    COUNTS.map(|name| report[name].as_u64().unwrap())
}

#[test]
fn model_only_what_changed_is_done_again() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.write("documents/b.txt", "The blue kettle whistles at noon.\n");
    assert_eq!(counts(&scenario), [2, 0, 0, 0, 0, 2]);
    assert_eq!(counts(&scenario), [0, 0, 0, 2, 0, 0]);

    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in nine minutes.\n");
    remove_file(scenario.path("documents/b.txt")).unwrap();
    assert_eq!(counts(&scenario), [0, 1, 0, 0, 1, 1]);

    let found = scenario.json(["search", "kettle"]).to_string();
    assert!(found.contains("nine minutes") && !found.contains("four minutes") && !found.contains("noon"), "{found}");
    scenario.verify();
}

/// Paragraphs that fill a chunk each.
fn paragraphs(kettles: &[&str]) -> String {
    let long = |kettle: &&str| format!("{} {}\n\n", kettle, "It is told of at some length. ".repeat(20));
    format!("# Kettles\n\n{}", kettles.iter().map(long).collect::<String>())
}

#[test]
fn model_ingesting_again_makes_nothing_twice_and_a_changed_paragraph_is_all_that_is_embedded() {
    let scenario = Scenario::new();
    let first = paragraphs(&["The red kettle boils.", "The blue kettle sings.", "The old kettle leaks."]);
    let path = scenario.write("documents/a.md", &first);
    let [added, .., embedded] = counts(&scenario);
    assert!(added == 1 && embedded >= 3, "{embedded} chunks");
    let listed = |scenario: &Scenario| {
        let listed = scenario.json(["documents", "list"]);
        ["id", "version", "chunks", "content_hash"].map(|key| listed[0][key].clone())
    };
    let before = listed(&scenario);
    // Another time, the same content.
    fs_err::write(&path, &first).unwrap();
    assert_eq!(counts(&scenario), [0, 0, 0, 1, 0, 0]);
    assert_eq!(listed(&scenario), before);
    scenario.verify();

    let second = paragraphs(&["The red kettle boils.", "The blue kettle hums.", "The old kettle leaks."]);
    fs_err::write(&path, second).unwrap();
    let [_, changed, .., again] = counts(&scenario);
    assert!(changed == 1 && (1..embedded).contains(&again), "{again} of {embedded} chunks were embedded");
    let after = listed(&scenario);
    assert_eq!((&after[0], &after[1]), (&before[0], &2.into()), "the same document in its second version");
    let found = scenario.found("blue kettle");
    assert!(found.contains("kettle hums") && !found.contains("kettle sings"), "{found}");
    scenario.verify();
}

#[test]
fn model_a_renamed_file_and_a_renamed_folder_keep_their_vectors() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    for n in 0..5 {
        scenario.write(&format!("documents/old/{n}.md"), format!("# Pot {n}\n\nPot number {n} is made of copper.\n"));
    }
    assert_eq!(counts(&scenario), [6, 0, 0, 0, 0, 6]);
    // A name that says nothing that the title does not say.
    rename(scenario.path("documents/a.md"), scenario.path("documents/kettles.md")).unwrap();
    assert_eq!(counts(&scenario), [0, 0, 1, 5, 0, 0]);
    rename(scenario.path("documents/old"), scenario.path("documents/new")).unwrap();
    assert_eq!(counts(&scenario), [0, 0, 5, 1, 0, 0]);

    let rows = scenario.rows();
    assert_eq!(rows.len(), 6, "{rows:#?}");
    assert!(rows["new/3.md"].1.starts_with("moved from file://"), "{rows:#?}");
    let gone = scenario.json(["documents", "list", "--status", "deleted"]);
    assert!(gone.as_array().unwrap().iter().all(|row| row["reason"].as_str().unwrap().starts_with("moved to file://")));
    let found = scenario.found("kettle");
    assert!(found.contains("kettles.md") && !found.contains("a.md\""), "{found}");
    scenario.verify();
}

#[test]
fn model_a_deleted_file_leaves_all_three_stores_and_comes_back_as_a_new_version() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.write("documents/sub/b.md", "# Pots\n\nThe pot is made of copper.\n");
    assert_eq!(counts(&scenario), [2, 0, 0, 0, 0, 2]);
    remove_dir_all(scenario.path("documents/sub")).unwrap();
    assert_eq!(counts(&scenario), [0, 0, 0, 1, 1, 0]);
    assert_eq!(scenario.rows().len(), 1);
    let gone = scenario.json(["documents", "list", "--status", "deleted"]);
    assert_eq!((&gone[0]["reason"], &gone[0]["chunks"]), (&"its file is gone".into(), &0.into()), "{gone:#}");
    assert_eq!(scenario.json(["documents", "show", gone[0]["id"].as_str().unwrap()])["text"], serde_json::Value::Null);
    let verified = scenario.json(["verify"]);
    assert_eq!((&verified[0]["documents"], &verified[0]["chunks"]), (&1.into(), &1.into()), "{verified:#}");
    assert!(!scenario.found("copper pot").contains("made of copper"));

    scenario.write("documents/sub/b.md", "# Pots\n\nThe pot is made of copper.\n");
    assert_eq!(counts(&scenario)[0], 1);
    let back = scenario.json(["documents", "show", gone[0]["id"].as_str().unwrap()]);
    assert_eq!((&back["record"]["version"], &back["record"]["status"]), (&2.into(), &"indexed".into()), "{back:#}");
    scenario.verify();
}

#[test]
fn model_a_file_that_keeps_failing_is_quarantined_until_it_changes_or_is_asked_for() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    let poison = scenario.write("documents/poison.pdf", "%PDF-1.7\n1 0 obj << /Type /Catalog");
    let documents = scenario.path("documents");
    let documents = documents.to_str().unwrap();
    // What a run is asked for, what it advises, and how the file stands after it.
    for (arguments, hint, status, attempts) in [
        (vec!["ingest", documents], "hint:", "failed", 1),
        (vec!["ingest", documents], "hint:", "failed", 2),
        (vec!["ingest", documents], "hint:", "quarantined", 3),
        (vec!["ingest", documents], "hint: footnote ingest --retry", "quarantined", 3),
        (vec!["ingest", "--retry", documents], "hint:", "quarantined", 4),
    ] {
        let output = scenario.run(&arguments);
        assert_eq!(output.code, 1, "{}", output.stderr);
        assert!(output.stderr.contains("poison.pdf") && output.stderr.contains(hint), "{}", output.stderr);
        let rows = scenario.json(["documents", "list", "--status", status]);
        assert_eq!(rows[0]["attempts"], attempts, "{rows:#}");
        assert!(rows[0]["reason"].as_str().unwrap().contains("PDF"), "{rows:#}");
    }
    fs_err::write(&poison, files::pdf(&["The mended kettle is sound again."], "")).unwrap();
    assert_eq!(counts(&scenario), [1, 0, 0, 1, 0, 1]);
    assert!(scenario.found("mended kettle").contains("sound again"));
    scenario.verify();
}

#[test]
fn model_the_handbook_is_ingested_whole_and_everything_agrees() {
    let scenario = handbook::scenario();
    let documents = scenario.json(["documents", "list"]);
    let documents = documents.as_array().unwrap();
    assert!(documents.len() >= 25, "{} documents", documents.len());
    for document in documents {
        assert_eq!(document["status"], "indexed", "{document:#}");
    }
    let verified = scenario.run(["verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn model_a_deleted_document_answers_no_more() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.write("documents/b.md", "# Pots\n\nThe pot is made of copper.\n");
    counts(&scenario);
    let list = scenario.json(["documents", "list"]);
    let kettles = list.as_array().unwrap().iter().find(|record| record["title"] == "Kettles").unwrap();
    scenario.ok(["documents", "delete", kettles["id"].as_str().unwrap()]);
    let found = scenario.json(["search", "red kettle"]).to_string();
    assert!(!found.contains("four minutes"), "{found}");
    assert_eq!(scenario.run(["verify"]).code, 0);
    assert!(scenario.path("documents/a.md").is_file(), "the file itself was touched");
}
