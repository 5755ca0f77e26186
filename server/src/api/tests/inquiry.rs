//! `/ask` and `/search`: filters, explanations, conversations, and what is refused.

use footnote_core::Metadata;
use footnote_core::metadata::FieldValue;
use serde_json::json;

use super::*;

async fn world() -> World {
    let world = World::with(&AccessSettings::default());
    let mut metadata = Metadata { tags: vec!["report".into()], ..Metadata::default() };
    metadata.fields.insert("year".into(), FieldValue::Number(2018.0));
    world.shelve_with("report", "The kettle of 2018 boils water in four minutes.", metadata).await;
    world.shelve(("guide", "The kettle is red. It boils water in nine minutes.", &[])).await;
    world
}

/// Names of the documents that were found.
fn titles(found: &Value) -> Vec<&str> {
    let passages = found["passages"].as_array().unwrap_or_else(|| panic!("{found:#}"));
    passages.iter().map(|passage| passage["document"]["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_filter_keeps_both_endpoints_to_the_documents_that_fit() {
    let world = world().await;
    let question = "How long does the kettle boil water?";
    for (filters, wanted) in [
        (json!({}), ["guide", "report"].as_slice()),
        (json!({ "tags": "report" }), &["report"]),
        (json!({ "fields.year": { "lt": 2018 } }), &[]),
        (json!({ "not": { "fields.year": 2018 } }), &["guide"]),
    ] {
        let body = json!({ "question": question, "filters": filters });
        let (status, found) = world.post("/search", body.clone()).await;
        let mut found_titles = titles(&found);
        found_titles.sort_unstable();
        assert_eq!((status, found_titles.as_slice()), (200, wanted), "{filters}");
        let (status, answer) = world.post("/ask", body).await;
        let cited = answer["citations"].as_array().unwrap();
        assert_eq!((status, answer["answerable"].as_bool()), (200, Some(!wanted.is_empty())), "{answer:#}");
        assert!(cited.iter().all(|citation| wanted.contains(&citation["document"]["title"].as_str().unwrap())));
    }
}

#[tokio::test]
async fn an_explanation_is_given_where_it_is_asked_for_and_the_legs_always() {
    let world = world().await;
    let body = json!({ "question": "kettle water", "explain": true, "top_k": 1 });
    let (_, found) = world.post("/search", body.clone()).await;
    let passage = &found["passages"][0];
    assert_eq!((&passage["keyword"]["rank"], &passage["reranked"]), (&json!(1), &json!(4.0)), "{found:#}");
    let candidates = found["explanation"]["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2, "{found:#}");
    assert_eq!(candidates[1]["cut"]["reason"], "below_top_k");
    assert_eq!(found["degraded"], "a fake");
    let (_, answer) = world.post("/ask", body).await;
    assert_eq!(answer["explanation"], found["explanation"]);
    assert_eq!(answer["degraded"], "a fake");
    for path in ["/ask", "/search"] {
        let (_, plain) = world.post(path, json!({ "question": "kettle water" })).await;
        assert!(plain.get("explanation").is_none() && plain.get("question").is_none(), "{plain:#}");
    }
}

#[tokio::test]
async fn a_follow_up_is_asked_as_it_is_meant_and_says_so() {
    let world = world().await;
    let history = json!([{ "question": "In how many minutes does the kettle of 2018 boil?" }]);
    let body = json!({ "question": "And how long does it boil?", "history": history });
    let meant = json!({
        "asked": "And how long does it boil?",
        "standalone": "In how many minutes does the kettle of 2018 boil? And how long does it boil?",
        "how": "rules",
    });
    let (_, found) = world.post("/search", body.clone()).await;
    assert_eq!((&found["question"], titles(&found)[0]), (&meant, "report"));
    assert_eq!(world.post("/ask", body.clone()).await.1["question"], meant);
    let (_, alone) = world.post("/search", json!({ "question": "Which kettle?", "history": history })).await;
    assert_eq!(
        (&alone["question"]["how"], &alone["question"]["standalone"]),
        (&json!("unchanged"), &json!("Which kettle?"))
    );
    let mut streamed = body;
    streamed["stream"] = json!(true);
    let events = world.stream("/ask", &streamed).await;
    assert_eq!((events[0].0.as_str(), &events[0].1["question"]), ("search_results", &meant));
    let last = events.last().unwrap();
    assert_eq!((last.0.as_str(), &last.1["question"]), ("answer", &meant));
}

#[tokio::test]
async fn a_session_remembers_whole_and_streamed_answers() {
    let world = world().await;
    let ask = |question: &str, stream: bool| json!({ "question": question, "session_id": "a b-1", "stream": stream });
    let standalone = |found: &Value| found["question"]["standalone"].as_str().unwrap().to_owned();
    let (_, first) = world.post("/ask", ask("In how many minutes does the kettle of 2018 boil?", false)).await;
    assert_eq!(standalone(&first), "In how many minutes does the kettle of 2018 boil?");
    world.stream("/ask", &ask("And how long does it boil?", true)).await;
    // A search reads the session and leaves it as it is. As it was asked, not as it was meant: that is for the rules.
    for _ in 0..2 {
        let body = json!({ "question": "And why?", "session_id": "a b-1" });
        assert_eq!(standalone(&world.post("/search", body).await.1), "And how long does it boil? And why?");
    }
    let body =
        json!({ "question": "And why?", "session_id": "a b-1", "history": [{ "question": "Tea?", "answer": "Yes." }] });
    assert_eq!(standalone(&world.post("/search", body).await.1), "Tea? And why?");
    let body = json!({ "question": "And why?", "session_id": "another" });
    assert_eq!(standalone(&world.post("/search", body).await.1), "And why?");
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_code_and_a_hint() {
    let world = world().await;
    let filter = |filters: Value| json!({ "question": "kettle", "filters": filters });
    let mut deep = json!({ "tags": "report" });
    for _ in 0..100 {
        deep = json!({ "not": deep });
    }
    let wide: Vec<String> = (0..2_000).map(|at| at.to_string()).collect();
    let history = |turn: Value| json!({ "question": "kettle", "history": [turn] });
    let many: Vec<Value> = (0..51).map(|_| json!({ "question": "kettle" })).collect();
    for (body, status, code) in [
        (json!({ "question": "" }), 400, "question_empty"),
        (json!({ "question": "\u{0}\u{1b}\u{7f}\n" }), 400, "question_empty"),
        (json!({ "question": "x".repeat(8_001) }), 400, "question_too_long"),
        (json!({ "question": 7 }), 400, "bad_request"),
        (json!({ "question": "kettle", "top_k": 0 }), 400, "top_k_out_of_range"),
        (json!({ "question": "kettle", "top_k": 1_000_000 }), 400, "top_k_out_of_range"),
        (json!({ "question": "kettle", "top_k": -1 }), 400, "bad_request"),
        (json!({ "question": "kettle", "collection": "none" }), 404, "collection_unknown"),
        (json!({ "question": "kettle", "collection": "../x" }), 400, "collection_name"),
        (json!({ "question": "kettle", "colection": "x" }), 400, "bad_request"),
        (filter(json!({ "colour": "red" })), 400, "filter_field_unknown"),
        (filter(json!({ "fields.colour": "red" })), 400, "filter_field_unknown"),
        (
            filter(json!({ "any": [{ "tags": "x" }, { "not": { "fields.yaer": { "gt": 1 } } }] })),
            400,
            "filter_field_unknown",
        ),
        (filter(json!({ "tags": { "like": "x" } })), 400, "filter_value_invalid"),
        (filter(json!({ "modified": 2018 })), 400, "filter_value_invalid"),
        (filter(json!("tags")), 400, "filter_value_invalid"),
        (filter(deep), 400, "filter_too_complex"),
        (filter(json!({ "tags": wide })), 400, "filter_too_complex"),
        (history(json!({ "question": " " })), 400, "question_empty"),
        (history(json!({ "question": "x".repeat(8_001) })), 400, "question_too_long"),
        (history(json!({ "question": "x", "answer": "x".repeat(8_001) })), 400, "bad_request"),
        (history(json!({ "answer": "x" })), 400, "bad_request"),
        (json!({ "question": "kettle", "history": many }), 400, "bad_request"),
        (json!({ "question": "kettle", "session_id": "" }), 400, "session_id"),
        (json!({ "question": "kettle", "session_id": "é" }), 400, "session_id"),
        (json!({ "question": "kettle", "session_id": "x".repeat(129) }), 400, "session_id"),
        (json!({ "question": "kettle", "explain": "yes" }), 400, "bad_request"),
    ] {
        for path in ["/ask", "/search"] {
            let (got, problem) = world.post(path, body.clone()).await;
            let shown: String = body.to_string().chars().take(120).collect();
            assert_eq!((got, told(&problem).0), (status, code), "{path} {shown}: {problem:#}");
        }
    }
    let (status, problem) = world.post("/search", json!({ "question": "kettle", "stream": true })).await;
    assert_eq!((status, told(&problem).0), (400, "bad_request"));
    // Deeper than JSON itself may be.
    let deepest = format!("{{\"question\":\"x\",\"filters\":{}1{}}}", "{\"not\":".repeat(500), "}".repeat(500));
    let request = Request::post("/search").header(header::CONTENT_TYPE, "application/json").body(deepest.into());
    assert_eq!(json_of(world.send(request.unwrap()).await).await.0, 400);
}

#[tokio::test]
async fn a_question_of_any_words_is_answered() {
    let world = world().await;
    for question in ["the of and", "🫖🔥❓", "a\u{0}kettle\u{7}", "؟", "水壶多久能烧开水？", "\u{202e}kettle", "“”"]
    {
        for path in ["/ask", "/search"] {
            let (status, found) = world.post(path, json!({ "question": question })).await;
            assert_eq!(status, 200, "{path} {question:?}: {found:#}");
        }
    }
}

#[tokio::test]
async fn a_session_is_shown_to_its_caller_and_can_be_deleted() {
    let world = world().await;
    world.post("/ask", json!({ "question": "How long does the kettle boil water?", "session_id": "tea 1" })).await;
    let (status, shown) = world.call("GET", "/sessions/tea%201").await;
    assert_eq!((status, &shown["turns"][0]["question"]), (200, &json!("How long does the kettle boil water?")));
    assert!(shown["turns"][0]["answer"].as_str().unwrap().contains("[1]"), "{shown:#}");
    assert_eq!(world.call("DELETE", "/sessions/tea%201").await.0, 204);
    for method in ["GET", "DELETE"] {
        let (status, problem) = world.call(method, "/sessions/tea%201").await;
        assert_eq!((status, &problem["code"]), (404, &json!("session_unknown")));
        assert!(problem["hint"].as_str().is_some());
    }
}
