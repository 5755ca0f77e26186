use std::path::Path;

use footnote_core::Code;

use super::*;
use crate::test_model;

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A copy of the model's folder in which one file can be broken.
fn copied_model() -> (tempfile::TempDir, FastEmbedderOptions) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = test_model::options();
    for entry in fs_err::read_dir(&options.folder).expect("run `make models` first") {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs_err::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    options.folder = folder.path().to_owned();
    (folder, options)
}

fn refusal(options: FastEmbedderOptions) -> Error {
    match FastEmbedder::load(options) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error,
    }
}

#[test]
fn batches_hold_texts_of_similar_length_and_every_text_once() {
    let texts: Vec<String> = [9, 1, 8, 2, 7].map(|n| "x".repeat(n)).to_vec();
    assert_eq!(batches(&texts, 2), [vec![1, 3], vec![4, 2], vec![0]]);
    assert!(batches(&[], 2).is_empty());
}

#[test]
fn a_missing_model_file_is_named_with_the_way_out() {
    let mut options = test_model::options();
    options.folder = Path::new("/nowhere/model").to_owned();
    let error = refusal(options);
    assert_eq!(error.code(), Code::ModelMissing);
    assert!(error.message().contains("/nowhere/model/tokenizer.json"), "{error}");
    assert!(error.hint_text().unwrap().contains("footnote models pull all-minilm-l6-v2"));
}

#[test]
fn model_runtime_that_is_missing_or_no_library_is_an_error_and_can_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("libonnxruntime.so");
    fs_err::write(&damaged, "not a library, though it is long enough to have a header of 64 bytes").unwrap();
    let cut = folder.path().join("cut.so");
    let whole = fs_err::read(test_model::options().runtime).expect("run `make models` first");
    fs_err::write(&cut, &whole[..whole.len() / 2]).unwrap();
    for library in [Path::new("/nowhere/libonnxruntime.so"), &damaged, &cut, folder.path()] {
        let mut options = test_model::options();
        options.runtime = library.to_owned();
        // Within one process the first library that works is kept, so this holds in a process per
        // test (nextest), or when this test is the first.
        let error = refusal(options);
        assert_eq!(error.code(), Code::RuntimeMissing, "{error}");
        assert!(error.message().contains(library.to_str().unwrap()), "{error}");
    }
    test_model::load();
}

#[test]
fn model_files_that_are_damaged_are_named() {
    for (name, content) in [
        ("model.onnx", &b"cut off"[..]),
        ("tokenizer.json", b"{"),
        ("config.json", b""),
        ("tokenizer_config.json", b"{}"),
    ] {
        let (folder, options) = copied_model();
        fs_err::write(folder.path().join(name), content).unwrap();
        let error = refusal(options);
        assert_eq!(error.code(), Code::ModelDamaged, "{error}");
        assert!(error.message().contains(&format!("/{name}:")), "{name}: {error}");
    }
}

#[test]
fn model_that_was_cut_short_is_damaged() {
    let (folder, options) = copied_model();
    let path = folder.path().join("model.onnx");
    let whole = fs_err::read(&path).unwrap();
    fs_err::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(refusal(options).code(), Code::ModelDamaged);
}

#[test]
fn model_of_another_dimension_is_refused() {
    let mut options = test_model::options();
    options.model.dimension = 768;
    let error = refusal(options);
    assert_eq!(error.code(), Code::ModelDamaged);
    assert!(error.message().contains("vectors of 384, not of 768"), "{error}");
}

#[tokio::test]
async fn model_vectors_are_unit_long_stable_and_in_the_order_of_the_texts() {
    let embedder = test_model::load();
    let texts: Vec<String> = (1..=20).map(|n| format!("Item {n}: {}", "more words ".repeat(30 - n))).collect();
    let vectors = embedder.embed_passages(texts.clone()).await.unwrap();
    assert_eq!(vectors.len(), texts.len());
    for (text, vector) in texts.iter().zip(&vectors) {
        assert_eq!(vector.len(), 384);
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4);
        let alone = embedder.embed_query(text).await.unwrap();
        let nearest = vectors.iter().map(|other| dot(&alone, other)).fold(f32::MIN, f32::max);
        // int8 activations are scaled by batch: close, not equal.
        assert!(dot(&alone, vector) > 0.99 && dot(&alone, vector) >= nearest - 1e-3, "{text}");
    }
    let twice = embedder.embed_query(&texts[0]).await.unwrap();
    assert_eq!(twice, embedder.embed_query(&texts[0]).await.unwrap());
}

#[tokio::test]
async fn model_vectors_hardly_change_with_padding() {
    let embedder = test_model::load();
    let short = "A quantized model needs less memory.".to_owned();
    let alone = embedder.embed_query(&short).await.unwrap();
    let padded = embedder.embed_passages(vec![short, "Every word of it counts. ".repeat(30)]).await.unwrap();
    assert!(dot(&alone, &padded[0]) > 0.99, "{}", dot(&alone, &padded[0]));
}

#[tokio::test]
async fn model_takes_every_text() {
    let embedder = test_model::load();
    let odd = ["", " ", "\u{0}", "🦙🦙", "\u{202e}abc", &"word ".repeat(5_000), &"x".repeat(50_000)];
    let vectors = embedder.embed_passages(odd.map(str::to_owned).to_vec()).await.unwrap();
    assert!(vectors.iter().all(|vector| (dot(vector, vector) - 1.0).abs() < 1e-4));
    assert!(embedder.embed_passages(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn model_reads_no_further_than_its_limit() {
    let embedder = test_model::load();
    let long = "word ".repeat(400);
    let (one, other) = (format!("{long} cats"), format!("{long} turbines and steel"));
    assert_eq!(embedder.embed_query(&one).await.unwrap(), embedder.embed_query(&other).await.unwrap());
}

#[tokio::test]
async fn model_answers_a_question_before_the_batches_that_wait() {
    let embedder = std::sync::Arc::new(test_model::load());
    let ingestion = tokio::spawn({
        let embedder = std::sync::Arc::clone(&embedder);
        async move { embedder.embed_passages(vec!["a long passage of many words ".repeat(20); 40]).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    embedder.embed_query("why?").await.unwrap();
    assert!(!ingestion.is_finished(), "the question had to wait for all passages");
    assert_eq!(ingestion.await.unwrap().unwrap().len(), 40);
}
