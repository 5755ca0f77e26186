//! SQuAD 2.0's JSON: every paragraph is a document, some questions have no answer in theirs.
//!
//! Rajpurkar, Jia and Liang 2018, "Know What You Don't Know: Unanswerable Questions for SQuAD".
//! A question that its own paragraph does not answer may, rarely, be answered by another one:
//! a system that abstains from all of them is not always right, only by the set's measure.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::Path;

use footnote_core::{Code, Error, Result, Source};
use fs_err::File;
use serde::Deserialize;

use super::lines::said;
use super::{DocumentKey, EvalSet, GoldDocument, QaQuestion, SetKind, name_of};

/// The way out that a malformed file shows.
const SHAPE: &str = r#"SQuAD 2.0 is {"data":[{"title":"…","paragraphs":[{"context":"…","qas":[{"id":"…","question":"…","answers":[{"text":"…"}],"is_impossible":false}]}]}]}"#;

#[derive(Deserialize)]
struct Squad {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    #[serde(default)]
    title: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Qa>,
}

#[derive(Deserialize)]
struct Qa {
    id: String,
    question: String,
    #[serde(default)]
    answers: Vec<GoldAnswer>,
    #[serde(default)]
    is_impossible: bool,
}

#[derive(Deserialize)]
struct GoldAnswer {
    text: String,
}

/// Reads SQuAD's file at `path`. A paragraph's uri is `squad:` with the article's title and the
/// paragraph's number in it, from 1.
pub(super) fn read(path: &Path) -> Result<EvalSet> {
    let file = BufReader::new(File::open(path).map_err(|error| Error::io(path, error))?);
    let squad: Squad = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_reader(file))
        .map_err(|error| refused(path, &said(&error)))?;

    let (mut questions, mut corpus) = (Vec::new(), Vec::new());
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut ids: HashMap<String, usize> = HashMap::new();
    for article in squad.data {
        for paragraph in article.paragraphs {
            // Counted by title, not by article: two articles of one title must not share a uri.
            let number = numbers.entry(article.title.clone()).or_default();
            *number += 1;
            let uri = format!("squad:{}/{number}", article.title);
            for qa in paragraph.qas {
                if ids.insert(qa.id.clone(), questions.len()).is_some() {
                    return Err(refused(path, &format!("two questions have the id `{}`", qa.id)));
                }
                questions.push(question(qa, &uri));
            }
            let title = article.title.replace('_', " ");
            corpus.push(Source::Text { uri, title, text: paragraph.context });
        }
    }
    let stem = name_of(path, true);
    let name = if stem.to_lowercase().contains("squad") { stem } else { format!("squad-{stem}") };
    Ok(EvalSet { name, kind: SetKind::Squad, questions, corpus: Some(corpus) })
}

/// A question of the paragraph at `uri`. One that cannot be answered has no gold document: there is
/// nothing to find.
fn question(qa: Qa, uri: &str) -> QaQuestion {
    let answerable = !qa.is_impossible;
    let mut answers: Vec<String> = Vec::new();
    for answer in qa.answers {
        if answerable && !answers.contains(&answer.text) {
            answers.push(answer.text);
        }
    }
    let document = DocumentKey::new(uri).filter(|_| answerable).map(|key| GoldDocument { key, grade: 1 });
    QaQuestion {
        id: qa.id,
        question: qa.question,
        answers,
        documents: document.into_iter().collect(),
        answerable: Some(answerable),
        ..QaQuestion::default()
    }
}

fn refused(path: &Path, reason: &str) -> Error {
    Error::new(Code::EvalSet, format!("{}: {reason}", path.display())).hint(SHAPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<EvalSet> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev-v2.0.json");
        fs_err::write(&path, text).unwrap();
        EvalSet::read(&path)
    }

    #[test]
    fn paragraphs_are_documents_and_some_questions_have_no_answer() {
        let set = read_text(
            r#"{"version":"v2.0","data":[{"title":"Steam_engine","paragraphs":[
                {"context":"First.","qas":[]},
                {"context":"Built in 1712.","qas":[
                    {"id":"a","question":"When?","answers":[{"text":"1712","answer_start":9},{"text":"1712","answer_start":9},
                     {"text":"in 1712","answer_start":6}],"is_impossible":false},
                    {"id":"b","question":"Who?","answers":[],"plausible_answers":[{"text":"x","answer_start":0}],
                     "is_impossible":true}]}]}]}"#,
        )
        .unwrap();
        assert_eq!((set.name.as_str(), set.kind), ("squad-dev-v2.0", SetKind::Squad));
        assert!(set.collection().unwrap().starts_with("squad-dev-v2-0-"));
        let uri = "squad:Steam_engine/2";
        let last = Source::Text { uri: uri.into(), title: "Steam engine".into(), text: "Built in 1712.".into() };
        assert_eq!(set.corpus.as_ref().unwrap()[1], last);
        let [when, who] = set.questions.as_slice() else { panic!("two questions") };
        assert_eq!(when.answers, ["1712", "in 1712"]);
        assert_eq!((when.documents[0].key.as_str(), when.answerable), (uri, Some(true)));
        assert_eq!((who.documents.len(), who.answers.len(), who.answerable), (0, 0, Some(false)));
    }

    #[test]
    fn two_articles_of_one_title_stay_apart() {
        let article = r#"{"title":"T","paragraphs":[{"context":"c","qas":[{"id":"ID","question":"q"}]}]}"#;
        let set = read_text(&format!(r#"{{"data":[{},{}]}}"#, article.replace("ID", "1"), article.replace("ID", "2")))
            .unwrap();
        let uris: Vec<_> = set.corpus.unwrap().iter().map(Source::uri).collect();
        assert_eq!(uris, ["squad:T/1", "squad:T/2"]);
    }

    #[test]
    fn a_malformed_file_is_refused_with_the_place() {
        let message = |text: &str| {
            let error = read_text(text).unwrap_err();
            assert_eq!(error.code(), Code::EvalSet);
            error.message().split_once("dev-v2.0.json: ").expect("the file is named").1.to_owned()
        };
        insta::assert_snapshot!(message("[]"), @"invalid length 0, expected struct Squad with 1 element (column 2)");
        insta::assert_snapshot!(message(r#"{"data":[{"paragraphs":[{"qas":[]}]}]}"#), @"data[0].paragraphs[0]: missing field `context` (column 34)");
        insta::assert_snapshot!(message("{\"data\":[\n{\"paragraphs\":"), @"data[0].paragraphs: EOF while parsing a value at line 2 column 14");
        insta::assert_snapshot!(message(r#"{"data":[]}"#), @"the set holds no questions");
    }
}
