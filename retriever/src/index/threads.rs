//! The threads that search.
//!
//! One per core, for all indexes of the process, and always the same ones. A kernel that has much to do wakes a thread on
//! the core where it ran last: of two threads out of many, that is often one core, while the other has nothing to do.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::thread::available_parallelism;

use footnote_core::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tokio::sync::oneshot;

static SEARCHERS: LazyLock<std::result::Result<ThreadPool, ThreadPoolBuildError>> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    ThreadPoolBuilder::new().num_threads(cores).thread_name(|at| format!("search-{at}")).build()
});

/// How many there are. Not asked of the system, which would read files for each question.
pub(super) fn count() -> usize {
    SEARCHERS.as_ref().map_or(1, ThreadPool::current_num_threads)
}

/// Runs `work`, which a question waits for, on one of them; what comes first is done first. A panic inside becomes an
/// error: the engines panic on files that are damaged.
pub(super) async fn searching<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (send, done) = oneshot::channel();
    spawn(move || {
        // Who asked may be gone.
        let _ = send.send(work());
    })?;
    done.await.unwrap_or_else(|_| Err(Error::internal("an index stopped in the middle of its work")))
}

/// As [`searching`], but nobody waits. A panic ends `work` alone.
pub(super) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let searchers = SEARCHERS.as_ref().map_err(|error| Error::internal(format!("no threads to search: {error}")))?;
    searchers.spawn(move || {
        // Its message was printed; who waits for what `work` owned learns that it is gone.
        let _ = catch_unwind(AssertUnwindSafe(work));
    });
    Ok(())
}
