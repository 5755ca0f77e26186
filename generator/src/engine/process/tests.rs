//! Against processes that misbehave: a shell in the engine's place.

use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent};

use super::*;

const LOADED: &str = r#"read load; echo '{"loaded":{"info":{"engine":"fake","model":"m","context":64}}}'"#;
const DONE: &str = r#"{"done":{"id":0,"done":{"finish":"stop","prompt_tokens":1,"completion_tokens":1,"prefill":{"secs":0,"nanos":0},"decode":{"secs":0,"nanos":0}}}}"#;

fn options(script: &str) -> ProcessOptions {
    let engine = EngineOptions {
        model_id: "m".into(),
        file: "m.gguf".into(),
        context: 64,
        threads: 1,
        queue: 1,
        parallel: 1,
        isq: None,
        lora: vec![],
    };
    let grace = Duration::from_millis(100);
    ProcessOptions {
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        choice: EngineChoice::Auto,
        engine,
        grace,
    }
}

async fn engine(script: &str) -> ProcessEngine {
    ProcessEngine::load(options(&format!("{LOADED}; {script}"))).await.unwrap()
}

fn request(deadline: Duration) -> GenerationRequest {
    GenerationRequest { messages: vec![], max_tokens: 4, deadline, temperature: 0.0, grammar: None, asker: None }
}

async fn ask(engine: &ProcessEngine, deadline: Duration) -> Result<(String, GenerationDone)> {
    let mut stream = engine.generate(request(deadline)).await?;
    let mut text = String::new();
    while let Some(event) = stream.next().await {
        match event? {
            GenerationEvent::Token(piece) => text.push_str(&piece),
            GenerationEvent::Done(done) => return Ok((text, done)),
        }
    }
    panic!("no end")
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn what_the_process_says_arrives_and_its_libraries_chatter_does_not() {
    let script = format!(
        "read ask; echo loading tensors; echo '{{\"token\":{{\"id\":0,\"text\":\"So.\"}}}}'; echo '{DONE}'; read more"
    );
    let (text, done) = ask(&engine(&script).await, LONG).await.unwrap();
    assert_eq!((text.as_str(), done.finish), ("So.", FinishReason::Stop));
}

#[tokio::test]
async fn a_process_that_ends_is_named_and_started_again() {
    let engine = engine("read ask; exit 3").await;
    let first = engine.process_id().await;
    let error = ask(&engine, LONG).await.unwrap_err();
    assert_eq!(error.code(), Code::EngineFailed);
    assert!(error.message().contains("exit status: 3"), "{error}");
    let error = ask(&engine, LONG).await.unwrap_err();
    assert!(error.message().contains("exit status: 3"), "{error}");
    assert_ne!(engine.process_id().await, first);
    // It ended twice without an answer: the next start waits.
    let error = ask(&engine, LONG).await.unwrap_err();
    assert!(error.message().contains("in a row"), "{error}");
}

#[tokio::test]
async fn a_process_that_hangs_keeps_no_deadline_and_is_killed() {
    let engine = engine("exec sleep 1000").await;
    let first = engine.process_id().await.unwrap();
    let (text, done) = ask(&engine, Duration::from_millis(30)).await.unwrap();
    assert_eq!((text.as_str(), done.finish), ("", FinishReason::Deadline));
    let running = || std::path::Path::new(&format!("/proc/{first}")).exists();
    for _ in 0..200 {
        if !running() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!running());
    assert_eq!(ask(&engine, Duration::from_millis(30)).await.unwrap().1.finish, FinishReason::Deadline);
    assert_ne!(engine.process_id().await, Some(first));
}

#[tokio::test]
async fn a_process_that_ends_while_it_loads_says_how() {
    for (script, word) in
        [("exit 7", "exit status: 7"), ("kill -9 $$", "signal: 9"), ("echo nonsense", "exit status: 0")]
    {
        let error = ProcessEngine::load(options(script)).await.err().unwrap();
        assert_eq!(error.code(), Code::EngineFailed);
        assert!(error.message().contains(word) && error.hint_text().is_some(), "{script}: {error}");
    }
    let nowhere = ProcessOptions { program: "/nowhere/footnote".into(), ..options("") };
    assert!(ProcessEngine::load(nowhere).await.is_err());
}
