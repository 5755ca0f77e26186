//! Footnote's own QA sets: JSON Lines, a question a line.

use std::path::Path;

use footnote_core::question::Turn;
use footnote_core::{Result, filter};
use serde::{Deserialize, Deserializer};
use tracing::warn;

use super::lines::{each_line, malformed, parse};
use super::{DocumentKey, EvalSet, GoldDocument, QaQuestion, SetKind, UniqueIds, name_of};

/// The way out that a malformed line shows.
const SHAPE: &str = r#"a line is {"id":"…","question":"…","answers":["…"],"documents":["path or id"],"pages":[3],"answerable":true,"tags":["…"],"filters":{…},"history":[{"question":"…","answer":"…"}]}; id and question are required"#;

/// The keys of a line.
const KEYS: [&str; 9] = ["id", "question", "answers", "documents", "pages", "answerable", "tags", "filters", "history"];

/// A line, as it is written.
#[derive(Deserialize)]
struct Line {
    #[serde(deserialize_with = "text_or_number")]
    id: String,
    question: String,
    #[serde(default)]
    answers: Vec<String>,
    #[serde(default)]
    documents: Vec<String>,
    #[serde(default)]
    pages: Vec<u32>,
    answerable: Option<bool>,
    #[serde(default)]
    tags: Vec<String>,
    filters: Option<serde_json::Value>,
    #[serde(default)]
    history: Vec<Turn>,
}

/// Reads the QA set at `path`.
pub(super) fn read(path: &Path) -> Result<EvalSet> {
    let mut questions = Vec::new();
    let mut ids = UniqueIds::new(path);
    each_line(path, |number, text| {
        let line: Line = parse(path, number, text, SHAPE)?;
        ids.insert(&line.id, number)?;
        warn_of_unknown_keys(path, number, text);
        questions.push(question(path, number, line)?);
        Ok(())
    })?;
    Ok(EvalSet { name: name_of(path, true), kind: SetKind::Qa, questions, corpus: None })
}

/// Checks a line's values.
fn question(path: &Path, number: usize, line: Line) -> Result<QaQuestion> {
    let refuse = |reason: &str| Err(malformed(path, number, reason).hint(SHAPE));
    if line.id.trim().is_empty() {
        return refuse("the id is empty");
    }
    if line.question.trim().is_empty() {
        return refuse("the question is empty");
    }
    if line.pages.contains(&0) {
        return refuse("page 0: pages count from 1");
    }
    let mut documents = Vec::with_capacity(line.documents.len());
    for entry in &line.documents {
        match DocumentKey::new(entry) {
            Some(key) => documents.push(GoldDocument { key, grade: 1 }),
            None => return refuse("an entry of documents is empty"),
        }
    }
    let filter = line.filters.as_ref().map(filter::parse).transpose();
    let filter = filter.map_err(|error| error.context(format_args!("{}, line {number}: filters", path.display())))?;
    if !line.pages.is_empty() && documents.is_empty() {
        warn!(path = %path.display(), line = number, "pages without documents: they are not scored");
    }
    if line.answerable == Some(false) && !line.answers.is_empty() {
        warn!(path = %path.display(), line = number, "answerable is false: the answers are not scored");
    }
    Ok(QaQuestion {
        id: line.id,
        question: line.question,
        answers: line.answers,
        documents,
        pages: line.pages,
        answerable: line.answerable,
        tags: line.tags,
        filter,
        history: line.history,
    })
}

/// A misspelt key would be a gold answer that silently does not count.
fn warn_of_unknown_keys(path: &Path, number: usize, text: &str) {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) else { return };
    for key in object.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        warn!(path = %path.display(), line = number, key, "unknown key: it is passed over");
    }
}

