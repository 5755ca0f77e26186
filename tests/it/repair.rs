//! What outside hands broke, and `footnote verify --repair` mends.

use footnote_tests::Scenario;

/// An archive's row has no text of its own: it must not be taken for a loss.
fn scenario() -> Scenario {
    let scenario = Scenario::new();
    scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.write("documents/b.md", "# Pots\n\nThe pot is made of copper.\n");
    let lid = footnote_tests::files::zip(&[("lid.md", b"# Lids\n\nThe lid of the pot is lost.\n")]);
    scenario.write("documents/c.zip", lid);
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    scenario.verify();
    scenario
}

#[test]
fn model_an_index_that_was_deleted_by_hand_is_found_missing_and_is_restored() {
    let scenario = scenario();
    for (leg, told) in [("vectors", "3 chunks missing in the vector store"), ("keyword", "in the keyword index")] {
        fs_err::remove_dir_all(scenario.data().join("collections/default").join(leg)).unwrap();
        let output = scenario.run(["verify"]);
        assert_eq!(output.code, 1, "{}{}", output.stdout, output.stderr);
        assert!(output.stdout.contains(told), "{}", output.stdout);
        let output = scenario.run(["verify", "--repair"]);
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains("3 chunks restored"), "{}", output.stderr);
        scenario.verify();
        let found = scenario.found("red kettle");
        assert!(found.contains("four minutes") && scenario.found("lost lid").contains("is lost"), "{found}");
    }
    let (report, _) = scenario.ingest();
    assert_eq!((&report["unchanged"], &report["embedded"]), (&4.into(), &0.into()), "{report:#}");
}
