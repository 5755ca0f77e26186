//! The followed folders, and the system's notices of them.

use std::path::{Path, PathBuf};

use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use walkdir::WalkDir;

use super::place::{identity, is_hidden, outermost};

/// On Linux every folder needs a notice of its own. Asking for them one by one leaves hidden folders out (a
/// `.git` has thousands) and lets one that may not be read stand for itself only.
const FOLDER_BY_FOLDER: bool = cfg!(target_os = "linux");

/// What hears the notices.
type Listener = Box<dyn Fn(notify::Result<notify::Event>) + Send + Sync>;

/// A followed folder or file.
pub(super) struct Root {
    /// As it was asked for, absolute.
    asked: PathBuf,
    /// Without symbolic links, as long as it is there.
    pub(super) path: PathBuf,
    /// Whether it is a folder.
    pub(super) folder: bool,
    /// Which folder is followed, or the one that the file is in; `None` while it is not there.
    pub(super) identity: Option<(u64, u64)>,
}

impl Root {
    /// The folder that notices are of.
    pub(super) fn inside(&self) -> &Path {
        // Editors replace a file by another one: a notice of the file alone would stay with the old one.
        if self.folder { &self.path } else { self.path.parent().unwrap_or(&self.path) }
    }

    fn now(&self) -> Option<(u64, u64)> {
        fs_err::metadata(&self.asked).ok()?;
        identity(self.inside())
    }

    /// Resolves it anew.
    fn settle(&mut self) {
        self.path = fs_err::canonicalize(&self.asked).unwrap_or_else(|_| self.asked.clone());
        if let Ok(metadata) = fs_err::metadata(&self.path) {
            self.folder = metadata.is_dir();
        }
        self.identity = self.now();
    }
}

/// All of them.
pub(super) struct Roots {
    roots: Vec<Root>,
    follow_links: bool,
    listener: std::sync::Arc<Listener>,
    notices: Option<RecommendedWatcher>,
    gave_up: bool,
}

impl Roots {
    pub(super) fn new(
        paths: &[PathBuf],
        follow_links: bool,
        listener: impl Fn(notify::Result<notify::Event>) + Send + Sync + 'static,
    ) -> Self {
        let real = |path: &PathBuf| {
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            fs_err::canonicalize(&absolute).unwrap_or(absolute)
        };
        let root = |path: PathBuf| Root { asked: path.clone(), path, folder: true, identity: None };
        let listener: Listener = Box::new(listener);
        let mut roots = Self {
            roots: outermost(paths.iter().map(real).collect()).into_iter().map(root).collect(),
            follow_links,
            listener: std::sync::Arc::new(listener),
            notices: None,
            gave_up: false,
        };
        roots.begin();
        for root in roots.roots.iter().filter(|root| root.identity.is_none()) {
            tracing::warn!("{}: not there; it is followed as soon as it is", root.path.display());
        }
        roots
    }

    /// The followed folder that `path` is in, or the followed file that it is.
    pub(super) fn of(&self, path: &Path) -> Option<&Root> {
        self.roots.iter().find(|root| if root.folder { path.starts_with(&root.path) } else { path == root.path })
    }

    /// Those that are there.
    pub(super) fn present(&self) -> Vec<PathBuf> {
        self.roots.iter().filter(|root| root.identity.is_some()).map(|root| root.path.clone()).collect()
    }

    /// Looks whether each is still there and still the same. Where one is not, all are followed anew, and those
    /// that are there are given: something may have happened to them meanwhile.
    pub(super) fn check(&mut self) -> Vec<PathBuf> {
        if self.roots.iter().all(|root| root.now() == root.identity) {
            return Vec::new();
        }
        for root in self.roots.iter().filter(|root| root.identity.is_some() && root.now().is_none()) {
            tracing::warn!(
                "{}: a followed folder is gone; its documents are kept, and it is followed again when it is back",
                root.path.display()
            );
        }
        self.begin();
        self.present()
    }

    /// Asks for notices of all that is there. Old ones go: those of a folder that was moved away would speak of
    /// it by the name of the one that took its place.
    fn begin(&mut self) {
        self.notices = None;
        self.roots.iter_mut().for_each(Root::settle);
        if self.gave_up {
            return;
        }
        let listener = std::sync::Arc::clone(&self.listener);
        let config = Config::default().with_follow_symlinks(self.follow_links);
        match RecommendedWatcher::new(move |notice| listener(notice), config) {
            Ok(notices) => self.notices = Some(notices),
            Err(error) => return self.give_up(&error),
        }
        let there: Vec<(PathBuf, bool)> = self
            .roots
            .iter()
            .filter(|root| root.identity.is_some())
            .map(|root| (root.inside().to_owned(), root.folder))
            .collect();
        for (path, with_all_below) in there {
            if with_all_below {
                self.follow(&path);
            } else {
                self.ask(&path, RecursiveMode::NonRecursive);
            }
        }
    }

    /// Follows a folder that came to exist inside a followed one.
    pub(super) fn follow_new(&mut self, path: &Path) {
        let is_folder = |metadata: std::fs::Metadata| metadata.is_dir();
        let there = if self.follow_links { fs_err::metadata(path) } else { fs_err::symlink_metadata(path) };
        if FOLDER_BY_FOLDER && there.is_ok_and(is_folder) && self.of(path).is_some_and(|root| root.folder) {
            self.follow(path);
        }
    }

    fn follow(&mut self, folder: &Path) {
        if !FOLDER_BY_FOLDER {
            self.ask(folder, RecursiveMode::Recursive);
            return;
        }
        // A folder is asked for before it is read: what comes to exist in between is noticed.
        let entries = WalkDir::new(folder).follow_links(self.follow_links).into_iter();
        for entry in entries.filter_entry(|entry| !is_hidden(entry)).flatten() {
            if entry.file_type().is_dir() && !self.ask(entry.path(), RecursiveMode::NonRecursive) {
                return;
            }
        }
    }

    /// Asks for notices of one folder. Gives whether to go on asking.
    fn ask(&mut self, folder: &Path, mode: RecursiveMode) -> bool {
        let Some(notices) = &mut self.notices else { return false };
        match notices.watch(folder, mode) {
            Ok(()) => true,
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                self.give_up(&error);
                false
            }
            // Ingestion says so of a folder that cannot be read; one that is gone is none.
            Err(error) => {
                tracing::debug!(%error, "{}: not followed", folder.display());
                true
            }
        }
    }

    /// Goes without notices: half of a folder followed at once and the other half minutes later would only puzzle.
    pub(super) fn give_up(&mut self, error: &notify::Error) {
        self.notices = None;
        if !std::mem::replace(&mut self.gave_up, true) {
            tracing::warn!(
                %error,
                "the system gives no more notices of changes: the followed folders are looked through every \
                 ingest.rescan_seconds only; to follow them at once raise fs.inotify.max_user_watches and \
                 fs.inotify.max_user_instances (sysctl) and start again"
            );
        }
    }
}
