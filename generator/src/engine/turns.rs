//! Turns at an engine: so many requests run at once, a bounded number waits, and those who wait are taken in turn from
//! each asker, so that nobody who asks much makes the others wait for all of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use footnote_core::seam::{
    FinishReason, GenerationDone, GenerationEvent, GenerationRequest, GenerationStream, Generator, GeneratorInfo,
};
use footnote_core::{Code, Error, Result};
use futures::StreamExt;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::due;

/// How many turns there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnsOptions {
    /// Requests that run at once.
    pub running: usize,
    /// Requests that may wait, in all.
    pub waiting: usize,
    /// Requests of one asker that may wait.
    pub waiting_each: usize,
}

/// An engine whose turns are shared out fairly.
pub struct Turns {
    engine: Arc<dyn Generator>,
    line: Arc<Line>,
}

/// Who runs and who waits.
#[derive(Debug)]
struct Line {
    options: TurnsOptions,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// The askers who wait, in the order in which their turns come; each with its own requests, oldest first.
    askers: VecDeque<(Option<String>, VecDeque<Waiting>)>,
    /// Names the requests that wait.
    last: u64,
    /// How long a turn takes, of late.
    pace: Option<Duration>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    turn: oneshot::Sender<Turn>,
}

/// The right to run. The next one has it when it is dropped.
#[derive(Debug)]
struct Turn {
    line: Option<Arc<Line>>,
    began: Instant,
}

/// What the last turn counts in [`State::pace`]: half of it is the last four.
const PACE: f64 = 0.16;

/// A place in the line, given up when it is dropped.
struct Place {
    line: Arc<Line>,
    id: u64,
}

impl Turns {
    /// `engine`, with its turns shared out by `options`.
    #[must_use]
    pub fn new(engine: Arc<dyn Generator>, options: TurnsOptions) -> Self {
        Self { engine, line: Arc::new(Line { options, state: Mutex::default() }) }
    }

    /// Waits for a turn; `None` when the time was up before it came.
    async fn turn(&self, asker: Option<String>, due: Instant) -> Result<Option<Turn>> {
        let (mut given, _place) = match self.line.join(asker)? {
            Joined::Turn(turn) => return Ok(Some(turn)),
            Joined::Waits(given, place) => (given, place),
        };
        match timeout_at(due.into(), &mut given).await {
            Ok(turn) => turn.map(Some).map_err(|_| Error::internal("a place in the line was lost")),
            Err(_) => Ok(None),
        }
    }
}

enum Joined {
    Turn(Turn),
    Waits(oneshot::Receiver<Turn>, Place),
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(self: &Arc<Self>, asker: Option<String>) -> Result<Joined> {
        let mut state = self.state();
        if state.running < self.options.running.max(1) && state.askers.is_empty() {
            state.running += 1;
            return Ok(Joined::Turn(Turn::of(self)));
        }
        let waiting: usize = state.askers.iter().map(|(_, requests)| requests.len()).sum();
        if waiting >= self.options.waiting {
            let full = Error::new(Code::QueueFull, format!("the engine is busy and {waiting} questions are waiting"));
            let full = full.hint("try again in a moment, or raise generation.queue");
            // Where one of them has gone, there is a place.
            return Err(self.later(full, &state, 1));
        }
        let own = state.askers.iter().position(|(name, _)| *name == asker);
        let own = own.unwrap_or_else(|| {
            state.askers.push_back((asker, VecDeque::new()));
            state.askers.len() - 1
        });
        state.last += 1;
        let id = state.last;
        let requests = &mut state.askers[own].1;
        if requests.len() >= self.options.waiting_each {
            let many = format!("{} of your questions are waiting already", requests.len());
            let many =
                Error::new(Code::Overloaded, many).hint("wait for their answers, or raise generation.queue_per_key");
            // A turn of their own comes once in a round of all askers.
            let round = state.askers.len();
            return Err(self.later(many, &state, round));
        }
        let (turn, given) = oneshot::channel();
        requests.push_back(Waiting { id, turn });
        Ok(Joined::Waits(given, Place { line: Arc::clone(self), id }))
    }

    /// `refusal`, with the time in which so many turns end.
    fn later(&self, refusal: Error, state: &State, turns: usize) -> Error {
        let at_once = self.options.running.max(1);
        refusal.retry_after(state.pace.map(|pace| pace.mul_f64(turns as f64 / at_once as f64)))
    }

