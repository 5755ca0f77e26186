use footnote_core::{Code, Error, Span};

use super::*;
use crate::test_model;

const MODEL: &str = "minilm-l6-reader";
const TEXT: &str =
    "Bridges\nThe bridge over the Tay was completed in 1887. Sixty trains a day use it, most of them from Dundee.";

fn options() -> OnnxReaderOptions {
    let folder = test_model::folder().join(MODEL);
    OnnxReaderOptions {
        id: MODEL.into(),
        max_tokens: 256,
        folder,
        runtime: test_model::options().runtime,
        languages: vec![],
        threads: 1,
    }
}

fn reader() -> OnnxReader {
    OnnxReader::load(options()).unwrap_or_else(|error| panic!("{error}: run `make models` first"))
}

fn refusal(options: OnnxReaderOptions) -> Error {
    match OnnxReader::load(options) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error,
    }
}

/// Where `words` stand in `text`.
fn place(text: &str, words: &str) -> Span {
    let start = text.find(words).expect("the words stand there");
    Span::new(start, start + words.len())
}

#[tokio::test]
async fn the_answer_is_found_where_it_stands() {
    let reader = reader();
    for (question, answering, other) in [
        (
            "When was the bridge over the Tay completed?",
            "The bridge over the Tay was completed in 1887.",
            "Sixty trains a day",
        ),
        ("How many trains use the bridge every day?", "Sixty trains a day use it", "The bridge over the Tay"),
        ("Where do most of the trains come from?", "Dundee", "Sixty trains"),
    ] {
        let readings = reader.read(question, vec![TEXT.to_owned()]).await.unwrap();
        let within = |words: &str| readings[0].within(place(TEXT, words)).unwrap().odds;
        assert!(within(answering) > within(other), "{question}: {} and {}", within(answering), within(other));
    }
}

#[tokio::test]
async fn a_text_that_does_not_answer_is_less_likely_to() {
    let reader = reader();
    let mut odds = Vec::new();
    for question in ["When was the bridge over the Tay completed?", "When was the tunnel under the Forth painted?"] {
        let readings = reader.read(question, vec![TEXT.to_owned()]).await.unwrap();
        odds.push(readings[0].within(Span::new(0, TEXT.len())).unwrap().odds);
    }
    assert!(odds[0] > 0.0 && odds[1] < odds[0] - 2.0, "{odds:?}");
}

#[tokio::test]
async fn places_are_bytes_of_the_text_whatever_its_letters() {
    let text = "Die Brücke über den Tay wurde „1887“ fertig. 橋は1887年に完成した。";
    let readings = reader().read("Wann wurde die Brücke fertig?", vec![text.to_owned()]).await.unwrap();
    let tokens = &readings[0].tokens;
    assert!(!tokens.is_empty());
    for token in tokens {
        assert!(token.span.of(text).is_some_and(|word| !word.trim().is_empty()), "{token:?}");
    }
    assert!(tokens.iter().any(|token| token.span.of(text) == Some("1887")));
}

#[tokio::test]
async fn what_is_beyond_the_models_length_is_not_read() {
    let text = format!("{}The tower is green.", "This says nothing. ".repeat(200));
    let readings = reader().read("Which tower is green?", vec![text.clone(), String::new()]).await.unwrap();
    assert_eq!(readings.len(), 2);
    assert_eq!(readings[0].within(place(&text, "The tower is green.")), None);
    assert!(readings[0].within(Span::new(0, 200)).is_some());
    assert_eq!(readings[1].within(Span::new(0, 9)), None);
}

#[tokio::test]
async fn texts_that_are_read_together_are_read_as_alone() {
    let reader = reader();
    let question = "When was the bridge over the Tay completed?";
    let long = format!("{TEXT} {}", "The ferry was older than the bridge. ".repeat(20));
    let texts = ["Sixty trains.".to_owned(), long, TEXT.to_owned(), String::new(), TEXT.replace("1887", "1990 or so")];
    let together = reader.read(question, texts.to_vec()).await.unwrap();
    for (text, together) in texts.iter().zip(&together) {
        let alone = reader.read(question, vec![text.clone()]).await.unwrap().remove(0);
        assert!((alone.none - together.none).abs() < 0.01, "{text}: {} and {}", alone.none, together.none);
        assert_eq!(alone.tokens.len(), together.tokens.len());
        for (alone, together) in alone.tokens.iter().zip(&together.tokens) {
            assert_eq!(alone.span, together.span);
            assert!((alone.start - together.start).abs() < 0.01 && (alone.end - together.end).abs() < 0.01);
        }
    }
}

#[tokio::test]
async fn a_question_of_a_page_leaves_room_for_the_text() {
    let question = "Which tower is green, and which is not? ".repeat(100);
    let readings = reader().read(&question, vec!["The tower is green.".to_owned()]).await.unwrap();
    assert!(!readings[0].tokens.is_empty());
}

#[test]
fn model_files_that_are_missing_or_damaged_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["model.onnx", "tokenizer.json", "config.json", "special_tokens_map.json", "tokenizer_config.json"] {
        fs_err::copy(options().folder.join(name), folder.path().join(name)).unwrap();
    }
    for (name, content, code) in [
        ("model.onnx", Some("cut off"), Code::ModelDamaged),
        ("model.onnx", None, Code::ModelMissing),
        ("tokenizer.json", Some("{"), Code::ModelDamaged),
        ("tokenizer.json", None, Code::ModelMissing),
    ] {
        match content {
            Some(content) => fs_err::write(folder.path().join(name), content).unwrap(),
            None => fs_err::remove_file(folder.path().join(name)).unwrap(),
        }
        let error = refusal(OnnxReaderOptions { folder: folder.path().to_owned(), ..options() });
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(name), "{error}");
        fs_err::copy(options().folder.join(name), folder.path().join(name)).unwrap();
    }
}

#[test]
fn a_model_that_finds_no_answers_is_refused() {
    let error = refusal(OnnxReaderOptions { folder: test_model::options().folder, ..options() });
    assert_eq!(error.code(), Code::ModelDamaged);
    assert!(error.message().contains("start_logits"), "{error}");
}
