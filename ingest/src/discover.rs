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
    /// Uris of what could not be looked at: neither they nor what is below them counts as gone.
    pub(crate) unseen: Vec<String>,
}

impl Discovered {
    /// Whether a document of this uri belongs to what was looked through.
    pub(crate) fn covers(&self, uri: &str) -> bool {
        let unseen = |place: &String| {
            // Below a folder, or in an archive.
            uri.strip_prefix(place.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with("!/"))
        };
        self.folders.iter().any(|folder| uri.starts_with(folder.as_str())) && !self.unseen.iter().any(unseen)
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
                Err(error) => unlooked(entry.path(), error, entry.depth() == 0, found),
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

/// The uri of what lies at `path`. Bytes that are no UTF-8 are written as `\xff`: names that differ only in them
/// would have one row between them.
fn uri_of(path: &Path) -> String {
    if path.to_str().is_some() {
        return Source::File(path.to_owned()).uri();
    }
    let mut shown = String::new();
    for part in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        shown.push_str(part.valid());
        shown.extend(part.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    Source::File(shown.into()).uri()
}

fn pass_over(path: &Path, reason: &str, hint: Option<&'static str>, found: &mut Discovered) {
    let uri = uri_of(path);
    found.passed_over.push(PassedOver { uri, failed: false, reason: reason.to_owned(), hint });
}

fn failed(path: &Path, error: &Error, found: &mut Discovered) {
    let hint = (error.code() == Code::PermissionDenied).then_some("give the user that runs footnote access to it");
    let uri = uri_of(path);
    found.unseen.push(uri.clone());
    // The uri names the file already.
    let message = error.message();
    let reason = message.strip_prefix(&format!("{}: ", path.display())).unwrap_or(message).to_owned();
    found.passed_over.push(PassedOver { uri, failed: true, reason, hint });
}

fn unreadable(error: &walkdir::Error, root: &Path, found: &mut Discovered) {
    let path = error.path().unwrap_or(root);
    if error.loop_ancestor().is_some() {
        pass_over(path, "a symbolic link to a folder around it", None, found);
        return;
    }
    let Some(cause) = error.io_error() else {
        failed(path, &Error::new(Code::Io, format!("{}: {error}", path.display())), found);
        return;
    };
    // Its number, where the system gave one, is worth more than its kind: most kinds have no name.
    let cause = cause.raw_os_error().map_or_else(|| cause.kind().into(), std::io::Error::from_raw_os_error);
    unlooked(path, cause, error.depth() == 0, found);
}

/// What is known of an entry that cannot be looked at.
fn unlooked(path: &Path, cause: std::io::Error, is_root: bool, found: &mut Discovered) {
    let is_link = fs_err::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    match cause.kind() {
        // Missing, or the link itself by a detour.
        kind if is_link && kind != std::io::ErrorKind::PermissionDenied => {
            pass_over(path, "a symbolic link that leads nowhere", None, found);
        }
        // It vanished since its folder was listed: as if it had never been there. A folder that was asked for is
        // another matter: its disk may be gone.
        std::io::ErrorKind::NotFound if !is_root => {
            tracing::debug!(path = %path.display(), "vanished while it was looked for");
        }
        _ => failed(path, &Error::io(path, cause), found),
    }
}

/// The uri prefix of everything below `folder`.
fn below(folder: &Path) -> String {
    let uri = Source::File(folder.to_owned()).uri();
    if uri.ends_with('/') { uri } else { format!("{uri}/") }
}

#[cfg(test)]
mod tests;
