//! Jobs are done once, in order, and none is lost.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use footnote_core::DocumentId;
use futures::StreamExt;
use tokio::sync::Semaphore;

use super::*;
use crate::progress::{Event, Progress};
use crate::report::{IngestReport, Outcome, Problem};

/// What the runner does with its next job.
enum Act {
    /// Ends it well, with this report.
    Report(IngestReport),
    /// Fails.
    Fail(Code),
    /// Says that it began, then waits to be told to stop.
    WaitForCancel,
    Panic,
}

/// Does what it is told, and remembers which jobs it met.
#[derive(Default)]
struct Fake {
    acts: Mutex<VecDeque<Act>>,
    met: Mutex<Vec<JobKind>>,
    busy: AtomicUsize,
    began: Option<Arc<Semaphore>>,
}

impl Fake {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self { acts: Mutex::new(acts.into_iter().collect()), ..Self::default() }
    }
}

#[async_trait]
impl JobRunner for Fake {
    async fn run(&self, job: &Job, progress: &dyn Progress, cancel: &CancellationToken) -> Result<IngestReport> {
        assert_eq!(self.busy.fetch_add(1, Ordering::SeqCst), 0, "two jobs at once");
        self.met.lock().unwrap().push(job.kind.clone());
        let act = self.acts.lock().unwrap().pop_front().unwrap_or_else(|| Act::Report(IngestReport::default()));
        progress.event(Event::Discovered { documents: 2 });
        progress.event(Event::Document { uri: "file:///a.md", outcome: Outcome::Added });
        progress.event(Event::Chunks { embedded: 3, known: 5 });
        if let Some(began) = &self.began {
            began.add_permits(1);
        }
        self.busy.store(0, Ordering::SeqCst);
        match act {
            Act::Report(report) => Ok(report),
            Act::Fail(code) => Err(Error::new(code, "the store failed").hint("mend it")),
            Act::WaitForCancel => {
                cancel.cancelled().await;
                Err(Error::new(Code::Cancelled, "cancelled"))
            }
            Act::Panic => panic!("a bug"),
        }
    }
}

/// A queue in a folder of its own, with its worker.
struct World {
    folder: tempfile::TempDir,
    queue: JobQueue,
    shutdown: CancellationToken,
}

const OPTIONS: QueueOptions =
    QueueOptions { retries: 3, retry_wait: Duration::ZERO, keep: 5, progress_every: Duration::ZERO };

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let queue = JobQueue::open_with(&folder.path().join("jobs.sqlite"), OPTIONS).unwrap();
        Self { folder, queue, shutdown: CancellationToken::new() }
    }

    /// The queue as the next process finds it. The old one must not be used any more.
    fn reopened(&self) -> JobQueue {
        JobQueue::open_with(&self.folder.path().join("jobs.sqlite"), OPTIONS).unwrap()
    }

    fn work(&self, runner: &Arc<Fake>) -> tokio::task::JoinHandle<()> {
        let (queue, runner, shutdown) = (self.queue.clone(), Arc::clone(runner), self.shutdown.clone());
        tokio::spawn(async move { queue.run(&*runner, &shutdown).await })
    }

    async fn submit(&self, paths: &[&str], origin: Origin) -> Job {
        self.queue.submit(new(paths, origin)).await.unwrap()
    }

    /// The job when it has ended.
    async fn ended(&self, id: JobId) -> Job {
        let mut events = Box::pin(self.queue.subscribe(id).await.unwrap());
        while events.next().await.is_some() {}
        self.queue.job(id).await.unwrap().unwrap()
    }
}

fn kind(paths: &[&str]) -> JobKind {
    JobKind::Paths(paths.iter().map(PathBuf::from).collect())
}

fn new(paths: &[&str], origin: Origin) -> NewJob {
    NewJob { collection: "default".into(), kind: kind(paths), origin }
}

