//! The engines in this process. `families`, `safetensors`: an architecture each, with random weights; `adapters` beside them.
//! `seam`: what
//! both engines promise. Here: llama.cpp over the real model
//! file: several readers at once, grammars, adapters, smaller files.

mod adapters;
mod families;
mod safetensors;
mod seam;
mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use footnote_core::seam::{GenerationEvent, GenerationRequest, Generator, Grammar};
use footnote_core::{Code, Result};
use footnote_generator::engine::LoraOptions;
use footnote_generator::quantize::{QuantType, QuantizeOptions, quantize};
use footnote_generator::{EngineChoice, EngineOptions, load};
use futures::StreamExt;

use self::support::{Gguf, model_file, options, request};

async fn run(engine: &Arc<dyn Generator>, request: GenerationRequest) -> Result<String> {
    support::run(engine, request).await.map(|(text, ..)| text)
}

fn gbnf(rules: &str) -> Option<Grammar> {
    Some(Grammar { gbnf: rules.into(), regex: String::new() })
}

/// What never ends by itself.
fn letters() -> Option<Grammar> {
    gbnf("root ::= [a-z ]+")
}

fn question(year: u32) -> GenerationRequest {
    let evidence =
        format!("Evidence:\n[1] The iron tower was completed in {year}.\n\nQuestion: When was it completed?");
    request(&evidence, 40)
}

#[tokio::test]
async fn model_readers_at_once_each_get_the_answer_to_their_own_question() {
    let engine = load(EngineChoice::LlamaCpp, options()).await.unwrap();
    let years = [1889, 1901, 1937, 1974, 1653, 1742];
    let answers = futures::future::join_all(years.map(|year| run(&engine, question(year)))).await;
    for (year, answer) in years.iter().zip(answers) {
        let answer = answer.unwrap();
        let others = years.iter().filter(|other| *other != year);
        assert!(answer.contains(&year.to_string()), "{year}: {answer}");
        assert!(others.clone().all(|other| !answer.contains(&other.to_string())), "{year}: {answer}");
    }
}

#[tokio::test]
async fn model_second_reader_does_not_wait_for_the_first_to_end() {
    let engine = load(EngineChoice::LlamaCpp, options()).await.unwrap();
    let mut story = engine.generate(request("Tell a long story about a lighthouse and the sea.", 500)).await.unwrap();
    assert!(matches!(story.next().await, Some(Ok(GenerationEvent::Token(_)))));
    assert!(run(&engine, question(1889)).await.unwrap().contains("1889"));
    // The story's channel holds all that was written until now: not the whole of it.
    let mut written = 1;
    while let Some(Some(Ok(GenerationEvent::Token(_)))) = futures::FutureExt::now_or_never(story.next()) {
        written += 1;
    }
    assert!((2..450).contains(&written), "{written} tokens of the story were written meanwhile");
}

#[tokio::test]
async fn model_requests_that_do_not_fit_beside_each_other_are_answered_one_after_the_other() {
    let engine = load(EngineChoice::LlamaCpp, EngineOptions { context: 400, ..options() }).await.unwrap();
    let long = |year| GenerationRequest { max_tokens: 250, ..question(year) };
    let (a, b) = tokio::join!(run(&engine, long(1889)), run(&engine, long(1937)));
    assert!(a.unwrap().contains("1889") && b.unwrap().contains("1937"));
}

#[tokio::test]
async fn model_long_request_after_several_short_ones_finds_the_whole_context_free() {
    let engine = load(EngineChoice::LlamaCpp, EngineOptions { context: 512, ..options() }).await.unwrap();
    let short =
        [1889, 1901, 1937, 1974].map(|year| run(&engine, GenerationRequest { max_tokens: 20, ..question(year) }));
    for answer in futures::future::join_all(short).await {
        answer.unwrap();
    }
    // The grammar has it write to its end: prompt and answer fill the context but for some tokens.
    let long = GenerationRequest { max_tokens: 460, grammar: letters(), ..question(1889) };
    let mut stream = engine.generate(long).await.unwrap();
    let end = loop {
        match stream.next().await.unwrap().unwrap() {
            GenerationEvent::Token(_) => {}
            GenerationEvent::Done(done) => break done,
        }
    };
    assert!(end.prompt_tokens + end.completion_tokens > 500, "{end:?}");
}

#[tokio::test]
async fn model_request_that_waits_for_room_ends_at_its_deadline() {
    let engine = load(EngineChoice::LlamaCpp, EngineOptions { context: 800, ..options() }).await.unwrap();
    let endless = GenerationRequest { max_tokens: 700, grammar: letters(), ..question(1889) };
    let mut first = engine.generate(endless).await.unwrap();
    assert!(matches!(first.next().await, Some(Ok(GenerationEvent::Token(_)))));
    let hurried = GenerationRequest { max_tokens: 600, deadline: Duration::from_millis(200), ..question(1937) };
    let mut second = engine.generate(hurried).await.unwrap();
    let Some(Ok(GenerationEvent::Done(done))) = second.next().await else { panic!("it was not ended") };
    assert_eq!(done.completion_tokens, 0);
    let first_is_over = std::iter::from_fn(|| futures::FutureExt::now_or_never(first.next()).flatten())
        .any(|event| matches!(event, Ok(GenerationEvent::Done(_))));
    assert!(!first_is_over, "it waited for the first to end");
}

