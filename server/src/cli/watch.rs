//! `footnote ingest --watch`: what changes in the paths is ingested, until Ctrl-C.

use std::path::PathBuf;

use footnote_core::{Code, Result};
use footnote_ingest::queue::CancellationToken;
use footnote_ingest::{IngestReport, Ingestor, Outcome, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::context::Context;
use super::ingest::summary;
use super::terminal;
use crate::worker::{catch_up, watch_options};

/// Followed paths, and what changed in them.
pub(super) struct Following {
    changes: UnboundedReceiver<Vec<PathBuf>>,
    /// Stops following when dropped.
    _watcher: Watcher,
}

impl Following {
    /// Begins to notice changes.
    pub(super) fn begin(context: &Context, paths: &[PathBuf]) -> Result<Self> {
        let (sender, changes) = unbounded_channel();
        let watcher = Watcher::start(paths, watch_options(&context.settings), move |paths| {
            // Where nobody takes it, the command is ending.
            let _ = sender.send(paths);
        })?;
        Ok(Self { changes, _watcher: watcher })
    }

    /// Ingests each batch of changes and prints a line of it, until `stop`. A batch that fails is said and left:
    /// the next look through the folders takes it up again.
    pub(super) async fn ingest(
        mut self,
        context: &Context,
        ingestor: &Ingestor,
        collection: &str,
        stop: &CancellationToken,
    ) -> Result<()> {
        while let Some(Some(mut paths)) = stop.run_until_cancelled(self.changes.recv()).await {
            while let Ok(more) = self.changes.try_recv() {
                paths.extend(more);
            }
            match catch_up(ingestor, &paths, &(), stop).await {
                Ok(report) if report.found_nothing_new() => {}
                Ok(report) => print(context, &report, collection)?,
                Err(error) if error.code() == Code::Cancelled => break,
                Err(error) => terminal::print_error(&error),
            }
        }
        Ok(())
    }
}

fn print(context: &Context, report: &IngestReport, collection: &str) -> Result<()> {
    if context.json {
        return terminal::json_line(report);
    }
    for problem in report.problems.iter().filter(|problem| problem.outcome == Outcome::Failed) {
        let file = problem.uri.strip_prefix("file://").unwrap_or(&problem.uri);
        terminal::note(format!("failed: {file}: {}", problem.reason));
    }
    terminal::line(summary(report, collection));
    Ok(())
}
