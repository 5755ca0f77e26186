//! Real folders, real notices. Nothing here depends on how long anything takes.

use std::sync::mpsc::{Receiver, channel};

use super::*;

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_secs(60);
const NEVER: Duration = Duration::from_secs(100_000);

/// Followed folders inside a temporary one.
struct World {
    folder: tempfile::TempDir,
    reports: Receiver<Vec<PathBuf>>,
    watcher: Watcher,
    /// All that was reported so far.
    seen: Vec<PathBuf>,
}

impl World {
    /// Writes `files`, then follows `followed`.
    fn new(files: &[&str], followed: &[&str], options: WatchOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            write(&folder.path().join(name), name);
        }
        let paths: Vec<PathBuf> = followed.iter().map(|name| folder.path().join(name)).collect();
        let (sender, reports) = channel();
        let watcher = Watcher::start(&paths, options, move |paths| drop(sender.send(paths))).unwrap();
        Self { folder, reports, watcher, seen: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        fs_err::canonicalize(self.folder.path()).unwrap().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        write(&self.path(name), content);
    }

    /// Waits until exactly this path is reported.
    fn wait_for(&mut self, name: &str) {
        let wanted = self.path(name);
        self.wait_until(|path| *path == wanted, name);
    }

    fn wait_until(&mut self, wanted: impl Fn(&PathBuf) -> bool, what: &str) {
        loop {
            let report = self.reports.recv_timeout(PATIENCE);
            let report = report.unwrap_or_else(|_| panic!("{what} was not reported; only {:?}", self.seen));
            let found = report.iter().any(&wanted);
            self.seen.extend(report);
            if found {
                return;
            }
        }
    }
}

fn write(path: &Path, content: &str) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, content).unwrap();
}

fn options() -> WatchOptions {
    WatchOptions { debounce: Duration::from_millis(40), rescan: NEVER, follow_links: false }
}

#[test]
fn a_file_that_comes_changes_and_goes_is_reported() {
    let mut world = World::new(&["docs/old.md"], &["docs"], options());
    world.write("docs/new.md", "one");
    world.wait_for("docs/new.md");
    world.write("docs/new.md", "two");
    world.wait_for("docs/new.md");
    fs_err::remove_file(world.path("docs/new.md")).unwrap();
    world.wait_for("docs");
    fs_err::rename(world.path("docs/old.md"), world.path("docs/renamed.md")).unwrap();
    // The folder, which covers both names: the old one is missed, the new one is found.
    world.wait_for("docs");
}

