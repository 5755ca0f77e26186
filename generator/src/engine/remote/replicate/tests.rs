//! Against bodies as Replicate's documentation shows them (recorded from its pages, not from the service: it cannot be
//! reached from where this was written).

use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent, Message, Role};

use super::*;
use crate::engine::remote::stub::{Act, Stub, head};
use crate::engine::remote::{EndpointOptions, GrammarField};

const CREATED: &str = r#"{"id":"gm3qorzdhgbfurvjtvhg6dckhu","model":"meta/meta-llama-3-8b-instruct","version":"hidden",
"input":{"prompt":"Why?"},"logs":"","error":null,"status":"STATUS","created_at":"2024-04-18T15:00:00Z","output":OUTPUT,
"data_removed":false,"metrics":{"input_token_count":11,"output_token_count":3,"predict_time":0.4},
"urls":{"cancel":"BASE/predictions/gm3/cancel","get":"BASE/predictions/gm3"STREAM}}"#;

fn prediction(base: &str, status: &str, output: &str, streams: bool) -> String {
    let stream = if streams { format!(r#","stream":"{base}/stream/gm3""#) } else { String::new() };
    CREATED.replace("STATUS", status).replace("OUTPUT", output).replace("STREAM", &stream).replace("BASE", base)
}

fn json(status: &str, body: String) -> Act {
    Act::Send(vec![head(status, "application/json"), body])
}

fn events(text: &str) -> Act {
    Act::Send(vec![head("200 OK", "text/event-stream"), text.to_owned()])
}

/// A stub whose answers name its own address.
async fn stub(acts: impl Fn(&str) -> Vec<Act>) -> Stub {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    Stub::start_at(port, acts(&format!("http://127.0.0.1:{port}/v1"))).await
}

fn engine(url: &str) -> Replicate {
    let endpoint = EndpointOptions {
        url: url.into(),
        model: "meta/meta-llama-3-8b-instruct".into(),
        key: Key::new("r8_s3cret"),
        grammar: GrammarField::None,
    };
    let stall = Duration::from_secs(2);
    Replicate::new(RemoteOptions { endpoints: vec![endpoint], context: 2048, stall, retries: 1 }).unwrap()
}

fn request() -> GenerationRequest {
    let message = |role, content: &str| Message { role, content: content.into() };
    GenerationRequest {
        messages: vec![message(Role::System, "Be short."), message(Role::User, "Why?")],
        max_tokens: 16,
        deadline: Duration::from_secs(20),
        temperature: 0.0,
        grammar: None,
        asker: None,
    }
}

async fn read(engine: &Replicate) -> Result<(String, GenerationDone)> {
    let mut stream = engine.generate(request()).await?;
    let mut text = String::new();
    while let Some(event) = stream.next().await {
        match event? {
            GenerationEvent::Token(piece) => text.push_str(&piece),
            GenerationEvent::Done(done) => return Ok((text, done)),
        }
    }
    panic!("no end");
}

#[tokio::test]
async fn a_stream_is_read_and_tokens_are_counted() {
    let stub = stub(|base| {
        vec![
            json("201 Created", prediction(base, "starting", "null", true)),
            events("event: output\nid: 1\ndata: Be\n\nevent: output\nid: 2\ndata: cause\ndata: so.\n\nevent: done\ndata: {}\n\n"),
            json("200 OK", prediction(base, "succeeded", r#"["Be","cause\nso."]"#, true)),
        ]
    })
    .await;
    let (text, done) = read(&engine(&stub.url)).await.unwrap();
    assert_eq!((text.as_str(), done.finish), ("Because\nso.", FinishReason::Stop));
    assert_eq!((done.prompt_tokens, done.completion_tokens), (11, 3));
    let requests = stub.requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 3, "a prediction that is over is not cancelled: {requests:?}");
    assert!(requests[0].starts_with("POST /v1/models/meta/meta-llama-3-8b-instruct/predictions"));
    for part in [r#""system_prompt":"Be short.""#, r#""prompt":"Why?""#, r#""stream":true"#, "Bearer r8_s3cret"] {
        assert!(requests[0].to_lowercase().contains(&part.to_lowercase()), "{part}");
    }
}

#[tokio::test]
async fn a_model_that_does_not_stream_is_asked_until_it_is_done() {
    let stub = stub(|base| {
        vec![
            json("201 Created", prediction(base, "starting", "null", false)),
            json("200 OK", prediction(base, "processing", r#"["Be"]"#, false)),
            json("200 OK", prediction(base, "succeeded", r#"["Be","cause."]"#, false)),
        ]
    })
    .await;
    assert_eq!(read(&engine(&stub.url)).await.unwrap().0, "Because.");
}

#[tokio::test]
async fn what_fails_is_told_with_its_reason() {
    let created = |base: &str| json("201 Created", prediction(base, "starting", "null", true));
    for (second, word) in [
        (events("event: error\ndata: {\"detail\":\"out of memory\"}\n\n"), "out of memory"),
        (events("event: done\ndata: {\"reason\":\"canceled\"}\n\n"), "cancelled"),
        (events("event: output\ndata: Be\n\n"), "broke"),
    ] {
        let stub = stub(|base| vec![created(base), second.clone()]).await;
        let error = read(&engine(&stub.url)).await.unwrap_err();
        assert_eq!(error.code(), Code::EngineFailed);
        assert!(error.message().contains(word), "{error}");
    }
    let stub =
        stub(|_| vec![json("401 Unauthorized", r#"{"title":"Unauthenticated","detail":"no token"}"#.into())]).await;
    let error = read(&engine(&stub.url)).await.unwrap_err();
    assert!(error.message().contains("no token") && error.hint_text().unwrap().contains("api_key"), "{error}");
}

#[tokio::test]
async fn a_reader_who_leaves_cancels_the_prediction() {
    let stub = stub(|base| {
        let stream = vec![head("200 OK", "text/event-stream"), "event: output\ndata: Be\n\n".to_owned()];
        vec![
            json("201 Created", prediction(base, "starting", "null", true)),
            Act::Hang(stream),
            json("200 OK", prediction(base, "canceled", "null", true)),
        ]
    })
    .await;
    let engine = engine(&stub.url);
    let mut stream = engine.generate(request()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(GenerationEvent::Token(_)))));
    drop(stream);
    for _ in 0..100 {
        if stub.requests.lock().unwrap().iter().any(|request| request.starts_with("POST /v1/predictions/gm3/cancel")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the prediction was not cancelled");
}

#[tokio::test]
async fn the_key_is_not_sent_to_another_host() {
    let elsewhere = Stub::start(vec![events("event: done\ndata: {}\n\n")]).await;
    let stream = format!(r#""stream":"{}/gm3""#, elsewhere.url);
    let created = r#"{"status":"starting","urls":{STREAM}}"#.replace("STREAM", &stream);
    let stub = Stub::start(vec![json("201 Created", created)]).await;
    read(&engine(&stub.url)).await.unwrap();
    assert!(!elsewhere.requests.lock().unwrap()[0].contains("r8_s3cret"));
}
