//! Whole runs over a product of canned answers.

use std::sync::Mutex;

use footnote_core::passage::Retrieved;
use footnote_core::{Code, DocumentId, filter};
use futures::executor::block_on;

use super::fakes::{Canned, abstention, answer, citation, passage, question};
use super::*;
use crate::compare::Comparison;
use crate::metrics::Metric;
use crate::set::SetKind;

const A: &str = "file:///handbook/a.md";
const B: &str = "file:///handbook/b.pdf";

/// Five questions: answered right; answered from the wrong document; abstained from wrongly;
/// unanswerable and abstained from; failed.
fn set() -> EvalSet {
    let mut paged = question("wrong document", &["1712"], &["b.pdf"]);
    paged.pages = vec![3];
    let mut unanswerable = question("unanswerable", &[], &[]);
    unanswerable.answerable = Some(false);
    let questions = vec![
        question("right", &["1889"], &["a.md"]),
        paged,
        question("not found", &["Paris"], &["a.md"]),
        unanswerable,
        question("failed", &["x"], &["a.md"]),
    ];
    EvalSet { name: "mini".into(), kind: SetKind::Qa, questions, corpus: None }
}

fn product() -> Canned {
    let mut product = Canned::default();
    let mut found = |question: &str, passages: Vec<_>| product.found.insert(question.to_owned(), passages);
    found("right", vec![passage(A, None), passage(B, Some(1))]);
    found("wrong document", vec![passage(A, None), passage(B, Some(3))]);
    found("not found", vec![passage(B, Some(1))]);
    found("unanswerable", vec![]);
    let mut answered = |question: &str, answer| product.answers.insert(question.to_owned(), answer);
    answered("right", answer("In 1889 [1].", vec![citation(A, "done in 1889", 2)]));
    answered("wrong document", answer("In 1750 [1].", vec![citation(A, "in 1889!", 7), citation(B, "gone", 0)]));
    answered("not found", abstention());
    answered("unanswerable", abstention());
    product.texts.insert(DocumentId::of("c", A), "é done in 1889.".to_owned());
    product
}

fn evaluate(product: Canned, with_answers: bool, limit: Option<usize>) -> Result<Report> {
    let product = Arc::new(product);
    let answerer = with_answers.then(|| Arc::clone(&product) as Arc<dyn Answerer>);
    let system =
        System { searcher: Arc::clone(&product) as Arc<dyn Searcher>, answerer, catalog: product, condense: None };
    let options =
        RunOptions { limit, settings: serde_json::json!({"retrieval": {"top_k": 8}}), ..RunOptions::default() };
    block_on(run(&set(), &system, options, &|_, _| ()))
}

/// Latencies are measured and differ; everything else is the same each time.
fn with_fixed_clock(report: Report) -> Report {
    let mut questions = report.questions;
    for (at, outcome) in questions.iter_mut().enumerate() {
        outcome.latency_ms = outcome.latency_ms.map(|_| (at + 1) as f64);
        if let Some(timings) = outcome.timings_ms.as_mut() {
            timings.total = (at + 1) as f64;
        }
    }
    Report::new(report.set, report.settings, report.retrieval_only, questions)
}

