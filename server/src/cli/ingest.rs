//! `footnote ingest PATH…`: files and folders into a collection.

use footnote_core::{Code, Result};
use footnote_ingest::progress::Event;
use footnote_ingest::queue::CancellationToken;
use footnote_ingest::{IngestReport, Outcome, Progress, RetryWhich};
use indicatif::ProgressBar;

use super::args::Ingest;
use super::context::Context;
use super::serve::stopped;
use super::terminal;
use super::watch::Following;
use crate::wire::{Footnote, Load};

const TEMPLATE: &str = "{bar:30} {pos}/{len} documents · {msg} · {elapsed} so far, {eta} left";

pub(super) async fn run(context: &Context, args: Ingest) -> Result<terminal::Outcome> {
    let collection = context.collection(args.collection.as_deref())?;
    let footnote = Footnote::create(&context.settings, &context.models, Load::Retrieval, "footnote ingest").await?;
    let stop = stop_when_told();
    // Before the first run: what changes behind its back is noticed.
    let following = args.watch.then(|| Following::begin(context, &args.paths)).transpose()?;
    let bar = Bar::new(context.quiet);
    let retry = if args.retry { RetryWhich::All } else { RetryWhich::Failed };
    let ingestor = footnote.ingestor(collection, retry, &bar, &stop).await?;
    let report = ingestor.ingest_paths(&args.paths, &bar, &stop).await;
    bar.finish();
    let report = match report {
        // A folder that is to be followed may well begin empty.
        Err(error) if following.is_some() && error.code() == Code::NothingToIngest => IngestReport::default(),
        report => report?,
    };
    match (context.json, &following) {
        (true, None) => terminal::json(&report)?,
        (true, Some(_)) => terminal::json_line(&report)?,
        (false, _) => print(&report, collection),
    }
    if let Some(following) = following {
        if !context.quiet {
            terminal::note("following; Ctrl-C stops");
        }
        // What nobody asked for waits until a failed file is due.
        let ingestor = footnote.ingestor(collection, RetryWhich::Due, &(), &stop).await?;
        following.ingest(context, &ingestor, collection, &stop).await?;
    }
    Ok(if report.failed > 0 { terminal::Outcome::WithFailures } else { terminal::Outcome::Done })
}

/// A token that Ctrl-C and SIGTERM cancel: ingestion stops between two batches, and what was written stays.
pub(super) fn stop_when_told() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        stopped().await;
        told.cancel();
    });
    stop
}

/// What was done, and every file that was not: nothing ends in silence.
pub(super) fn print(report: &IngestReport, collection: &str) {
    for problem in &report.problems {
        let file = problem.uri.strip_prefix("file://").unwrap_or(&problem.uri);
        let how = if problem.outcome == Outcome::Failed { "failed" } else { "skipped" };
        terminal::note(format!("{how}: {file}: {}", problem.reason));
        if let Some(hint) = &problem.hint {
            terminal::note(format!("  hint: {hint}"));
        }
    }
    terminal::line(summary(report, collection));
}

/// What was done, in a line.
pub(super) fn summary(report: &IngestReport, collection: &str) -> String {
    format!(
        "{collection}: {} added, {} changed, {} moved, {} unchanged, {} removed, {} skipped, {} failed; {} chunks in {:.1} s",
        report.added,
        report.changed,
        report.moved,
        report.unchanged,
        report.removed,
        report.skipped,
        report.failed,
        report.chunks,
        report.seconds
    )
}

/// Draws documents, chunks/s and time left.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(quiet: bool) -> Self {
        Self(terminal::progress_bar(quiet, TEMPLATE))
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Discovered { documents } => self.0.set_length(documents as u64),
            Event::Stage { .. } => {}
            Event::Document { .. } => self.0.inc(1),
            Event::Chunks { embedded, known } => {
                let seconds = self.0.elapsed().as_secs_f64().max(0.001);
                let speed = embedded as f64 / seconds;
                self.0.set_message(format!("{embedded}/{known} chunks, {speed:.0}/s"));
            }
        }
    }
}
