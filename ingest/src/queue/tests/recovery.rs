//! Failures, crashes and stops.

use super::*;

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
async fn a_job_waits_for_a_store_however_long_it_is_away() {
    let world = World::new();
    let away = || (0..20).map(|_| Act::Fail(Code::StoreUnavailable));
    let runner = Arc::new(Fake::new(away()));
    world.work(&runner);
    let job = world.submit(&["/a"], Origin::Upload).await;
    let job = world.ended(job.id).await;
    assert_eq!((job.state, job.attempts), (JobState::Done, 21));
    // What is not the store's fault then counts as before.
    runner.acts.lock().unwrap().extend(away().chain([Act::Fail(Code::PathMissing)]));
    let job = world.submit(&["/b"], Origin::Api).await;
    assert_eq!(world.ended(job.id).await.error.unwrap().code, "path_missing");
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
