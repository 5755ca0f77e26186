//! Scores of single questions, by hand.

use footnote_core::passage::LegScore;

use super::*;
use crate::run::fakes::{answer, citation, passage, question};

fn retrieved(passages: Vec<footnote_core::Passage>) -> Retrieved {
    Retrieved { passages, embed_ms: 1.0, search_ms: 2.0, ..Retrieved::default() }
}

#[test]
fn passages_of_one_document_count_once_at_the_best_one() {
    let gold = question("q", &[], &["b.md", "c.md"]);
    let mut outcome = Outcome::new(&gold);
    let uris = ["file:///a.md", "file:///a.md", "file:///b.md", "file:///b.md", "file:///c.md"];
    outcome.add_retrieved(&gold, &retrieved(uris.iter().map(|uri| passage(uri, None)).collect()));
    let ranking = outcome.ranking.unwrap();
    assert_eq!((ranking.first_gold_rank, ranking.recall_at_1, ranking.recall_at_5), (Some(2), 0.0, 1.0));
    assert_eq!((ranking.mrr_at_10, ranking.page_recall_at_5), (0.5, None));
    // (1/log2 3 + 1/log2 4) / (1/log2 2 + 1/log2 3)
    assert!((ranking.ndcg_at_10 - 0.693_426_403_617_270_8).abs() < 1e-9, "{}", ranking.ndcg_at_10);
    assert_eq!(outcome.retrieved, ["file:///a.md", "file:///b.md", "file:///c.md"]);
}

#[test]
fn a_path_that_names_two_files_counts_one() {
    let gold = question("q", &[], &["index.md"]);
    let mut outcome = Outcome::new(&gold);
    outcome.add_retrieved(
        &gold,
        &retrieved(vec![passage("file:///x/index.md", None), passage("file:///y/index.md", None)]),
    );
    let ranking = outcome.ranking.unwrap();
    assert_eq!((ranking.recall_at_5, ranking.ndcg_at_10), (1.0, 1.0));
}

#[test]
fn pages_count_in_gold_documents_only() {
    let mut gold = question("q", &[], &["b.pdf"]);
    gold.pages = vec![3, 9];
    let mut outcome = Outcome::new(&gold);
    outcome
        .add_retrieved(&gold, &retrieved(vec![passage("file:///a.pdf", Some(9)), passage("file:///b.pdf", Some(3))]));
    assert_eq!(outcome.ranking.unwrap().page_recall_at_5, Some(0.5));
}

#[test]
fn confidence_is_the_best_cosine_and_no_other_score() {
    let plain = question("q", &[], &[]);
    let confidence = |scores: &[Option<f32>]| {
        let mut outcome = Outcome::new(&plain);
        let with = |score: &Option<f32>| {
            let mut passage = passage("file:///a.md", None);
            passage.dense = score.map(|score| LegScore { rank: 1, score });
            passage
        };
        outcome.add_retrieved(&plain, &retrieved(scores.iter().map(with).collect()));
        outcome.confidence
    };
    assert_eq!(confidence(&[Some(0.25), None, Some(0.5)]), Some(0.5));
    assert_eq!((confidence(&[None]), confidence(&[]), confidence(&[Some(f32::NAN)])), (None, None, None));
}

#[test]
fn the_text_or_a_quote_may_hold_the_answer() {
    let gold = question("q", &["1889", "in 1889"], &["a.md"]);
    let score = |text: &str, quote: &str| {
        let mut outcome = Outcome::new(&gold);
        outcome.add_answer(&gold, answer(text, vec![citation("file:///a.md", quote, 0)]), &[Some(quote)]);
        (outcome.contains, outcome.exact_match, outcome.f1)
    };
    assert_eq!(score("In 1889 [1].", "other words"), (Some(true), Some(true), Some(1.0)));
    assert_eq!(score("Long ago [1].", "done 1889"), (Some(true), Some(false), Some(0.0)));
    assert_eq!(score("Long ago [1].", "done 1890"), (Some(false), Some(false), Some(0.0)));
}

#[test]
fn an_abstention_holds_no_answer_not_even_an_empty_one() {
    let gold = question("q", &["the"], &["a.md"]);
    let mut outcome = Outcome::new(&gold);
    let mut abstained = answer("", vec![]);
    abstained.answerable = false;
    outcome.add_answer(&gold, abstained, &[]);
    assert_eq!((outcome.contains, outcome.exact_match, outcome.f1), (Some(false), Some(false), Some(0.0)));
    assert_eq!((outcome.abstained, outcome.is_right()), (Some(true), Some(false)));
}

#[test]
fn a_quote_is_exact_only_byte_for_byte_at_its_span() {
    let text = "Ça va: é1.";
    let with = |quote: &str, start: usize, text: Option<&str>| is_exact(&citation("u", quote, start), text);
    assert!(with("é1", 7, Some(text)));
    assert!(!with("é1", 6, Some(text)), "another place");
    assert!(!with("e1", 7, Some(text)), "other bytes");
    assert!(!with("é1. more", 7, Some(text)), "past the end");
    assert!(!with("é1", 7, None), "unknown to the catalog");
    assert!(!with("", 7, Some(text)), "nothing quoted");
}

#[test]
fn a_cited_page_counts_in_a_gold_document_only() {
    let mut gold = question("q", &[], &["b.pdf"]);
    gold.pages = vec![3];
    let on = |uri: &str, page: u32| {
        let mut cited = citation(uri, "x", 0);
        cited.pages = Some(PageRange { start: page, end: page + 1 });
        let mut outcome = Outcome::new(&gold);
        outcome.add_answer(&gold, answer("x [1]", vec![cited]), &[Some("x")]);
        (outcome.citations[0].gold_document, outcome.citations[0].gold_page)
    };
    assert_eq!(on("file:///b.pdf", 2), (Some(true), Some(true)));
    assert_eq!(on("file:///b.pdf", 4), (Some(true), Some(false)));
    assert_eq!(on("file:///a.pdf", 3), (Some(false), Some(false)));
}

#[test]
fn an_unanswerable_question_is_right_when_abstained_from() {
    let mut gold = question("q", &[], &["a.md"]);
    gold.answerable = Some(false);
    let mut outcome = Outcome::new(&gold);
    outcome.add_retrieved(&gold, &retrieved(vec![passage("file:///a.md", None)]));
    assert_eq!((outcome.ranking.clone(), outcome.is_right()), (None, None));
    outcome.add_answer(&gold, answer("Surely.", vec![]), &[]);
    assert_eq!(outcome.is_right(), Some(false));
}
