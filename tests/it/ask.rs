//! Asking on the command line: both engines, footnotes that hold up, abstention.

use footnote_tests::{Scenario, handbook};
use serde_json::Value;

/// Every quote is, code point for code point, at its place in the document's text.
fn quotes_hold_up(scenario: &Scenario, answer: &Value) {
    let citations = answer["citations"].as_array().unwrap();
    assert!(!citations.is_empty(), "{answer:#}");
    for citation in citations {
        let id = citation["document"]["id"].as_str().unwrap();
        let shown = scenario.json(["documents", "show", id]);
        let text: Vec<char> = shown["text"].as_str().unwrap().chars().collect();
        let at = |name: &str| usize::try_from(citation["span"][name].as_u64().unwrap()).unwrap();
        let found: String = text[at("start")..at("end")].iter().collect();
        assert_eq!(citation["quote"], Value::String(found));
    }
}

#[test]
fn model_both_engines_give_a_grounded_answer() {
    let scenario = handbook::scenario();
    for engine in ["llama-cpp", "mistralrs"] {
        let answer = scenario.json(["ask", "--engine", engine, "What does quantization do to a model's weights?"]);
        assert_eq!(answer["answerable"], true, "{engine}: {answer:#}");
        assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0, "{engine} wrote nothing");
        quotes_hold_up(&scenario, &answer);
        let text = answer["answer"].as_str().unwrap();
        assert!(text.contains("[1]"), "{engine}: {text}");
    }
}

#[test]
fn model_a_question_that_the_documents_do_not_answer_is_refused_with_a_reason() {
    let scenario = handbook::scenario();
    let answer = scenario.json(["ask", "Who won the ice hockey world championship in 1987?"]);
    assert_eq!(answer["answerable"], false, "{answer:#}");
    assert_eq!(answer["mode"], "abstained");
    assert!(answer["abstain_reason"]["message"].as_str().is_some_and(|message| !message.is_empty()));
    assert_eq!(answer["citations"].as_array().map(Vec::len), Some(0));
}

#[test]
fn model_quoting_needs_no_generation_model() {
    let scenario = handbook::scenario();
    scenario.write("footnote.toml", "[grounding]\nmode = \"quoted\"\n[generation]\nmodel = \"/nowhere/model.gguf\"\n");
    let answer = scenario.json(["ask", "What does quantization do to a model's weights?"]);
    assert_eq!(answer["mode"], "quoted");
    quotes_hold_up(&scenario, &answer);
}

#[test]
fn a_question_of_no_or_of_100000_characters_is_refused() {
    let scenario = Scenario::new();
    for (question, said) in [(" ".to_owned(), "the question is empty"), ("x".repeat(100_000), "100000 characters")] {
        let output = scenario.run(["ask", &question]);
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains(said) && output.stderr.contains("hint:"), "{}", output.stderr);
    }
}
