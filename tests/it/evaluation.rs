//! The handbook's QA set through the whole product: what the README promises of the example.

use footnote_tests::{handbook, repository};
use serde_json::Value;

#[test]
fn model_the_handbook_is_answered_with_the_right_document_and_exact_quotes() {
    let scenario = handbook::scenario();
    let set = repository().join("examples/handbook.qa.jsonl");
    let report = scenario.path("report.json");
    scenario.ok(["eval".as_ref(), set.as_os_str(), "--report".as_ref(), report.as_os_str()]);
    let report: Value = serde_json::from_slice(&fs_err::read(report).unwrap()).unwrap();
    let summary = &report["summary"];
    let share = |key: &str| summary[key].as_f64().unwrap_or_else(|| panic!("{key} is missing in {summary:#}"));
    assert_eq!(summary["questions"], 60);
    assert!((share("citation_exact") - 1.0).abs() < f64::EPSILON, "a quote is not in its text: {summary:#}");
    assert!(share("citation_document") * 45.0 >= 39.5, "{summary:#}");
    assert!(share("contains") * 45.0 >= 35.5, "{summary:#}");
    let errors =
        report["questions"].as_array().unwrap().iter().filter(|question| question["error"].is_string()).count();
    assert_eq!(errors, 0);
}

#[test]
fn model_a_fit_writes_how_sure_an_answer_must_be_into_the_settings_file() {
    let scenario = handbook::scenario();
    let settings = scenario.write("footnote.toml", "[grounding]\nmode = \"quoted\" # no model\n");
    let whole = fs_err::read_to_string(repository().join("examples/handbook.qa.jsonl")).unwrap();
    let some: Vec<&str> = whole.lines().take(12).collect();
    let set = scenario.write("some.jsonl", some.join("\n"));
    let said = scenario.ok(["eval".as_ref(), set.as_os_str(), "--fit-abstention".as_ref()]);
    assert!(said.contains("before") && said.contains("fitted"), "{said}");
    let written = fs_err::read_to_string(&settings).unwrap();
    assert!(written.contains("min_confidence = 0.") && written.contains("# no model"), "{written}");

    let answerable: Vec<&str> = some.into_iter().filter(|line| line.contains("\"answerable\": true")).collect();
    let set = scenario.write("known.jsonl", answerable.join("\n"));
    let refused = scenario.run(["eval".as_ref(), set.as_os_str(), "--fit-abstention".as_ref()]);
    assert!(refused.code != 0 && refused.stderr.contains("needs both"), "{}", refused.stderr);
    assert_eq!(fs_err::read_to_string(&settings).unwrap(), written);
}
