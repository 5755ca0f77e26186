//! Ingestion as a service: uploads, paths, followed folders, jobs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use footnote_tests::{Scenario, Server};
use serde_json::{Value, json};

/// Looks until something is so. Longer than any machine needs, then it is never so.
const LOOKS: usize = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

const QUOTED: &str = "[grounding]\nmode = \"quoted\"\n[ingest]\ndebounce_ms = 100\n";

/// A scenario whose settings need no generation model and allow what is below `documents`.
fn scenario() -> Scenario {
    let scenario = Scenario::new();
    let root = scenario.write("documents/.keep", "");
    let root = root.parent().unwrap().display().to_string();
    scenario.write("footnote.toml", format!("{QUOTED}roots = [\"{root}\"]\n"));
    scenario
}

/// Documents that take a while.
fn many(scenario: &Scenario) {
    for n in 0..300 {
        let text: String =
            (0..40).map(|m| format!("Paragraph {m} of document {n} tells of a kettle and its lid.\n\n")).collect();
        scenario.write(&format!("documents/many/{n}.md"), format!("# Document {n}\n\n{text}"));
    }
}

pub(super) async fn until<T: std::fmt::Debug>(what: &str, mut look: impl AsyncFnMut() -> (bool, T)) -> T {
    let mut last = None;
    for _ in 0..LOOKS {
        let (so, seen) = look().await;
        if so {
            return seen;
        }
        last = Some(seen);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    panic!("{what} never came: {last:?}")
}

pub(super) async fn until_state(server: &Server, job: &str, states: &[&str]) -> Value {
    until(&format!("{states:?}"), async || {
        let job = server.get_json(&format!("/jobs/{job}")).await;
        (states.iter().any(|state| job["state"] == *state), job)
    })
    .await
}

/// Looks until a search finds `wanted` and not `unwanted`.
pub(super) async fn until_found(server: &Server, wanted: &str, unwanted: Option<&str>) {
    until(wanted, async || {
        let (_, found) = server.post_json("/search", &json!({ "question": "kettle" })).await;
        let found = found.to_string();
        (found.contains(wanted) && unwanted.is_none_or(|unwanted| !found.contains(unwanted)), found)
    })
    .await;
}

pub(super) fn id(job: &Value) -> String {
    job["job"]["id"].as_str().unwrap_or_else(|| panic!("{job:#}")).to_owned()
}

fn clean(scenario: &Scenario) {
    let verified = scenario.run(["verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}

#[tokio::test]
async fn model_an_upload_is_ingested_answers_with_its_quote_and_is_deleted() {
    let scenario = scenario();
    let server = scenario.serve();
    let (status, answer) = server.upload("kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n").await;
    assert_eq!(status, 202, "{answer:#}");
    let events = server.get(&format!("/jobs/{}/events", id(&answer))).await.text().await.unwrap();
    assert!(events.contains("event: progress") || events.contains("event:progress"), "{events}");
    assert!(events.contains(r#""state":"done""#) && events.contains("kettles.md"), "{events}");

    let document = answer["documents"][0]["id"].as_str().unwrap();
    let question = json!({ "question": "How long does the red kettle take to boil?" });
    let (_, told) = server.post_json("/ask", &question).await;
    assert_eq!(told["citations"][0]["quote"], "The red kettle boils in four minutes.", "{told:#}");
    assert_eq!(told["citations"][0]["document"]["id"], document);
    let content = server.get(&format!("/documents/{document}/content")).await.text().await.unwrap();
    assert!(content.contains("four minutes"));

    let (_, again) = server.upload("kettles.md", "# Kettles\n\nThe red kettle boils in nine minutes.\n").await;
    assert_eq!(again["documents"][0]["id"], document, "another version, not another document");
    assert_eq!(until_state(&server, &id(&again), &["done"]).await["report"]["changed"], 1);
    until_found(&server, "nine minutes", Some("four minutes")).await;

    let (status, deleted) = server.delete(&format!("/documents/{document}")).await;
    assert_eq!((status, &deleted["hint"]), (200, &Value::Null), "{deleted:#}");
    let (_, found) = server.post_json("/search", &json!({ "question": "kettle" })).await;
    assert_eq!(found["passages"], json!([]), "{found:#}");
    assert!(!scenario.data().join("uploads/default/kettles.md").exists());
    drop(server);
    clean(&scenario);
}

#[tokio::test]
async fn model_only_paths_below_a_root_are_ingested_over_http() {
    let scenario = scenario();
    let file = scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    let secret = scenario.write("secret/b.md", "# Secrets\n\nThe kettle of the king.\n");
    let server = scenario.serve();
    let (status, problem) = server.post_json("/ingest", &json!({ "paths": [secret] })).await;
    assert_eq!((status, &problem["code"]), (403, &json!("path_not_allowed")), "{problem:#}");
    let (status, answer) = server.post_json("/ingest", &json!({ "paths": [file], "collection": "new" })).await;
    assert_eq!(status, 202, "{answer:#}");
    assert_eq!(until_state(&server, &id(&answer), &["done", "failed"]).await["report"]["added"], 1);
    let (_, found) = server.post_json("/search", &json!({ "question": "kettle", "collection": "new" })).await;
    assert!(found.to_string().contains("four minutes") && !found.to_string().contains("king"), "{found:#}");

    let listed = server.get_json("/documents?collection=new&status=indexed").await;
    let document = listed["documents"][0]["id"].as_str().unwrap();
    let (status, deleted) = server.delete(&format!("/documents/{document}")).await;
    assert_eq!(status, 200);
    assert!(deleted["hint"].as_str().unwrap().contains("brings the document back"), "{deleted:#}");
    assert!(file.is_file());
}

#[tokio::test]
async fn model_a_followed_folder_is_kept_up_with_while_serving() {
    let scenario = scenario();
    scenario.write("followed/old.md", "# Old\n\nThe old kettle hums.\n");
    scenario.write("followed/other.md", "# Pots\n\nThe pot is made of copper.\n");
    let server = scenario.serve_with(&["--watch", "followed"]);
    until_found(&server, "old kettle hums", None).await;

    scenario.write("followed/sub/new.md", "# New\n\nThe new kettle sings.\n");
    until_found(&server, "new kettle sings", None).await;
    scenario.write("followed/sub/new.md", "# New\n\nThe new kettle whistles.\n");
    until_found(&server, "new kettle whistles", Some("sings")).await;
    // As editors save.
    scenario.write("followed/sub/new.md.tmp", "# New\n\nThe new kettle roars.\n");
    fs_err::rename(scenario.path("followed/sub/new.md.tmp"), scenario.path("followed/sub/new.md")).unwrap();
    until_found(&server, "new kettle roars", Some("whistles")).await;
    fs_err::remove_file(scenario.path("followed/old.md")).unwrap();
    until_found(&server, "new kettle roars", Some("old kettle hums")).await;

    let jobs = server.get_json("/jobs").await;
    let jobs = jobs["jobs"].as_array().unwrap();
    assert!(jobs.iter().all(|job| job["origin"] == "watch" && job["state"] != "failed"), "{jobs:#?}");
    assert_eq!(server.get_json("/documents?status=indexed").await["documents"].as_array().map(Vec::len), Some(2));
    // A folder that goes whole is more often a lost mount than a wish.
    fs_err::rename(scenario.path("followed"), scenario.path("away")).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    until_found(&server, "new kettle roars", None).await;
    drop(server);
    clean(&scenario);
}

#[tokio::test]
async fn model_a_job_is_cancelled_while_questions_are_answered() {
    let scenario = scenario();
    many(&scenario);
    let server = scenario.serve();
    let (_, first) = server.upload("kettles.md", "# Kettles\n\nThe red kettle boils in four minutes.\n").await;
    until_state(&server, &id(&first), &["done"]).await;
    let (_, job) = server.post_json("/ingest", &json!({ "paths": [scenario.path("documents")] })).await;
    let (_, waiting) = server.post_json("/ingest", &json!({ "paths": [scenario.path("documents/many/1.md")] })).await;
    until_state(&server, &id(&job), &["running"]).await;
    let question = json!({ "question": "How long does the red kettle take to boil?" });
    let (status, told) = server.post_json("/ask", &question).await;
    assert_eq!((status, &told["answerable"]), (200, &json!(true)), "{told:#}");
    let running = server.get_json(&format!("/jobs/{}", id(&job))).await;
    assert_eq!(running["state"], "running", "too few documents to cancel in the middle of");

    let (status, cancelled) = server.delete(&format!("/jobs/{}", id(&waiting))).await;
    assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")));
    assert_eq!(server.delete(&format!("/jobs/{}", id(&job))).await.0, 200);
    let ended = until_state(&server, &id(&job), &["cancelled", "done", "failed"]).await;
    assert_eq!(ended["state"], "cancelled", "{ended:#}");
    drop(server);
    clean(&scenario);
}

#[tokio::test]
async fn model_a_restart_goes_on_with_the_job_that_ran_and_those_that_waited() {
    let scenario = scenario();
    many(&scenario);
    scenario.write("documents/late.md", "# Late\n\nThe late kettle is blue.\n");
    let server = scenario.serve();
    let (_, ran) = server.post_json("/ingest", &json!({ "paths": [scenario.path("documents/many")] })).await;
    let (_, waited) = server.post_json("/ingest", &json!({ "paths": [scenario.path("documents/late.md")] })).await;
    until_state(&server, &id(&ran), &["running"]).await;
    // Killed, not told to stop.
    drop(server);

    let server = scenario.serve();
    let ran = until_state(&server, &id(&ran), &["done", "failed", "cancelled"]).await;
    assert_eq!((&ran["state"], &ran["attempts"]), (&json!("done"), &json!(2)), "{ran:#}");
    assert_eq!(until_state(&server, &id(&waited), &["done"]).await["report"]["added"], 1);
    let indexed = server.get_json("/documents?status=indexed").await;
    let unchanged = server.get_json("/documents?status=unchanged").await;
    let count = |listed: &Value| listed["documents"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&indexed) + count(&unchanged), 301);
    drop(server);
    clean(&scenario);
}

#[tokio::test]
async fn model_a_server_told_to_stop_puts_its_job_back() {
    let scenario = scenario();
    many(&scenario);
    let server = scenario.serve();
    let (_, job) = server.post_json("/ingest", &json!({ "paths": [scenario.path("documents/many")] })).await;
    until_state(&server, &id(&job), &["running"]).await;
    // A listener must not hold it back.
    let mut listener = server.get(&format!("/jobs/{}/events", id(&job))).await;
    listener.chunk().await.unwrap();
    assert_eq!(server.stop(), Some(0));
    clean(&scenario);

    let server = scenario.serve();
    let done = until_state(&server, &id(&job), &["done", "failed", "cancelled"]).await;
    assert_eq!((&done["state"], &done["attempts"]), (&json!("done"), &json!(1)), "{done:#}");
}

#[tokio::test]
async fn model_a_poison_upload_is_tried_again_and_then_left_alone_with_its_reason() {
    let scenario = Scenario::new();
    scenario.write("footnote.toml", format!("{QUOTED}attempts = 2\nretry_seconds = 1\n"));
    let server = scenario.serve();
    let (_, answer) = server.upload("poison.pdf", "%PDF-1.7\n1 0 obj << /Type /Catalog").await;
    let document = answer["documents"][0]["id"].as_str().unwrap();
    let record = until("quarantined", async || {
        let record = server.get_json(&format!("/documents/{document}")).await;
        (record["status"] == "quarantined", record)
    })
    .await;
    assert_eq!(record["attempts"], 2, "{record:#}");
    assert!(record["reason"].as_str().unwrap().to_lowercase().contains("pdf"), "{record:#}");
}

/// `footnote ingest --watch`, stopped when dropped.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        // A test that failed must not leave it behind.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn model_ingest_watch_follows_until_it_is_told_to_stop() {
    let scenario = scenario();
    scenario.write("followed/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    let mut command = scenario.command();
    command.args(["ingest", "--watch", "followed"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut following = Following(command.spawn().unwrap());
    let mut lines = BufReader::new(following.0.stdout.take().unwrap()).lines();
    let mut line = || lines.next().expect("a line per batch").unwrap();
    assert!(line().starts_with("default: 1 added"));
    scenario.write("followed/b.md", "# Pots\n\nThe pot is made of copper.\n");
    assert!(line().starts_with("default: 1 added, 0 changed"));
    fs_err::remove_file(scenario.path("followed/b.md")).unwrap();
    let last = line();
    assert!(last.contains("1 removed"), "{last}");
    assert!(Command::new("kill").args(["-INT", &following.0.id().to_string()]).status().unwrap().success());
    assert_eq!(following.0.wait().unwrap().code(), Some(0));
    clean(&scenario);
}
