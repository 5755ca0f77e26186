//! Access labels: on every route, nobody sees, counts or infers what they may not see.

use axum::http::Method;
use footnote_config::{AccessSettings, KeySettings};
use footnote_core::Metadata;
use footnote_core::metadata::FieldValue;
use serde_json::json;

use super::library::Shelved;
use super::*;
use crate::api::access::hash_in_hex;

/// The key of a caller with the grant `hr`, and of one who may see everything.
const HR: &str = "the-key-of-human-resources";
const OWNER: &str = "the-key-of-whoever-owns-it";

/// What a caller without grants gets at a route, where a hidden document is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    /// No document, for anybody.
    NoDocuments,
    /// The same as if there were no hidden documents.
    AsIfNotThere,
    /// 404, as for a document that was never there.
    NotFound,
    /// 403: only who may see everything comes in.
    Refused,
}

/// Every route. A new one fails the tests below until it has a row here.
const ROUTES: [(&str, &str, Shown); 17] = [
    ("POST", "/ask", Shown::AsIfNotThere),
    ("POST", "/search", Shown::AsIfNotThere),
    ("GET", "/documents", Shown::AsIfNotThere),
    ("POST", "/documents", Shown::Refused),
    ("GET", "/documents/{id}", Shown::NotFound),
    ("DELETE", "/documents/{id}", Shown::Refused),
    ("GET", "/documents/{id}/text", Shown::NotFound),
    ("GET", "/documents/{id}/content", Shown::NotFound),
    ("POST", "/ingest", Shown::Refused),
    ("GET", "/jobs", Shown::Refused),
    ("GET", "/jobs/{id}", Shown::Refused),
    ("DELETE", "/jobs/{id}", Shown::Refused),
    ("GET", "/jobs/{id}/events", Shown::Refused),
    ("GET", "/sessions/{id}", Shown::NotFound),
    ("DELETE", "/sessions/{id}", Shown::NotFound),
    ("GET", "/healthz", Shown::NoDocuments),
    ("GET", "/readyz", Shown::AsIfNotThere),
];

/// The hidden ones speak of what the visible ones speak of, so that they would be found.
const OPEN: [Shelved<'static>; 3] = [
    ("guide", "The kettle boils water in four minutes. The kettle is red.", &[]),
    ("prices", "The red kettle costs 30 euros since March.", &["public"]),
    ("tea", "Tea is made with water from the kettle.", &[]),
];
const HIDDEN: [Shelved<'static>; 2] = [
    ("salaries", "SECRET: the red kettle boils water in nine minutes, and costs 99 euros.", &["hr"]),
    ("plans", "SECRET: the kettle boils over. Red kettle, red kettle, red kettle.", &["board", "owner"]),
];

fn settings() -> AccessSettings {
    let key = |name: &str, key: &str, grants: &[&str]| KeySettings {
        name: name.into(),
        key_sha256: Some(hash_in_hex(key).unwrap()),
        key_env: None,
        grants: grants.iter().map(|grant| (*grant).to_owned()).collect(),
    };
    let keys = vec![key("hr", HR, &["hr", "public"]), key("owner", OWNER, &["*"])];
    AccessSettings { keys, anonymous: Some(vec!["public".into()]) }
}

/// A world with the open documents, and the hidden ones where `hidden` says so.
async fn world(hidden: bool) -> World {
    let world = World::with(&settings());
    for shelved in OPEN {
        world.shelve(shelved).await;
    }
    for (name, text, labels) in HIDDEN.into_iter().filter(|_| hidden) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let fields = [("owner".to_owned(), FieldValue::Text("the board".into()))].into();
        world.shelve_with(name, text, Metadata { labels, fields, ..Metadata::default() }).await;
    }
    world
}

fn id_of(name: &str) -> DocumentId {
    DocumentId::of("default", &format!("memory:{name}"))
}

impl World {
    /// Status and text of a request with a key.
    async fn called(&self, method: &str, path: &str, key: Option<&str>, body: &Value) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let response = self.send(request.body(body.to_string().into()).unwrap()).await;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Its endpoints, by asking for each with each method.
    async fn routes(&self) -> Vec<(String, &'static str)> {
        let mut found = Vec::new();
        for path in endpoints(&self.state).into_iter().map(|(path, _)| path) {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                // With a key that nobody has, nothing happens but routing.
                let (status, _) =
                    self.called(method.as_str(), &at(path, id_of("x")), Some("unknown"), &json!({})).await;
                if status != 405 {
                    found.push((method.to_string(), path));
                }
            }
        }
        found
    }
}

