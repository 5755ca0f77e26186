//! The HTTP API of a real server.

use footnote_tests::handbook;
use serde_json::{Value, json};

const QUESTION: &str = "What does quantization do to a model's weights?";

/// Server-sent events as (name, data).
fn events(body: &str) -> Vec<(String, Value)> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim_start().to_owned()))
    };
    let blocks = body.split("\n\n").filter(|block| block.contains("data:"));
    blocks
        .map(|block| {
            let data = field(block, "data:").unwrap();
            (field(block, "event:").unwrap(), serde_json::from_str(&data).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn model_the_api_answers_searches_and_shows_documents() {
    let scenario = handbook::scenario();
    let server = scenario.serve();
    assert_eq!(server.get_json("/healthz").await, json!({ "status": "ok" }));
    let ready = server.get_json("/readyz").await;
    assert_eq!(ready["status"], "ready");
    assert!(ready["documents"].as_u64().unwrap() >= 25);

    let (status, answer) = server.post_json("/ask", &json!({ "question": QUESTION })).await;
    assert_eq!(status, 200, "{answer:#}");
    let citation = &answer["citations"][0];
    let id = citation["document"]["id"].as_str().unwrap();
    let shown = server.get_json(&format!("/documents/{id}/text")).await;
    let text: Vec<char> = shown["text"].as_str().unwrap().chars().collect();
    let at = |name: &str| usize::try_from(citation["span"][name].as_u64().unwrap()).unwrap();
    assert_eq!(citation["quote"], Value::String(text[at("start")..at("end")].iter().collect()));

    let (status, found) = server.post_json("/search", &json!({ "question": QUESTION, "top_k": 3 })).await;
    assert_eq!((status, found["passages"].as_array().map(Vec::len)), (200, Some(3)), "{found:#}");

    let content = server.get(&format!("/documents/{id}/content")).await;
    assert_eq!(content.status(), 200);
    assert_eq!(content.headers()["x-content-type-options"], "nosniff");
    let uri = citation["document"]["uri"].as_str().unwrap();
    assert_eq!(content.bytes().await.unwrap(), fs_err::read(uri.strip_prefix("file://").unwrap()).unwrap());
    for page in ["/", "/view", "/app.js", "/view.js", "/style.css"] {
        assert_eq!(server.get(page).await.status(), 200, "{page}");
    }
}

#[tokio::test]
async fn model_the_stream_tells_only_checked_text_and_ends_with_the_whole_answer() {
    let scenario = handbook::scenario();
    let server = scenario.serve();
    let response = server.post("/ask", &json!({ "question": QUESTION, "stream": true })).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let events = events(&response.text().await.unwrap());
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"search_results"));
    assert_eq!(names.last(), Some(&"answer"));
    let told: String =
        events.iter().filter(|(name, _)| name == "token").map(|(_, data)| data["text"].as_str().unwrap()).collect();
    let answer = &events.last().unwrap().1;
    assert_eq!(answer["answer"], Value::String(told));
    let cited = events.iter().filter(|(name, _)| name == "citation").count();
    assert_eq!(answer["citations"].as_array().map(Vec::len), Some(cited));
}

#[tokio::test]
async fn model_a_client_that_leaves_does_not_hold_the_engine() {
    let scenario = handbook::scenario();
    let server = scenario.serve();
    for _ in 0..8 {
        let mut response = server.post("/ask", &json!({ "question": QUESTION, "stream": true })).await;
        response.chunk().await.unwrap();
        drop(response);
    }
    let (status, answer) = server.post_json("/ask", &json!({ "question": QUESTION })).await;
    assert_eq!((status, &answer["answerable"]), (200, &json!(true)));
}

#[tokio::test]
async fn model_wrong_requests_are_told_what_is_wrong() {
    let scenario = handbook::scenario();
    scenario.write("footnote.toml", "[grounding]\nmode = \"quoted\"\n");
    let server = scenario.serve();
    let cases = [
        (json!({ "question": "" }), 400, "question_empty"),
        (json!({ "question": "x".repeat(100_000) }), 400, "question_too_long"),
        (json!({ "question": QUESTION, "top_k": 0 }), 400, "top_k_out_of_range"),
        (json!({ "question": QUESTION, "top_k": 1_000_000 }), 400, "top_k_out_of_range"),
        (json!({ "question": QUESTION, "colection": "x" }), 400, "bad_request"),
        (json!({ "question": QUESTION, "collection": "none-such" }), 404, "collection_unknown"),
        (json!({ "question": QUESTION, "collection": "../etc" }), 400, "collection_name"),
        (json!({ "question": "x".repeat(1_100_000) }), 413, "body_too_large"),
    ];
    for (body, status, code) in cases {
        let (got, problem) = server.post_json("/ask", &body).await;
        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{problem:#}");
        assert!(problem["hint"].is_string() && problem["detail"].is_string(), "{problem:#}");
    }
    for (path, status, code) in [
        ("/nowhere", 404, "route_unknown"),
        ("/ask", 405, "method_not_allowed"),
        ("/documents/not-an-id", 404, "document_unknown"),
        ("/documents/00000000-0000-0000-0000-000000000000/text", 404, "document_unknown"),
        ("/documents?status=lost", 400, "bad_request"),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], code, "{path}");
    }
}

#[tokio::test]
async fn model_an_original_that_changed_since_is_not_passed_off_as_the_source() {
    let scenario = footnote_tests::Scenario::new();
    let path = scenario.write("documents/a.md", "# Kettles\n\nThe red kettle boils in four minutes.\n");
    scenario.ok(["ingest".as_ref(), scenario.path("documents").as_os_str()]);
    scenario.write("footnote.toml", "[grounding]\nmode = \"quoted\"\n");
    let server = scenario.serve();
    let listed = server.get_json("/documents").await;
    let id = listed["documents"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/documents/{id}/content")).await.status(), 200);
    fs_err::write(&path, "something else").unwrap();
    assert_eq!(server.get(&format!("/documents/{id}/content")).await.status(), 410);
    assert!(server.get_json(&format!("/documents/{id}/text")).await["text"].as_str().unwrap().contains("four minutes"));
}
