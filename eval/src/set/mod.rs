//! Sets of questions whose answers are known, and the corpora that some of them bring.

mod beir;
mod document_key;
mod jsonl;
mod lines;
mod squad;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use footnote_core::question::Turn;
use footnote_core::{Code, Error, Filter, Result, Source};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use document_key::DocumentKey;

/// The way out that every error about a set's kind shows.
const KINDS: &str = "a set is a .jsonl file of questions, a BEIR folder (corpus.jsonl, queries.jsonl, qrels/test.tsv) \
                     or SQuAD 2.0's .json file";

/// The longest part of a collection's name that comes from the set's name.
const MAX_SLUG: usize = 48;

/// Hexadecimal digits of the corpus's hash in a collection's name.
const HASH_DIGITS: usize = 8;

/// A set, read and checked: at least one question, ids that differ.
#[derive(Debug, Clone, PartialEq)]
pub struct EvalSet {
    /// From the file's or folder's name.
    pub name: String,
    /// The format it was read from.
    pub kind: SetKind,
    /// The questions, in the set's order.
    pub questions: Vec<QaQuestion>,
    /// The documents to ask, where the set brings them. `None`: the set is about documents that
    /// were ingested before.
    pub corpus: Option<Vec<Source>>,
}

/// The formats of sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetKind {
    /// Footnote's own: a question a line.
    Qa,
    /// A BEIR folder: corpus, queries and graded judgements (Thakur et al. 2021).
    Beir,
    /// SQuAD 2.0: paragraphs with questions, half of them not answerable (Rajpurkar et al. 2018).
    Squad,
}

/// A question with what is known of its answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QaQuestion {
    /// Its name within the set.
    pub id: String,
    /// What is asked.
    pub question: String,
    /// Gold answers, each right by itself.
    pub answers: Vec<String>,
    /// The documents that answer it.
    pub documents: Vec<GoldDocument>,
    /// The pages of those documents that answer it, from 1.
    pub pages: Vec<u32>,
    /// Whether the documents answer it, where the set says so.
    pub answerable: Option<bool>,
    /// Free words to group by.
    pub tags: Vec<String>,
    /// Which documents are asked.
    pub filter: Option<Filter>,
    /// The conversation that it belongs to, oldest first.
    pub history: Vec<Turn>,
}

impl QaQuestion {
    /// Whether the documents answer it: as the set says, else yes where it gives an answer or a
    /// document, else unknown.
    #[must_use]
    pub fn is_answerable(&self) -> Option<bool> {
        let known = !self.answers.is_empty() || !self.documents.is_empty();
        self.answerable.or(known.then_some(true))
    }
}

/// A document that answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldDocument {
    /// Its path, id or uri.
    pub key: DocumentKey,
    /// How well it answers: 1 where a set does not grade, higher is better.
    pub grade: u32,
}

impl EvalSet {
    /// Reads the set at `path`: a folder is read as BEIR, `.jsonl` as a QA set, `.json` as SQuAD.
    ///
    /// # Errors
    /// [`Code::EvalSet`] naming file, line (or place) and reason; I/O errors naming the path.
    pub fn read(path: &Path) -> Result<Self> {
        let path = fs_err::canonicalize(path).map_err(|error| Error::io(path, error))?;
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let set = if path.is_dir() {
            beir::read(&path)?
        } else if extension.eq_ignore_ascii_case("jsonl") {
            jsonl::read(&path)?
        } else if extension.eq_ignore_ascii_case("json") {
            squad::read(&path)?
        } else {
            return Err(
                Error::new(Code::EvalSet, format!("{}: not a set that footnote reads", path.display())).hint(KINDS)
            );
        };
        if set.questions.is_empty() {
            return Err(
                Error::new(Code::EvalSet, format!("{}: the set holds no questions", path.display())).hint(KINDS)
            );
        }
        Ok(set)
    }

    /// The collection that the set's corpus belongs in: its name and a hash of the corpus, so that
    /// it is found again in the next run, and a changed corpus gets another. `None` without a corpus.
    #[must_use]
    pub fn collection(&self) -> Option<String> {
        let corpus = self.corpus.as_ref()?;
        let mut hash = Sha256::new();
        for source in corpus {
            hash.update(source.uri());
            if let Source::Text { title, text, .. } = source {
                hash.update([0]);
                hash.update(title);
                hash.update([0]);
                hash.update(text);
            }
            hash.update([1]);
        }
        let mut hex = String::new();
        for byte in hash.finalize().iter().take(HASH_DIGITS / 2) {
            let _ = write!(hex, "{byte:02x}");
        }
        Some(format!("{}-{hex}", slug(&self.name)))
    }

