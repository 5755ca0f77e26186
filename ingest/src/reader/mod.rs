//! Reading files without trusting them: formats that a hostile or broken file can turn against their parser are
//! read in processes of their own. A panic, an abort, a hang or a memory blow-up there is an outcome, not an end.
//!
//! * `Reader`: picks where a file is read, tries a format's second reader, and has pages recognized.
//! * `pool`, `child`, `verdict`: the processes, one of them, and what became of it.
//! * `wire`: what is said on the pipes.
//! * `serve`: the other end: what the process itself does.

mod child;
mod pool;
mod serve;
mod verdict;
mod wire;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use footnote_core::seam::Extracted;
use footnote_core::{Code, Error, Result};
use tokio_util::sync::CancellationToken;

use self::child::{Deadlines, Heard};
use self::pool::ReaderPool;
pub use self::serve::serve;
use self::wire::{Ask, Said};
pub use crate::extract::ocr::OcrOptions;
use crate::extract::ocr::{self, OcrPage};
use crate::extract::{extract_here, guard, readers};
use crate::media_type::MediaType;

/// Where files of risky formats are read.
#[derive(Debug, Clone)]
pub enum Isolation {
    /// In processes that `program` runs when called with `args`; they must call [`serve`].
    Process {
        /// The program, usually this one.
        program: PathBuf,
        /// What makes it a reader process.
        args: Vec<OsString>,
    },
    /// In threads of this process: for tests, and where the program is not known. A panic is caught and a hang
    /// left behind, but an abort takes the process down and memory is not bounded.
    Thread,
}

impl Isolation {
    /// This program itself, called with `args`.
    #[must_use]
    pub fn this_program(args: &[&str]) -> Self {
        // On Linux the link leads to the running program even when another version took its place on disk.
        let link = PathBuf::from("/proc/self/exe");
        let program = if link.exists() { Ok(link) } else { std::env::current_exe() };
        match program {
            Ok(program) => Self::Process { program, args: args.iter().map(OsString::from).collect() },
            Err(error) => {
                tracing::warn!(%error, "this program does not know where it lies; files are read in threads");
                Self::Thread
            }
        }
    }
}

/// How files are read.
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    /// Where.
    pub isolation: Isolation,
    /// Processes side by side; 0 is one per core.
    pub workers: usize,
    /// The most memory (address space) that a process may take. Bytes.
    pub memory_bytes: u64,
    /// The longest that one file may take.
    pub deadline: Duration,
    /// The longest between two signs of progress: a page, a sheet, a chapter.
    pub page_deadline: Duration,
    /// What happens to pages without text.
    pub ocr: OcrOptions,
}

/// Reads files.
pub struct Reader {
    options: ReaderOptions,
    pool: Option<ReaderPool>,
}

