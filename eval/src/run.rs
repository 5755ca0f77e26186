//! Asks every question of a set of a whole product, one after the other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use footnote_core::answer::Timings;
use footnote_core::question::{MAX_TOP_K, Turn};
use footnote_core::seam::{Answerer, Catalog, Searcher};
use footnote_core::{Answer, Document, DocumentId, Error, Question, Result};
use tracing::{error, info, warn};

use crate::outcome::Outcome;
use crate::report::{Report, SetInfo};
use crate::set::{EvalSet, QaQuestion};

/// The fewest passages to ask retrieval for: recall@100 needs them.
pub const MIN_DEPTH: usize = 100;

/// What is asked: one collection, through the product's own parts.
#[derive(Clone)]
pub struct System {
    /// Finds passages; what ranking is measured by.
    pub searcher: Arc<dyn Searcher>,
    /// Answers. `None`: retrieval alone is measured.
    pub answerer: Option<Arc<dyn Answerer>>,
    /// Holds the texts that quotes are checked against.
    pub catalog: Arc<dyn Catalog>,
    /// Makes questions with a history stand alone. `None`: they are asked as they are written.
    pub condense: Option<Arc<dyn Condense>>,
}

/// Makes a question that leans on what was said before stand alone.
#[async_trait]
pub trait Condense: Send + Sync {
    /// What `question` asks after `history`, which is oldest first.
    async fn standalone(&self, history: &[Turn], question: &str) -> String;
}

/// How a set is run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOptions {
    /// Ask at most so many questions, spread evenly over the set.
    pub limit: Option<usize>,
    /// Passages that retrieval is asked for, at least [`MIN_DEPTH`]. Several passages may be of one
    /// document: for recall@100 of long documents ask for more.
    pub retrieval_depth: usize,
    /// The settings in force, as the report is to show them.
    pub settings: serde_json::Value,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { limit: None, retrieval_depth: MIN_DEPTH, settings: serde_json::Value::Null }
    }
}

/// Asks the questions of `set` and scores what comes back. `progress` hears (done, all) before
/// every question and at the end.
///
/// One question at a time, so that latencies are those of a system with one reader. A question is
/// answered first (timed) and searched for after that, at full depth, for the ranking metrics: so
/// no answer profits from what the search warmed up.
///
/// # Errors
/// A question that fails is listed in the report with its error. Only where every question failed,
/// the first one's error is returned.
pub async fn run(
    set: &EvalSet,
    system: &System,
    options: RunOptions,
    progress: &(dyn Fn(usize, usize) + Send + Sync),
) -> Result<Report> {
    let questions = set.sample(options.limit);
    let depth = options.retrieval_depth.clamp(MIN_DEPTH, MAX_TOP_K);
    let mut outcomes = Vec::with_capacity(questions.len());
    let mut first_error: Option<Error> = None;
    let mut failed = 0_usize;
    info!(set = set.name, questions = questions.len(), "evaluating");

    for (done, question) in questions.iter().enumerate() {
        progress(done, questions.len());
        let mut outcome = Outcome::new(question);
        if let Err(error) = ask(system, question, depth, &mut outcome).await {
            warn!(question = question.id, code = error.code().as_str(), "{error}");
            outcome.add_error(&error);
            failed += 1;
            first_error.get_or_insert(error);
        }
        outcomes.push(outcome);
    }
    progress(questions.len(), questions.len());

    match first_error {
        Some(error) if failed == questions.len() => {
            Err(error.context(format_args!("every question of {} failed; the first", set.name)))
        }
        _ => Ok(Report::new(SetInfo::of(set), options.settings, system.answerer.is_none(), outcomes)),
    }
}

/// Asks one question. What could be found out before an error stays in `outcome`.
async fn ask(system: &System, question: &QaQuestion, depth: usize, outcome: &mut Outcome) -> Result<()> {
    let asked = asked(system, question, outcome).await?;
    let answered = match &system.answerer {
        Some(answerer) => answer(&**answerer, &*system.catalog, question, asked.clone(), outcome).await,
        None => Ok(()),
    };
    let started = Instant::now();
    let retrieved = system.searcher.search(&asked.with_top_k(Some(depth))?).await?;
    let search_ms = ms_since(started);
    outcome.add_retrieved(question, &retrieved);
    if system.answerer.is_none() {
        let (embed, search, rerank) = (retrieved.embed_ms, retrieved.search_ms, retrieved.rerank_ms);
        outcome.timings_ms = Some(Timings { embed, search, rerank, total: search_ms, ..Timings::default() });
        outcome.latency_ms = Some(search_ms);
    }
    answered
}

/// The question as the system is to search for it: standing alone, with its filter.
async fn asked(system: &System, question: &QaQuestion, outcome: &mut Outcome) -> Result<Question> {
    let asked = match &system.condense {
        Some(condense) if !question.history.is_empty() => {
            let standalone = condense.standalone(&question.history, &question.question).await;
            Question::new(outcome.standalone.insert(standalone))?
        }
        _ => Question::new(&question.question)?,
    };
    Ok(asked.filtered(question.filter.clone()))
}

async fn answer(
    answerer: &dyn Answerer,
    catalog: &dyn Catalog,
    question: &QaQuestion,
    asked: Question,
    outcome: &mut Outcome,
) -> Result<()> {
    let started = Instant::now();
    let answered = answerer.answer(asked).await?;
    outcome.latency_ms = Some(ms_since(started));
    let documents = cited_documents(catalog, &answered).await?;
    let text_of = |id| documents.get(&id).and_then(|document| document.as_ref()).map(|document| document.text.as_str());
    let texts: Vec<Option<&str>> = answered.citations.iter().map(|citation| text_of(citation.document.id)).collect();
    outcome.add_answer(question, answered, &texts);
    for citation in outcome.citations.iter().filter(|citation| !citation.exact) {
        let (question, document) = (&question.id, &citation.document);
        error!(question, document, index = citation.index, "a quote is not its document's text: this is a bug");
    }
    Ok(())
}

/// The documents that an answer cites, each loaded once; `None` for one that the catalog lacks.
async fn cited_documents(catalog: &dyn Catalog, answer: &Answer) -> Result<HashMap<DocumentId, Option<Document>>> {
    let mut documents = HashMap::new();
    for id in answer.citations.iter().map(|citation| citation.document.id) {
        if let Entry::Vacant(place) = documents.entry(id) {
            place.insert(catalog.document(id).await?);
        }
    }
    Ok(documents)
}

fn ms_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

#[cfg(test)]
pub(crate) mod fakes;

#[cfg(test)]
mod tests;
