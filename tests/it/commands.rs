//! The command line: help, settings, exit codes.

use std::process::Stdio;

use footnote_tests::Scenario;

#[test]
fn every_command_has_help() {
    let scenario = Scenario::new();
    let help = scenario.ok(["--help"]);
    for command in ["ingest", "serve", "ask", "search", "eval", "models", "documents", "verify", "doctor", "demo"] {
        assert!(help.contains(command), "{command} is missing in:\n{help}");
        assert!(scenario.ok([command, "--help"]).contains("Usage: footnote"), "{command}");
    }
}

#[test]
fn a_wrong_setting_stops_the_start_with_file_line_and_hint() {
    let scenario = Scenario::new();
    scenario.write("footnote.toml", "[retrieval]\ntop_kk = 3\n");
    let output = scenario.run(["documents", "list"]);
    assert_eq!(output.code, 2);
    insta::assert_snapshot!(output.stderr, @r"
    error: footnote.toml:2: unknown setting `retrieval.top_kk`
    hint: did you mean `top_k`?
    ");
}

#[test]
fn asking_before_ingesting_says_what_to_do_first() {
    let scenario = Scenario::new();
    let output = scenario.run(["ask", "What is a token?"]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("nothing was ingested here yet"), "{}", output.stderr);
    assert!(output.stderr.contains("hint: ingest a folder first"), "{}", output.stderr);
    assert!(!scenario.data().exists(), "asking made a data folder");
}

#[test]
fn errors_are_json_on_stdout_for_programs() {
    let scenario = Scenario::new();
    let output = scenario.run(["--json", "ask", ""]);
    let problem: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(problem["code"], "question_empty");
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    let scenario = Scenario::new();
    let mut command = scenario.command();
    let mut child = command.args(["models", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
}
