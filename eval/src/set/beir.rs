//! BEIR folders: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`.
//!
//! Thakur et al. 2021, "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information
//! Retrieval Models", and the layout of its repository.

use std::collections::HashMap;
use std::path::Path;

use footnote_core::{Code, Error, Result, Source};
use serde::Deserialize;
use tracing::warn;

use super::lines::{each_line, malformed, parse};
use super::{DocumentKey, EvalSet, GoldDocument, QaQuestion, SetKind, UniqueIds, name_of};

/// A document of the corpus.
#[derive(Deserialize)]
struct CorpusLine {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

/// A query. Most sets hold those of other splits too.
#[derive(Deserialize)]
struct QueryLine {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

/// Reads the BEIR folder at `path`. Its questions are the queries that were judged, in the order of
/// the judgements; a document judged 0 is no gold document.
pub(super) fn read(path: &Path) -> Result<EvalSet> {
    for needed in ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"] {
        if !path.join(needed).is_file() {
            return Err(Error::new(Code::EvalSet, format!("{}: no {needed} in this folder", path.display()))
                .hint("a BEIR folder holds corpus.jsonl, queries.jsonl and qrels/test.tsv"));
        }
    }
    let name = name_of(path, false);
    let corpus = read_corpus(&path.join("corpus.jsonl"), &name)?;
    let queries = read_queries(&path.join("queries.jsonl"))?;
    let questions = read_judgements(&path.join("qrels/test.tsv"), &name, &queries, &corpus.ids)?;
    Ok(EvalSet { name, kind: SetKind::Beir, questions, corpus: Some(corpus.sources) })
}

/// The corpus, and on which line each id stands.
struct Corpus {
    sources: Vec<Source>,
    ids: HashMap<String, usize>,
}

fn read_corpus(path: &Path, name: &str) -> Result<Corpus> {
    let mut sources = Vec::new();
    let mut ids = UniqueIds::new(path);
    each_line(path, |number, text| {
        let line: CorpusLine = parse(path, number, text, r#"a line is {"_id":"…","title":"…","text":"…"}"#)?;
        ids.insert(&line.id, number)?;
        sources.push(Source::Text { uri: uri(name, &line.id), title: line.title, text: line.text });
        Ok(())
    })?;
    Ok(Corpus { sources, ids: ids.seen })
}

fn read_queries(path: &Path) -> Result<HashMap<String, String>> {
    let mut queries = HashMap::new();
    let mut ids = UniqueIds::new(path);
    each_line(path, |number, text| {
        let line: QueryLine = parse(path, number, text, r#"a line is {"_id":"…","text":"…"}"#)?;
        ids.insert(&line.id, number)?;
        queries.insert(line.id, line.text);
        Ok(())
    })?;
    Ok(queries)
}

fn read_judgements(
    path: &Path,
    name: &str,
    queries: &HashMap<String, String>,
    corpus: &HashMap<String, usize>,
) -> Result<Vec<QaQuestion>> {
    let mut questions: Vec<QaQuestion> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    each_line(path, |number, text| {
        let Some((query, document, grade)) = judgement(path, number, text)? else { return Ok(()) };
        let Some(question) = queries.get(query) else {
            return Err(malformed(path, number, &format!("the query `{query}` is not in queries.jsonl"))
                .hint("take qrels and queries of the same data set"));
        };
        if !corpus.contains_key(document) {
            warn!(path = %path.display(), line = number, document, "judged, but not in the corpus: it counts as missed");
        }
        let at = *places.entry(query.to_owned()).or_insert(questions.len());
        if at == questions.len() {
            questions.push(QaQuestion { id: query.into(), question: question.clone(), ..QaQuestion::default() });
        }
        if let Ok(grade @ 1..) = u32::try_from(grade)
            && let Some(key) = DocumentKey::new(&uri(name, document))
        {
            questions[at].documents.push(GoldDocument { key, grade });
        }
        Ok(())
    })?;
    Ok(questions)
}

/// A line of the judgements: query, document, grade. `None` for the header.
fn judgement<'a>(path: &Path, number: usize, text: &'a str) -> Result<Option<(&'a str, &'a str, i64)>> {
    let mut fields = text.split('\t').map(str::trim);
    if let (Some(query), Some(document), Some(grade), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    {
        if let Ok(grade) = grade.parse() {
            return Ok(Some((query, document, grade)));
        }
        if number == 1 {
            return Ok(None);
        }
    }
    Err(malformed(path, number, "not a judgement")
        .hint("a line is query-id, corpus-id and a whole number, with tabs between"))
}

/// The uri of a data set's document.
fn uri(set: &str, id: &str) -> String {
    format!("{set}:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(qrels: &str) -> tempfile::TempDir {
        let folder = tempfile::Builder::new().prefix("mini").tempdir().unwrap();
        let corpus =
            "{\"_id\":\"10\",\"title\":\"T\",\"text\":\"ten\",\"metadata\":{}}\n{\"_id\":\"11\",\"text\":\"eleven\"}\n";
        let queries = "{\"_id\":\"1\",\"text\":\"one?\"}\n{\"_id\":\"2\",\"text\":\"two?\"}\n{\"_id\":\"9\",\"text\":\"train\"}\n";
        fs_err::create_dir(folder.path().join("qrels")).unwrap();
        fs_err::write(folder.path().join("corpus.jsonl"), corpus).unwrap();
        fs_err::write(folder.path().join("queries.jsonl"), queries).unwrap();
        fs_err::write(folder.path().join("qrels/test.tsv"), qrels).unwrap();
        folder
    }

    #[test]
    fn judged_queries_become_questions_with_graded_documents() {
        let folder = folder("query-id\tcorpus-id\tscore\n2\t10\t2\n1\t11\t1\n2\t11\t1\n1\t10\t0\n");
        let set = EvalSet::read(folder.path()).unwrap();
        let gold: Vec<_> = set
            .questions
            .iter()
            .map(|q| (q.id.as_str(), q.question.as_str(), q.documents.iter().map(|d| d.grade).collect::<Vec<_>>()))
            .collect();
        assert_eq!(gold, [("2", "two?", vec![2, 1]), ("1", "one?", vec![1])]);
        let uri = format!("{}:11", set.name);
        assert_eq!(set.questions[1].documents[0].key.as_str(), uri);
        assert_eq!(set.corpus.as_ref().unwrap()[1], Source::Text { uri, title: String::new(), text: "eleven".into() });
        assert!(set.collection().unwrap().starts_with("mini"));
    }

    #[test]
    fn a_wrong_folder_or_judgement_is_named() {
        let message = |folder: &tempfile::TempDir| EvalSet::read(folder.path()).unwrap_err().message().to_owned();
        assert!(message(&tempfile::tempdir().unwrap()).ends_with("no corpus.jsonl in this folder"));
        assert!(message(&folder("1\t10\t1\n1 11 1\n")).ends_with("test.tsv, line 2: not a judgement"));
        assert!(message(&folder("77\t10\t1\n")).ends_with("test.tsv, line 1: the query `77` is not in queries.jsonl"));
    }
}