    /// At most `limit` questions, spread evenly over the set: a set's first questions are often
    /// all about one document. The same ones each time.
    #[must_use]
    pub fn sample(&self, limit: Option<usize>) -> Vec<&QaQuestion> {
        let all = self.questions.len();
        let take = limit.unwrap_or(all).min(all);
        (0..take).map(|i| &self.questions[i * all / take]).collect()
    }
}

/// `name` as the beginning of a collection's name: lower-case letters, digits and single dashes.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_SLUG);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "set".to_owned() } else { slug.to_owned() }
}

/// The last part of `path` (`stem`: without its extension), as a set's name.
fn name_of(path: &Path, stem: bool) -> String {
    let name = if stem { path.file_stem() } else { path.file_name() };
    name.map_or_else(|| "set".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Refuses an id that an earlier line has.
struct UniqueIds<'a> {
    path: &'a Path,
    seen: HashMap<String, usize>,
}

impl<'a> UniqueIds<'a> {
    fn new(path: &'a Path) -> Self {
        Self { path, seen: HashMap::new() }
    }

    fn insert(&mut self, id: &str, line: usize) -> Result<()> {
        match self.seen.insert(id.to_owned(), line) {
            None => Ok(()),
            Some(first) => Err(lines::malformed(self.path, line, &format!("the id `{id}` is also on line {first}"))
                .hint("give each line an id of its own")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::collection::check_name;
    use proptest::prelude::*;

    fn set_of(name: &str, text: &str) -> EvalSet {
        let source = Source::Text { uri: "u".into(), title: String::new(), text: text.into() };
        EvalSet { name: name.into(), kind: SetKind::Beir, questions: vec![], corpus: Some(vec![source]) }
    }

    proptest! {
        #[test]
        fn any_set_gets_a_collection_name_that_is_allowed(name in "\\PC{0,90}") {
            let collection = set_of(&name, "t").collection().unwrap();
            prop_assert!(check_name(&collection).is_ok(), "{}", collection);
        }
    }

    #[test]
    fn the_collection_is_found_again_and_a_changed_corpus_gets_another() {
        let first = set_of("SciFact (BEIR)", "a").collection().unwrap();
        assert!(first.starts_with("scifact-beir-"), "{first}");
        assert_eq!(set_of("SciFact (BEIR)", "a").collection().unwrap(), first);
        assert_ne!(set_of("SciFact (BEIR)", "b").collection().unwrap(), first);
    }

    #[test]
    fn text_that_moves_from_one_field_to_the_next_is_a_change() {
        let with = |title: &str, text: &str| {
            let source = Source::Text { uri: "u".into(), title: title.into(), text: text.into() };
            EvalSet { corpus: Some(vec![source]), ..set_of("s", "") }.collection()
        };
        assert_ne!(with("ab", "c"), with("a", "bc"));
    }

    #[test]
    fn a_sample_is_spread_over_the_set_and_never_larger_than_it() {
        let questions = (0..10).map(|i| QaQuestion { id: i.to_string(), ..QaQuestion::default() }).collect();
        let set = EvalSet { questions, ..set_of("s", "") };
        let ids = |limit| set.sample(limit).iter().map(|question| question.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(Some(3)), ["0", "3", "6"]);
        assert_eq!(ids(Some(99)).len(), 10);
        assert_eq!(ids(None), ids(Some(10)));
        assert!(ids(Some(0)).is_empty());
    }

    #[test]
    fn what_is_known_of_an_answer_says_that_there_is_one() {
        let bare = QaQuestion::default();
        assert_eq!(bare.is_answerable(), None);
        assert_eq!(QaQuestion { answers: vec!["x".into()], ..bare.clone() }.is_answerable(), Some(true));
        assert_eq!(QaQuestion { answerable: Some(false), ..bare }.is_answerable(), Some(false));
    }

    #[test]
    fn a_path_that_is_no_set_is_refused_with_the_kinds_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.csv");
        fs_err::write(&path, "a,b").unwrap();
        let error = EvalSet::read(&path).unwrap_err();
        assert_eq!(error.code(), Code::EvalSet);
        assert!(error.message().contains("set.csv") && error.hint_text().unwrap().contains("BEIR"));
        assert_eq!(EvalSet::read(&folder.path().join("missing.jsonl")).unwrap_err().code(), Code::PathMissing);
    }
}
