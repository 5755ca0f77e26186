//! One engine process, from its start to its end.

use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use footnote_core::seam::{FinishReason, GenerationDone, GenerationEvent, GenerationRequest, GeneratorInfo};
use footnote_core::{Code, Error, Result};
use futures::Stream;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout_at;

use super::ProcessOptions;
use super::wire::{Ask, Said};

/// The process and the requests that it works on.
pub(super) struct Child {
    info: GeneratorInfo,
    process_id: Option<u32>,
    asks: mpsc::UnboundedSender<Ask>,
    shared: Arc<Shared>,
    last: AtomicU64,
}

#[derive(Default)]
struct Shared {
    /// By request. A reader who left stays here until the process says that it is done with the request.
    readers: Mutex<HashMap<u64, mpsc::UnboundedSender<Result<GenerationEvent>>>>,
    ended: AtomicBool,
    answered: AtomicBool,
    hung: AtomicBool,
    kill: Notify,
}

impl Shared {
    fn readers(&self) -> MutexGuard<'_, HashMap<u64, mpsc::UnboundedSender<Result<GenerationEvent>>>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what the process said.
    fn hear(&self, said: Said) {
        let (id, event) = match said {
            Said::Token { id, text } => {
                if let Some(reader) = self.readers().get(&id) {
                    // Fails when the reader left, which the process will hear of.
                    let _ = reader.send(Ok(GenerationEvent::Token(text)));
                }
                return;
            }
            Said::Done { id, done } => (id, Some(Ok(GenerationEvent::Done(done)))),
            Said::Failed { id, failure } => (id, Some(Err(failure.into()))),
            Said::Gone { id } => (id, None),
            Said::Loaded { .. } | Said::NotLoaded { .. } => return,
        };
        self.answered.store(true, Ordering::Relaxed);
        if let (Some(reader), Some(event)) = (self.readers().remove(&id), event) {
            let _ = reader.send(event);
        }
    }

    /// Tells everybody who waits that the process ended.
    fn end(&self, how: &str) {
        self.ended.store(true, Ordering::SeqCst);
        for (_, reader) in self.readers().drain() {
            let error = Error::new(Code::EngineFailed, format!("the engine's process ended: {how}"));
            let _ = reader.send(Err(error.hint("it is started again for the next question; the log may say more")));
        }
    }
}

impl Child {
    pub(super) async fn start(options: &ProcessOptions) -> Result<Self> {
        let mut process = Command::new(&options.program)
            .args(&options.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed("cannot be started").caused_by(error))?;
        let (Some(mut stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed("has no pipes"));
        };
        let load = Ask::Load { choice: options.choice, options: options.engine.clone() };
        // Where it ended before it listened, that is what the next line tells.
        let listens = write(&mut stdin, &load).await.is_ok();
        let mut lines = BufReader::new(stdout).lines();
        let info = match next(&mut lines).await.filter(|_| listens) {
            Some(Said::Loaded { info }) => info,
            Some(Said::NotLoaded { failure }) => return Err(failure.into()),
            _ => {
                let how = process.wait().await.map_or_else(|error| error.to_string(), ended);
                return Err(failed(&format!("ended while it loaded the model: {how}")));
            }
        };
        let process_id = process.id();
        let shared = Arc::new(Shared::default());
        let (asks, asked) = mpsc::unbounded_channel();
        tokio::spawn(speak(stdin, asked));
        tokio::spawn(look_after(process, lines, Arc::clone(&shared)));
        Ok(Self { info, process_id, asks, shared, last: AtomicU64::new(0) })
    }

    pub(super) fn info(&self) -> &GeneratorInfo {
        &self.info
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        self.process_id
    }

    pub(super) fn has_ended(&self) -> bool {
        self.shared.ended.load(Ordering::SeqCst)
    }

