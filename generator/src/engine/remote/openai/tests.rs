use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent, Grammar, Message, Role};
use serde_json::json;

use super::*;
use crate::engine::remote::stub::{Act, Stub, head};
use crate::engine::remote::{EndpointOptions, GrammarField, Key};

fn endpoint(url: &str) -> EndpointOptions {
    EndpointOptions { url: url.into(), model: "m".into(), key: Key::new("s3cret"), grammar: GrammarField::LlamaCpp }
}

fn engine(urls: &[&str]) -> OpenAi {
    let endpoints = urls.iter().map(|url| endpoint(url)).collect();
    let stall = Duration::from_millis(300);
    OpenAi::new(RemoteOptions { endpoints, context: 2048, stall, retries: 1 }).unwrap()
}

fn request() -> GenerationRequest {
    GenerationRequest {
        messages: vec![Message { role: Role::User, content: "Why?".into() }],
        max_tokens: 16,
        deadline: Duration::from_secs(20),
        temperature: 0.0,
        grammar: Some(Grammar { gbnf: "root ::= \"x\"".into(), regex: "x".into() }),
        asker: None,
    }
}

fn delta(text: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": text } }] }))
}

fn finish(reason: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "delta": {}, "finish_reason": reason }] }))
}

fn streamed(pieces: &[String]) -> Act {
    Act::Send([vec![head("200 OK", "text/event-stream")], pieces.to_vec()].concat())
}

fn good() -> Act {
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 2 } });
    streamed(&[delta("Be"), delta("cause."), finish("stop"), format!("data: {usage}\n\n"), "data: [DONE]\n\n".into()])
}

fn status(line: &str, extra: &str) -> Act {
    let head = format!("HTTP/1.1 {line}\r\ncontent-type: application/json\r\n{extra}connection: close\r\n\r\n");
    Act::Send(vec![head, r#"{"error":{"message":"the reason"}}"#.into()])
}

async fn read(engine: &OpenAi) -> Result<(String, Option<Result<GenerationDone>>)> {
    let mut stream = engine.generate(request()).await?;
    let mut text = String::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(GenerationEvent::Token(piece)) => text.push_str(&piece),
            Ok(GenerationEvent::Done(done)) => return Ok((text, Some(Ok(done)))),
            Err(error) => return Ok((text, Some(Err(error)))),
        }
    }
    Ok((text, None))
}

async fn text_and_done(acts: Vec<Act>) -> (String, GenerationDone) {
    let stub = Stub::start(acts).await;
    let (text, done) = read(&engine(&[&stub.url])).await.unwrap();
    (text, done.unwrap().unwrap())
}

