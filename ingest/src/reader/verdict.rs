//! What became of a reader process, as an error that names the file, the page and the way out.

use std::process::ExitStatus;

use footnote_core::{Code, Error};

use super::child::{Deadlines, Heard};
use super::wire::{Said, error_of};

/// The error for everything that is not an answer. `memory_bytes` is what the process was allowed.
pub(super) fn error(name: &str, heard: Heard, limits: Deadlines, memory_bytes: u64) -> Error {
    match heard {
        Heard::Answer(Said::Failed { code, message, hint }, _) => error_of(&code, message, hint),
        Heard::Answer(said, _) => Error::internal(format!("{name}: its reader answered beside the question: {said:?}")),
        Heard::Hung { after } => {
            let seconds = limits.page.as_secs_f32();
            let what = match after {
                // Not every format has pages, and what comes before the first belongs to no page.
                0 => "its beginning".to_owned(),
                after => format!("page {}", after.saturating_add(1)),
            };
            Error::new(Code::Deadline, format!("{name}: {what} took longer than {seconds} s"))
                .hint("raise ingest.page_deadline_seconds, or leave the page out of the file")
        }
        Heard::Late { after } => late(name, after, limits.whole.as_secs_f32()),
        Heard::Died { status, last_words } => died(name, status, &last_words, memory_bytes),
        Heard::Cancelled => Error::new(Code::Cancelled, format!("{name}: cancelled while it was read")),
    }
}

fn late(name: &str, after: u32, seconds: f32) -> Error {
    let reached = if after == 0 { String::new() } else { format!("; page {after} was reached") };
    Error::new(Code::Deadline, format!("{name}: not read within {seconds} s{reached}"))
        .hint("raise ingest.extract_deadline_seconds, or split the file")
}

fn died(name: &str, status: Option<ExitStatus>, last_words: &str, memory_bytes: u64) -> Error {
    let status = status.map_or_else(|| "gone".to_owned(), |status| status.to_string());
    tracing::warn!(file = name, %status, last_words, "a reader process died");
    // The allocator says so before it aborts; the kernel's own killer says nothing and takes signal 9.
    let out_of_memory = last_words.contains("memory allocation of") || status.starts_with("signal: 9");
    if out_of_memory {
        let megabytes = memory_bytes >> 20;
        return Error::new(
            Code::MemoryLimit,
            format!("{name}: reading it takes more than {megabytes} MiB of memory (ingest.extract_memory_bytes)"),
        )
        .hint("raise ingest.extract_memory_bytes, or split the file");
    }
    let how = if last_words.contains("overflowed its stack") { "stack overflow" } else { status.as_str() };
    Error::new(Code::FileDamaged, format!("{name}: its reader crashed ({how})"))
        .hint("open it in a viewer and save it again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LIMITS: Deadlines = Deadlines { page: Duration::from_secs(20), whole: Duration::from_secs(600) };

    #[test]
    fn every_end_names_the_file_and_the_way_out() {
        let died = |last_words: &str| Heard::Died { status: None, last_words: last_words.to_owned() };
        let cases = [
            (
                Heard::Hung { after: 16 },
                Code::Deadline,
                "page 17 took longer than 20 s",
                "ingest.page_deadline_seconds",
            ),
            (Heard::Hung { after: 0 }, Code::Deadline, "its beginning took longer", "ingest.page_deadline_seconds"),
            (Heard::Late { after: 3 }, Code::Deadline, "within 600 s; page 3", "ingest.extract_deadline_seconds"),
            (died("memory allocation of 9 bytes failed"), Code::MemoryLimit, "2048 MiB", "ingest.extract_memory_bytes"),
            (died("thread has overflowed its stack"), Code::FileDamaged, "crashed (stack overflow)", "viewer"),
            (died(""), Code::FileDamaged, "its reader crashed (gone)", "viewer"),
        ];
        for (heard, code, message, hint) in cases {
            let error = error("a.pdf", heard, LIMITS, 2 << 30);
            assert_eq!(error.code(), code);
            assert!(error.message().starts_with("a.pdf: ") && error.message().contains(message), "{error}");
            assert!(error.hint_text().is_some_and(|text| text.contains(hint)), "{error:?}");
        }
    }
}
