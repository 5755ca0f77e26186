//! How things are printed, and the exit codes. The one place that does.
//!
//! Not with the print macros: they panic when the reader has gone, as `head` does.

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use footnote_core::{Answer, Error, Fault, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::api::problem;

/// How a command that ran to its end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it.
    Done,
    /// It ran, but something in it failed, and was said.
    WithFailures,
}

/// Prints an error, if there is one, and gives the exit code.
pub(super) fn finish(outcome: Result<Outcome>, json: bool) -> ExitCode {
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::WithFailures) => ExitCode::from(1),
        Err(error) => {
            if json {
                line(problem::body(&error));
            }
            print_error(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The exit code for an error: who can mend it.
fn exit_code(error: &Error) -> u8 {
    match error.fault() {
        Fault::Caller | Fault::Denied | Fault::Settings => 2,
        Fault::NotFound => 3,
        Fault::Environment => 4,
        Fault::Busy => 5,
        Fault::Bug => 70,
    }
}

pub(super) fn print_error(error: &Error) {
    note(format!("error: {error}"));
    if let Some(hint) = error.hint_text() {
        note(format!("hint: {hint}"));
    }
    tracing::debug!(?error, "in full");
}

/// A line of data.
pub(super) fn line(text: impl std::fmt::Display) {
    let written = writeln!(std::io::stdout(), "{text}");
    // Whoever closed the pipe has read enough.
    if let Err(error) = written.as_ref()
        && error.kind() != ErrorKind::BrokenPipe
    {
        note(format!("error: standard output cannot be written: {error}"));
    }
}

/// A value as JSON, on lines of its own.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::internal(error.to_string()))?;
    line(text);
    Ok(())
}

/// A value as JSON on one line, for a program that reads line by line.
pub(super) fn json_line(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))?;
    line(text);
    Ok(())
}

/// A message for the person at the terminal.
pub(super) fn note(text: impl std::fmt::Display) {
    // Where nobody reads what goes wrong, there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A progress bar on stderr; hidden when `quiet`, or when stderr is not a terminal.
pub(super) fn progress_bar(quiet: bool, template: &str) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// An answer as a reader of a page would like it: the text, then the footnotes.
pub(super) fn answer(answer: &Answer) {
    if !answer.answerable {
        let reason = answer.abstain_reason.as_ref().map_or("", |reason| reason.message.as_str());
        line(format!("Not in these documents. {reason}"));
        return;
    }
    line(&answer.answer);
    line("");
    for citation in &answer.citations {
        line(format!("[{}] “{}”", citation.index, citation.quote));
        line(format!("    {}", place(citation)));
    }
}

/// The verdict on each sentence of an answer, and why others were left out.
pub(super) fn verdicts(answer: &Answer) {
    line("");
    for sentence in &answer.sentences {
        let words = sentence.span.to_bytes(&answer.answer).and_then(|span| span.of(&answer.answer)).unwrap_or_default();
        let support = &sentence.support;
        let reason = support
            .reason
            .as_ref()
            .map_or(String::new(), |reason| format!("  {}: {}", reason.code.as_str(), reason.message));
        line(format!("{:<11} {:.2}{reason}", support.verdict.as_str(), support.score));
        line(format!("    {words}"));
    }
    if !answer.dropped.is_empty() {
        let reasons: Vec<&str> = answer.dropped.iter().map(|code| code.as_str()).collect();
        line(format!("left out: {} ({})", reasons.len(), reasons.join(", ")));
    }
}

/// `Title, page 3 (path/to/file.pdf)`
fn place(citation: &footnote_core::Citation) -> String {
    let document = &citation.document;
    let page = match citation.pages {
        Some(pages) if pages.start == pages.end => format!(", page {}", pages.start),
        Some(pages) => format!(", pages {}–{}", pages.start, pages.end),
        None => String::new(),
    };
    let uri = document.uri.strip_prefix("file://").unwrap_or(&document.uri);
    format!("{}{page} ({uri})", document.title)
}
