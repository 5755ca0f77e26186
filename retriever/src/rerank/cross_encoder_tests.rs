use std::path::Path;
use std::time::Duration;

use footnote_core::passage::DocumentRef;
use footnote_core::{Chunk, ChunkId, Code, DocumentId, Error, Span};

use super::*;
use crate::test_model;

/// A cross-encoder of 13 nodes, written byte by byte: no reranker can be had from the offline bundle. It reads question
/// and passage as one text, as its kind does, and its logit is the number of pairs of equal tokens between both. So
/// its scores are known, and everything around it is the real thing: tokenizer, token types, mask, padding, runtime.
mod network {
    /// ONNX's numbers for element types.
    const FLOAT: u64 = 1;
    const INT64: u64 = 7;

    fn varint(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    fn number(field: u64, value: u64) -> Vec<u8> {
        [varint(field << 3), varint(value)].concat()
    }

    fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
        [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
    }

    fn text(field: u64, content: &str) -> Vec<u8> {
        bytes(field, content.as_bytes())
    }

    fn node(kind: &str, inputs: &[&str], output: &str, attribute: &[u8]) -> Vec<u8> {
        let inputs: Vec<u8> = inputs.iter().flat_map(|input| text(1, input)).collect();
        bytes(1, &[inputs, text(2, output), text(4, kind), attribute.to_vec()].concat())
    }

    fn to_float() -> Vec<u8> {
        bytes(5, &[text(1, "to"), number(3, FLOAT), number(20, 2)].concat())
    }

    fn axis(name: &str, value: u64) -> Vec<u8> {
        bytes(5, &[number(1, 1), number(2, INT64), bytes(7, &varint(value)), text(8, name)].concat())
    }

    fn value(field: u64, name: &str, element: u64, shape: [&str; 2]) -> Vec<u8> {
        let shape: Vec<u8> = shape.iter().flat_map(|size| bytes(1, &text(2, size))).collect();
        let tensor = [number(1, element), bytes(2, &shape)].concat();
        bytes(field, &[text(1, name), bytes(2, &bytes(1, &tensor))].concat())
    }

    pub(super) fn counts_shared_tokens() -> Vec<u8> {
        let mut graph = [
            node("Unsqueeze", &["input_ids", "second"], "ids_down", &[]),
            node("Unsqueeze", &["input_ids", "first"], "ids_across", &[]),
            node("Equal", &["ids_down", "ids_across"], "same", &[]),
            node("Cast", &["same"], "pairs", &to_float()),
            node("Mul", &["token_type_ids", "attention_mask"], "of_passage", &[]),
            node("Sub", &["attention_mask", "of_passage"], "of_question", &[]),
            node("Cast", &["of_passage"], "passage", &to_float()),
            node("Cast", &["of_question"], "question", &to_float()),
            node("Unsqueeze", &["passage", "second"], "passage_down", &[]),
            node("Unsqueeze", &["question", "first"], "question_across", &[]),
            node("MatMul", &["question_across", "pairs"], "met", &[]),
            node("MatMul", &["met", "passage_down"], "count", &[]),
            node("Squeeze", &["count", "second"], "logits", &[]),
            text(2, "counts-shared-tokens"),
            axis("first", 1),
            axis("second", 2),
        ]
        .concat();
        for name in ["input_ids", "attention_mask", "token_type_ids"] {
            graph.extend(value(11, name, INT64, ["batch", "sequence"]));
        }
        graph.extend(value(12, "logits", FLOAT, ["batch", "one"]));
        let opset = [text(1, ""), number(2, 17)].concat();
        [number(1, 8), bytes(7, &graph), bytes(8, &opset)].concat()
    }
}

/// The network with the bundle's tokenizer, in a folder.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["tokenizer.json", "config.json", "special_tokens_map.json", "tokenizer_config.json"] {
        let from = test_model::options().folder.join(name);
        fs_err::copy(from, folder.path().join(name)).expect("run `make models` first");
    }
    fs_err::write(folder.path().join("model.onnx"), network::counts_shared_tokens()).unwrap();
    folder
}

fn options(folder: &Path) -> CrossEncoderOptions {
    CrossEncoderOptions {
        id: "counts-shared-tokens".into(),
        max_tokens: 64,
        folder: folder.to_owned(),
        runtime: test_model::options().runtime,
        threads: 1,
    }
}

fn refusal(options: CrossEncoderOptions) -> Error {
    match CrossEncoder::load(options) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error,
    }
}

fn passage(text: &str) -> Passage {
    let document = DocumentId::of("test", text);
    let chunk = Chunk {
        id: ChunkId::of(document, "", 0),
        document,
        ordinal: 0,
        span: Span::new(0, text.len()),
        text: text.into(),
        heading_path: vec![],
        pages: None,
        tokens: 1,
    };
    let document = DocumentRef { id: document, title: String::new(), uri: String::new(), media_type: String::new() };
    Passage { chunk, document, score: 0.0, dense: None, keyword: None, reranked: None }
}

async fn scores(texts: &[&str], budget: Duration) -> Vec<Option<f32>> {
    let folder = folder();
    let reranker = CrossEncoder::load(options(folder.path())).unwrap_or_else(|error| panic!("{error}"));
    let passages: Vec<Passage> = texts.iter().map(|text| passage(text)).collect();
    reranker.rerank("green tower", &[], &passages, Instant::now() + budget).await.unwrap()
}

#[tokio::test]
async fn model_reads_question_and_passage_together() {
    // The separators meet too: a pair that every text has.
    let texts = ["a green tower", "nothing at all, but at length", "tower", "tower tower tower", "", "green"];
    let found = scores(&texts, Duration::from_secs(60)).await;
    assert_eq!(found, [3.0, 1.0, 2.0, 4.0, 1.0, 2.0].map(Some));
}

#[tokio::test]
async fn model_reads_no_further_than_its_limit() {
    let far = format!("{} tower", "word ".repeat(200));
    assert_eq!(scores(&[&far], Duration::from_secs(60)).await, [Some(1.0)]);
}

#[tokio::test]
async fn model_that_has_no_time_leaves_every_passage_in_its_place() {
    assert_eq!(scores(&["tower", "green"], Duration::ZERO).await, [None, None]);
}

#[test]
fn model_files_that_are_missing_or_damaged_are_named() {
    let folder = folder();
    for (name, content, code) in [
        ("model.onnx", Some("cut off"), Code::ModelDamaged),
        ("model.onnx", None, Code::ModelMissing),
        ("tokenizer.json", None, Code::ModelMissing),
    ] {
        match content {
            Some(content) => fs_err::write(folder.path().join(name), content).unwrap(),
            None => fs_err::remove_file(folder.path().join(name)).unwrap(),
        }
        let error = refusal(options(folder.path()));
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(&format!("/{name}:")), "{error}");
        assert!(error.hint_text().is_some_and(|hint| hint.contains("footnote models pull counts-shared-tokens")));
    }
}

#[test]
fn model_that_gives_no_scores_is_refused() {
    let folder = folder();
    let embedding = test_model::options().folder.join("model.onnx");
    fs_err::copy(embedding, folder.path().join("model.onnx")).unwrap();
    assert_eq!(refusal(options(folder.path())).code(), Code::ModelDamaged);
}
