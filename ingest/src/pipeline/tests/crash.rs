//! Runs that are cut short: by a full disk, a crash at any step, a request.

use super::*;

#[tokio::test]
async fn model_a_full_disk_stops_the_run_and_the_stores_still_agree() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.ingest().await.unwrap();
    world.write("a.md", guide("other"));
    world.die_while_writing("").await;
    let report = world.ingest().await.unwrap();
    assert_eq!(report.recovered, 1);
    assert!(world.verify().await.is_clean());
}

/// Version one of a folder, then version two: one file the same, one changed, one gone, one broken, one new.
async fn changed_world() -> World {
    let world = World::new();
    for name in ["same.md", "changed.md", "gone.md", "breaks.txt"] {
        world.write(name, format!("# {name}\n\n{}\n\n## More\n\n{}", paragraph(name), paragraph("more")));
    }
    world.ingest().await.unwrap();
    world.write("changed.md", format!("# changed.md\n\n{}\n\n## More\n\n{}", paragraph("new"), paragraph("more")));
    fs_err::remove_file(world.path("gone.md")).unwrap();
    world.write("breaks.txt", b"caf\xc3\xa9 and caf\xc3\xa9 b\xff");
    world.write("new.md", paragraph("a new one"));
    world
}

#[tokio::test]
async fn model_a_crash_at_any_step_is_mended_by_the_next_run() {
    let whole = changed_world().await;
    whole.ingest().await.unwrap();
    let (bodies, statuses) = (whole.bodies(), whole.statuses().await);
    assert!(whole.verify().await.is_clean());
    assert_eq!(statuses[0], ("breaks.txt".to_owned(), DocumentStatus::Failed));

    let mut steps = 0;
    loop {
        let world = changed_world().await;
        world.fuse.cut_after(steps);
        let crashed = world.ingest().await.is_err();
        world.fuse.mend();
        world.keyword.lose_pending();
        world.ingest().await.unwrap();
        let report = world.verify().await;
        assert!(report.is_clean(), "after {steps} steps: {report:?}");
        assert_eq!(world.bodies(), bodies, "after {steps} steps");
        assert_eq!(world.statuses().await, statuses, "after {steps} steps");
        if !crashed {
            break;
        }
        steps += 1;
    }
    assert!(steps > 8, "the run has more steps than {steps}");
}

#[tokio::test]
async fn model_a_document_cut_short_is_finished_by_a_run_over_another_folder() {
    let world = World::new();
    world.write("one/a.md", guide("two"));
    world.write("two/b.md", "# B\n\nwords");
    world.die_while_writing("one").await;
    // What it had begun needs no file any more.
    fs_err::remove_file(world.path("one/a.md")).unwrap();
    let report = world.ingestor().ingest_paths(&[world.path("two")], &(), &CancellationToken::new()).await.unwrap();
    assert_eq!((report.recovered, report.added), (1, 1));
    assert_eq!(world.statuses().await.len(), 2);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn model_a_cancelled_run_keeps_what_it_wrote() {
    let world = World::new();
    for number in 0..600 {
        world.write(&format!("{number}.txt"), format!("document number {number}"));
    }
    let token = CancellationToken::new();
    /// Cancels when the first documents are written.
    struct Cancels<'a>(&'a CancellationToken);
    impl Progress for Cancels<'_> {
        fn event(&self, event: Event<'_>) {
            if matches!(event, Event::Document { .. }) {
                self.0.cancel();
            }
        }
    }
    let error = world.ingestor().ingest_paths(&[world.path("")], &Cancels(&token), &token).await.unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
    assert!(world.verify().await.is_clean());
    let written = world.bodies().len();
    assert!((1..600).contains(&written), "{written}");
    let report = world.ingest().await.unwrap();
    assert_eq!(report.added, 600 - written);
    assert_eq!(world.bodies().len(), 600);
}

#[tokio::test]
async fn model_a_file_that_changes_after_a_crash_leaves_no_orphan() {
    let world = World::new();
    world.write("a.md", guide("two"));
    world.die_while_writing("").await;
    world.write("a.md", guide("something else"));
    world.ingest().await.unwrap();
    let report = world.verify().await;
    assert!(report.is_clean(), "{report:?}");
    assert!(!world.bodies().iter().any(|body| body.contains("about two")));
}
