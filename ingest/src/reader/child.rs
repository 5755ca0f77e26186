//! One reader process, as the worker holds it: started, asked, watched, ended.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use footnote_core::{Code, Error, Result};
use tokio_util::sync::CancellationToken;

use super::wire::{self, Ask, Said};

/// What a process may see of the environment: enough to find and run tesseract, and no secrets. A parser that a
/// hostile file takes over finds none.
const VARIABLES: [&str; 8] = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "LD_LIBRARY_PATH", "TESSDATA_PREFIX"];

/// How often a request asks whether it was cancelled.
const POLL: Duration = Duration::from_millis(50);

/// How long a process has to end by itself when its stdin closes.
const GRACE: Duration = Duration::from_millis(500);

/// The end of what a process wrote to stderr that is kept: the reason of an abort stands there.
const LAST_WORDS: usize = 4096;

/// How long one request may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// Between two signs of progress.
    pub(super) page: Duration,
    /// In all.
    pub(super) whole: Duration,
}

/// What came of a request.
#[derive(Debug)]
pub(super) enum Heard {
    /// An answer, and its body. The process can be asked again.
    Answer(Said, Vec<u8>),
    /// No sign of progress for too long. `after` is the last page that was done.
    Hung { after: u32 },
    /// Too long in all.
    Late { after: u32 },
    /// The process died.
    Died { status: Option<ExitStatus>, last_words: String },
    /// The caller gave up.
    Cancelled,
}

/// A running reader process. Dropping it ends it and waits for it: none is left behind, not even as a zombie.
pub(super) struct ReaderChild {
    process: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<(Said, Vec<u8>)>,
    listener: Option<JoinHandle<()>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    /// Requests that it answered.
    pub(super) answered: u32,
}

impl ReaderChild {
    /// Starts a process that never takes more memory than `memory_bytes`.
    ///
    /// # Errors
    /// [`Code::Io`] where the program does not start.
    pub(super) fn start(program: &Path, arguments: &[std::ffi::OsString], memory_bytes: u64) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        // An interrupt from the keyboard is the worker's to handle: it ends its processes by closing stdin.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let failed = |error: io::Error| {
            Error::new(Code::Io, format!("{}: no process to read files with: {error}", program.display()))
                .hint("raise the limit on processes (ulimit -u), or free some memory")
        };
        let mut process = command.spawn().map_err(failed)?;
        let (stdin, stdout, stderr) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (sender, said) = channel();
        let listener = std::thread::spawn(move || {
            let Some(mut stdout) = stdout else { return };
            while let Ok(Some(frame)) = wire::read(&mut stdout) {
                if sender.send(frame).is_err() {
                    return;
                }
            }
        });
        let stderr = std::thread::spawn(move || stderr.map(last_words).unwrap_or_default());
        let mut child = Self { process, stdin, said, listener: Some(listener), stderr: Some(stderr), answered: 0 };
        if let Some(stdin) = &mut child.stdin {
            wire::write(stdin, &Ask::Limit { memory_bytes }, &[]).map_err(failed)?;
        }
        Ok(child)
    }

    /// Asks, and waits for the answer. After anything but an answer the process is dead.
    pub(super) fn ask(&mut self, ask: &Ask, body: &[u8], limits: Deadlines, cancel: &CancellationToken) -> Heard {
        let Some(mut stdin) = self.stdin.take() else { return self.died() };
        let heard = std::thread::scope(|scope| {
            // A process that is stopped does not read: the clock must go on here.
            let writer = scope.spawn(move || wire::write(&mut stdin, ask, body).map(|()| stdin));
            let heard = listen(&self.said, limits, cancel);
            if matches!(heard, Some(Heard::Answer(..))) || writer.is_finished() {
                self.stdin = writer.join().ok().and_then(std::result::Result::ok);
            }
            if !matches!(heard, Some(Heard::Answer(..))) {
                self.end();
            }
            heard
        });
        if matches!(heard, Some(Heard::Answer(..))) {
            self.answered += 1;
        }
        heard.unwrap_or_else(|| self.died())
    }

    /// Ends the process: politely by closing its stdin, so that it can end what it started; then by force.
    fn end(&mut self) -> Option<ExitStatus> {
        if self.stdin.take().is_some() {
            let until = Instant::now() + GRACE;
            while Instant::now() < until {
                if let Ok(Some(status)) = self.process.try_wait() {
                    return Some(status);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        // It may have died by itself: then its own status is kept.
        let _ = self.process.kill();
        self.process.wait().ok()
    }

    /// What is known of a process that is gone.
    fn died(&mut self) -> Heard {
        let status = self.end();
        let last_words = self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default();
        Heard::Died { status, last_words: String::from_utf8_lossy(&last_words).into_owned() }
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Memory that it holds now, in bytes, where the system tells.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        let status = fs_err::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(kilobytes.trim().trim_end_matches("kB").trim_end().parse::<u64>().ok()? * 1024)
    }
}

impl Drop for ReaderChild {
    fn drop(&mut self) {
        self.end();
        // A thread that panicked has nothing more to say.
        let _ = self.listener.take().map(JoinHandle::join);
        let _ = self.stderr.take().map(JoinHandle::join);
    }
}

/// Waits for the answer; `None` when the process is gone.
fn listen(said: &Receiver<(Said, Vec<u8>)>, limits: Deadlines, cancel: &CancellationToken) -> Option<Heard> {
    let start = Instant::now();
    let (mut progress, mut after) = (start, 0);
    loop {
        if cancel.is_cancelled() {
            return Some(Heard::Cancelled);
        }
        if start.elapsed() >= limits.whole {
            return Some(Heard::Late { after });
        }
        if progress.elapsed() >= limits.page {
            return Some(Heard::Hung { after });
        }
        let left = (limits.whole.saturating_sub(start.elapsed())).min(limits.page.saturating_sub(progress.elapsed()));
        match said.recv_timeout(left.min(POLL)) {
            Ok((Said::Done { page }, _)) => (progress, after) = (Instant::now(), page),
            Ok((answer, body)) => return Some(Heard::Answer(answer, body)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

/// Reads to the end and keeps the last of it.
fn last_words(mut pipe: impl Read) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), [0; LAST_WORDS]);
    loop {
        match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return kept,
            Ok(read) => {
                kept.extend_from_slice(&buffer[..read]);
                kept.drain(..kept.len().saturating_sub(LAST_WORDS));
            }
        }
    }
}