#[tokio::test]
async fn a_stream_is_read_with_its_usage_and_the_request_says_everything() {
    let stub = Stub::start(vec![good()]).await;
    let (text, done) = read(&engine(&[&stub.url])).await.unwrap();
    let done = done.unwrap().unwrap();
    assert_eq!((text.as_str(), done.finish), ("Because.", FinishReason::Stop));
    assert_eq!((done.prompt_tokens, done.completion_tokens), (7, 2));
    let request = stub.requests.lock().unwrap()[0].clone();
    for part in
        ["POST /v1/chat/completions", "Bearer s3cret", r#""model":"m""#, r#""grammar":"root"#, r#""stream":true"#]
    {
        assert!(request.to_lowercase().contains(&part.to_lowercase()), "{part}: {request}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_read_whole_whatever_its_headers_say() {
    let whole = json!({ "choices": [{ "message": { "content": "Because." }, "finish_reason": "length" }] }).to_string();
    for kind in ["application/json", "text/event-stream"] {
        let (left, right) = whole.split_at(20);
        let (text, done) = text_and_done(vec![Act::Send(vec![head("200 OK", kind), left.into(), right.into()])]).await;
        assert_eq!((text.as_str(), done.finish), ("Because.", FinishReason::Length), "{kind}");
    }
}

#[tokio::test]
async fn bytes_may_be_cut_anywhere_and_the_end_may_be_left_unsaid() {
    let stream = format!(": hi\n\n{}{}", delta("Größe 😀."), finish("stop"));
    let pieces: Vec<String> = stream.chars().map(String::from).collect();
    let (text, done) = text_and_done(vec![streamed(&pieces)]).await;
    // No usage: a piece counts as a token.
    assert_eq!((text.as_str(), done.completion_tokens, done.prompt_tokens), ("Größe 😀.", 1, 0));
}

#[tokio::test]
async fn what_a_model_thinks_aloud_in_a_field_of_its_own_is_left_out() {
    let thought = format!("data: {}\n\n", json!({ "choices": [{ "delta": { "reasoning_content": "Hm." } }] }));
    assert_eq!(text_and_done(vec![streamed(&[thought, delta("So."), finish("stop")])]).await.0, "So.");
}

#[tokio::test]
async fn before_the_first_word_the_next_server_takes_over() {
    let failing = [
        status("500 Internal Server Error", ""),
        status("429 Too Many Requests", "retry-after: 5\r\n"),
        status("401 Unauthorized", ""),
        status("404 Not Found", ""),
        Act::Hang(vec![]),
        Act::Hang(vec![head("200 OK", "text/event-stream"), ": still here\n\n".into()]),
        streamed(&["data: {\"choices\": [\n\n".into()]),
        streamed(&[]),
        Act::Send(vec![head("200 OK", "text/html"), "<html>".into()]),
        streamed(&[format!("data: {}\n\n", json!({ "error": { "message": "cuda" } }))]),
    ];
    for act in failing {
        let (bad, well) = (Stub::start(vec![act.clone()]).await, Stub::start(vec![good()]).await);
        let engine = engine(&[&bad.url, &well.url]);
        assert_eq!(read(&engine).await.unwrap().0, "Because.", "{act:?}");
        assert_eq!(bad.asked(), 1, "{act:?}");
        // The one that failed rests.
        assert_eq!(read(&engine).await.unwrap().0, "Because.", "{act:?}");
        assert_eq!((bad.asked(), well.asked()), (1, 2), "{act:?}");
    }
}

#[tokio::test]
async fn a_server_that_comes_back_is_asked_again_within_the_deadline() {
    let stub = Stub::start(vec![status("500 Internal Server Error", ""), good()]).await;
    assert_eq!(read(&engine(&[&stub.url])).await.unwrap().0, "Because.");
    assert_eq!(stub.asked(), 2);
}

#[tokio::test]
async fn when_nobody_answers_the_error_names_the_server_and_the_way_out() {
    for (act, code, word, asked) in [
        (status("500 Internal Server Error", ""), Code::EngineFailed, "the reason", 2),
        (status("429 Too Many Requests", ""), Code::Overloaded, "busy", 2),
        (status("401 Unauthorized", ""), Code::EngineFailed, "API key", 1),
        (status("404 Not Found", ""), Code::EngineFailed, "model `m`", 1),
        (status("400 Bad Request", ""), Code::BadRequest, "the reason", 1),
    ] {
        let stub = Stub::start(vec![act]).await;
        let error = read(&engine(&[&stub.url])).await.unwrap_err();
        assert_eq!((error.code(), stub.asked()), (code, asked), "{error}");
        assert!(error.message().contains(&stub.url) && error.message().contains(word), "{error}");
        assert!(error.hint_text().is_some() && !format!("{error:?}").contains("s3cret"));
    }
    let error = read(&engine(&["http://127.0.0.1:1/v1"])).await.unwrap_err();
    assert_eq!(error.code(), Code::EngineFailed);
}

#[tokio::test]
async fn after_the_first_word_what_was_written_stands_and_the_error_is_told() {
    for act in [
        streamed(&[delta("Be")]),
        streamed(&[delta("Be"), "data: {\"choices\": [\n\n".into()]),
        Act::Hang(vec![head("200 OK", "text/event-stream"), delta("Be")]),
    ] {
        let (stub, other) = (Stub::start(vec![act.clone()]).await, Stub::start(vec![good()]).await);
        let (text, end) = read(&engine(&[&stub.url, &other.url])).await.unwrap();
        assert_eq!(text, "Be", "{act:?}");
        assert_eq!(end.unwrap().unwrap_err().code(), Code::EngineFailed, "{act:?}");
        assert_eq!(other.asked(), 0);
    }
}

#[tokio::test]
async fn at_the_deadline_what_was_written_stands() {
    let stub = Stub::start(vec![Act::Hang(vec![head("200 OK", "text/event-stream"), delta("Be")])]).await;
    let engine = engine(&[&stub.url]);
    let soon = GenerationRequest { deadline: Duration::from_millis(200), ..request() };
    let events: Vec<_> = engine.generate(soon).await.unwrap().collect().await;
    let Some(Ok(GenerationEvent::Done(done))) = events.last() else { panic!("{events:?}") };
    assert_eq!(done.finish, FinishReason::Deadline);
}

#[tokio::test]
async fn a_reader_who_leaves_closes_the_line() {
    let stub = Stub::start(vec![Act::Hang(vec![head("200 OK", "text/event-stream"), delta("Be")])]).await;
    let engine = engine(&[&stub.url]);
    let mut stream = engine.generate(request()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(GenerationEvent::Token(_)))));
    drop(stream);
    for _ in 0..100 {
        if *stub.left.lock().unwrap() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server never heard that its reader left");
}

#[tokio::test]
async fn the_least_busy_server_is_asked() {
    let hang = Act::Hang(vec![head("200 OK", "text/event-stream"), delta("Be")]);
    let (one, two) = (Stub::start(vec![hang.clone()]).await, Stub::start(vec![hang]).await);
    let engine = engine(&[&one.url, &two.url]);
    let first = engine.generate(request()).await.unwrap();
    let second = engine.generate(request()).await.unwrap();
    assert_eq!((one.asked(), two.asked()), (1, 1));
    drop((first, second));
}

#[test]
fn without_a_server_the_settings_are_wrong() {
    let none = RemoteOptions { endpoints: vec![], context: 1, stall: Duration::ZERO, retries: 0 };
    assert_eq!(OpenAi::new(none).err().unwrap().code(), Code::SettingsInvalid);
}

/// What llama.cpp's own server wrote, word for word.
#[tokio::test]
async fn a_recorded_stream_of_llama_cpps_server_is_read() {
    let (text, done) = text_and_done(vec![streamed(&[include_str!("recorded/llama-server.sse").into()])]).await;
    assert!(!text.is_empty() && text.chars().count() <= 6 * 8, "{text}");
    assert_eq!((done.prompt_tokens, done.completion_tokens), (32, 6));
}

/// What vLLM 0.32 wrote, word for word.
#[tokio::test]
async fn a_recorded_stream_of_vllm_is_read() {
    let (text, done) = text_and_done(vec![streamed(&[include_str!("recorded/vllm.sse").into()])]).await;
    assert_eq!(text, "The iron tower was completed in 1889.");
    assert_eq!((done.prompt_tokens, done.completion_tokens), (74, 13));
}
