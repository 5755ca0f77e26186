//! Killed in the middle: nothing half-done is left after the next run.

use std::time::Duration;

use footnote_tests::Scenario;
use footnote_tests::kills::{self, Plan};

#[test]
fn model_a_killed_ingestion_is_made_whole_by_the_next() {
    let scenario = Scenario::new();
    for n in 0..60 {
        let text: String =
            (0..40).map(|m| format!("Paragraph {m} of document {n} tells of a kettle and its lid.\n\n")).collect();
        scenario.write(&format!("documents/{n}.md"), format!("# Document {n}\n\n{text}"));
    }
    let documents = scenario.path("documents");
    // From before the first batch to after the last: wherever the kill falls, the promise is the same.
    for wait in [300, 700, 1100, 1600, 2200] {
        let mut child =
            scenario.command().arg("ingest").arg(&documents).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    scenario.ok(["ingest".as_ref(), documents.as_os_str()]);
    let listed = scenario.json(["documents", "list", "--status", "indexed"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(60));
    let verified = scenario.run(["verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn model_killed_at_any_instant_while_its_folder_changes_it_ends_as_if_undisturbed() {
    // `footnote-bench kills` does the same a hundred times.
    let report = kills::run(&Plan { kills: 8, aimed: 4, files: 300, changes: 300, seed: 12 }, |_| ());
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.kills + report.aimed, 12);
    assert!(report.documents >= 150, "{report:#?}");
}
