//! The published sets, read whole. They are not part of the repository: run with
//! `FOOTNOTE_SHARED_DATA=DIR cargo nextest run -p footnote-eval --run-ignored only`.

use std::path::PathBuf;

use footnote_core::collection::check_name;
use footnote_eval::{EvalSet, SetKind};

fn shared(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("FOOTNOTE_SHARED_DATA").expect("FOOTNOTE_SHARED_DATA names the folder")).join(name)
}

#[test]
#[ignore = "needs FOOTNOTE_SHARED_DATA"]
fn scifact_is_read_whole() {
    let set = EvalSet::read(&shared("scifact")).unwrap();
    assert_eq!((set.name.as_str(), set.kind, set.questions.len()), ("scifact", SetKind::Beir, 300));
    assert_eq!(set.corpus.as_ref().unwrap().len(), 5183);
    assert_eq!(set.questions.iter().map(|question| question.documents.len()).sum::<usize>(), 339);
    check_name(&set.collection().unwrap()).unwrap();
}

#[test]
#[ignore = "needs FOOTNOTE_SHARED_DATA"]
fn squad_is_read_whole() {
    let set = EvalSet::read(&shared("squad/dev-v2.0.json")).unwrap();
    assert_eq!((set.kind, set.questions.len(), set.corpus.as_ref().unwrap().len()), (SetKind::Squad, 6078, 646));
    let unanswerable = set.questions.iter().filter(|question| question.answerable == Some(false));
    assert_eq!(unanswerable.count(), 3168);
    assert!(set.questions.iter().all(|question| question.answers.is_empty() == (question.answerable == Some(false))));
    check_name(&set.collection().unwrap()).unwrap();
}
