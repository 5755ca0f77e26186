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
