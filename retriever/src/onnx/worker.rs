//! The thread that owns a model which reads questions with texts: one bounded queue in, a result per text out.

use footnote_core::{Code, Error, Result};
use tokio::sync::{mpsc, oneshot};

/// Batches that may wait; further senders wait for room, and their time budget runs meanwhile.
const QUEUE: usize = 16;

/// One run of the model.
struct Job<T> {
    question: String,
    texts: Vec<String>,
    reply: oneshot::Sender<Result<Vec<T>>>,
}

/// The way to the thread. The thread ends when this is dropped.
pub(crate) struct Worker<T> {
    jobs: mpsc::Sender<Job<T>>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts the thread, which is called `name` and calls `model` with a question and its texts.
    pub(crate) fn spawn<M>(name: &str, model: M) -> Result<Self>
    where
        M: FnMut(&str, &[String]) -> Result<Vec<T>> + Send + 'static,
    {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let work = move || run(model, waiting);
        std::thread::Builder::new().name(name.into()).spawn(work).map_err(|error| {
            Error::new(Code::EngineFailed, format!("the thread `{name}` could not be started"))
                .hint("the system refused a thread: raise the limit of processes, or close other programs")
                .caused_by(error)
        })?;
        Ok(Self { jobs })
    }

    /// Runs the model once. Dropping the future takes the batch off the queue.
    pub(crate) async fn run(&self, question: String, texts: Vec<String>) -> Result<Vec<T>> {
        let stopped = || Error::new(Code::EngineFailed, "a model's thread stopped").hint("restart footnote");
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { question, texts, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// The thread's life: the next job until the queue is closed.
fn run<T>(mut model: impl FnMut(&str, &[String]) -> Result<Vec<T>>, mut waiting: mpsc::Receiver<Job<T>>) {
    while let Some(Job { question, texts, reply }) = waiting.blocking_recv() {
        // Nobody waits for it any more: the time is over, or whoever asked left.
        if reply.is_closed() {
            continue;
        }
        let _ = reply.send(model(&question, &texts));
    }
}
