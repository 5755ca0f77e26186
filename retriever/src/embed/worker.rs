//! The thread that owns the model: two bounded queues in, vectors out.

use fastembed::TextEmbedding;
use footnote_core::{Code, Error, Result};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use crate::onnx::runtime::guarded;

/// Batches that may wait in a lane; further senders wait for room.
const QUEUE: usize = 16;

/// Which queue a batch waits in. The thread looks at the quick one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Questions and their sentences: someone is waiting.
    Quick,
    /// Passages of documents that are ingested.
    Bulk,
}

/// One run of the model.
struct Job {
    texts: Vec<String>,
    reply: oneshot::Sender<Result<Vec<Vec<f32>>>>,
}

/// The way to the thread. The thread ends when this is dropped.
pub(super) struct Worker {
    quick: mpsc::Sender<Job>,
    bulk: mpsc::Sender<Job>,
}

impl Worker {
    /// Starts the thread.
    pub(super) fn spawn(model: TextEmbedding) -> Result<Self> {
        let (quick, quick_jobs) = mpsc::channel(QUEUE);
        let (bulk, bulk_jobs) = mpsc::channel(QUEUE);
        let started = tokio::runtime::Builder::new_current_thread().build().and_then(|runtime| {
            let work = move || run(&runtime, model, quick_jobs, bulk_jobs);
            std::thread::Builder::new().name("embed".into()).spawn(work)
        });
        started.map_err(|error| {
            Error::new(Code::EngineFailed, "the embedding thread could not be started")
                .hint("the system refused a thread: raise the limit of processes, or close other programs")
                .caused_by(error)
        })?;
        Ok(Self { quick, bulk })
    }

    /// Runs the model once over `texts`. Dropping the future takes the batch off the queue.
    pub(super) async fn embed(&self, lane: Lane, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let stopped = || Error::new(Code::EngineFailed, "the embedding thread stopped").hint("restart footnote");
        let (reply, answer) = oneshot::channel();
        let queue = match lane {
            Lane::Quick => &self.quick,
            Lane::Bulk => &self.bulk,
        };
        queue.send(Job { texts, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// The thread's life: the next job until both queues are closed.
fn run(runtime: &Runtime, mut model: TextEmbedding, mut quick: mpsc::Receiver<Job>, mut bulk: mpsc::Receiver<Job>) {
    let next = async |quick: &mut mpsc::Receiver<Job>, bulk: &mut mpsc::Receiver<Job>| {
        tokio::select! {
            biased;
            Some(job) = quick.recv() => Some(job),
            Some(job) = bulk.recv() => Some(job),
            else => None,
        }
    };
    while let Some(Job { texts, reply }) = runtime.block_on(next(&mut quick, &mut bulk)) {
        // Nobody waits for it any more: the reader left, or the ingestion was stopped.
        if reply.is_closed() {
            continue;
        }
        let vectors = embed(&mut model, &texts);
        // The receiver may have gone meanwhile, and then nobody misses the vectors.
        let _ = reply.send(vectors);
    }
}

/// One unit vector per text, in one run of the model.
pub(super) fn embed(model: &mut TextEmbedding, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let vectors = guarded(|| model.embed(texts, Some(texts.len())))
        .map_err(|reason| Error::new(Code::EngineFailed, format!("the embedding model failed: {reason}")))?;
    if vectors.len() == texts.len() && vectors.iter().flatten().all(|value| value.is_finite()) {
        return Ok(vectors);
    }
    Err(Error::new(Code::EngineFailed, format!("the embedding model gave no usable vectors for {} texts", texts.len())))
}
