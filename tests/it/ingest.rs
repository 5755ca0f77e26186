//! Ingesting again: unchanged, changed, removed.

use footnote_tests::{Scenario, handbook};

fn counts(scenario: &Scenario) -> [u64; 4] {
    let report = scenario.json(["ingest", scenario.path("documents").to_str().unwrap()]);
    ["added", "changed", "unchanged", "removed"].map(|name| report[name].as_u64().unwrap())
}

#[test]
fn model_only_what_changed_is_done_again() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.write("documents/b.txt", "The blue kettle whistles at noon.\n");
    assert_eq!(counts(&scenario), [2, 0, 0, 0]);
    assert_eq!(counts(&scenario), [0, 0, 2, 0]);

    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in nine minutes.\n");
    fs_err::remove_file(scenario.path("documents/b.txt")).unwrap();
    assert_eq!(counts(&scenario), [0, 1, 0, 1]);

    let found = scenario.json(["search", "kettle"]).to_string();
    assert!(found.contains("nine minutes") && !found.contains("four minutes") && !found.contains("noon"), "{found}");
    assert!(scenario.run(["verify"]).code == 0);
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