#[test]
fn the_summary_is_what_the_questions_come_to() {
    let report = with_fixed_clock(evaluate(product(), true, None).unwrap());
    insta::assert_json_snapshot!(report.summary, @r#"
    {
      "questions": 5,
      "recall@1": 0.25,
      "recall@5": 0.5,
      "recall@100": 0.5,
      "page_recall@5": 1.0,
      "mrr@10": 0.375,
      "ndcg@10": 0.4077324383928644,
      "contains": 0.25,
      "exact_match": 0.0,
      "f1": 0.16666666666666666,
      "citation_exact": 0.3333333333333333,
      "citation_document": 0.5,
      "citation_page": 0.0,
      "supported": 1.0,
      "abstain_precision": 0.5,
      "abstain_recall": 1.0,
      "abstain_auc": 0.8333333333333334,
      "coverage_accuracy_area": 0.5,
      "latency_ms_p50": 2.0,
      "latency_ms_p95": 4.0,
      "first_token_ms_p50": 30.0
    }
    "#);
    assert_eq!(report.errors, 1);
}

#[test]
fn the_table_says_what_each_figure_was_taken_over() {
    insta::assert_snapshot!(with_fixed_clock(evaluate(product(), true, None).unwrap()).table(), @r#"
    mini: 5 questions, 4 answerable, 1 not

    retrieval
      recall@1               0.250  over 4
      recall@5               0.500  over 4
      recall@100             0.500  over 4
      page_recall@5          1.000  over 1
      mrr@10                 0.375  over 4
      ndcg@10                0.408  over 4

    answers
      contains               0.250  1/4
      exact_match            0.000  0/4
      f1                     0.167  over 4

    citations
      citation_exact         0.333  1/3
      citation_document      0.500  1/2
      citation_page          0.000  0/1
      supported              1.000  3/3

    abstention
      abstain_precision      0.500  1/2
      abstain_recall         1.000  1/1
      abstain_auc            0.833  over 4
      coverage_accuracy_area   0.500  over 2

    time
      latency_ms_p50           2.0  over 4
      latency_ms_p95           4.0  over 4
      first_token_ms_p50      30.0  over 2

    mean ms per stage
      embed                    4.0
      search                   2.0
      rerank                   0.0
      evidence                 0.0
      first_token             30.0
      generate                 0.0
      verify                   0.0
      total                    2.5

    bug: a quote is not its document's text (`"exact": false` in the report)

    1 of 5 questions failed; each scores 0
      failed: the index is gone (io)
    "#);
}

#[test]
fn a_retrieval_only_run_has_no_figures_about_answers() {
    insta::assert_snapshot!(with_fixed_clock(evaluate(product(), false, None).unwrap()).table(), @r#"
    mini: 5 questions, 4 answerable, 1 not; retrieval only

    retrieval
      recall@1               0.250  over 4
      recall@5               0.500  over 4
      recall@100             0.500  over 4
      page_recall@5          1.000  over 1
      mrr@10                 0.375  over 4
      ndcg@10                0.408  over 4

    abstention
      abstain_auc            1.000  over 4

    time
      latency_ms_p50           2.0  over 4
      latency_ms_p95           4.0  over 4

    mean ms per stage
      embed                    3.0
      search                   1.0
      total                    2.5

    1 of 5 questions failed; each scores 0
      failed: the index is gone (io)
    "#);
}

#[test]
fn a_failed_question_is_listed_and_scores_nothing() {
    let report = evaluate(product(), true, None).unwrap();
    let failed = report.questions.iter().find(|outcome| outcome.id == "failed").unwrap();
    assert_eq!(failed.error.as_ref().unwrap().code, "io");
    assert_eq!((failed.contains, failed.is_right()), (None, Some(false)));
    // 1 of the 4 questions with gold answers, the failed one among them.
    assert_eq!(report.summary.get(Metric::Contains), Some(0.25));
}

#[test]
fn a_failed_answer_leaves_the_ranking_standing() {
    let mut product = product();
    product.answers.remove("right");
    let report = evaluate(product, true, None).unwrap();
    let failed = &report.questions[0];
    assert_eq!(failed.error.as_ref().unwrap().code, "deadline");
    assert_eq!(failed.ranking.as_ref().unwrap().first_gold_rank, Some(1));
}

#[test]
fn a_run_in_which_nothing_works_is_an_error_not_a_report() {
    let error = evaluate(Canned::default(), true, None).unwrap_err();
    assert_eq!(error.code(), Code::Io);
    assert!(error.message().starts_with("every question of mini failed; the first: "), "{error}");
}

#[test]
fn progress_ends_with_all_the_questions_of_the_sample() {
    let product = Arc::new(product());
    let system = System { searcher: product.clone(), answerer: None, catalog: product, condense: None };
    let heard = Mutex::new(Vec::new());
    let note = |done, all| heard.lock().unwrap().push((done, all));
    block_on(run(&set(), &system, RunOptions { limit: Some(2), ..RunOptions::default() }, &note)).unwrap();
    assert_eq!(*heard.lock().unwrap(), [(0, 2), (1, 2), (2, 2)]);
}

#[test]
fn retrieval_is_asked_for_as_many_passages_as_recall_needs() {
    let product = Arc::new(product());
    let system = System { searcher: product.clone(), answerer: None, catalog: product, condense: None };
    // The canned product refuses a search that is less deep than 100.
    block_on(run(&set(), &system, RunOptions { retrieval_depth: 1, ..RunOptions::default() }, &|_, _| ())).unwrap();
}

/// Puts the question before in front.
struct Joined;

#[async_trait::async_trait]
impl Condense for Joined {
    async fn standalone(&self, history: &[Turn], question: &str) -> String {
        format!("{} {question}", history[0].question)
    }
}

/// Notes what it is asked.
#[derive(Default)]
struct Noting(Mutex<Vec<Question>>);

#[async_trait::async_trait]
impl Searcher for Noting {
    async fn search(&self, question: &Question) -> Result<Retrieved> {
        self.0.lock().unwrap().push(question.clone());
        Ok(Retrieved::default())
    }
}

#[test]
fn filters_and_history_of_a_question_reach_the_search_unless_it_is_asked_as_it_is_written() {
    let filter = filter::parse(&serde_json::json!({ "tags": "report" })).unwrap();
    let history = vec![Turn { question: "Who?".into(), answer: None }];
    let follow_up = QaQuestion { filter: Some(filter.clone()), history, ..question("and when?", &[], &[]) };
    let set = EvalSet { questions: vec![follow_up, question("Why?", &[], &[])], ..set() };
    for (condense, searched) in [(true, "Who? and when?"), (false, "and when?")] {
        let noting = Arc::new(Noting::default());
        let condense = condense.then(|| Arc::new(Joined) as Arc<dyn Condense>);
        let system = System { searcher: noting.clone(), answerer: None, catalog: Arc::new(product()), condense };
        let report = block_on(run(&set, &system, RunOptions::default(), &|_, _| ())).unwrap();
        let asked = noting.0.lock().unwrap();
        assert_eq!((asked[0].text(), asked[0].filter()), (searched, Some(&filter)));
        assert_eq!((asked[1].text(), asked[1].filter()), ("Why?", None));
        let told = report.questions[0].standalone.as_deref();
        assert_eq!(told, system.condense.is_some().then_some("Who? and when?"));
        assert_eq!(report.questions[1].standalone, None);
    }
}

#[test]
fn a_run_can_be_moved_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    let product = Arc::new(product());
    let system =
        System { searcher: product.clone(), answerer: Some(product.clone()), catalog: product, condense: None };
    let set = set();
    is_send(&run(&set, &system, RunOptions::default(), &|_, _| ()));
}

#[test]
fn a_written_report_reads_back_the_same() {
    let report = with_fixed_clock(evaluate(product(), true, None).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/report.json");
    report.write(&path).unwrap();
    assert_eq!(Report::read(&path).unwrap(), report);

    let other = folder.path().join("other.json");
    fs_err::write(&other, "{}").unwrap();
    assert_eq!(Report::read(&other).unwrap_err().code(), Code::EvalSet);
}

#[test]
fn a_report_has_the_designs_parts_and_a_row_says_all_about_its_question() {
    let report = with_fixed_clock(evaluate(product(), true, None).unwrap());
    let json: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    for part in ["settings", "summary", "questions"] {
        assert!(!json[part].is_null(), "{part}");
    }
    insta::assert_yaml_snapshot!(report.questions[0], @r#"
    id: right
    question: right
    answerable: true
    gold:
      answers:
        - "1889"
      documents:
        - a.md
      pages: []
    ranking:
      first_gold_rank: 1
      recall@1: 1
      recall@5: 1
      recall@100: 1
      mrr@10: 1
      ndcg@10: 1
    retrieved:
      - "file:///handbook/a.md"
      - "file:///handbook/b.pdf"
    confidence: 0.8999999761581421
    answer: "In 1889 [1]."
    mode: generated
    abstained: false
    contains: true
    exact_match: false
    f1: 0.6666666666666666
    citations:
      - index: 1
        document: "file:///handbook/a.md"
        quote: done in 1889
        span:
          start: 2
          end: 14
        verdict: supported
        exact: true
        gold_document: true
    latency_ms: 1
    timings_ms:
      embed: 4
      search: 2
      rerank: 0
      evidence: 0
      first_token: 30
      generate: 0
      verify: 0
      total: 1
    "#);
}

#[test]
fn a_comparison_shows_what_changed_and_who_flipped() {
    let before = with_fixed_clock(evaluate(product(), true, None).unwrap());
    let mut better = product();
    better.answers.insert("not found".into(), answer("Paris [1].", vec![citation(A, "é", 0)]));
    better.answers.insert("right".into(), abstention());
    let mut after = with_fixed_clock(evaluate(better, true, None).unwrap());
    after.settings = serde_json::json!({"retrieval": {"top_k": 16, "fusion": "rrf"}});
    insta::assert_snapshot!(Comparison::of(&before, &after).table(), @r#"
    retrieval.fusion: unset → "rrf"
    retrieval.top_k: 8 → 16
                              before     after     change
    questions                      5         5          =
    recall@1                   0.250     0.250          =
    recall@5                   0.500     0.500          =
    recall@100                 0.500     0.500          =
    page_recall@5              1.000     1.000          =
    mrr@10                     0.375     0.375          =
    ndcg@10                    0.408     0.408          =
    contains                   0.250     0.250          =
    exact_match                0.000     0.250     +0.250
    f1                         0.167     0.250     +0.083
    citation_exact             0.333     0.333          =
    citation_document          0.500     0.500          =
    citation_page              0.000     0.000          =
    supported                  1.000     1.000          =
    abstain_precision          0.500     0.500          =
    abstain_recall             1.000     1.000          =
    abstain_auc                0.833     0.833          =
    coverage_accuracy_area     0.500     0.500          =
    latency_ms_p50               2.0       2.0          =
    latency_ms_p95               4.0       4.0          =
    first_token_ms_p50          30.0      30.0          =

    first 10 documents: the same for 5 of 5 questions, in the same order for 5
    flipped: 1 gained, 1 lost
    - right: right
        before: In 1889 [1].
        after:  abstained
    + not found: not found
        before: abstained
        after:  Paris [1].
    "#);
}

#[test]
fn runs_of_other_kinds_are_compared_with_a_caution_and_without_flips() {
    let full = evaluate(product(), true, None).unwrap();
    let retrieval = evaluate(product(), false, Some(3)).unwrap();
    let comparison = Comparison::of(&full, &retrieval);
    assert_eq!(comparison.found.map(|found| found.questions), Some(retrieval.questions.len()));
    assert_eq!(
        comparison.cautions,
        ["not the same questions were asked", "one run is retrieval only, the other is not"]
    );
    assert!(comparison.flips.is_empty());
}
