//! What came of one question, and how it scores against what is known.

use std::collections::HashSet;

use footnote_core::answer::{Mode, Timings, Verdict};
use footnote_core::document::PageRange;
use footnote_core::passage::{DocumentRef, Retrieved};
use footnote_core::{Answer, CharSpan, Citation, Error};
use serde::{Deserialize, Serialize};

use crate::metrics::{answer, ranking};
use crate::set::{GoldDocument, QaQuestion};

/// How many passages page recall looks at.
const FIRST: usize = 5;
/// How many documents an outcome lists.
pub(crate) const LISTED: usize = 10;

/// A question's row in a report. What does not apply to it is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The question's id within its set.
    pub id: String,
    /// What was asked.
    pub question: String,
    /// What was searched for, where the question came with a history and was made to stand alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone: Option<String>,
    /// Whether the documents answer it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answerable: Option<bool>,
    /// The set's words to group by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What is known of the answer.
    pub gold: Gold,
    /// How the documents that retrieval found stand to the gold documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Ranking>,
    /// Uris of the first 10 documents found, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retrieved: Vec<String>,
    /// How sure the system was that the documents answer, as its answer says. Where retrieval alone is measured,
    /// the best cosine among the passages found, the only score there that compares between questions
    /// (fused scores and BM25 don't).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The answer's text, with its footnote marks; empty where the system abstained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// How the text came about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Whether the system said "not in these documents".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstained: Option<bool>,
    /// Why it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstain_reason: Option<String>,
    /// Whether the text or a quote holds a gold answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<bool>,
    /// Whether the text is a gold answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact_match: Option<bool>,
    /// The best word F1 of the text with a gold answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f1: Option<f64>,
    /// The footnotes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<CitationOutcome>,
    /// Milliseconds from the question to the whole answer (retrieval only: to the passages), as the
    /// evaluator measured them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Milliseconds per stage, as the system measured them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings_ms: Option<Timings>,
    /// What went wrong. The question then scores 0 wherever a score is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// What a set knows of a question's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gold {
    /// Gold answers.
    pub answers: Vec<String>,
    /// Gold documents, as the set names them.
    pub documents: Vec<String>,
    /// Gold pages.
    pub pages: Vec<u32>,
}

/// A question's ranking metrics; see [`Metric`](crate::metrics::Metric) for what each is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The rank (from 1) of the first gold document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_gold_rank: Option<usize>,
    /// Recall among the first document.
    #[serde(rename = "recall@1")]
    pub recall_at_1: f64,
    /// Recall among the first 5 documents.
    #[serde(rename = "recall@5")]
    pub recall_at_5: f64,
    /// Recall among the first 100 documents.
    #[serde(rename = "recall@100")]
    pub recall_at_100: f64,
    /// Recall of gold pages among the first 5 passages, where the set names pages.
    #[serde(rename = "page_recall@5", skip_serializing_if = "Option::is_none")]
    pub page_recall_at_5: Option<f64>,
    /// Reciprocal rank.
    #[serde(rename = "mrr@10")]
    pub mrr_at_10: f64,
    /// nDCG.
    #[serde(rename = "ndcg@10")]
    pub ndcg_at_10: f64,
}

/// A footnote and what was checked about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CitationOutcome {
    /// Its number in the answer.
    pub index: usize,
    /// The uri of the document it cites.
    pub document: String,
    /// Its quote.
    pub quote: String,
    /// The quote's place.
    pub span: CharSpan,
    /// The quote's pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<PageRange>,
    /// Whether it bears the answer out, as the system says.
    pub verdict: Verdict,
    /// Whether the quote is byte for byte the catalog's text at the span.
    pub exact: bool,
    /// Whether it cites a gold document, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gold_document: Option<bool>,
    /// Whether it touches a gold page of a gold document, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gold_page: Option<bool>,
}

/// An error, as a report lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code.
    pub code: String,
    /// What happened.
    pub message: String,
}

