//! Which files are there: paths in, regular files out, and a reason for all that was passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use footnote_core::{Code, Error, Result, Source};
use walkdir::{DirEntry, WalkDir};

/// A regular file that may be ingested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundFile {
    /// Absolute, without symbolic links in the path that was asked for.
    pub(crate) path: PathBuf,
    /// Its size.
    pub(crate) bytes: u64,
    /// When it was last changed, in Unix milliseconds.
    pub(crate) modified_ms: Option<i64>,
}

impl FoundFile {
    /// The file at `path` as it is now.
    pub(crate) fn new(path: PathBuf, metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified_ms = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        Self { path, bytes: metadata.len(), modified_ms }
    }
}

/// Something that was met and will not be read.
#[derive(Debug)]
pub(crate) struct PassedOver {
    /// Its uri.
    pub(crate) uri: String,
    /// Whether it should have been readable: an error, not a choice.
    pub(crate) failed: bool,
    /// Why.
    pub(crate) reason: String,
    /// The way out.
    pub(crate) hint: Option<&'static str>,
}

/// What [`discover`] found.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    /// Files by path, each once.
    pub(crate) files: Vec<FoundFile>,
    /// What was passed over, and why.
    pub(crate) passed_over: Vec<PassedOver>,
    /// Uri prefixes of the folders that were seen whole: a document below one of them whose file was not
    /// found is gone.
    pub(crate) folders: Vec<String>,
    /// Uri prefixes below which something could not be read: nothing there counts as gone.
    pub(crate) unseen: Vec<String>,
}

impl Discovered {
    /// Whether a document of this uri belongs to what was looked through.
    pub(crate) fn covers(&self, uri: &str) -> bool {
        let below = |prefix: &String| uri.starts_with(prefix.as_str());
        self.folders.iter().any(below) && !self.unseen.iter().any(below)
    }
}

/// Looks for files at `paths`: files themselves, folders with all that is below them.
///
/// # Errors
/// [`Code::PathMissing`] when a path does not exist, [`Code::NothingToIngest`] when all of them together
/// hold no file.
pub(crate) fn discover(paths: &[PathBuf], follow_links: bool) -> Result<Discovered> {
    let mut roots = BTreeSet::new();
    for path in paths {
        roots.insert(fs_err::canonicalize(path).map_err(|error| Error::io(path, error))?);
    }
    let mut found = Discovered::default();
    let mut files = BTreeMap::new();
    for root in &roots {
        let metadata = fs_err::metadata(root).map_err(|error| Error::io(root, error))?;
        if metadata.is_dir() {
            walk(root, follow_links, &mut found, &mut files);
        } else {
            take(root, &metadata, &mut found, &mut files);
        }
    }
    found.files = files.into_values().collect();
    if found.files.is_empty() && !found.passed_over.iter().any(|passed| passed.failed) {
        return Err(nothing(paths));
    }
    Ok(found)
}

fn nothing(paths: &[PathBuf]) -> Error {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let places = if names.is_empty() { "no path was given".to_owned() } else { names.join(", ") };
    Error::new(Code::NothingToIngest, format!("{places}: no file to ingest")).hint(
        "put Markdown, text, HTML or PDF files there; hidden files and symbolic links inside are passed over. \
         Nothing was removed; to remove documents use `footnote documents delete`",
    )
}

fn walk(root: &Path, follow_links: bool, found: &mut Discovered, files: &mut BTreeMap<PathBuf, FoundFile>) {
    let before = files.len();
    let mut entries = WalkDir::new(root).follow_links(follow_links).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        match entry {
            Err(error) => unreadable(&error, root, found),
            Ok(entry) if entry.depth() > 0 && is_hidden(&entry) => {
                if entry.file_type().is_dir() {
                    entries.skip_current_dir();
                }
                pass_over(entry.path(), "hidden: its name begins with a dot", None, found);
            }
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if entry.path_is_symlink() && !follow_links => {
                pass_over(
                    entry.path(),
                    "a symbolic link",
                    Some("set ingest.follow_links = true to follow links"),
                    found,
                );
            }
            Ok(entry) => match fs_err::metadata(entry.path()) {
                Ok(metadata) => take(entry.path(), &metadata, found, files),
                Err(error) => failed(entry.path(), &Error::io(entry.path(), error), found),
            },
        }
    }
    // A folder without a file is more likely an unmounted disk than a wish to forget its documents.
    if files.len() > before {
        found.folders.push(below(root));
    }
}