/// Ids are often numbers.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "neither a string nor a whole number")]
    enum Id {
        Text(String),
        Number(i64),
    }
    Ok(match Id::deserialize(deserializer)? {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::{Code, Error};

    fn read_text(text: &str) -> Result<EvalSet> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handbook.qa.jsonl");
        fs_err::write(&path, text).unwrap();
        EvalSet::read(&path)
    }

    fn refusal(text: &str) -> String {
        let error: Error = read_text(text).unwrap_err();
        assert_eq!(error.code(), Code::EvalSet);
        assert!(error.hint_text().is_some());
        let message = error.message();
        message[message.find("handbook.qa.jsonl").expect("the file is named")..].to_owned()
    }

    #[test]
    fn only_id_and_question_are_required() {
        let set = read_text(
            "{\"id\":\"a\",\"question\":\"Why?\"}\n\n{\"id\":7,\"question\":\"Where?\",\"answers\":[\"here\"],\
             \"documents\":[\"x/y.pdf\"],\"pages\":[3],\"answerable\":true,\"tags\":[\"t\"],\"notes\":\"n\"}\n",
        )
        .unwrap();
        assert_eq!((set.name.as_str(), set.kind, set.collection()), ("handbook.qa", SetKind::Qa, None));
        let bare = QaQuestion { id: "a".into(), question: "Why?".into(), ..QaQuestion::default() };
        let full = QaQuestion {
            id: "7".into(),
            question: "Where?".into(),
            answers: vec!["here".into()],
            documents: vec![GoldDocument { key: DocumentKey::new("x/y.pdf").unwrap(), grade: 1 }],
            pages: vec![3],
            answerable: Some(true),
            tags: vec!["t".into()],
            ..QaQuestion::default()
        };
        assert_eq!(set.questions, [bare, full]);
    }

    #[test]
    fn a_line_may_bring_filters_and_what_was_said_before() {
        let line = |filters: &str| {
            format!(
                r#"{{"id":"a","question":"When?","filters":{filters},"history":[{{"question":"Who?","answer":"Ada."}}]}}"#
            )
        };
        let question = read_text(&line(r#"{"tags":"report"}"#)).unwrap().questions.remove(0);
        assert_eq!(question.filter, Some(filter::parse(&serde_json::json!({ "tags": "report" })).unwrap()));
        assert_eq!(question.history, [Turn { question: "Who?".into(), answer: Some("Ada.".into()) }]);
        let error = read_text(&line(r#"{"colour":"red"}"#)).unwrap_err();
        assert_eq!(error.code(), Code::FilterField);
        assert!(
            error.message().contains("handbook.qa.jsonl, line 1: filters: a filter cannot ask for `colour`"),
            "{error}"
        );
    }

    #[test]
    fn a_malformed_line_is_refused_with_its_number_and_reason() {
        let good = "{\"id\":\"a\",\"question\":\"Why?\"}\n";
        let after = |line: &str| refusal(&format!("{good}{line}"));
        insta::assert_snapshot!(after("{\"id\":\"b\"}"), @"handbook.qa.jsonl, line 2: missing field `question` (column 10)");
        insta::assert_snapshot!(after("{\"id\":\"b\",\"question\":\"x\""), @"handbook.qa.jsonl, line 2: EOF while parsing an object (column 24)");
        insta::assert_snapshot!(after("{\"id\":\"b\",\"question\":\"x\"} more"), @"handbook.qa.jsonl, line 2: trailing characters (column 27)");
        insta::assert_snapshot!(after("{\"id\":\"b\",\"question\":\"x\",\"answers\":[\"one\",2]}"), @"handbook.qa.jsonl, line 2: answers[1]: invalid type: integer `2`, expected a string (column 43)");
        insta::assert_snapshot!(after("{\"id\":[],\"question\":\"x\"}"), @"handbook.qa.jsonl, line 2: id: neither a string nor a whole number (column 8)");
        insta::assert_snapshot!(after("{\"id\":\"a\",\"question\":\"x\"}"), @"handbook.qa.jsonl, line 2: the id `a` is also on line 1");
        insta::assert_snapshot!(after("{\"id\":\"b\",\"question\":\" \"}"), @"handbook.qa.jsonl, line 2: the question is empty");
        insta::assert_snapshot!(after("{\"id\":\"b\",\"question\":\"x\",\"pages\":[0]}"), @"handbook.qa.jsonl, line 2: page 0: pages count from 1");
        insta::assert_snapshot!(after("{\"id\":\"b\",\"question\":\"x\",\"documents\":[\"\"]}"), @"handbook.qa.jsonl, line 2: an entry of documents is empty");
        insta::assert_snapshot!(refusal("\n"), @"handbook.qa.jsonl: the set holds no questions");
    }
}
