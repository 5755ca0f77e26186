//! The engine in a process of its own: what its end costs, and what it does not.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use footnote_tests::{Server, handbook};
use serde_json::{Value, json};

const QUESTION: &str = "What does quantization do to a model's weights?";

/// The engine processes that the server has started.
fn engines(server: &Server) -> Vec<u32> {
    let tasks = fs_err::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let children = tasks.flat_map(|task| {
        let path = task.unwrap().path().join("children");
        let text = fs_err::read_to_string(path).unwrap_or_default();
        text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()
    });
    children.filter(|pid| is_engine(*pid)).collect()
}

fn is_engine(pid: u32) -> bool {
    fs_err::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains("run-engine"))
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

async fn ask(server: &Server) -> Value {
    let (status, answer) = server.post_json("/ask", &json!({ "question": QUESTION })).await;
    assert_eq!(status, 200, "{answer:#}");
    assert_eq!(answer["answerable"], true, "{answer:#}");
    answer
}

#[tokio::test]
async fn model_engine_that_dies_costs_one_draft_and_not_the_server() {
    let scenario = handbook::scenario();
    let server = scenario.serve();
    assert!(ask(&server).await["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    let [engine] = engines(&server)[..] else { panic!("one engine: {:?}", engines(&server)) };

    // In the middle of an answer: it is quoted, or was done before.
    let killer = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        kill(engine);
    };
    let (answer, ()) = tokio::join!(ask(&server), killer);
    assert!(!answer["citations"].as_array().unwrap().is_empty());

    let again = ask(&server).await;
    assert!(again["usage"]["completion_tokens"].as_u64().unwrap() > 0, "{again:#}");
    let [second] = engines(&server)[..] else { panic!("one engine: {:?}", engines(&server)) };
    assert_ne!(second, engine);
}

#[tokio::test]
async fn model_engine_ends_with_its_server_however_that_ends() {
    let scenario = handbook::scenario();
    for at_once in [false, true] {
        let server = scenario.serve();
        let [engine] = engines(&server)[..] else { panic!("one engine") };
        if at_once {
            kill(server.pid());
        }
        drop(server);
        let patience = Instant::now();
        while Path::new(&format!("/proc/{engine}")).exists() && is_engine(engine) {
            assert!(
                patience.elapsed() < Duration::from_secs(20),
                "engine {engine} is still there (at once: {at_once})"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