impl Reader {
    /// A reader; processes are started when the first file needs one.
    #[must_use]
    pub fn new(options: ReaderOptions) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let workers = if options.workers == 0 { cores() } else { options.workers };
        let pool = match &options.isolation {
            Isolation::Process { program, args } => {
                Some(ReaderPool::new(program.clone(), args.clone(), options.memory_bytes, workers))
            }
            Isolation::Thread => None,
        };
        Self { options, pool }
    }

    /// The text of a file. `name` is for messages. Blocks until it is read or given up: never much longer than
    /// the deadline. Where a format has two readers, the second is asked when the first fails or finds no word.
    ///
    /// # Errors
    /// Those of the format's first reader; [`Code::Deadline`], [`Code::MemoryLimit`], [`Code::FileDamaged`]
    /// where it hung, grew or crashed; [`Code::Cancelled`].
    pub fn extract(
        &self,
        name: &str,
        media_type: MediaType,
        bytes: &Arc<Vec<u8>>,
        cancel: &CancellationToken,
    ) -> Result<Extracted> {
        let started = Instant::now();
        let extracted = self.read(name, media_type, bytes, started, cancel)?;
        if media_type == MediaType::Pdf && ocr::is_ready(&self.options.ocr) {
            return self.recognize(name, bytes, extracted, started, cancel);
        }
        Ok(extracted)
    }

    /// The way in which files are read, in a line: another one may give more of a file. `version` is the pipeline's.
    #[must_use]
    pub(crate) fn describe(&self, version: &str) -> String {
        let ocr = &self.options.ocr;
        format!("{version} ocr={}", if ocr::is_ready(ocr) { ocr.languages.as_str() } else { "off" })
    }

    /// Says in words what becomes of pages without text.
    #[must_use]
    pub fn ocr(&self) -> String {
        ocr::state(&self.options.ocr)
    }

    /// Says in words what `pages` pages without text need.
    #[must_use]
    pub fn needs_ocr(&self, pages: usize) -> String {
        ocr::needs(&self.options.ocr, pages)
    }

    /// Ends the processes that are idle. The next file starts one again.
    pub fn rest(&self) {
        if let Some(pool) = &self.pool {
            pool.rest();
        }
    }

    fn read(
        &self,
        name: &str,
        media_type: MediaType,
        bytes: &Arc<Vec<u8>>,
        started: Instant,
        cancel: &CancellationToken,
    ) -> Result<Extracted> {
        let mut first: Option<Result<Extracted>> = None;
        for reader in 0..readers(media_type) {
            let left = self.options.deadline.saturating_sub(started.elapsed());
            if left.is_zero() && first.is_some() {
                break;
            }
            let outcome = match self.pool.as_ref().filter(|_| is_risky(media_type)) {
                Some(pool) => self.read_in(pool, name, media_type, reader, bytes, left, cancel),
                None => read_here(name, media_type, reader, bytes, left),
            };
            if is_settled(&outcome) {
                return outcome;
            }
            first.get_or_insert(outcome);
        }
        first.unwrap_or_else(|| Err(Error::internal(format!("{name}: no reader for {}", media_type.as_str()))))
    }

    #[expect(clippy::too_many_arguments, reason = "one request, spelled out")]
    fn read_in(
        &self,
        pool: &ReaderPool,
        name: &str,
        media_type: MediaType,
        reader: usize,
        bytes: &[u8],
        left: Duration,
        cancel: &CancellationToken,
    ) -> Result<Extracted> {
        let ask = Ask::Read { name: name.to_owned(), media_type: media_type.as_str().to_owned(), reader };
        match self.ask(pool, name, &ask, bytes, left, cancel)? {
            (Said::Extracted(mut extracted), text) => {
                extracted.text = String::from_utf8(text)
                    .map_err(|_| Error::internal(format!("{name}: its reader sent what is no text")))?;
                Ok(extracted)
            }
            (said, _) => Err(Error::internal(format!("{name}: its reader answered beside the question: {said:?}"))),
        }
    }

    fn ask(
        &self,
        pool: &ReaderPool,
        name: &str,
        ask: &Ask,
        bytes: &[u8],
        left: Duration,
        cancel: &CancellationToken,
    ) -> Result<(Said, Vec<u8>)> {
        let limits = Deadlines { page: self.options.page_deadline, whole: left };
        match pool.ask(ask, bytes, limits, cancel)? {
            Heard::Answer(said @ (Said::Extracted(_) | Said::Recognized(_)), body) => Ok((said, body)),
            heard => {
                // The setting is what the user knows, not what the first reader left of it.
                let told = Deadlines { whole: self.options.deadline, ..limits };
                Err(verdict::error(name, heard, told, self.options.memory_bytes))
            }
        }
    }

    /// Has the pages without text recognized. That this fails is no reason to lose the pages with text.
    fn recognize(
        &self,
        name: &str,
        bytes: &Arc<Vec<u8>>,
        extracted: Extracted,
        started: Instant,
        cancel: &CancellationToken,
    ) -> Result<Extracted> {
        let pages = ocr::pages_without_text(&extracted);
        let left = self.options.deadline.saturating_sub(started.elapsed());
        if pages.is_empty() || left.is_zero() {
            return Ok(extracted);
        }
        // It stops by itself before it is stopped, and so keeps what it has.
        let budget = left.mul_f32(0.9);
        let mut options = self.options.ocr.clone();
        options.page_deadline = options.page_deadline.min(self.options.page_deadline.mul_f32(0.9));
        let found: Result<Vec<OcrPage>> = match &self.pool {
            Some(pool) => {
                let budget_ms = u64::try_from(budget.as_millis()).unwrap_or(u64::MAX);
                let ask = Ask::Recognize { name: name.to_owned(), pages, options, budget_ms };
                self.ask(pool, name, &ask, bytes, left, cancel).map(|(said, _)| match said {
                    Said::Recognized(pages) => pages,
                    _ => Vec::new(),
                })
            }
            None => Ok(ocr::recognize(name, bytes, &pages, &options, budget, &|_| {})),
        };
        match found {
            Ok(found) => Ok(ocr::merge(extracted, found)),
            Err(error) if error.code() == Code::Cancelled => Err(error),
            Err(error) => {
                tracing::warn!(file = name, %error, "pages without text were not recognized");
                Ok(extracted)
            }
        }
    }
}

/// Reads in a thread of this process.
fn read_here(
    name: &str,
    media_type: MediaType,
    reader: usize,
    bytes: &Arc<Vec<u8>>,
    left: Duration,
) -> Result<Extracted> {
    let (name_there, bytes) = (name.to_owned(), Arc::clone(bytes));
    guard::run(name, left, move || extract_here(&name_there, media_type, reader, &bytes, &|_| {}))
}

/// Whether there is nothing to gain from another reader.
fn is_settled(outcome: &Result<Extracted>) -> bool {
    match outcome {
        Ok(extracted) => !extracted.text.trim().is_empty(),
        Err(error) => {
            matches!(error.code(), Code::FileEncrypted | Code::NotUtf8 | Code::Cancelled | Code::Io | Code::Internal)
        }
    }
}

/// Whether a file of this format is read in a process: all but what is read line by line, by short code.
fn is_risky(media_type: MediaType) -> bool {
    let name = media_type.as_str();
    let text = name.starts_with("text/") && media_type != MediaType::Html;
    !(text || matches!(media_type, MediaType::Json | MediaType::JsonLines))
}

#[cfg(test)]
pub(crate) mod tests;