fn at(path: &str, id: DocumentId) -> String {
    path.replace("{id}", &id.to_string())
}

/// What is different each time: an answer's id, and times.
fn timeless(text: &str) -> String {
    let Ok(mut body) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    if let Some(object) = body.as_object_mut() {
        object.remove("timings_ms");
        if object.contains_key("answer") {
            object.remove("id");
        }
    }
    body.to_string()
}

#[tokio::test]
async fn every_route_has_a_row_in_the_table() {
    let routes = world(true).await.routes().await;
    for (method, path) in &routes {
        assert!(ROUTES.iter().any(|row| (row.0, row.1) == (method, path)), "{method} {path} has no row in ROUTES");
    }
    assert_eq!(routes.len(), ROUTES.len(), "ROUTES has rows of routes that are gone");
}

#[tokio::test]
async fn on_every_route_a_caller_without_grants_meets_no_hidden_document() {
    let (with, without) = (world(true).await, world(false).await);
    let hidden = id_of("salaries");
    let never = DocumentId::of("default", "memory:never");
    for (method, path, shown) in ROUTES {
        let body = json!({ "question": "How long does the red kettle boil?" });
        let body = if method == "POST" { body } else { json!({}) };
        let (status, text) = with.called(method, &at(path, hidden), None, &body).await;
        let named = format!("{method} {path}: {status} {text}");
        for secret in ["SECRET", "salaries", "plans", "99 euros", &id_of("plans").to_string()] {
            assert!(!text.contains(secret), "{named}");
        }
        match shown {
            Shown::NoDocuments => assert_eq!(status, 200, "{named}"),
            Shown::AsIfNotThere => {
                let (status_without, text_without) = without.called(method, &at(path, hidden), None, &body).await;
                assert_eq!((status, timeless(&text)), (status_without, timeless(&text_without)), "{named}");
                assert_eq!(status, 200, "{named}");
            }
            Shown::NotFound => {
                let (_, other) = with.called(method, &at(path, never), None, &body).await;
                assert_eq!((status, text), (404, other.replace(&never.to_string(), &hidden.to_string())), "{named}");
            }
            Shown::Refused => {
                let problem: Value = serde_json::from_str(&text).unwrap();
                assert_eq!((status, told(&problem).0), (403, "access_grant_missing"), "{named}");
            }
        }
    }
}

#[tokio::test]
async fn with_and_without_hidden_documents_every_answer_is_the_same() {
    let (with, without) = (world(true).await, world(false).await);
    let asked = [
        json!({ "question": "How long does the red kettle boil?" }),
        json!({ "question": "How long does the red kettle boil?", "explain": true, "top_k": 1 }),
        json!({ "question": "What does the kettle cost?", "filters": { "not": { "name": "guide" } }, "explain": true }),
        // Of the words, only hidden documents have these.
        json!({ "question": "nine 99", "explain": true }),
        json!({ "question": "SECRET board", "filters": { "path": "memory:salaries" }, "explain": true }),
        json!({ "question": "kettle", "filters": { "fields.owner": { "exists": false } } }),
        json!({ "question": "kettle", "collection": "other" }),
        json!({ "question": "And the price?", "history": [{ "question": "kettle" }], "session_id": "1" }),
    ];
    for body in &asked {
        for path in ["/ask", "/search"] {
            let (seen, unseen) =
                (with.called("POST", path, None, body).await, without.called("POST", path, None, body).await);
            assert_eq!((seen.0, timeless(&seen.1)), (unseen.0, timeless(&unseen.1)), "{path} {body}");
        }
        let mut streamed = body.clone();
        streamed["stream"] = json!(true);
        let (_, seen) = with.called("POST", "/ask", None, &streamed).await;
        assert!(!seen.contains("SECRET") && !seen.contains("salaries"), "{seen}");
    }
    for path in ["/documents", "/documents?status=indexed", "/documents?collection=other", "/readyz"] {
        let (seen, unseen) =
            (with.called("GET", path, None, &json!({})).await, without.called("GET", path, None, &json!({})).await);
        assert_eq!(seen, unseen, "{path}");
        assert!(!path.starts_with("/documents?status") || seen.1.contains("prices"), "{}", seen.1);
    }
}