#[tokio::test]
async fn jobs_are_done_in_order_with_report_and_progress() {
    let world = World::new();
    let first = world.submit(&["/a"], Origin::Api).await;
    let second = world.submit(&["/b"], Origin::Api).await;
    assert_eq!(first.state, JobState::Queued);
    let runner = Arc::new(Fake::new([Act::Report(IngestReport { added: 1, ..IngestReport::default() })]));
    world.work(&runner);
    let second = world.ended(second.id).await;
    let first = world.queue.job(first.id).await.unwrap().unwrap();
    assert_eq!(*runner.met.lock().unwrap(), [kind(&["/a"]), kind(&["/b"])]);
    assert_eq!((first.state, second.state), (JobState::Done, JobState::Done));
    assert_eq!(first.report.unwrap()["added"], 1);
    let counts = JobProgress { documents_known: 2, documents_done: 1, chunks_known: 5, chunks_embedded: 3 };
    assert_eq!(first.progress, counts);
    assert!(first.started_ms >= Some(first.created_ms) && first.finished_ms >= first.started_ms);
}

#[tokio::test]
async fn a_listener_hears_how_it_stands_what_happens_and_the_end() {
    let world = World::new();
    let job = world.submit(&["/a"], Origin::Api).await;
    let events = world.queue.subscribe(job.id).await.unwrap();
    world.work(&Arc::new(Fake::default()));
    let events: Vec<JobEvent> = events.collect().await;
    let states: Vec<JobState> = events
        .iter()
        .filter_map(|event| if let JobEvent::State(job) = event { Some(job.state) } else { None })
        .collect();
    assert_eq!(states, [JobState::Queued, JobState::Running, JobState::Done]);
    let document = JobEvent::Document { uri: "file:///a.md".into(), outcome: Outcome::Added };
    assert!(events.contains(&document), "{events:?}");
    let Some(JobEvent::Progress(last)) = events.iter().rev().nth(1) else { panic!("{events:?}") };
    assert_eq!(last.chunks_embedded, 3);

    let after: Vec<JobEvent> = world.queue.subscribe(job.id).await.unwrap().collect().await;
    assert!(matches!(&after[..], [JobEvent::State(job)] if job.state == JobState::Done), "{after:?}");
    let unknown = world.queue.subscribe(JobId::new()).await.err().unwrap();
    assert_eq!(unknown.code(), Code::JobUnknown);
}

#[tokio::test]
async fn a_listener_that_was_too_slow_still_hears_the_end() {
    let world = World::new();
    let job = world.submit(&["/a"], Origin::Api).await;
    let events = world.queue.subscribe(job.id).await.unwrap();
    for n in 0..2 * EVENTS_WAITING {
        let progress = JobProgress { documents_done: n, ..JobProgress::default() };
        world.queue.inner.wire.send((job.id, JobEvent::Progress(progress))).unwrap();
    }
    world.queue.cancel(job.id).await.unwrap();
    let last = events.collect::<Vec<_>>().await.pop();
    assert!(matches!(&last, Some(JobEvent::State(job)) if job.state == JobState::Cancelled), "{last:?}");
}

#[tokio::test]
async fn a_job_that_waits_does_the_same_for_two() {
    let world = World::new();
    let job = world.submit(&["/a", "/b"], Origin::Api).await;
    assert_eq!(world.submit(&["/b", "/a", "/a"], Origin::Upload).await.id, job.id);
    assert_ne!(world.submit(&["/a"], Origin::Api).await.id, job.id);

    let burst = world.submit(&["/w/1"], Origin::Watch).await;
    let grown = world.submit(&["/w/2"], Origin::Watch).await;
    assert_eq!((grown.id, grown.kind), (burst.id, kind(&["/w/1", "/w/2"])));

    let delete = NewJob { kind: JobKind::Delete(DocumentId::of("c", "u")), ..new(&["/a"], Origin::Api) };
    world.queue.submit(delete).await.unwrap();
    let after = world.submit(&["/a", "/b"], Origin::Api).await;
    assert_ne!(after.id, job.id, "ingestion asked for after a deletion must come after it");
}

#[tokio::test]
async fn a_running_job_takes_in_nothing() {
    let world = World::new();
    let began = Arc::new(Semaphore::new(0));
    let runner = Fake { began: Some(Arc::clone(&began)), ..Fake::new([Act::WaitForCancel]) };
    let job = world.submit(&["/a"], Origin::Watch).await;
    world.work(&Arc::new(runner));
    began.acquire().await.unwrap().forget();
    let next = world.submit(&["/a"], Origin::Watch).await;
    assert_ne!(next.id, job.id, "what runs may have passed the file already");
    world.queue.cancel(job.id).await.unwrap();
    assert_eq!(world.ended(job.id).await.state, JobState::Cancelled);
    assert_eq!(world.ended(next.id).await.state, JobState::Done);
}

