//! Query servers: any number answer from what one footnote ingests, and hold nothing of their own. Against the Qdrant
//! server of `FOOTNOTE_QDRANT_URL` and the database of `FOOTNOTE_POSTGRES_URL`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use footnote_tests::{Scenario, Server, given};
use serde_json::{Value, json};

use super::postgres::Catalog;
use super::worker::{id, until, until_found, until_state};

/// One that ingests, and settings for those that ask.
struct World {
    worker: Arc<Scenario>,
    settings: String,
}

impl World {
    /// `None`, said loudly, where one of the servers is missing.
    fn of(story: &str) -> Option<Self> {
        let qdrant = given("FOOTNOTE_QDRANT_URL", story)?;
        let catalog = Catalog::of(story)?.settings("postgres");
        let key = std::env::var("FOOTNOTE_QDRANT_KEY").unwrap_or_default();
        let nodes = qdrant.split(',').count().min(2);
        let settings = format!(
            "{catalog}[vectors]\nstore = \"qdrant\"\n[keyword]\nindex = \"qdrant\"\n[grounding]\nmode = \"quoted\"\n[qdrant]\n\
             url = \"{qdrant}\"\napi_key = \"{key}\"\nprefix = \"query-{}\"\nshards = {nodes}\nreplication_factor = {nodes}\n",
            uuid()
        );
        let worker = Scenario::new();
        worker.write("footnote.toml", &settings);
        worker.write("documents/kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
        worker.write("documents/pots.md", "# Pots\n\nThe pot is made of copper.\n");
        let (report, code) = worker.ingest();
        assert!(code == 0 && report["added"] == 2, "{report:#}");
        Some(Self { worker: Arc::new(worker), settings })
    }

    /// A machine that only answers.
    fn machine(&self) -> Scenario {
        let machine = Scenario::new();
        machine.write("footnote.toml", &self.settings);
        machine
    }
}

impl Drop for World {
    /// Removes what is on the Qdrant server.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.worker.write("footnote.toml", &self.settings);
            let _ = self.worker.run(["migrate", "--to", "edge", "--remove-source"]);
        }
    }
}

/// Something that no other test run has.
fn uuid() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{}-{}", std::process::id(), since.as_nanos())
}

async fn quote(server: &Server, question: &Value) -> String {
    let (status, answer) = server.post_json("/ask", question).await;
    assert_eq!(status, 200, "{answer:#}");
    answer["citations"][0]["quote"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
}

#[tokio::test]
async fn model_query_servers_answer_what_one_footnote_ingests_and_hold_nothing() {
    let Some(world) = World::of("query servers") else { return };
    let (one, two) = (world.machine(), world.machine());
    let worker = world.worker.serve();
    let servers = [one.serve_with(&["--query-only"]), two.serve_with(&["--query-only"])];
    let question = json!({ "question": "How long does the red kettle take to boil?" });
    for server in &servers {
        assert_eq!(quote(server, &question).await, "The red kettle boils in four minutes.");
        assert_eq!(server.get_json("/readyz").await["documents"], 2);
    }
    // A conversation goes on wherever it is asked next.
    let asked = |question: &str| json!({ "question": question, "session_id": "s-1" });
    quote(&servers[0], &asked("How long does the red kettle take to boil?")).await;
    let (_, answer) = servers[1].post_json("/ask", &asked("Does it boil in four minutes?")).await;
    let standalone = answer["question"]["standalone"].as_str().unwrap_or_default();
    assert!(standalone.contains("red kettle"), "{answer:#}");
    let shown = servers[0].get_json("/sessions/s-1").await;
    assert_eq!(shown["turns"].as_array().unwrap().len(), 2, "{shown:#}");
    assert!(servers[1].delete("/sessions/s-1").await.0 < 300);
    assert_eq!(servers[0].get("/sessions/s-1").await.status(), 404);

    // What the worker takes in, every one of them finds.
    let (status, told) = worker.upload("late.md", "# Late\n\nThe late kettle is blue.\n").await;
    assert!(status < 300, "{told:#}");
    until_state(&worker, &id(&told), &["done"]).await;
    for server in &servers {
        until_found(server, "late kettle is blue", None).await;
    }
    // They take nothing in, and lock nothing.
    let (status, problem) = servers[0].upload("a.md", "# A\n").await;
    assert_eq!((status, &problem["code"]), (403, &json!("query_only")), "{problem:#}");
    let (status, problem) = servers[0].post_json("/ingest", &json!({ "paths": ["/tmp"] })).await;
    assert_eq!((status, &problem["code"]), (403, &json!("query_only")), "{problem:#}");
    assert!(one.found("red kettle").contains("four minutes"));
    assert!(!one.data().exists() && !two.data().exists(), "a query server made a data folder");

    // The worker may go: they answer on.
    assert_eq!(worker.stop(), Some(0));
    for server in &servers {
        assert_eq!(quote(server, &question).await, "The red kettle boils in four minutes.");
    }
    for server in servers {
        assert_eq!(server.stop(), Some(0));
    }
    world.worker.verify();
}

#[tokio::test]
async fn model_no_question_fails_while_a_collection_is_made_anew_under_query_servers() {
    let Some(world) = World::of("a renewal under query servers") else { return };
    let paragraphs: String = (0..150).map(|n| format!("Paragraph {n} tells of a pot and its lid.\n\n")).collect();
    world.worker.write("documents/long.md", format!("# Long\n\n{paragraphs}"));
    world.worker.ingest();
    let machine = world.machine();
    let server = machine.serve_with(&["--query-only"]);
    let question = json!({ "question": "How long does the red kettle take to boil?" });
    let first = async || {
        let (status, found) = server.post_json("/search", &json!({ "question": "red kettle" })).await;
        assert_eq!(status, 200, "{found:#}");
        found["passages"].as_array().unwrap().len()
    };
    assert!(first().await > 1);

    let over = AtomicBool::new(false);
    let asking = async {
        let mut asked = 0;
        while !over.load(Ordering::Relaxed) {
            assert_eq!(quote(&server, &question).await, "The red kettle boils in four minutes.");
            assert!(first().await > 1, "passages were lost");
            asked += 1;
        }
        asked
    };
    let renewing = async {
        for tokens in [100, 60, 200] {
            let settings = format!("{}[chunk]\nmax_tokens = {tokens}\n", world.settings);
            world.worker.write("footnote.toml", settings);
            let worker = Arc::clone(&world.worker);
            let (report, code) = tokio::task::spawn_blocking(move || worker.ingest()).await.unwrap();
            assert_eq!(code, 0, "{report:#}");
        }
        over.store(true, Ordering::Relaxed);
    };
    let (asked, ()) = tokio::join!(asking, renewing);
    assert!(asked > 10, "only {asked} questions");
    // The query server is on the generation that the catalog names.
    until("the last generation", async || {
        let (_, found) = server.post_json("/search", &json!({ "question": "Paragraph 149 pot", "top_k": 1 })).await;
        (found["passages"][0]["text"].as_str().is_some_and(|text| text.contains("Paragraph 149")), found)
    })
    .await;
    assert_eq!(server.stop(), Some(0));
    world.worker.verify();
}