#[tokio::test]
async fn who_has_the_grant_sees_what_it_opens_and_no_more() {
    let world = world(true).await;
    let body = json!({ "question": "SECRET red kettle", "explain": true });
    for (key, sees) in [(Some(HR), ["salaries"].as_slice()), (Some(OWNER), &["salaries", "plans"]), (None, &[])] {
        for (method, path) in [("POST", "/search"), ("GET", "/documents")] {
            let (status, text) = world.called(method, path, key, &body).await;
            assert_eq!(status, 200, "{text}");
            for name in ["salaries", "plans"] {
                assert_eq!(text.contains(name), sees.contains(&name), "{key:?} {path}: {text}");
            }
        }
        for name in ["salaries", "plans", "guide"] {
            let wanted = if name == "guide" || sees.contains(&name) { 200 } else { 404 };
            for part in ["", "/text", "/content"] {
                let (status, text) =
                    world.called("GET", &format!("/documents/{}{part}", id_of(name)), key, &body).await;
                assert_eq!(status, wanted, "{key:?} {name}{part}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_key_is_refused_wherever_documents_are() {
    let world = world(true).await;
    for (method, path, shown) in ROUTES.into_iter().filter(|row| row.2 != Shown::NoDocuments) {
        let body = json!({ "question": "kettle" });
        let (status, text) =
            world.called(method, &at(path, id_of("guide")), Some("not-the-key-of-anybody"), &body).await;
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, told(&problem).0), (401, "access_key_unknown"), "{method} {path} {shown:?}");
        assert!(!text.contains("not-the-key"), "{text}");
    }
    let request = Request::get("/documents").header("x-api-key", "unknown").body(Body::empty()).unwrap();
    assert_eq!(world.send(request).await.headers()[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn who_may_see_everything_may_do_everything() {
    let world = world(true).await;
    for (method, path) in [("GET", "/jobs".to_owned()), ("DELETE", format!("/documents/{}", id_of("salaries")))] {
        let (status, text) = world.called(method, &path, Some(OWNER), &json!({})).await;
        assert_eq!(status, 200, "{text}");
    }
}

#[tokio::test]
async fn a_collection_of_hidden_documents_is_as_unknown_as_one_that_is_not_there() {
    let hidden_only = World::with(&settings());
    hidden_only.shelve(HIDDEN[0]).await;
    let nothing = World::with(&settings());
    for body in [json!({ "question": "kettle" }), json!({ "question": "kettle", "filters": { "fields.x": 1 } })] {
        for path in ["/ask", "/search"] {
            let seen = hidden_only.called("POST", path, None, &body).await;
            assert_eq!(seen, nothing.called("POST", path, None, &body).await);
            assert_eq!(seen.0, 404);
        }
    }
    // Nor are the names of others told to who may not see everything.
    let elsewhere = json!({ "question": "kettle", "collection": "other" });
    assert!(!hidden_only.called("POST", "/ask", Some(HR), &elsewhere).await.1.contains("default"));
    assert!(hidden_only.called("POST", "/ask", Some(OWNER), &elsewhere).await.1.contains("default"));
}

#[tokio::test]
async fn a_document_whose_labels_are_not_known_yet_is_seen_by_its_owner_only() {
    let world = World::with(&settings());
    let id = world.record("/docs/not-read.md".into()).await;
    for (key, wanted) in [(None, 404), (Some(HR), 404), (Some(OWNER), 200)] {
        assert_eq!(world.called("GET", &format!("/documents/{id}"), key, &json!({})).await.0, wanted, "{key:?}");
        let (_, listed) = world.called("GET", "/documents", key, &json!({})).await;
        assert_eq!(listed.contains("not-read"), wanted == 200, "{key:?}");
    }
}

#[tokio::test]
async fn an_earlier_version_keeps_its_labels() {
    let world = World::with(&settings());
    world.shelve(("terms", "SECRET terms.", &["hr"])).await;
    let id = world.shelve(("terms", "The terms that everybody may read.", &[])).await;
    for (key, versions) in [(None, 0), (Some(HR), 1), (Some(OWNER), 1)] {
        let (status, text) = world.called("GET", &format!("/documents/{id}"), key, &json!({})).await;
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, shown["versions"].as_array().map(Vec::len)), (200, Some(versions)), "{key:?}: {text}");
    }
}

#[tokio::test]
async fn the_same_session_id_of_two_callers_is_two_sessions() {
    let world = world(true).await;
    let body = |question: &str| json!({ "question": question, "session_id": "1" });
    world.called("POST", "/ask", Some(HR), &body("SECRET salaries of the red kettle")).await;
    for key in [None, Some(OWNER)] {
        let (_, text) = world.called("POST", "/search", key, &body("And red?")).await;
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["question"]["standalone"], "And red?", "{key:?}: {text}");
    }
    let (_, text) = world.called("POST", "/search", Some(HR), &body("And red?")).await;
    assert!(text.contains("SECRET salaries of the red kettle And red?"), "{text}");
}