impl Outcome {
    /// The row of a question that was not asked yet.
    #[must_use]
    pub fn new(question: &QaQuestion) -> Self {
        Self {
            id: question.id.clone(),
            question: question.question.clone(),
            standalone: None,
            answerable: question.is_answerable(),
            tags: question.tags.clone(),
            gold: Gold {
                answers: question.answers.clone(),
                documents: question.documents.iter().map(|gold| gold.key.as_str().to_owned()).collect(),
                pages: question.pages.clone(),
            },
            ranking: None,
            retrieved: Vec::new(),
            confidence: None,
            answer: None,
            mode: None,
            abstained: None,
            abstain_reason: None,
            contains: None,
            exact_match: None,
            f1: None,
            citations: Vec::new(),
            latency_ms: None,
            timings_ms: None,
            error: None,
        }
    }

    /// Whether it is scored against gold documents: it names some, and is not marked unanswerable.
    #[must_use]
    pub fn seeks_documents(&self) -> bool {
        self.answerable != Some(false) && !self.gold.documents.is_empty()
    }

    /// Whether it is scored against gold pages.
    #[must_use]
    pub fn seeks_pages(&self) -> bool {
        self.seeks_documents() && !self.gold.pages.is_empty()
    }

    /// Whether it is scored against gold answers.
    #[must_use]
    pub fn seeks_answer(&self) -> bool {
        self.answerable != Some(false) && !self.gold.answers.is_empty()
    }

    /// Whether the question went right, in a word: abstained from where it is unanswerable, else the
    /// answer holds a gold answer, else (retrieval only, or no gold answers) a gold document is
    /// among the first 5. `None` where nothing is known to judge by.
    #[must_use]
    pub fn is_right(&self) -> Option<bool> {
        if self.error.is_some() {
            return Some(false);
        }
        if self.answerable == Some(false) {
            return self.abstained;
        }
        let found = || self.ranking.as_ref().map(|ranking| ranking.first_gold_rank.is_some_and(|rank| rank <= FIRST));
        self.contains.or_else(found)
    }

    /// Adds what retrieval found. `question` is the one that the row was made of.
    pub fn add_retrieved(&mut self, question: &QaQuestion, retrieved: &Retrieved) {
        let documents = distinct_documents(retrieved);
        self.retrieved = documents.iter().take(LISTED).map(|document| document.uri.clone()).collect();
        if self.mode.is_none() {
            self.confidence = best_cosine(retrieved);
        }
        if !self.seeks_documents() {
            return;
        }
        let grades = grades(&documents, &question.documents);
        let gold: Vec<u32> = question.documents.iter().map(|gold| gold.grade).collect();
        self.ranking = Some(Ranking {
            first_gold_rank: ranking::first_rank(&grades),
            recall_at_1: ranking::recall_at(1, &grades, gold.len()),
            recall_at_5: ranking::recall_at(FIRST, &grades, gold.len()),
            recall_at_100: ranking::recall_at(100, &grades, gold.len()),
            page_recall_at_5: self.seeks_pages().then(|| page_recall(question, retrieved)),
            mrr_at_10: ranking::reciprocal_rank_at(10, &grades),
            ndcg_at_10: ranking::ndcg_at(10, &grades, &gold),
        });
    }