#[tokio::test]
async fn a_job_is_cancelled_before_it_begins_and_while_it_runs() {
    let world = World::new();
    let began = Arc::new(Semaphore::new(0));
    let runner = Arc::new(Fake { began: Some(Arc::clone(&began)), ..Fake::new([Act::WaitForCancel]) });
    let first = world.submit(&["/a"], Origin::Api).await;
    let second = world.submit(&["/b"], Origin::Api).await;
    let cancelled = world.queue.cancel(second.id).await.unwrap();
    assert_eq!(cancelled.state, JobState::Cancelled);
    world.work(&runner);
    began.acquire().await.unwrap().forget();
    let told = world.queue.cancel(first.id).await.unwrap();
    assert!(told.cancelling || told.state == JobState::Cancelled, "{told:?}");
    let first = world.ended(first.id).await;
    assert_eq!((first.state, first.cancelling), (JobState::Cancelled, false));
    assert_eq!(runner.met.lock().unwrap().len(), 1);
    let again = world.queue.cancel(first.id).await.unwrap();
    assert_eq!(again, first, "what has ended stays as it is");
    assert_eq!(world.queue.cancel(JobId::new()).await.unwrap_err().code(), Code::JobUnknown);
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_and_one_that_cannot_is_not() {
    let world = World::new();
    let fails = [Code::DiskFull, Code::Overloaded].map(Act::Fail);
    let runner = Arc::new(Fake::new(fails));
    world.work(&runner);
    let job = world.submit(&["/a"], Origin::Api).await;
    let job = world.ended(job.id).await;
    assert_eq!((job.state, job.attempts, job.error), (JobState::Done, 3, None));

    runner.acts.lock().unwrap().extend([Act::Fail(Code::PathMissing), Act::Panic]);
    let wrong = world.submit(&["/b"], Origin::Api).await;
    let wrong = world.ended(wrong.id).await;
    assert_eq!((wrong.state, wrong.attempts), (JobState::Failed, 1));
    let error = wrong.error.unwrap();
    assert_eq!((error.code.as_str(), error.hint.as_deref()), ("path_missing", Some("mend it")));
    let panicked = world.submit(&["/c"], Origin::Api).await;
    assert_eq!(world.ended(panicked.id).await.error.unwrap().code, "internal");

    runner.acts.lock().unwrap().extend((0..4).map(|_| Act::Fail(Code::DiskFull)));
    let full = world.submit(&["/d"], Origin::Api).await;
    let full = world.ended(full.id).await;
    assert_eq!((full.state, full.attempts, full.error.unwrap().code.as_str()), (JobState::Failed, 4, "disk_full"));
}

#[tokio::test]
async fn a_job_that_ran_when_the_process_ended_is_run_again() {
    let world = World::new();
    let cut_short = world.submit(&["/a"], Origin::Api).await;
    let waiting = world.submit(&["/b"], Origin::Api).await;
    // Taken and never ended: as after kill -9.
    assert!(world.queue.claim(&world.shutdown).await.unwrap().is_some());
    let queue = world.reopened();
    let states = queue.jobs(JobFilter::default()).await.unwrap();
    let states: Vec<_> = states.iter().map(|job| (job.id, job.state)).collect();
    assert_eq!(states, [(waiting.id, JobState::Queued), (cut_short.id, JobState::Queued)]);
    let next = queue.claim(&world.shutdown).await.unwrap().unwrap();
    assert_eq!(next.job.id, cut_short.id, "it keeps its place");
}

#[tokio::test]
async fn a_job_that_was_to_stop_when_the_process_ended_is_not_run_again() {
    let world = World::new();
    let job = world.submit(&["/a"], Origin::Api).await;
    world.queue.claim(&world.shutdown).await.unwrap().unwrap();
    world.queue.cancel(job.id).await.unwrap();
    let job = world.reopened().job(job.id).await.unwrap().unwrap();
    assert_eq!(job.state, JobState::Cancelled);
}

#[tokio::test]
async fn a_job_that_ends_the_process_each_time_is_given_up() {
    let world = World::new();
    let job = world.submit(&["/poison.pdf"], Origin::Api).await;
    let mut queue = world.queue.clone();
    while let Some(claimed) = queue.claim(&world.shutdown).await.unwrap() {
        assert!(claimed.job.attempts <= 100, "a crash at every start, for ever");
        queue = world.reopened();
    }
    let job = queue.job(job.id).await.unwrap().unwrap();
    assert_eq!(job.state, JobState::Failed);
    assert!(job.error.unwrap().hint.is_some());
}

#[tokio::test]
async fn shutting_down_stops_the_job_and_puts_it_back() {
    let world = World::new();
    let began = Arc::new(Semaphore::new(0));
    let runner = Fake { began: Some(Arc::clone(&began)), ..Fake::new([Act::WaitForCancel]) };
    let job = world.submit(&["/a"], Origin::Api).await;
    let worker = world.work(&Arc::new(runner));
    began.acquire().await.unwrap().forget();
    world.shutdown.cancel();
    worker.await.unwrap();
    let job = world.queue.job(job.id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempts, job.progress), (JobState::Queued, 0, JobProgress::default()));
}

