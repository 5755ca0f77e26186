//! A Qdrant cluster of which a node is killed: three nodes of the server that `FOOTNOTE_QDRANT_BINARY` names, each shard
//! on two of them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use footnote_tests::{Nodes, Scenario, Server, given};
use serde_json::json;

use super::worker::{id, until_state};

const DOCUMENTS: usize = 60;
/// Readers who ask at the same time, without a pause.
const READERS: usize = 4;
/// How long they ask before the node is killed, and after.
const WHILE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn model_a_node_that_is_killed_under_load_loses_no_question_and_no_document() {
    let Some(binary) = given("FOOTNOTE_QDRANT_BINARY", "a killed node") else { return };
    let scenario = Scenario::new();
    let mut nodes = Nodes::start(binary.as_ref(), 3, &scenario.path("nodes"));
    let settings = format!(
        "[vectors]\nstore = \"qdrant\"\n[keyword]\nindex = \"qdrant\"\n[grounding]\nmode = \"quoted\"\n[qdrant]\n\
         url = \"{}\"\nshards = 3\nreplication_factor = 2\n",
        nodes.urls
    );
    scenario.write("footnote.toml", settings);
    for n in 0..DOCUMENTS {
        scenario.write(&format!("documents/{n}.md"), format!("# Kettle K{n:03}\n\nKettle K{n:03} was made in {n}.\n"));
    }
    let (report, code) = scenario.ingest();
    assert!(code == 0 && report["added"] == DOCUMENTS, "{report:#}");
    let server = scenario.serve();

    let asked = asked_while(&server, async || {
        tokio::time::sleep(WHILE).await;
        // The first is the one that is asked first.
        tokio::task::block_in_place(|| nodes.kill(1));
        tokio::time::sleep(WHILE).await;
    })
    .await;
    assert!(asked > 50, "only {asked} questions");

    // One node of three is away: documents come in all the same.
    let (status, told) = server.upload("late.md", "# Kettle K900\n\nKettle K900 came late.\n").await;
    assert!(status < 300, "{told:#}");
    until_state(&server, &id(&told), &["done"]).await;
    finds(&server, "K900").await;

    // It comes back, and catches up; then another one goes.
    tokio::task::block_in_place(|| nodes.start_again(1));
    tokio::task::block_in_place(|| nodes.kill(2));
    for n in 0..DOCUMENTS {
        finds(&server, &format!("K{n:03}")).await;
    }
    finds(&server, "K900").await;
    assert_eq!(server.stop(), Some(0));
    scenario.verify();
}

/// Lets readers ask for all documents by name until `meanwhile` is over; every answer must be the right one. Gives how
/// many there were.
async fn asked_while(server: &Server, meanwhile: impl AsyncFnOnce()) -> usize {
    let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let reader = async |first: usize| {
        let mut n = first;
        while !over.load(Ordering::Relaxed) {
            finds(server, &format!("K{:03}", n % DOCUMENTS)).await;
            asked.fetch_add(1, Ordering::Relaxed);
            n += 1;
        }
    };
    let readers = futures::future::join_all((0..READERS).map(|n| reader(n * DOCUMENTS / READERS)));
    let meanwhile = async {
        meanwhile().await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(readers, meanwhile);
    asked.load(Ordering::Relaxed)
}

/// Asks for a kettle by name: it must be found, first of all.
async fn finds(server: &Server, kettle: &str) {
    let (status, found) = server.post_json("/search", &json!({ "question": format!("Kettle {kettle}") })).await;
    assert_eq!(status, 200, "{found:#}");
    let first = found["passages"][0]["text"].as_str().unwrap_or_default();
    assert!(first.contains(kettle), "{kettle}: {found:#}");
    assert!(found["degraded"].is_null(), "{found:#}");
}
