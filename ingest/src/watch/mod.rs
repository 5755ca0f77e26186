//! Folders followed as they change.
//!
//! The system's notices (inotify and its like) say where something happened; [`debounce`] waits until it is over;
//! [`place`] says what to look at. Notices can be lost, so the folders are looked through again from time to time.

mod debounce;
mod place;
mod roots;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use footnote_core::{Error, Result};
use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{ErrorKind, EventKind};

use self::debounce::Debounce;
use self::place::{is_passed_over, outermost, place};
use self::roots::Roots;

/// Notices that are heard before it is looked at what is due.
const HEARD_AT_ONCE: usize = 10_000;

/// How folders are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchOptions {
    /// A changed file is reported when nothing happened to it for so long; after ten times that in any case.
    pub debounce: Duration,
    /// The folders are reported whole this often, should a notice have been lost.
    pub rescan: Duration,
    /// Whether symbolic links inside a folder are followed.
    pub follow_links: bool,
}

/// Follows folders until it is dropped.
pub struct Watcher {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is told.
enum Message {
    Notice(notify::Result<notify::Event>),
    Stop,
}

impl Watcher {
    /// Follows `paths`, folders with all that is below them, or single files. What happens from now on is reported
    /// to `on_change`, on a thread of its own: paths of files and folders to ingest. For what was deleted or
    /// renamed away that is the nearest folder around it: ingesting it removes what is gone.
    ///
    /// A folder that is not there, or goes, is no deletion of its documents: nothing is reported until it is back,
    /// and then the folder itself. Where the system's notices run out, the regular look through remains.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        paths: &[PathBuf],
        options: WatchOptions,
        on_change: impl Fn(Vec<PathBuf>) + Send + 'static,
    ) -> Result<Self> {
        let (messages, heard) = channel();
        let notices = messages.clone();
        let roots = Roots::new(paths, options.follow_links, move |notice| {
            // Where nobody hears it, following is over.
            let _ = notices.send(Message::Notice(notice));
        });
        let now = Instant::now();
        let work = Work {
            roots,
            heard,
            debounce: Debounce::new(options.debounce),
            check_at: now + options.check_every(),
            rescan_at: now + options.rescan,
            options,
            on_change: Box::new(on_change),
        };
        let thread = std::thread::Builder::new().name("footnote-watch".to_owned()).spawn(move || work.run());
        let thread = thread.map_err(|error| Error::io(Path::new("a thread to follow folders"), error))?;
        Ok(Self { messages, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl WatchOptions {
    /// How often it is asked whether the followed folders are still there, and still the same.
    fn check_every(&self) -> Duration {
        (self.debounce * 10).min(self.rescan).max(Duration::from_millis(50))
    }
}

/// The thread's state.
struct Work {
    roots: Roots,
    heard: Receiver<Message>,
    debounce: Debounce,
    options: WatchOptions,
    check_at: Instant,
    rescan_at: Instant,
    on_change: Box<dyn Fn(Vec<PathBuf>) + Send>,
}

impl Work {
    fn run(mut self) {
        loop {
            let next = self.rescan_at.min(self.check_at);
            let next = self.debounce.next().map_or(next, |due| due.min(next));
            match self.heard.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Message::Notice(notice)) => self.hear(notice),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            for _ in 0..HEARD_AT_ONCE {
                match self.heard.try_recv() {
                    Ok(Message::Notice(notice)) => self.hear(notice),
                    Ok(Message::Stop) => return,
                    Err(_) => break,
                }
            }
            let changed = outermost(self.changed(Instant::now()));
            if !changed.is_empty() {
                (self.on_change)(changed);
            }
        }
    }

    fn hear(&mut self, notice: notify::Result<notify::Event>) {
        let now = Instant::now();
        let event = match notice {
            Ok(event) => event,
            Err(error) => {
                if matches!(error.kind, ErrorKind::MaxFilesWatch) {
                    self.roots.give_up(&error);
                }
                tracing::debug!(%error, "a notice of a followed folder was lost");
                return self.rescan_soon(now);
            }
        };
        if event.need_rescan() {
            tracing::debug!("too many notices at once: looking through the followed folders");
            return self.rescan_soon(now);
        }
        // Reading a file is no change to it, and footnote reads what it ingests.
        if matches!(event.kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write)) {
            return;
        }
        let born = matches!(event.kind, EventKind::Create(_));
        let came = born || matches!(event.kind, EventKind::Modify(ModifyKind::Name(how)) if how != RenameMode::From);
        for path in event.paths {
            self.note(path, born, came, now);
        }
    }

    fn note(&mut self, path: PathBuf, born: bool, came: bool, now: Instant) {
        let Some(root) = self.roots.of(&path) else { return };
        if root.folder && path == root.path {
            // Of the followed folder itself only one thing matters: whether it is still there.
            self.check_at = now;
        } else if !is_passed_over(&path, root.inside()) {
            if came {
                self.roots.follow_new(&path);
            }
            self.debounce.note(path, born, now);
        }
    }

    fn rescan_soon(&mut self, now: Instant) {
        self.rescan_at = self.rescan_at.min(now + self.options.debounce);
    }

    /// What is to be reported now.
    fn changed(&mut self, now: Instant) -> Vec<PathBuf> {
        let due = self.debounce.due(now);
        let mut changed = Vec::new();
        // Before anything counts as deleted: a folder that went whole took its files along.
        if now >= self.check_at || !due.is_empty() {
            self.check_at = now + self.options.check_every();
            changed.extend(self.roots.check());
        }
        if now >= self.rescan_at {
            self.rescan_at = now + self.options.rescan;
            changed.extend(self.roots.present());
        }
        for (path, born) in due {
            let Some(root) = self.roots.of(&path).filter(|root| root.identity.is_some()) else { continue };
            if root.folder {
                changed.extend(place(&path, &root.path, born, self.options.follow_links));
            } else if path.is_file() {
                changed.push(path);
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests;
