//! The worker's loop: one job at a time, in the order of asking.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_trait::async_trait;
use footnote_core::{Code, Error, Fault, Result};
use futures::FutureExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::job::{Job, JobError, JobState};
use super::{Claimed, JobQueue};
use crate::progress::Progress;
use crate::report::{IngestReport, Outcome};

/// Problems of a report that are stored with its job. The catalog has them all.
const STORED_PROBLEMS: usize = 200;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Does the work of a job.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Does it. Files that cannot be ingested are problems in the report, not errors. Doing it twice is
    /// doing it once: a job that was cut short is run again.
    ///
    /// # Errors
    /// [`Code::Cancelled`] when `cancel` told it to stop; those of the stores and the model.
    async fn run(&self, job: &Job, progress: &dyn Progress, cancel: &CancellationToken) -> Result<IngestReport>;
}

/// How a job ended, or that it did not.
enum End {
    Done(IngestReport),
    Failed(Error),
    Cancelled,
    /// The process is about to end: the job goes on after the next start.
    PutBack,
}

impl JobQueue {
    /// Does the queued jobs one after another, and waits for more, until `shutdown`. Then the job that runs is
    /// told to stop and goes back into the queue. One such loop per queue.
    pub async fn run(&self, runner: &dyn JobRunner, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.claim(shutdown).await {
                Ok(Some(claimed)) => self.work(claimed, runner, shutdown).await,
                Ok(None) => {
                    shutdown.run_until_cancelled(self.woken()).await;
                }
                Err(error) => {
                    tracing::error!(?error, "the queue cannot be read; trying again");
                    self.pause(1, shutdown).await;
                }
            }
        }
    }

    async fn work(&self, claimed: Claimed, runner: &dyn JobRunner, shutdown: &CancellationToken) {
        tracing::info!(job = %claimed.job.id, collection = claimed.job.collection, "job begins");
        let end = self.attempts(&claimed, runner, shutdown).await;
        let mut job = claimed.job;
        job.progress = claimed.reporter.counts();
        job.error = None;
        let mut idle = false;
        job.state = match end {
            End::Done(report) => {
                idle = report.found_nothing_new();
                job.report = Some(stored(report));
                JobState::Done
            }
            End::Failed(error) => {
                tracing::warn!(job = %job.id, ?error, "job failed");
                job.error = Some(JobError::from(&error));
                JobState::Failed
            }
            End::Cancelled => JobState::Cancelled,
            End::PutBack => JobState::Queued,
        };
        // On a full disk, say, the end cannot be written. Nothing else can be begun then, so it is waited out.
        while let Err(error) = self.close(job.clone(), idle).await {
            tracing::error!(?error, job = %job.id, "the end of a job cannot be written; trying again");
            if shutdown.is_cancelled() {
                return;
            }
            self.pause(1, shutdown).await;
        }
    }

    /// Runs the job until it is settled how it ends.
    async fn attempts(&self, claimed: &Claimed, runner: &dyn JobRunner, shutdown: &CancellationToken) -> End {
        let mut failed = 0;
        loop {
            claimed.reporter.restart();
            let run = runner.run(&claimed.job, &claimed.reporter, &claimed.cancel);
            // One bad file must not take the worker down.
            let outcome = AssertUnwindSafe(run).catch_unwind().await;
            let error = match outcome.unwrap_or_else(|_| Err(Error::internal("the job's run panicked"))) {
                Ok(report) => return End::Done(report),
                Err(error) => error,
            };
            if claimed.cancel.is_cancelled() {
                return if shutdown.is_cancelled() { End::PutBack } else { End::Cancelled };
            }
            // Without the stores no job can be done: this one waits for them, however long they are away.
            let waits = error.code() == Code::StoreUnavailable;
            if !waits && (failed >= self.options().retries || !may_pass(&error)) {
                return End::Failed(error);
            }
            failed += 1;
            tracing::warn!(job = %claimed.job.id, ?error, failed, "job failed; it will be tried again");
            if let Err(error) = self.note_failure(claimed.job.id, JobError::from(&error)).await {
                tracing::error!(?error, "the queue cannot be written");
            }
            self.pause(failed, &claimed.cancel).await;
        }
    }

    /// Waits the longer the more attempts failed; not at all once `cancel` says so.
    async fn pause(&self, failed: u32, cancel: &CancellationToken) {
        let wait = self.options().retry_wait.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
        let wait = wait.min(LONGEST_WAIT);
        cancel.run_until_cancelled(tokio::time::sleep(wait)).await;
    }
}

/// Whether time, or somebody who mends the machine, may make it go.
fn may_pass(error: &Error) -> bool {
    error.code() != Code::Cancelled && matches!(error.fault(), Fault::Busy | Fault::Environment)
}

/// The report as it is kept: of very many problems only the first, failures before what was passed over.
fn stored(mut report: IngestReport) -> Value {
    let left_out = report.problems.len().saturating_sub(STORED_PROBLEMS);
    if left_out > 0 {
        report.problems.sort_by_key(|problem| problem.outcome != Outcome::Failed);
        report.problems.truncate(STORED_PROBLEMS);
    }
    let mut value = serde_json::to_value(&report).unwrap_or_default();
    if let (Value::Object(fields), true) = (&mut value, left_out > 0) {
        fields.insert("problems_left_out".to_owned(), left_out.into());
    }
    value
}
