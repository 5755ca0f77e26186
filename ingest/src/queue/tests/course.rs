//! The usual course of jobs: in order, merged, cancelled, listened to, kept.

use footnote_core::DocumentId;

use super::*;
use crate::report::Problem;

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