    /// Whether it ever brought a request to its end.
    pub(super) fn has_answered(&self) -> bool {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Asks, and gives what is said. `due` is kept here too: a process that hangs keeps nothing.
    pub(super) fn generate(
        &self,
        request: GenerationRequest,
        due: Instant,
        grace: Duration,
    ) -> impl Stream<Item = Result<GenerationEvent>> + Send + use<> {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let (reader, events) = mpsc::unbounded_channel();
        self.shared.readers().insert(id, reader);
        if self.has_ended() {
            // It ended between being looked up and being asked: nobody else would tell.
            self.shared.end("before it was asked");
        }
        let _ = self.asks.send(Ask::Generate { id, request: request.into() });
        let asks = self.asks.clone();
        let shared = Arc::clone(&self.shared);
        let reading = Reading { id, events, due, grace, asks, shared, tokens: 0, over: false };
        futures::stream::unfold(Some(reading), |reading| async move {
            let mut reading = reading?;
            let event = reading.next().await;
            let goes_on = matches!(event, Ok(GenerationEvent::Token(_)));
            reading.over = !goes_on;
            Some((event, goes_on.then_some(reading)))
        })
    }
}

/// A request as its reader sees it.
struct Reading {
    id: u64,
    events: mpsc::UnboundedReceiver<Result<GenerationEvent>>,
    due: Instant,
    grace: Duration,
    asks: mpsc::UnboundedSender<Ask>,
    shared: Arc<Shared>,
    tokens: usize,
    over: bool,
}

/// The engine says by itself that the time is up; it is given so long to say it.
const TO_SAY_SO: Duration = Duration::from_millis(500);

impl Reading {
    async fn next(&mut self) -> Result<GenerationEvent> {
        match timeout_at((self.due + TO_SAY_SO).into(), self.events.recv()).await {
            Ok(Some(event)) => {
                self.tokens += 1;
                event
            }
            Ok(None) => Err(failed("ended")),
            Err(_) => {
                self.watch();
                let (finish, prefill, decode) = (FinishReason::Deadline, Duration::ZERO, Duration::ZERO);
                let (prompt_tokens, completion_tokens) = (0, self.tokens);
                Ok(GenerationEvent::Done(GenerationDone { finish, prompt_tokens, completion_tokens, prefill, decode }))
            }
        }
    }

    /// Kills the process where it is still at the request when the grace is over: then it hangs.
    fn watch(&self) {
        let (id, grace, shared) = (self.id, self.grace, Arc::clone(&self.shared));
        tokio::spawn(async move {
            tokio::time::sleep(grace).await;
            if shared.readers().contains_key(&id) {
                shared.hung.store(true, Ordering::Relaxed);
                shared.kill.notify_one();
            }
        });
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.asks.send(Ask::Cancel { id: self.id });
            if tokio::runtime::Handle::try_current().is_ok() {
                self.watch();
            }
        }
    }
}

/// Writes what is asked, until the process ends or nobody can ask any more. Closing the pipe ends the process.
async fn speak(mut stdin: ChildStdin, mut asked: mpsc::UnboundedReceiver<Ask>) {
    while let Some(ask) = asked.recv().await {
        if write(&mut stdin, &ask).await.is_err() {
            return;
        }
    }
}

async fn write(stdin: &mut ChildStdin, ask: &Ask) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(ask).map_err(std::io::Error::other)?;
    line.push(b'\n');
    stdin.write_all(&line).await?;
    stdin.flush().await
}

/// The next thing that it says. What a library prints beside it is passed over.
async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Said> {
    loop {
        let line = lines.next_line().await.ok()??;
        match serde_json::from_str(&line) {
            Ok(said) => return Some(said),
            Err(_) => tracing::debug!(line, "the engine's process printed something else"),
        }
    }
}

/// Hears the process until it ends, and says how it did.
async fn look_after(mut process: tokio::process::Child, mut lines: Lines<BufReader<ChildStdout>>, shared: Arc<Shared>) {
    loop {
        tokio::select! {
            said = next(&mut lines) => match said {
                Some(said) => shared.hear(said),
                None => break,
            },
            () = shared.kill.notified() => {
                tracing::error!("the engine hangs: its process is killed");
                break;
            }
        }
    }
    let _ = process.start_kill();
    let status = process.wait().await.map_or_else(|error| error.to_string(), ended);
    let how = if shared.hung.load(Ordering::Relaxed) { "it hung and was killed".to_owned() } else { status };
    shared.end(&how);
}

fn ended(status: ExitStatus) -> String {
    status.to_string()
}

fn failed(what: &str) -> Error {
    Error::new(Code::EngineFailed, format!("the engine's process {what}"))
        .hint("is there enough memory for the model? generation.isolation = \"thread\" runs the engine in this process")
}