#[tokio::test]
async fn model_keeps_to_a_grammar_and_a_bad_one_is_refused() {
    let engine = load(EngineChoice::LlamaCpp, options()).await.unwrap();
    let told = |grammar: &str| GenerationRequest { grammar: gbnf(grammar), ..question(1889) };
    let text = run(&engine, told("root ::= \"It was in \" [0-9]+ \" [\" [1-2] \"].\"")).await.unwrap();
    assert!(text.starts_with("It was in ") && (text.ends_with(" [1].") || text.ends_with(" [2].")), "{text}");
    let ended = run(&engine, told("root ::= \"Yes.\"")).await.unwrap();
    assert_eq!(ended, "Yes.", "where the grammar ends, so does the answer");
    let error = run(&engine, told("root ::= [")).await.unwrap_err();
    assert_eq!(error.code(), Code::BadRequest);
    assert!(run(&engine, question(1889)).await.unwrap().contains("1889"), "the next request is not harmed");
}

/// An adapter of rank 2 on the first block's queries, for rows of `width`, in `folder`.
fn adapter(folder: &tempfile::TempDir, width: u64, architecture: &str) -> PathBuf {
    let file = folder.path().join("adapter.gguf");
    let wave = |step: f32| move |i: usize| ((i as f32) * step).sin() * 0.6;
    Gguf::new()
        .text("general.architecture", architecture)
        .text("general.type", "adapter")
        .text("adapter.type", "lora")
        .float("adapter.lora.alpha", 8.0)
        .tensor("blk.0.attn_q.weight.lora_a", &[width, 2], wave(0.7))
        .tensor("blk.0.attn_q.weight.lora_b", &[2, width], wave(1.3))
        .write(&file);
    file
}

#[tokio::test]
async fn model_adapter_changes_what_is_written_and_at_scale_zero_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = adapter(&folder, 576, "llama");
    let with = |scale: Option<f32>| {
        let lora = scale.map(|scale| LoraOptions { file: file.clone(), scale }).into_iter().collect();
        load(EngineChoice::LlamaCpp, EngineOptions { lora, ..options() })
    };
    let story = || request("Tell a story about a lighthouse and the sea.", 40);
    let plain = run(&with(None).await.unwrap(), story()).await.unwrap();
    let none = run(&with(Some(0.0)).await.unwrap(), story()).await.unwrap();
    let much = run(&with(Some(4.0)).await.unwrap(), story()).await.unwrap();
    assert_eq!(plain, none);
    assert_ne!(plain, much);
}

#[tokio::test]
async fn model_adapter_for_another_model_is_refused_by_name() {
    for (width, architecture, word) in [(64, "llama", "tensors"), (576, "qwen2", "architecture")] {
        let folder = tempfile::tempdir().unwrap();
        let file = adapter(&folder, width, architecture);
        let lora = vec![LoraOptions { file: file.clone(), scale: 1.0 }];
        let error = load(EngineChoice::LlamaCpp, EngineOptions { lora, ..options() }).await.err().unwrap();
        assert_eq!(error.code(), Code::ModelUnsupported);
        assert!(error.message().contains("adapter.gguf") && error.message().contains(word), "{error}");
        assert!(error.hint_text().unwrap().contains("generation.lora"));
    }
}

#[tokio::test]
async fn model_quantized_again_loads_and_answers_and_is_refused_where_nobody_asked_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("small.gguf");
    let once = QuantizeOptions { input: model_file(), output, to: QuantType::Q5K, again: false, replace: false };
    let error = quantize(&once, &|_, _| {}).unwrap_err();
    assert!(error.message().contains("quantized already"), "{error}");
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);

    let twice = QuantizeOptions { again: true, ..once };
    let made = quantize(&twice, &|_, _| {}).unwrap();
    // Rows of 576 are no multiple of 256: the K type falls back.
    assert!(made.tensors.contains_key("q5_1") && made.tensors.contains_key("f32"), "{made:?}");
    assert_eq!(fs_err::metadata(&made.output).unwrap().len(), made.bytes_after);
    assert!(quantize(&twice, &|_, _| {}).unwrap_err().message().contains("there is a file already"));
    for engine in [EngineChoice::LlamaCpp, EngineChoice::MistralRs] {
        let engine = load(engine, EngineOptions { file: made.output.clone(), ..options() }).await.unwrap();
        assert!(!run(&engine, question(1889)).await.unwrap().is_empty());
    }
    // In eight bits nothing of four is lost: it writes what it wrote before.
    let eight = QuantizeOptions { output: folder.path().join("eight.gguf"), to: QuantType::Q8_0, ..twice };
    let made = quantize(&eight, &|_, _| {}).unwrap();
    let engine = load(EngineChoice::LlamaCpp, EngineOptions { file: made.output, ..options() }).await.unwrap();
    let text = run(&engine, question(1889)).await.unwrap();
    assert!(text.contains("1889"), "{text}");
}

#[test]
fn a_file_that_is_no_model_is_not_quantized() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("notes.gguf");
    fs_err::write(&input, "not a model, and long enough to be looked at").unwrap();
    let output = folder.path().join("small.gguf");
    let options = QuantizeOptions { input: input.clone(), output, to: QuantType::Q8_0, again: true, replace: true };
    let error = quantize(&options, &|_, _| {}).unwrap_err();
    assert_eq!(error.code(), Code::ModelDamaged);
    assert!(error.message().contains("notes.gguf"), "{error}");
    let missing = QuantizeOptions { input: folder.path().join("none.gguf"), ..options };
    assert_eq!(quantize(&missing, &|_, _| {}).unwrap_err().code(), Code::ModelMissing);
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
}
