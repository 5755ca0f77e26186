//! The catalog in a PostgreSQL database: the one of `FOOTNOTE_POSTGRES_URL` (`scripts/with-postgres` starts one).

use std::sync::atomic::{AtomicU32, Ordering};

use footnote_tests::{Scenario, given};

/// A catalog of its own in the database.
pub(super) struct Catalog {
    url: String,
    schema: String,
}

impl Catalog {
    /// `None`, said loudly, where there is no database to test against.
    pub(super) fn of(story: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = given("FOOTNOTE_POSTGRES_URL", story)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Some(Self { url, schema: format!("it_{}_{number}", std::process::id()) })
    }

    /// The section of `footnote.toml`.
    pub(super) fn settings(&self, store: &str) -> String {
        format!("[catalog]\nstore = \"{store}\"\nurl = \"{}\"\nschema = \"{}\"\n", self.url, self.schema)
    }
}

const QUOTED: &str = "[grounding]\nmode = \"quoted\"\n";

fn scenario() -> Scenario {
    let scenario = Scenario::new();
    scenario.write("documents/kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.write("documents/pots.md", "# Pots\n\nThe pot is made of copper.\n\n## Lids\n\nThe lid is of glass.\n");
    scenario
}

fn set(scenario: &Scenario, sections: &[&str]) {
    scenario.write("footnote.toml", sections.concat());
}

#[test]
fn model_documents_are_ingested_asked_changed_and_cut_anew_with_the_catalog_in_a_database() {
    let Some(catalog) = Catalog::of("a catalog in a database") else { return };
    let (scenario, catalog) = (scenario(), catalog.settings("postgres"));
    set(&scenario, &[&catalog, QUOTED]);
    let early = scenario.run(["documents", "list"]);
    assert!(early.code == 2 && early.stderr.contains("nothing was ingested here yet"), "{}", early.stderr);

    let (report, code) = scenario.ingest();
    assert!(code == 0 && report["added"] == 2, "{report:#}");
    assert!(!scenario.data().join("catalog.sqlite").exists());
    scenario.verify();
    let answer = scenario.json(["ask", "How long does the red kettle take to boil?"]);
    assert_eq!(answer["citations"][0]["quote"], "The red kettle boils in four minutes.", "{answer:#}");

    scenario.write("documents/kettles.md", "# Kettles\n\nThe blue kettle boils in five minutes.\n");
    fs_err::remove_file(scenario.path("documents/pots.md")).unwrap();
    let (report, _) = scenario.ingest();
    assert_eq!((&report["changed"], &report["removed"]), (&1.into(), &1.into()), "{report:#}");
    let (report, _) = scenario.ingest();
    assert_eq!((&report["unchanged"], &report["embedded"]), (&1.into(), &0.into()), "{report:#}");
    scenario.verify();
    assert_eq!(scenario.json(["documents", "list"]).as_array().unwrap().len(), 1);

    let text: String = (0..60).map(|n| format!("Paragraph {n} tells of a pot and its lid.\n\n")).collect();
    scenario.write("documents/long.md", format!("# Long\n\n{text}"));
    scenario.ingest();
    let before = scenario.json(["verify"])[0]["chunks"].as_u64().unwrap();
    set(&scenario, &[&catalog, QUOTED, "[chunk]\nmax_tokens = 100\n"]);
    scenario.ingest();
    scenario.verify();
    let after = scenario.json(["verify"])[0]["chunks"].as_u64().unwrap();
    assert!(after > before, "{before} chunks became {after}");
    assert!(scenario.found("blue kettle").contains("five minutes"));
}

#[test]
fn model_a_catalog_moves_to_a_database_without_embedding_again() {
    let Some(catalog) = Catalog::of("a catalog that moves") else { return };
    let scenario = scenario();
    set(&scenario, &[QUOTED]);
    scenario.ingest();
    let before = scenario.json(["documents", "list"]);
    let unnamed = scenario.run(["migrate", "--catalog", "postgres"]);
    assert!(unnamed.code == 2 && unnamed.stderr.contains("FOOTNOTE_CATALOG__URL"), "{}", unnamed.stderr);

    // Settings that name the database before the catalog is there would find nothing, and embed all of it again.
    set(&scenario, &[&catalog.settings("postgres"), QUOTED]);
    let refused = scenario.run(["ingest", scenario.path("documents").to_str().unwrap()]);
    assert!(refused.code == 4 && refused.stderr.contains("footnote migrate --catalog postgres"), "{}", refused.stderr);

    let told = scenario.run(["migrate", "--catalog", "postgres"]);
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert!(told.stdout.contains("default: 2 documents"), "{}", told.stdout);
    assert!(!scenario.data().join("catalog.sqlite").exists());
    assert_eq!(scenario.json(["documents", "list"]), before);
    let (report, _) = scenario.ingest();
    assert_eq!((&report["unchanged"], &report["embedded"]), (&2.into(), &0.into()), "{report:#}");
    scenario.verify();

    // What stayed behind is not taken for the catalog.
    set(&scenario, &[QUOTED]);
    let refused = scenario.run(["search", "kettle"]);
    assert!(refused.code == 4 && refused.stderr.contains("was moved to PostgreSQL"), "{}", refused.stderr);
}

#[test]
fn model_one_footnote_writes_to_a_catalog_and_query_servers_need_all_of_it_on_servers() {
    let Some(catalog) = Catalog::of("one writer") else { return };
    let catalog = catalog.settings("postgres");
    let (first, second) = (scenario(), scenario());
    set(&first, &[&catalog, QUOTED]);
    set(&second, &[&catalog, QUOTED]);
    let server = first.serve();
    let refused = second.run(["ingest", second.path("documents").to_str().unwrap()]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("(footnote serve)") && refused.stderr.contains("--query-only"),
        "{}",
        refused.stderr
    );
    let refused = second.run(["serve", "--query-only", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("vectors.store = \"qdrant\""), "{}", refused.stderr);
    // Looking things up needs the catalog alone.
    assert_eq!(second.json(["documents", "list"]), serde_json::json!([]));
    assert_eq!(server.stop(), Some(0));
    let (report, code) = second.ingest();
    assert!(code == 0 && report["added"] == 2, "{report:#}");
}

#[test]
fn model_an_index_in_another_data_folder_is_missed_and_not_taken_for_empty() {
    let Some(catalog) = Catalog::of("an index elsewhere") else { return };
    let (here, elsewhere) = (scenario(), scenario());
    for scenario in [&here, &elsewhere] {
        set(scenario, &[&catalog.settings("postgres"), QUOTED]);
    }
    here.ingest();
    let folder = here.path("documents").display().to_string();
    for args in [vec!["search", "red kettle"], vec!["ingest", &folder], vec!["verify"]] {
        let told = elsewhere.run(&args);
        assert_eq!(told.code, 4, "{args:?}: {}{}", told.stdout, told.stderr);
        assert!(told.stderr.contains("the catalog has 2 documents"), "{}", told.stderr);
    }
    elsewhere.ok(["verify", "--repair"]);
    elsewhere.verify();
    assert!(elsewhere.found("red kettle").contains("four minutes"));
}

#[test]
fn a_database_that_is_not_there_is_told_without_its_password() {
    let scenario = scenario();
    let settings = "[catalog]\nstore = \"postgres\"\nurl = \"postgresql://me:s3cret@127.0.0.1:9/footnote\"\n";
    set(&scenario, &[settings, QUOTED]);
    for args in [vec!["documents", "list"], vec!["ingest", "documents"]] {
        let told = scenario.run(args);
        assert_eq!(told.code, 5, "{}", told.stderr);
        assert!(told.stderr.contains("127.0.0.1:9") && told.stderr.contains("hint:"), "{}", told.stderr);
        assert!(!told.stderr.contains("s3cret"), "{}", told.stderr);
    }
    let doctor = scenario.run(["doctor"]);
    assert!(doctor.code == 1 && doctor.stdout.contains("failed  servers"), "{}", doctor.stdout);
    assert!(!doctor.stdout.contains("s3cret"), "{}", doctor.stdout);
}
