//! The thread that owns a cross-encoder: one bounded queue in, scores out.

use fastembed::TextRerank;
use footnote_core::{Code, Error, Result};
use tokio::sync::{mpsc, oneshot};

use crate::onnx::runtime::guarded;

/// Batches that may wait; further senders wait for room, and their time budget runs meanwhile.
const QUEUE: usize = 16;

/// One run of the model.
struct Job {
    question: String,
    texts: Vec<String>,
    reply: oneshot::Sender<Result<Vec<f32>>>,
}

/// The way to the thread. The thread ends when this is dropped.
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    /// Starts the thread.
    pub(super) fn spawn(model: TextRerank) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let work = move || run(model, waiting);
        std::thread::Builder::new().name("rerank".into()).spawn(work).map_err(|error| {
            Error::new(Code::EngineFailed, "the reranking thread could not be started")
                .hint("the system refused a thread: raise the limit of processes, or close other programs")
                .caused_by(error)
        })?;
        Ok(Self { jobs })
    }

    /// Runs the model once. Dropping the future takes the batch off the queue.
    pub(super) async fn score(&self, question: String, texts: Vec<String>) -> Result<Vec<f32>> {
        let stopped = || Error::new(Code::EngineFailed, "the reranking thread stopped").hint("restart footnote");
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { question, texts, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// The thread's life: the next job until the queue is closed.
fn run(mut model: TextRerank, mut waiting: mpsc::Receiver<Job>) {
    while let Some(Job { question, texts, reply }) = waiting.blocking_recv() {
        // Nobody waits for it any more: the time is over, or the reader left.
        if reply.is_closed() {
            continue;
        }
        let scores = score(&mut model, &question, &texts);
        let _ = reply.send(scores);
    }
}

/// One score per text, in order, in one run of the model.
pub(super) fn score(model: &mut TextRerank, question: &str, texts: &[String]) -> Result<Vec<f32>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let documents: Vec<&str> = texts.iter().map(String::as_str).collect();
    let ranked = guarded(|| model.rerank(question, documents, false, Some(texts.len())))
        .map_err(|reason| Error::new(Code::EngineFailed, format!("the reranking model failed: {reason}")))?;
    let mut scores = vec![f32::NAN; texts.len()];
    for result in ranked {
        if let Some(score) = scores.get_mut(result.index) {
            *score = result.score;
        }
    }
    if scores.iter().all(|score| score.is_finite()) {
        return Ok(scores);
    }
    Err(Error::new(Code::EngineFailed, format!("the reranking model gave no usable scores for {} texts", texts.len())))
}