#[tokio::test]
async fn old_jobs_and_looks_that_found_nothing_are_dropped() {
    let world = World::new();
    world.work(&Arc::new(Fake::default()));
    let mut last = None;
    for n in 0..8 {
        last = Some(world.submit(&[&format!("/{n}")], Origin::Api).await);
        world.ended(last.as_ref().unwrap().id).await;
    }
    let kept = world.queue.jobs(JobFilter::default()).await.unwrap();
    assert_eq!(kept.len(), 5);
    assert_eq!(kept[0].id, last.unwrap().id, "the newest first");
    let two = JobFilter { state: Some(JobState::Done), limit: Some(2) };
    assert_eq!(world.queue.jobs(two).await.unwrap().len(), 2);
    for _ in 0..3 {
        let look = world.submit(&["/watched"], Origin::Watch).await;
        world.ended(look.id).await;
    }
    let looks = world.queue.jobs(JobFilter::default()).await.unwrap();
    assert_eq!(looks.iter().filter(|job| job.origin == Origin::Watch).count(), 1);
}

#[tokio::test]
async fn a_report_of_very_many_problems_is_kept_short_failures_first() {
    let world = World::new();
    let problem = |n: usize| Problem {
        uri: format!("file:///{n}"),
        outcome: if n < 990 { Outcome::Skipped } else { Outcome::Failed },
        code: None,
        reason: "hidden".into(),
        hint: None,
    };
    let report = IngestReport { failed: 10, problems: (0..1_000).map(problem).collect(), ..IngestReport::default() };
    world.work(&Arc::new(Fake::new([Act::Report(report)])));
    let job = world.submit(&["/a"], Origin::Api).await;
    let report = world.ended(job.id).await.report.unwrap();
    assert_eq!((report["problems"].as_array().unwrap().len(), &report["problems_left_out"]), (200, &800.into()));
    assert_eq!(report["problems"][0]["outcome"], "failed");
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_at_once() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let bad = PathBuf::from(std::ffi::OsStr::from_bytes(b"/bad\xff.md"));
    let named = |collection: &str, paths| NewJob {
        collection: collection.into(),
        kind: JobKind::Paths(paths),
        origin: Origin::Api,
    };
    for (job, code) in [
        (named("../etc", vec!["/a".into()]), Code::CollectionName),
        (named("default", vec![]), Code::NothingToIngest),
        (named("default", vec![bad]), Code::NotUtf8),
    ] {
        assert_eq!(world.queue.submit(job).await.unwrap_err().code(), code);
    }
}

#[test]
fn a_file_that_is_no_queue_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("jobs.sqlite");
    fs_err::write(&text, "not a database, and long enough to have a header of one hundred bytes".repeat(3)).unwrap();
    assert_eq!(JobQueue::open(&text).err().unwrap().code(), Code::DataFolderFormat);
    let foreign = folder.path().join("foreign.sqlite");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert_eq!(JobQueue::open(&foreign).err().unwrap().code(), Code::DataFolderFormat);
    let newer = folder.path().join("newer.sqlite");
    drop(JobQueue::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(JobQueue::open(&newer).err().unwrap().code(), Code::DataFolderFormat);
}