    /// Learns how long a turn took.
    fn took(&self, turn: Duration) {
        let mut state = self.state();
        let pace = state.pace.unwrap_or(turn);
        state.pace = Some(pace.mul_f64(1.0 - PACE) + turn.mul_f64(PACE));
    }

    /// Hands a turn on: to the oldest request of the asker whose turn it is, who then goes to the end of the line.
    fn pass(self: &Arc<Self>) {
        loop {
            let next = {
                let mut state = self.state();
                match state.askers.pop_front() {
                    None => {
                        state.running -= 1;
                        return;
                    }
                    Some((asker, mut requests)) => {
                        let next = requests.pop_front();
                        if !requests.is_empty() {
                            state.askers.push_back((asker, requests));
                        }
                        next
                    }
                }
            };
            let Some(next) = next else { continue };
            match next.turn.send(Turn::of(self)) {
                Ok(()) => return,
                // They left. The turn that comes back must not be passed on by its own end as well.
                Err(mut turn) => drop(turn.line.take()),
            }
        }
    }
}

impl Turn {
    fn of(line: &Arc<Line>) -> Self {
        Self { line: Some(Arc::clone(line)), began: Instant::now() }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.took(self.began.elapsed());
            line.pass();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.line.state();
        for (_, requests) in &mut state.askers {
            requests.retain(|waiting| waiting.id != self.id);
        }
        state.askers.retain(|(_, requests)| !requests.is_empty());
    }
}

#[async_trait]
impl Generator for Turns {
    fn info(&self) -> &GeneratorInfo {
        self.engine.info()
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
        let due = due(request.deadline);
        let Some(turn) = self.turn(request.asker.clone(), due).await? else {
            return Ok(futures::stream::iter([Ok(GenerationEvent::Done(too_late()))]).boxed());
        };
        // The time in the line counts.
        let left = due.saturating_duration_since(Instant::now());
        let stream = self.engine.generate(GenerationRequest { deadline: left, ..request }).await?;
        // The turn ends with the stream, or when its reader drops it.
        let held = futures::stream::unfold((stream, Some(turn)), |(mut stream, turn)| async move {
            let event = stream.next().await?;
            let over = !matches!(event, Ok(GenerationEvent::Token(_)));
            Some((event, (stream, turn.filter(|_| !over))))
        });
        Ok(held.boxed())
    }
}