fn take(path: &Path, metadata: &Metadata, found: &mut Discovered, files: &mut BTreeMap<PathBuf, FoundFile>) {
    if !metadata.is_file() {
        pass_over(path, "not a regular file (a pipe, socket or device)", None, found);
    } else if path.to_str().is_none() {
        let hint = "rename it: a citation could not lead back to it";
        pass_over(path, "its name is not valid UTF-8", Some(hint), found);
    } else {
        files.insert(path.to_owned(), FoundFile::new(path.to_owned(), metadata));
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn pass_over(path: &Path, reason: &str, hint: Option<&'static str>, found: &mut Discovered) {
    let uri = Source::File(path.to_owned()).uri();
    found.passed_over.push(PassedOver { uri, failed: false, reason: reason.to_owned(), hint });
}

fn failed(path: &Path, error: &Error, found: &mut Discovered) {
    let hint = (error.code() == Code::PermissionDenied).then_some("give the user that runs footnote access to it");
    let uri = Source::File(path.to_owned()).uri();
    found.unseen.push(uri.clone());
    found.passed_over.push(PassedOver { uri, failed: true, reason: error.message().to_owned(), hint });
}

fn unreadable(error: &walkdir::Error, root: &Path, found: &mut Discovered) {
    let path = error.path().unwrap_or(root);
    if error.loop_ancestor().is_some() {
        pass_over(path, "a symbolic link to a folder around it", None, found);
        return;
    }
    let kind = error.io_error().map_or(std::io::ErrorKind::Other, std::io::Error::kind);
    failed(path, &Error::io(path, kind.into()), found);
}

/// The uri prefix of everything below `folder`.
fn below(folder: &Path) -> String {
    let uri = Source::File(folder.to_owned()).uri();
    if uri.ends_with('/') { uri } else { format!("{uri}/") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    fn names(found: &Discovered) -> Vec<String> {
        found.files.iter().map(|file| file.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn folders_are_searched_in_order_and_each_file_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.md", "a.md", "sub/c.md"] {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, name).unwrap();
        }
        let twice = [folder.path().to_owned(), folder.path().join("sub"), folder.path().join("a.md")];
        let found = discover(&twice, false).unwrap();
        assert_eq!(names(&found), ["a.md", "b.md", "c.md"]);
        assert_eq!(found.files[0].bytes, 4);
        assert!(found.files[0].modified_ms.is_some());
        let root = fs_err::canonicalize(folder.path()).unwrap();
        assert!(found.covers(&format!("file://{}/old.md", root.display())));
        assert!(!found.covers(&format!("file://{}x/old.md", root.display())));
    }

    #[test]
    fn hidden_files_links_and_pipes_are_passed_over_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join(".git")).unwrap();
        fs_err::write(folder.path().join(".git/x.md"), "x").unwrap();
        fs_err::write(folder.path().join("a.md"), "a").unwrap();
        fs_err::os::unix::fs::symlink(folder.path().join("a.md"), folder.path().join("link.md")).unwrap();
        let pipe = folder.path().join("pipe.md");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        fs_err::write(folder.path().join(std::ffi::OsStr::from_bytes(b"bad\xff.md")), "x").unwrap();

        let found = discover(&[folder.path().to_owned()], false).unwrap();
        assert_eq!(names(&found), ["a.md"]);
        let reasons: Vec<&str> = found.passed_over.iter().map(|passed| passed.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "hidden: its name begins with a dot",
                "its name is not valid UTF-8",
                "a symbolic link",
                "not a regular file (a pipe, socket or device)",
            ]
        );
        assert_eq!(names(&discover(&[folder.path().to_owned()], true).unwrap()), ["a.md", "link.md"]);
    }

    #[test]
    fn a_missing_path_and_an_empty_folder_stop_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let missing = discover(&[folder.path().join("nope")], false).unwrap_err();
        assert_eq!(missing.code(), Code::PathMissing);
        let empty = discover(&[folder.path().to_owned()], false).unwrap_err();
        assert_eq!(empty.code(), Code::NothingToIngest);
        assert!(empty.hint_text().is_some());
    }

    #[test]
    fn an_empty_folder_beside_a_full_one_forgets_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (full, empty) = (folder.path().join("full"), folder.path().join("empty"));
        fs_err::create_dir(&full).unwrap();
        fs_err::create_dir(&empty).unwrap();
        fs_err::write(full.join("a.md"), "a").unwrap();
        let found = discover(&[full, empty.clone()], false).unwrap();
        let empty = fs_err::canonicalize(empty).unwrap();
        assert!(!found.covers(&format!("file://{}/a.md", empty.display())));
    }
}