#[test]
fn a_file_replaced_by_renaming_is_one_change_of_the_final_path() {
    // Long, so that even a machine that stumbles saves within it: a file gone for longer than that is gone.
    let debounce = Duration::from_secs(2);
    let files = ["docs/a.md", "docs/b.md", "docs/c.md"];
    let mut world = World::new(&files, &["docs"], WatchOptions { debounce, ..options() });
    // As most editors save, as vim does, and as sed -i does.
    world.write("docs/.a.md.swp", "x");
    world.write("docs/a.md.tmp", "new");
    fs_err::rename(world.path("docs/a.md.tmp"), world.path("docs/a.md")).unwrap();
    world.write("docs/4913", "");
    fs_err::remove_file(world.path("docs/4913")).unwrap();
    fs_err::rename(world.path("docs/b.md"), world.path("docs/b.md~")).unwrap();
    world.write("docs/b.md", "new");
    fs_err::remove_file(world.path("docs/b.md~")).unwrap();
    world.write("docs/sedXyZ12", "new");
    fs_err::rename(world.path("docs/sedXyZ12"), world.path("docs/c.md")).unwrap();
    world.write("docs/last.md", "reported no sooner than the others");
    world.wait_for("docs/last.md");
    let mut wanted: Vec<PathBuf> =
        ["a.md", "b.md", "c.md", "last.md"].map(|name| world.path("docs").join(name)).to_vec();
    while !wanted.iter().all(|path| world.seen.contains(path)) {
        world.wait_until(|_| true, "a replaced file");
    }
    wanted.push(world.path("docs/b.md"));
    let others: Vec<_> = world.seen.iter().filter(|path| !wanted.contains(path)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn folders_that_come_are_followed_too() {
    let mut world = World::new(&["docs/a.md", "outside/deep/er/x.md"], &["docs"], options());
    world.write("docs/made/deep/b.md", "b");
    let made = world.path("docs/made");
    world.wait_until(|path| path.starts_with(&made), "the new folder");
    world.write("docs/made/deep/later.md", "c");
    world.wait_for("docs/made/deep/later.md");
    fs_err::rename(world.path("outside/deep"), world.path("docs/moved")).unwrap();
    world.wait_for("docs/moved");
    world.write("docs/moved/er/later.md", "d");
    world.wait_for("docs/moved/er/later.md");
    fs_err::remove_dir_all(world.path("docs/moved")).unwrap();
    world.wait_for("docs");
}

#[test]
fn hidden_folders_and_links_are_not_followed() {
    let mut world = World::new(&["docs/.git/x.md", "outside/y.md"], &["docs"], options());
    fs_err::os::unix::fs::symlink(world.path("outside"), world.path("docs/link")).unwrap();
    world.write("docs/.git/objects/new.md", "x");
    world.write("outside/new.md", "y");
    world.write("docs/last.md", "z");
    world.wait_for("docs/last.md");
    assert_eq!(world.seen, [world.path("docs/last.md")]);
}

#[test]
fn a_single_file_is_followed_through_its_replacement_and_its_neighbours_are_not() {
    let mut world = World::new(&["docs/a.md", "docs/b.md"], &["docs/a.md"], options());
    world.write("docs/b.md", "not followed");
    world.write("docs/a.new", "new");
    fs_err::rename(world.path("docs/a.new"), world.path("docs/a.md")).unwrap();
    world.wait_for("docs/a.md");
    world.write("docs/a.md", "again");
    world.wait_for("docs/a.md");
    assert!(world.seen.iter().all(|path| path.ends_with("a.md")), "{:?}", world.seen);
}

#[test]
fn the_folders_are_looked_through_from_time_to_time() {
    let mut world = World::new(
        &["a/x.md", "b/y.md"],
        &["a", "b", "a/x.md"],
        WatchOptions { rescan: Duration::from_millis(50), ..options() },
    );
    for _ in 0..2 {
        world.wait_for("a");
    }
    world.wait_for("b");
    assert!(!world.seen.contains(&world.path("a/x.md")), "it is in a followed folder already");
}

#[test]
fn a_followed_folder_that_goes_is_no_deletion_and_is_followed_again_when_it_is_back() {
    let mut world = World::new(&["docs/a.md", "docs/sub/b.md", "other/c.md"], &["docs", "other"], options());
    fs_err::rename(world.path("docs"), world.path("away")).unwrap();
    // The system's notices go on under the old name.
    fs_err::remove_file(world.path("away/a.md")).unwrap();
    world.write("away/sub/late.md", "late");
    world.write("other/d.md", "a change that is reported no sooner");
    let other = world.path("other");
    world.wait_until(|path| path.starts_with(&other), "the other folder");
    assert!(world.seen.iter().all(|path| path.starts_with(&other)), "{:?}", world.seen);

    world.write("docs/new.md", "another folder of the same name");
    world.wait_for("docs");
    world.write("docs/e.md", "e");
    world.wait_for("docs/e.md");
}

#[test]
fn a_folder_that_is_not_there_yet_is_waited_for() {
    let mut world = World::new(&["docs/a.md"], &["docs", "inbox"], options());
    world.write("inbox/a.md", "a");
    world.wait_for("inbox");
    world.write("inbox/b.md", "b");
    world.wait_for("inbox/b.md");
}

#[test]
fn lost_notices_are_made_up_for_by_a_look_through_the_folders() {
    let mut world = World::new(&["docs/a.md"], &["docs"], options());
    let lost = notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
    world.watcher.messages.send(Message::Notice(Ok(lost))).unwrap();
    world.wait_for("docs");
}

#[test]
fn without_notices_the_regular_look_remains() {
    let rescan = Duration::from_millis(50);
    let mut world = World::new(&["docs/a.md"], &["docs"], WatchOptions { rescan, ..options() });
    let none_left = notify::Error::new(ErrorKind::MaxFilesWatch);
    world.watcher.messages.send(Message::Notice(Err(none_left))).unwrap();
    for _ in 0..3 {
        world.wait_for("docs");
    }
    world.seen.clear();
    world.write("docs/b.md", "b");
    world.wait_for("docs");
    assert!(!world.seen.contains(&world.path("docs/b.md")), "a notice came all the same");
}