fn too_late() -> GenerationDone {
    let (finish, prefill, decode) = (FinishReason::Deadline, Duration::ZERO, Duration::ZERO);
    GenerationDone { finish, prompt_tokens: 0, completion_tokens: 0, prefill, decode }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// An engine that writes when it is told to, and says whose request it has begun.
    struct Told {
        info: GeneratorInfo,
        begun: mpsc::UnboundedSender<(String, oneshot::Sender<()>)>,
    }

    #[async_trait]
    impl Generator for Told {
        fn info(&self) -> &GeneratorInfo {
            &self.info
        }

        async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream> {
            let (go, told) = oneshot::channel();
            self.begun.send((request.asker.unwrap_or_default(), go)).unwrap();
            let done = async move {
                told.await.ok();
                Ok(GenerationEvent::Done(too_late()))
            };
            Ok(futures::stream::once(done).boxed())
        }
    }

    type Begun = mpsc::UnboundedReceiver<(String, oneshot::Sender<()>)>;

    fn turns(running: usize, waiting: usize, waiting_each: usize) -> (Arc<Turns>, Begun) {
        let (begun, seen) = mpsc::unbounded_channel();
        let info = GeneratorInfo { engine: "told".into(), model: "m".into(), context: 1 };
        let engine = Arc::new(Told { info, begun });
        (Arc::new(Turns::new(engine, TurnsOptions { running, waiting, waiting_each })), seen)
    }

    fn request(asker: &str) -> GenerationRequest {
        GenerationRequest {
            messages: vec![],
            max_tokens: 1,
            deadline: Duration::from_secs(60),
            temperature: 0.0,
            grammar: None,
            asker: Some(asker.into()),
        }
    }

    /// Asks in a task, and gives it time to take its place.
    async fn ask(turns: &Arc<Turns>, asker: &str) -> tokio::task::JoinHandle<Option<Code>> {
        let (turns, request) = (Arc::clone(turns), request(asker));
        let task = tokio::spawn(async move {
            match turns.generate(request).await {
                Ok(stream) => {
                    stream.collect::<Vec<_>>().await;
                    None
                }
                Err(error) => Some(error.code()),
            }
        });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        task
    }

    #[tokio::test]
    async fn an_asker_with_many_questions_does_not_delay_another_by_more_than_one() {
        let (turns, mut begun) = turns(1, 100, 100);
        let mut tasks = vec![ask(&turns, "much").await];
        for _ in 0..5 {
            tasks.push(ask(&turns, "much").await);
        }
        tasks.push(ask(&turns, "little").await);
        tasks.push(ask(&turns, "other").await);
        let mut order = Vec::new();
        for _ in 0..tasks.len() {
            let (asker, go) = begun.recv().await.unwrap();
            order.push(asker);
            assert!(begun.try_recv().is_err(), "one runs at a time");
            go.send(()).unwrap();
        }
        assert_eq!(order, ["much", "much", "little", "other", "much", "much", "much", "much"]);
        for task in tasks {
            assert_eq!(task.await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn too_many_in_all_and_too_many_of_one_are_told_apart() {
        let (turns, mut begun) = turns(1, 3, 2);
        let first = ask(&turns, "a").await;
        let (waits, again) = (ask(&turns, "a").await, ask(&turns, "a").await);
        assert_eq!(ask(&turns, "a").await.await.unwrap(), Some(Code::Overloaded));
        let other = ask(&turns, "b").await;
        assert_eq!(ask(&turns, "c").await.await.unwrap(), Some(Code::QueueFull));
        for task in [first, waits, again, other] {
            begun.recv().await.unwrap().1.send(()).unwrap();
            drop(task);
        }
    }

    #[tokio::test]
    async fn who_is_refused_is_told_when_a_place_will_be_free() {
        let (turns, mut begun) = turns(2, 1, 1);
        let refused = async |asker: &str| turns.generate(request(asker)).await.err().and_then(|error| error.wait());
        let busy = async || [ask(&turns, "a").await, ask(&turns, "a").await, ask(&turns, "b").await];
        let first = busy().await;
        assert_eq!(refused("c").await, None, "nobody knows yet how long a turn takes");
        for task in first {
            begun.recv().await.unwrap().1.send(()).unwrap();
            task.await.unwrap();
        }
        turns.line.state().pace = Some(Duration::from_secs(8));
        let _second = busy().await;
        assert_eq!(refused("c").await, Some(Duration::from_secs(4)), "two end in eight seconds");
    }

    #[tokio::test]
    async fn who_leaves_while_waiting_or_running_gives_up_the_place() {
        let (turns, mut begun) = turns(1, 2, 2);
        let running = ask(&turns, "a").await;
        let (leaves, stays) = (ask(&turns, "b").await, ask(&turns, "c").await);
        leaves.abort();
        leaves.await.unwrap_err();
        // Its place is free again.
        let late = ask(&turns, "d").await;
        assert!(!late.is_finished());
        let (asker, _go) = begun.recv().await.unwrap();
        assert_eq!(asker, "a");
        running.abort();
        running.await.unwrap_err();
        for expected in ["c", "d"] {
            let (asker, go) = begun.recv().await.unwrap();
            assert_eq!(asker, expected);
            go.send(()).unwrap();
        }
        assert_eq!((stays.await.unwrap(), late.await.unwrap()), (None, None));
        assert_eq!(turns.line.state().running, 0);
    }

    #[tokio::test]
    async fn whose_time_is_up_in_the_line_is_told_so_and_gone() {
        let (turns, _begun) = turns(1, 2, 2);
        let running = ask(&turns, "a").await;
        let soon = GenerationRequest { deadline: Duration::from_millis(20), ..request("b") };
        let events: Vec<_> = turns.generate(soon).await.unwrap().collect().await;
        assert!(matches!(&events[..], [Ok(GenerationEvent::Done(done))] if done.finish == FinishReason::Deadline));
        assert!(turns.line.state().askers.is_empty());
        running.abort();
    }

    #[tokio::test]
    async fn several_run_at_once_where_the_engine_can() {
        let (turns, mut begun) = turns(2, 2, 2);
        let tasks = [ask(&turns, "a").await, ask(&turns, "a").await];
        let goes = [begun.recv().await.unwrap().1, begun.recv().await.unwrap().1];
        for go in goes {
            go.send(()).unwrap();
        }
        for task in tasks {
            assert_eq!(task.await.unwrap(), None);
        }
        assert_eq!(turns.line.state().running, 0);
    }
}
