//! What a folder of strangers' files may hold: each has a status and a reason, and nothing else suffers.

mod content;
mod tree;

use std::collections::BTreeMap;

use footnote_tests::Scenario;

type Rows = BTreeMap<String, (String, String)>;

/// A scenario with a good file, which must stay searchable whatever lies beside it.
fn scenario() -> Scenario {
    let scenario = Scenario::new();
    scenario.write("documents/good.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario
}

fn nothing_else_suffered(scenario: &Scenario) {
    let rows = scenario.rows();
    assert!(["indexed", "unchanged"].contains(&rows["good.md"].0.as_str()), "{rows:#?}");
    let found = scenario.found("red kettle");
    assert!(found.contains("four minutes"), "{found}");
    scenario.verify();
}

/// Asserts that a document has this status, and a reason that holds these words.
fn told(rows: &Rows, name: &str, status: &str, reason: &str) {
    let (found, why) = rows.get(name).unwrap_or_else(|| panic!("{name} has no row in {rows:#?}"));
    assert!(found == status && why.contains(reason), "{name}: {found}: {why}");
    assert!(status == "indexed" || !why.is_empty(), "{name}: {found} without a reason");
}
