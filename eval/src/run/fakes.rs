//! A product of canned answers, and short ways to make questions, passages and citations.

use std::collections::HashMap;

use async_trait::async_trait;
use footnote_core::answer::{AbstainCode, AbstainReason, Mode, Support, Timings, Usage, Verdict};
use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::chunk::Chunk;
use footnote_core::document::PageRange;
use footnote_core::passage::{DocumentRef, LegScore, Passage, Retrieved};
use footnote_core::seam::{AnswerStream, Answerer, Catalog, Searcher};
use footnote_core::{
    Answer, AnswerEvent, CharSpan, ChunkId, Citation, Code, Document, DocumentId, Error, Grants, Question, Result, Span,
};

use crate::set::{DocumentKey, GoldDocument, QaQuestion};

/// A question whose words are its id.
pub(crate) fn question(id: &str, answers: &[&str], documents: &[&str]) -> QaQuestion {
    let gold = |text: &&str| GoldDocument { key: DocumentKey::new(text).unwrap(), grade: 1 };
    QaQuestion {
        id: id.to_owned(),
        question: id.to_owned(),
        answers: answers.iter().map(|answer| (*answer).to_owned()).collect(),
        documents: documents.iter().map(gold).collect(),
        ..QaQuestion::default()
    }
}

pub(crate) fn document_ref(uri: &str) -> DocumentRef {
    let id = DocumentId::of("c", uri);
    DocumentRef { id, title: uri.to_owned(), uri: uri.to_owned(), media_type: "text/plain".to_owned() }
}

fn pages(page: Option<u32>) -> Option<PageRange> {
    page.map(|page| PageRange { start: page, end: page })
}

pub(crate) fn passage(uri: &str, page: Option<u32>) -> Passage {
    let document = document_ref(uri);
    let chunk = Chunk {
        id: ChunkId::of(document.id, "h", 0),
        document: document.id,
        ordinal: 0,
        span: Span::new(0, 1),
        text: "x".to_owned(),
        heading_path: vec![],
        pages: pages(page),
        tokens: 1,
    };
    Passage {
        chunk,
        document,
        score: 1.0,
        dense: Some(LegScore { rank: 1, score: 0.5 }),
        keyword: None,
        reranked: None,
    }
}

/// A citation whose quote stands at code point `start`.
pub(crate) fn citation(uri: &str, quote: &str, start: usize) -> Citation {
    let document = document_ref(uri);
    Citation {
        index: 1,
        answer_spans: vec![],
        quote: quote.to_owned(),
        chunk_id: ChunkId::of(document.id, "h", 0),
        document,
        pages: None,
        span: CharSpan { start, end: start + quote.chars().count() },
        boxes: vec![],
        support: Support { verdict: Verdict::Supported, score: 1.0, reason: None },
    }
}

pub(crate) fn answer(text: &str, citations: Vec<Citation>) -> Answer {
    Answer {
        id: DocumentId::of("answer", text).0,
        answer: text.to_owned(),
        answerable: true,
        abstain_reason: None,
        confidence: Some(0.9),
        mode: Mode::Generated,
        citations,
        nearest: vec![],
        sentences: vec![],
        dropped: vec![],
        question: None,
        degraded: None,
        explanation: None,
        usage: Usage::default(),
        timings_ms: Timings { embed: 4.0, search: 2.0, first_token: Some(30.0), total: 50.0, ..Timings::default() },
    }
}

pub(crate) fn abstention() -> Answer {
    let message = "The documents do not say.".to_owned();
    let mut abstained = answer("", vec![]);
    abstained.answerable = false;
    abstained.abstain_reason = Some(AbstainReason { code: AbstainCode::WeakEvidence, message, missing: vec![] });
    abstained.confidence = Some(0.1);
    abstained.mode = Mode::Abstained;
    abstained.timings_ms.first_token = None;
    abstained
}

/// A product that knows questions by their words: which passages it finds, and what it answers.
#[derive(Default)]
pub(crate) struct Canned {
    pub(crate) found: HashMap<String, Vec<Passage>>,
    pub(crate) answers: HashMap<String, Answer>,
    pub(crate) texts: HashMap<DocumentId, String>,
}

#[async_trait]
impl Searcher for Canned {
    async fn search(&self, question: &Question) -> Result<Retrieved> {
        assert!(question.top_k() >= Some(100), "ranking is measured at full depth");
        match self.found.get(question.text()) {
            Some(passages) => {
                Ok(Retrieved { passages: passages.clone(), embed_ms: 3.0, search_ms: 1.0, ..Retrieved::default() })
            }
            None => Err(Error::new(Code::Io, "the index is gone")),
        }
    }
}

#[async_trait]
impl Answerer for Canned {
    async fn answer_stream(&self, question: Question) -> Result<AnswerStream> {
        assert_eq!(question.top_k(), None, "answers are measured as readers get them");
        let event = match self.answers.get(question.text()) {
            Some(answer) => Ok(AnswerEvent::Answer(Box::new(answer.clone()))),
            None => Err(Error::new(Code::Deadline, "the deadline passed")),
        };
        Ok(Box::pin(futures::stream::iter([event])))
    }
}

#[async_trait]
impl Catalog for Canned {
    async fn collections(&self) -> Result<Vec<String>> {
        Ok(vec![])
    }

    async fn documents(&self, _: &str, _: Option<DocumentStatus>) -> Result<Vec<DocumentRecord>> {
        Ok(vec![])
    }

    async fn versions(&self, _: DocumentId) -> Result<Vec<DocumentRecord>> {
        Ok(vec![])
    }

    async fn record(&self, _: DocumentId) -> Result<Option<DocumentRecord>> {
        Ok(None)
    }

    async fn document(&self, id: DocumentId) -> Result<Option<Document>> {
        Ok(self.texts.get(&id).map(|text| Document {
            id,
            collection: "c".to_owned(),
            uri: String::new(),
            title: String::new(),
            media_type: "text/plain".to_owned(),
            language: None,
            text: text.clone(),
            pages: vec![],
            headings: vec![],
            lines: vec![],
        }))
    }

    async fn chunks(&self, _: &[ChunkId]) -> Result<Vec<(Chunk, DocumentRecord)>> {
        Ok(vec![])
    }

    async fn has_field(&self, _: &str, _: &str, _: &Grants) -> Result<bool> {
        Ok(false)
    }

    async fn languages(&self, _: &str) -> Result<Vec<String>> {
        Ok(vec![])
    }

    async fn fact(&self, _: &str, _: &str) -> Result<Option<String>> {
        Ok(None)
    }
}
