//! Both engines over the real model file: what the `Generator` seam promises.

use std::time::{Duration, Instant};

use footnote_core::Code;
use footnote_core::seam::{FinishReason, GenerationEvent, GenerationRequest};
use footnote_generator::cite::DraftSentence;
use footnote_generator::grammar::citing;
use footnote_generator::{EngineChoice, EngineOptions, load};
use futures::StreamExt;

use super::support::{self, model_file, request, run};

const ENGINES: [EngineChoice; 2] = [EngineChoice::LlamaCpp, EngineChoice::MistralRs];
const EVIDENCE: &str = "Evidence:\n[1] (Towers) The Eiffel Tower was completed on 31 March 1889.\n\n\
     Question: When was the Eiffel Tower completed?";

/// One question at a time.
fn options(queue: usize) -> EngineOptions {
    EngineOptions { queue, parallel: 1, ..support::options() }
}

#[tokio::test]
async fn model_answers_from_the_evidence_on_both_engines_and_the_same_each_time() {
    for choice in ENGINES {
        let engine = load(choice, options(4)).await.unwrap();
        let (text, tokens, done) = run(&engine, request(EVIDENCE, 60)).await.unwrap();
        assert!(text.contains("1889"), "{choice:?}: {text}");
        assert_eq!(done.finish, FinishReason::Stop, "{choice:?}: {text}");
        assert!(done.prompt_tokens > 40 && done.completion_tokens >= tokens, "{choice:?}: {done:?}");
        assert!(!done.prefill.is_zero() && !done.decode.is_zero());
        let (again, ..) = run(&engine, request(EVIDENCE, 60)).await.unwrap();
        assert_eq!(again, text, "{choice:?}");
    }
}

#[tokio::test]
async fn model_held_to_citing_cites_what_there_is() {
    for choice in ENGINES {
        let engine = load(choice, options(4)).await.unwrap();
        let told = GenerationRequest { grammar: citing(&[2, 3], false), ..request(EVIDENCE, 80) };
        let (text, _, done) = run(&engine, told).await.unwrap();
        let draft = DraftSentence::parse(&text, 3);
        // It may come to its limit before it cites; it can never cite what was not there.
        assert!(done.finish == FinishReason::Length || !draft.cites.is_empty(), "{choice:?}: {text}");
        assert!(draft.cites.iter().all(|number| [2, 3].contains(number)), "{choice:?}: {text}");
        assert!(!text.contains("[1]") && !text.contains('\n'), "{choice:?}: {text}");
    }
}

#[tokio::test]
async fn model_stops_at_the_token_limit_and_at_the_deadline() {
    for choice in ENGINES {
        let engine = load(choice, options(4)).await.unwrap();
        let story = |max_tokens| request("Tell a long story about a lighthouse and the sea.", max_tokens);
        let (_, tokens, done) = run(&engine, story(5)).await.unwrap();
        assert_eq!((tokens, done.completion_tokens, done.finish), (5, 5, FinishReason::Length), "{choice:?}");
        let late = GenerationRequest { deadline: Duration::ZERO, ..story(500) };
        let (_, tokens, done) = run(&engine, late).await.unwrap();
        assert_eq!((tokens, done.finish), (0, FinishReason::Deadline), "{choice:?}");
        // The shortest deadline, of doubling ones, that lets it write something: far too short for a story.
        let mut deadline = Duration::from_millis(10);
        let tokens = loop {
            let soon = GenerationRequest { deadline, ..story(1500) };
            let (_, tokens, done) = run(&engine, soon).await.unwrap();
            assert_eq!(done.finish, FinishReason::Deadline, "{choice:?} after {deadline:?}");
            if tokens > 0 || deadline > Duration::from_secs(60) {
                break tokens;
            }
            deadline *= 2;
        };
        assert!(tokens > 0, "{choice:?}: what was written until then stands");
    }
}

#[tokio::test]
async fn model_refuses_a_prompt_that_does_not_fit() {
    for choice in ENGINES {
        let engine = load(choice, options(4)).await.unwrap();
        let error = run(&engine, request(&"many words ".repeat(1500), 60)).await.unwrap_err();
        assert_eq!(error.code(), Code::BadRequest, "{choice:?}");
        assert!(error.message().contains("2048"), "{error}");
    }
}

/// The engine works on one request at a time: were the first not cancelled, the second would have to
/// wait for the rest of it.
#[tokio::test]
async fn model_stops_writing_when_its_reader_leaves() {
    for choice in ENGINES {
        let engine = load(choice, options(4)).await.unwrap();
        let story = || request("Tell a long story about a lighthouse and the sea.", 100);
        let started = Instant::now();
        let (_, tokens, _) = run(&engine, story()).await.unwrap();
        let whole = started.elapsed();
        assert!(tokens > 60, "{choice:?}: the story is too short to tell");

        let mut stream = engine.generate(story()).await.unwrap();
        for _ in 0..2 {
            assert!(matches!(stream.next().await, Some(Ok(GenerationEvent::Token(_)))));
        }
        drop(stream);
        let started = Instant::now();
        let (_, tokens, _) =
            run(&engine, request("Tell a long story about a lighthouse and the wind.", 2)).await.unwrap();
        assert_eq!(tokens, 2);
        assert!(started.elapsed() < whole / 2, "{choice:?}: {:?} of {whole:?}", started.elapsed());
    }
}

#[tokio::test]
async fn model_refuses_requests_when_its_queue_is_full() {
    for choice in ENGINES {
        let engine = load(choice, options(1)).await.unwrap();
        let mut first = engine.generate(request("Tell a long story.", 400)).await.unwrap();
        assert!(first.next().await.is_some());
        let waiting = engine.generate(request("Tell another.", 5)).await.unwrap();
        let refused = engine.generate(request("And another.", 5)).await.err().map(|error| error.code());
        assert_eq!(refused, Some(Code::Overloaded), "{choice:?}");
        drop(first);
        let events: Vec<_> = waiting.collect().await;
        assert!(matches!(events.last(), Some(Ok(GenerationEvent::Done(_)))), "{choice:?}");
    }
}

/// A kept prefix must not change what is written.
#[tokio::test]
async fn model_answers_as_a_fresh_engine_would_after_another_question() {
    for choice in ENGINES {
        let used = load(choice, options(4)).await.unwrap();
        run(&used, request("Name a colour.", 8)).await.unwrap();
        let fresh = load(choice, options(4)).await.unwrap();
        let (a, ..) = run(&used, request(EVIDENCE, 40)).await.unwrap();
        let (b, ..) = run(&fresh, request(EVIDENCE, 40)).await.unwrap();
        assert_eq!(a, b, "{choice:?}");
    }
}

#[tokio::test]
async fn model_file_that_is_cut_short_is_named_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.gguf");
    let whole = fs_err::read(model_file()).unwrap();
    fs_err::write(&cut, &whole[..whole.len() / 2]).unwrap();
    for choice in ENGINES {
        let error = load(choice, EngineOptions { file: cut.clone(), ..options(1) }).await.err().unwrap();
        assert_eq!(error.code(), Code::ModelDamaged, "{choice:?}");
        assert!(error.message().contains("cut.gguf") && error.hint_text().unwrap().contains("footnote models pull"));
    }
}
