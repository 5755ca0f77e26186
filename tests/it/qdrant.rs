//! Vectors and words on a Qdrant server: the one that `FOOTNOTE_QDRANT_URL` names (several nodes joined by commas make
//! a cluster of it, with each shard on two of them). `FOOTNOTE_QDRANT_KEY` is its key, where it has one.

use std::sync::atomic::{AtomicU32, Ordering};

use footnote_tests::{Scenario, given};
use serde_json::{Value, json};

use super::worker::until;

/// A scenario on the server, under names of its own there.
struct OnServer {
    scenario: Scenario,
    url: String,
    prefix: String,
}

impl OnServer {
    /// `None`, said loudly, where there is no server to test against.
    fn of(story: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = given("FOOTNOTE_QDRANT_URL", story)?;
        let prefix = format!("it-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let on = Self { scenario: Scenario::new(), url, prefix };
        on.settings(STORES, &on.url);
        on.scenario.write("documents/kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
        on.scenario
            .write("documents/pots.md", "# Pots\n\nThe pot is made of copper.\n\n## Lids\n\nThe lid is of glass.\n");
        on.scenario.write("documents/emoji.md", "# 🦙\n\n🫖 🫖\n");
        Some(on)
    }

    fn settings(&self, stores: &str, url: &str) {
        let key = std::env::var("FOOTNOTE_QDRANT_KEY").unwrap_or_default();
        let nodes = url.split(',').count().min(2);
        let text = format!(
            "{stores}\n[qdrant]\nurl = \"{url}\"\napi_key = \"{key}\"\nprefix = \"{}\"\nshards = {nodes}\n\
             replication_factor = {nodes}\nretries = 2\n[grounding]\nmode = \"quoted\"\n",
            self.prefix
        );
        self.scenario.write("footnote.toml", text);
    }

    fn ingest(&self) -> Value {
        let (report, code) = self.scenario.ingest();
        assert_eq!(code, 0, "{report:#}");
        report
    }

    /// The chunks that a search finds.
    fn ranking(&self, question: &str) -> Vec<String> {
        let found = self.scenario.json(["search", question, "--top-k", "5"]);
        let passages = found.as_array().or_else(|| found["passages"].as_array());
        let passages = passages.unwrap_or_else(|| panic!("{found:#}")).iter();
        passages.map(|passage| passage["chunk_id"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for OnServer {
    /// Moves what is on the server back, and removes it there.
    fn drop(&mut self) {
        if !std::thread::panicking() && self.scenario.data().join("format").is_file() {
            self.settings(STORES, &self.url);
            let _ = self.scenario.run(["migrate", "--to", "edge", "--remove-source"]);
        }
    }
}

const STORES: &str = "[vectors]\nstore = \"qdrant\"\n[keyword]\nindex = \"qdrant\"";
const EMBEDDED: &str = "[vectors]\nstore = \"edge\"\n[keyword]\nindex = \"tantivy\"";

#[test]
fn model_a_collection_on_a_server_is_ingested_searched_changed_and_verified() {
    let Some(on) = OnServer::of("ingest and search") else { return };
    let report = on.ingest();
    assert_eq!(report["added"], 3, "{report:#}");
    on.scenario.verify();
    assert!(on.scenario.found("red kettle").contains("four minutes"));
    let answer = on.scenario.json(["ask", "How long does the red kettle take to boil?"]);
    assert_eq!(answer["citations"][0]["quote"], "The red kettle boils in four minutes.", "{answer:#}");

    let report = on.ingest();
    assert_eq!((&report["unchanged"], &report["embedded"]), (&3.into(), &0.into()), "{report:#}");
    on.scenario.write("documents/kettles.md", "# Kettles\n\nThe blue kettle boils in five minutes.\n");
    fs_err::remove_file(on.scenario.path("documents/pots.md")).unwrap();
    let report = on.ingest();
    assert_eq!((&report["changed"], &report["removed"]), (&1.into(), &1.into()), "{report:#}");
    on.scenario.verify();
    let found = on.scenario.found("kettle copper");
    assert!(found.contains("five minutes") && !found.contains("four") && !found.contains("copper"), "{found}");

    // Nothing of the index is in the data folder.
    let folder = on.scenario.data().join("collections/default");
    assert!(!folder.join("vectors").exists() && !folder.join("keyword").exists());
}

#[test]
fn model_other_chunk_settings_make_a_new_generation_and_remove_the_old_one() {
    let Some(on) = OnServer::of("generations") else { return };
    let text: String = (0..60).map(|n| format!("Paragraph {n} tells of a pot and its lid.\n\n")).collect();
    on.scenario.write("documents/long.md", format!("# Long\n\n{text}"));
    on.ingest();
    let before = on.scenario.json(["verify"])[0]["chunks"].as_u64().unwrap();
    on.settings(&format!("{STORES}\n[chunk]\nmax_tokens = 100"), &on.url);
    on.ingest();
    on.scenario.verify();
    let after = on.scenario.json(["verify"])[0]["chunks"].as_u64().unwrap();
    assert!(after > before, "{before} chunks became {after}");
    assert!(on.scenario.found("red kettle").contains("four minutes"));
    assert!(on.scenario.data().join("collections/default/generation-1/index.json").is_file());
    on.settings(STORES, &on.url);
    on.ingest();
    on.scenario.verify();
}

#[test]
fn model_a_collection_moves_to_a_server_and_back_with_the_same_results() {
    let Some(on) = OnServer::of("migrate") else { return };
    on.settings(EMBEDDED, &on.url);
    on.ingest();
    let questions = ["red kettle", "what is the lid made of?", "copper", "boils minutes"];
    let embedded: Vec<_> = questions.iter().map(|question| on.ranking(question)).collect();
    let told = on.scenario.run(["migrate", "--to", "qdrant"]);
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert!(told.stderr.contains("store = \"qdrant\""), "{}", told.stderr);
    // Until the settings say so too, nobody looks in the wrong place.
    let refused = on.scenario.run(["search", "kettle"]);
    assert!(refused.code == 4 && refused.stderr.contains("footnote migrate"), "{}", refused.stderr);

    on.settings(STORES, &on.url);
    on.scenario.verify();
    for (question, before) in questions.iter().zip(&embedded) {
        assert_eq!(on.ranking(question), *before, "{question}");
    }
    let report = on.ingest();
    assert_eq!((&report["unchanged"], &report["embedded"]), (&3.into(), &0.into()), "{report:#}");

    // Meanwhile the documents change: the copy that stayed behind is not believed.
    on.scenario.write("documents/late.md", "# Late\n\nThe late kettle is blue.\n");
    fs_err::remove_file(on.scenario.path("documents/pots.md")).unwrap();
    on.ingest();
    let told = on.scenario.run(["migrate", "--to", "edge", "--remove-source"]);
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    on.settings(EMBEDDED, &on.url);
    on.scenario.verify();
    assert!(on.scenario.found("late kettle").contains("is blue") && !on.scenario.found("pot").contains("copper"));
    let again = on.scenario.run(["migrate", "--to", "edge"]);
    assert!(again.code == 0 && again.stderr.contains("is there already"), "{}", again.stderr);
}

#[test]
fn model_only_the_vectors_can_go_to_a_server() {
    let Some(on) = OnServer::of("vectors only") else { return };
    on.settings(EMBEDDED, &on.url);
    on.ingest();
    on.scenario.ok(["migrate", "--to", "qdrant", "--words", "tantivy"]);
    on.settings("[vectors]\nstore = \"qdrant\"\n[keyword]\nindex = \"tantivy\"", &on.url);
    on.scenario.verify();
    assert!(on.scenario.found("red kettle").contains("four minutes"));
    // Then the words too.
    on.scenario.ok(["migrate", "--to", "qdrant"]);
    on.settings(STORES, &on.url);
    on.scenario.verify();
    assert!(on.scenario.found("red kettle").contains("four minutes"));
}

#[tokio::test]
async fn model_a_server_that_is_away_is_a_503_until_it_is_back() {
    let Some(on) = OnServer::of("away") else { return };
    on.ingest();
    // Nobody listens there.
    on.settings(STORES, "http://127.0.0.1:9");
    let told = on.scenario.run(["search", "kettle"]);
    assert_eq!(told.code, 5, "{}", told.stderr);
    assert!(told.stderr.contains("http://127.0.0.1:9") && told.stderr.contains("hint:"), "{}", told.stderr);
    let server = on.scenario.serve();
    let question = json!({ "question": "How long does the red kettle take to boil?" });
    let response = server.post("/ask", &question).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "store_unavailable", "{problem:#}");
    assert_eq!(server.stop(), Some(0));

    on.settings(STORES, &on.url);
    let server = on.scenario.serve();
    until("an answer", async || {
        let (status, told) = server.post_json("/ask", &question).await;
        (status == 200 && told["answerable"] == true, told)
    })
    .await;
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn model_a_wrong_key_is_refused_and_not_printed() {
    let Some(on) = OnServer::of("wrong key") else { return };
    if std::env::var("FOOTNOTE_QDRANT_KEY").is_err() {
        return;
    }
    let settings = fs_err::read_to_string(on.scenario.path("footnote.toml")).unwrap();
    let key = std::env::var("FOOTNOTE_QDRANT_KEY").unwrap();
    on.scenario.write("footnote.toml", settings.replace(&key, "not-the-key"));
    let told = on.scenario.run(["ingest", on.scenario.path("documents").to_str().unwrap()]);
    assert_eq!(told.code, 4, "{}", told.stderr);
    assert!(told.stderr.contains("refuses the API key") && !told.stderr.contains("not-the-key"), "{}", told.stderr);
    on.settings(STORES, &on.url);
    on.ingest();
}