    /// Adds the answer. `texts[i]` is the canonical text of the document that citation `i` cites, as
    /// the catalog has it.
    pub fn add_answer(&mut self, question: &QaQuestion, answered: Answer, texts: &[Option<&str>]) {
        if self.seeks_answer() {
            let indexes: Vec<usize> = answered.citations.iter().map(|citation| citation.index).collect();
            let plain = answer::without_marks(&answered.answer, &indexes);
            let held = |gold: &String| {
                answer::contains(&plain, gold)
                    || answered.citations.iter().any(|citation| answer::contains(&citation.quote, gold))
            };
            // Without an answer there is nothing to compare; two empty texts would be "the same".
            let gold: &[String] = if answered.answerable { &question.answers } else { &[] };
            self.contains = Some(gold.iter().any(held));
            self.exact_match = Some(gold.iter().any(|gold| answer::exact_match(&plain, gold)));
            self.f1 = Some(gold.iter().map(|gold| answer::f1(&plain, gold)).fold(0.0, f64::max));
        }
        let text_of = |at: usize| texts.get(at).copied().flatten();
        self.citations = answered
            .citations
            .into_iter()
            .enumerate()
            .map(|(at, citation)| self.checked(question, citation, text_of(at)))
            .collect();
        self.abstained = Some(!answered.answerable);
        self.abstain_reason = answered.abstain_reason.map(|reason| reason.message);
        self.mode = Some(answered.mode);
        self.confidence = answered.confidence.map(f64::from);
        self.timings_ms = Some(answered.timings_ms);
        self.answer = Some(answered.answer);
    }

    /// Adds what went wrong.
    pub fn add_error(&mut self, error: &Error) {
        self.error = Some(Failure { code: error.code().as_str().to_owned(), message: error.message().to_owned() });
    }

    fn checked(&self, question: &QaQuestion, citation: Citation, text: Option<&str>) -> CitationOutcome {
        let gold = question.documents.iter().any(|gold| gold.key.names(&citation.document));
        let on_page = || question.pages.iter().any(|page| ranking::touches(citation.pages.as_slice(), *page));
        CitationOutcome {
            exact: is_exact(&citation, text),
            gold_document: self.seeks_documents().then_some(gold),
            gold_page: self.seeks_pages().then(|| gold && on_page()),
            index: citation.index,
            document: citation.document.uri,
            quote: citation.quote,
            span: citation.span,
            pages: citation.pages,
            verdict: citation.support.verdict,
        }
    }
}

/// Whether a citation's quote is `text[span]`. An empty quote proves nothing, and an unknown
/// document cannot be checked.
fn is_exact(citation: &Citation, text: Option<&str>) -> bool {
    let at_span = text.and_then(|text| citation.span.to_bytes(text)?.of(text));
    !citation.quote.is_empty() && at_span == Some(citation.quote.as_str())
}

fn best_cosine(retrieved: &Retrieved) -> Option<f64> {
    let cosines = retrieved.passages.iter().filter_map(|passage| passage.dense).map(|leg| f64::from(leg.score));
    cosines.filter(|cosine| cosine.is_finite()).max_by(f64::total_cmp)
}

/// The documents of the passages, each at its best passage.
fn distinct_documents(retrieved: &Retrieved) -> Vec<&DocumentRef> {
    let mut seen = HashSet::new();
    let documents = retrieved.passages.iter().map(|passage| &passage.document);
    documents.filter(|document| seen.insert(document.id)).collect()
}

/// The grade of each document. A gold document counts once: where the end of a path names two
/// files, the better-ranked one.
fn grades(documents: &[&DocumentRef], gold: &[GoldDocument]) -> Vec<u32> {
    let mut left: Vec<&GoldDocument> = gold.iter().collect();
    let mut grade_of = |document: &DocumentRef| match left.iter().position(|gold| gold.key.names(document)) {
        Some(at) => left.swap_remove(at).grade,
        None => 0,
    };
    documents.iter().map(|document| grade_of(document)).collect()
}

/// Recall of the gold pages among the first passages, those of gold documents only.
fn page_recall(question: &QaQuestion, retrieved: &Retrieved) -> f64 {
    let first = retrieved.passages.iter().take(FIRST);
    let gold = first.filter(|passage| question.documents.iter().any(|gold| gold.key.names(&passage.document)));
    let touched: Vec<PageRange> = gold.filter_map(|passage| passage.chunk.pages).collect();
    ranking::page_recall(&question.pages, &touched)
}

#[cfg(test)]
mod tests;
