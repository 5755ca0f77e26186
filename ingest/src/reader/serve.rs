//! The reader process: reads what it is asked to read, until its worker is gone.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use footnote_core::Error;
use footnote_core::seam::Extracted;

use super::wire::{self, Ask, Said};
use crate::extract::{self, guard, ocr, tool};
use crate::media_type::MediaType;

/// How a file is read: name, media type, number of the reader, bytes, pages heard.
pub(super) type ReadFile =
    dyn Fn(&str, MediaType, usize, &[u8], &dyn Fn(u32)) -> Result<Extracted, Error> + Send + Sync;

/// Serves as a reader process: files come in on stdin, their text goes out on stdout, and when stdin closes the
/// process ends, whatever it is doing: the worker is gone. Call it before anything else: it wants no logging, no
/// settings and no async runtime.
#[must_use]
pub fn serve() -> ExitCode {
    serve_with(Arc::new(extract::extract_here))
}

/// Serves with another way of reading: tests misbehave here.
pub(super) fn serve_with(read_file: Arc<ReadFile>) -> ExitCode {
    let (sender, receiver) = channel();
    // Listening goes on while a file is read: the end of stdin must be heard at once.
    std::thread::spawn(move || work(&receiver, &read_file));
    let mut stdin = std::io::stdin().lock();
    while let Ok(Some((ask, body))) = wire::read::<Ask>(&mut stdin) {
        match ask {
            Ask::Limit { memory_bytes } => limit_memory(memory_bytes),
            ask => {
                if sender.send((ask, body)).is_err() {
                    break;
                }
            }
        }
    }
    tool::stop_all();
    // Not a return: a reader that hangs holds its thread for ever.
    std::process::exit(0)
}

/// Bounds the address space. An allocation beyond it aborts the process, and says so on stderr.
fn limit_memory(bytes: u64) {
    if let Err(error) = rlimit::setrlimit(rlimit::Resource::AS, bytes, bytes) {
        // No such limit on this system: the kernel's own watch is left.
        tracing::debug!(%error, "no limit on memory");
    }
}

fn work(asked: &Receiver<(Ask, Vec<u8>)>, read_file: &Arc<ReadFile>) {
    for (ask, body) in asked {
        let (said, text) = answer(ask, body, read_file);
        say(&said, text.as_bytes());
    }
}

/// The answer to one request, and the text that goes with it.
fn answer(ask: Ask, body: Vec<u8>, read_file: &Arc<ReadFile>) -> (Said, String) {
    let outcome = match ask {
        Ask::Read { name, media_type, reader } => {
            let read_file = Arc::clone(read_file);
            guarded(&name.clone(), move || {
                let known = MediaType::ALL.iter().copied().find(|kind| kind.as_str() == media_type);
                let kind = known.ok_or_else(|| Error::internal(format!("{name}: no media type {media_type}")))?;
                read_file(&name, kind, reader, &body, &|page| say(&Said::Done { page }, &[]))
            })
            .map(|mut extracted| {
                let text = std::mem::take(&mut extracted.text);
                (Said::Extracted(extracted), text)
            })
        }
        Ask::Recognize { name, pages, options, budget_ms } => guarded(&name.clone(), move || {
            let budget = Duration::from_millis(budget_ms);
            let done = |page| say(&Said::Done { page }, &[]);
            Ok(ocr::recognize(&name, &body, &pages, &options, budget, &done))
        })
        .map(|pages| (Said::Recognized(pages), String::new())),
        Ask::Limit { .. } => Err(Error::internal("a limit is no request")),
    };
    outcome.unwrap_or_else(|error| (Said::failed(&error), String::new()))
}

/// Runs `work` where a panic is an error. There is no deadline here: the worker keeps the time.
fn guarded<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    guard::run(name, Duration::MAX, work)
}

fn say(said: &Said, body: &[u8]) {
    if wire::write(&mut std::io::stdout().lock(), said, body).is_err() {
        // Nobody listens.
        tool::stop_all();
        std::process::exit(0);
    }
}
