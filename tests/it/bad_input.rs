//! Bad documents: each has a status and a reason, and the others are ingested.

use std::io::Write;

use footnote_tests::{Scenario, repository};
use serde_json::Value;

fn path(scenario: &Scenario, name: &str) -> String {
    scenario.path(name).to_str().unwrap().to_owned()
}

#[test]
fn model_every_bad_file_has_a_reason_and_nothing_else_suffers() {
    let scenario = Scenario::new();
    scenario.write("documents/good.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.write("documents/empty.md", "");
    scenario.write("documents/binary.txt", [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0xff, 0xfe, 0]);
    // Not UTF-8, and yet text: it is read.
    scenario.write("documents/latin1.txt", b"Le caf\xe9 au lait est servi jusqu'\xe0 midi dans le jardin.\n");
    scenario.write("documents/.hidden.md", "# Hidden\n");
    scenario.write("documents/broken.pdf", "%PDF-1.7\n1 0 obj << /Type /Catalog");
    let encrypted = fs_err::read(repository().join("tests/fixtures/encrypted.pdf")).unwrap();
    scenario.write("documents/encrypted.pdf", encrypted);
    let huge = scenario.write("documents/huge.txt", "");
    fs_err::OpenOptions::new().write(true).open(&huge).unwrap().file().set_len(200 << 20).unwrap();

    let output = scenario.run(["ingest", &path(&scenario, "documents")]);
    assert_eq!(output.code, 1, "some failed, and the exit code says so: {}", output.stderr);

    let list = scenario.json(["documents", "list"]);
    let told = |name: &str| {
        let record = list.as_array().unwrap().iter().find(|record| record["uri"].as_str().unwrap().ends_with(name));
        let record = record.unwrap_or_else(|| panic!("{name} is not in the catalog"));
        let word = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        (word("status"), word("reason").to_lowercase())
    };
    assert_eq!(told("/good.md").0, "indexed");
    assert_eq!(told("latin1.txt"), ("indexed".to_owned(), String::new()));
    for (name, status, reason) in [
        ("empty.md", "skipped", "empty"),
        ("binary.txt", "skipped", "binary"),
        (".hidden.md", "skipped", "hidden"),
        ("broken.pdf", "failed", "pdf"),
        ("encrypted.pdf", "failed", "encrypted"),
        ("huge.txt", "skipped", "max_file_bytes"),
    ] {
        let (found, why) = told(name);
        assert!(found == status && why.contains(reason), "{name}: {found}: {why}");
        assert!(output.stderr.contains(name), "{name} is not named in:\n{}", output.stderr);
    }
    assert!(scenario.json(["search", "kettle"]).to_string().contains("four minutes"));
    assert!(scenario.json(["search", "café au lait"]).to_string().contains("jusqu'à midi"));
    assert_eq!(scenario.run(["verify"]).code, 0);
}

#[test]
fn model_an_empty_or_missing_folder_is_an_error_that_deletes_nothing() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.ok(["ingest", &path(&scenario, "documents")]);

    let missing = scenario.run(["ingest", &path(&scenario, "nowhere")]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("nowhere") && missing.stderr.contains("hint:"), "{}", missing.stderr);

    fs_err::remove_file(scenario.path("documents/a.md")).unwrap();
    let empty = scenario.run(["ingest", &path(&scenario, "documents")]);
    assert_eq!(empty.code, 2);
    assert!(empty.stderr.contains("documents") && empty.stderr.contains("hint:"), "{}", empty.stderr);
    let left = scenario.json(["documents", "list"]);
    assert_eq!(left.as_array().map(Vec::len), Some(1), "an empty folder is more often a lost mount than a wish");
}

#[test]
fn model_a_data_folder_in_use_is_refused_and_told_by_whom() {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.ok(["ingest", &path(&scenario, "documents")]);
    scenario.write("footnote.toml", "[grounding]\nmode = \"quoted\"\n");
    let server = scenario.serve();
    let output = scenario.run(["ingest", &path(&scenario, "documents")]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stderr.contains(&format!("footnote serve on {}", server.url)), "{}", output.stderr);
    drop(server);
    scenario.ok(["ingest", &path(&scenario, "documents")]);
}

/// Needs the right to mount; says so where it has none.
#[test]
fn model_a_full_disk_is_said_and_loses_nothing() {
    let scenario = Scenario::new();
    fs_err::create_dir_all(scenario.data()).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256m", "tmpfs"])
        .arg(scenario.data())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        std::io::stderr().write_all(b"SKIPPED: the full-disk test needs the right to mount a tmpfs\n").unwrap();
        return;
    }
    let result = std::panic::catch_unwind(|| full_disk(&scenario));
    let unmounted = std::process::Command::new("umount").arg("-l").arg(scenario.data()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

fn full_disk(scenario: &Scenario) {
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    let documents = path(scenario, "documents");
    scenario.ok(["ingest", &documents]);
    // Fill the disk to the last block, then try to add more than fits.
    let ballast = scenario.data().join("ballast");
    let mut file = fs_err::File::create(&ballast).unwrap();
    while file.write_all(&[0; 1 << 16]).is_ok() {}
    drop(file);
    let long: String = (0..20_000).map(|n| format!("Sentence number {n} tells of the copper pot.\n\n")).collect();
    scenario.write("documents/b.md", long);
    let output = scenario.run(["ingest", &documents]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stderr.contains("full") && output.stderr.contains("hint:"), "{}", output.stderr);

    fs_err::remove_file(&ballast).unwrap();
    scenario.ok(["ingest", &documents]);
    assert_eq!(scenario.run(["verify"]).code, 0);
    let found: Value = scenario.json(["search", "red kettle"]);
    assert!(found.to_string().contains("four minutes"));
}
