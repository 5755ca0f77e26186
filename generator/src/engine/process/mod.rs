//! An engine in a process of its own. What a C++ library or a driver can do to a process, an abort, a segmentation fault, a
//! hang, it does there: the requests in flight fail, the engine is started again, and the server stays.
//!
//! * here: the engine as the rest of footnote sees it, and when it is started again.
//! * `child`: one process, from its start to its end. `wire`: what is said on the pipes.
//! * [`serve`]: the other end: what the process itself does.

mod child;
mod serve;
mod wire;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use footnote_core::seam::{GenerationRequest, GenerationStream, Generator, GeneratorInfo};
use footnote_core::{Code, Error, Result};
use futures::StreamExt;
use tokio::sync::Mutex;

use self::child::Child;
pub use self::serve::serve;
use super::{EngineChoice, EngineOptions, due};

/// The first wait before an engine that ended is started again; each end in a row doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// How an engine process is started.
#[derive(Debug, Clone)]
pub struct ProcessOptions {
    /// The program, usually this one; it must call [`serve`] when called with `args`.
    pub program: PathBuf,
    /// What makes it an engine process.
    pub args: Vec<OsString>,
    /// Which engine it is to load.
    pub choice: EngineChoice,
    /// What the engine needs to know.
    pub engine: EngineOptions,
    /// How long after a request's deadline the engine may still be at it before it is taken to hang.
    pub grace: Duration,
}

/// The engine.
pub struct ProcessEngine {
    info: GeneratorInfo,
    options: ProcessOptions,
    state: Mutex<State>,
}

struct State {
    child: Arc<Child>,
    /// Ends in a row, without an answer in between.
    ends: u32,
    not_before: Instant,
}

impl ProcessEngine {
    /// Starts the process and waits until its engine is loaded.
    ///
    /// # Errors
    /// Those of [`super::load`]; [`Code::EngineFailed`] where the process ends while it loads.
    pub async fn load(options: ProcessOptions) -> Result<Self> {
        let child = Arc::new(Child::start(&options).await?);
        let info = child.info().clone();
        Ok(Self { info, options, state: Mutex::new(State { child, ends: 0, not_before: Instant::now() }) })
    }

    /// The process that runs, started again where it ended.
    async fn child(&self) -> Result<Arc<Child>> {
        let mut state = self.state.lock().await;
        if !state.child.has_ended() {
            return Ok(Arc::clone(&state.child));
        }
        let now = Instant::now();
        if now < state.not_before {
            let left = state.not_before.saturating_duration_since(now).as_secs_f64();
            return Err(Error::new(
                Code::EngineFailed,
                format!("the engine ended {} times in a row and is started again in {left:.0} s", state.ends + 1),
            )
            .hint("the log says how it ended; is there enough memory for the model?"));
        }
        state.ends = if state.child.has_answered() { 0 } else { state.ends.saturating_add(1) };
        let wait = FIRST_WAIT.saturating_mul(1 << state.ends.min(16)).min(MAX_WAIT);
        state.not_before = now + wait;
        tracing::warn!(ends = state.ends, "the engine's process ended and is started again");
        state.child = Arc::new(Child::start(&self.options).await?);
        Ok(Arc::clone(&state.child))
    }

    /// The process id of the engine, for whoever looks after it.
    pub async fn process_id(&self) -> Option<u32> {
        self.state.lock().await.child.process_id()
    }
}

#[async_trait]
impl Generator for ProcessEngine {
    fn info(&self) -> &GeneratorInfo {
        &self.info
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
        let due = due(request.deadline);
        Ok(self.child().await?.generate(request, due, self.options.grace).boxed())
    }
}

#[cfg(test)]
mod tests;
