//! What was said of an uploaded file by whoever uploaded it: kept beside the uploads, so that it is there whenever
//! the file is read again.
//!
//! `UPLOADS/COLLECTION/NAME` has its note in `UPLOADS/.notes/COLLECTION/NAME`, as JSON. No collection can have a name
//! that begins with a dot, and discovery passes hidden folders over.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use footnote_core::source::file_of_uri;
use footnote_core::{Error, Metadata, Result};

use super::{UNREADABLE, bounded};

/// Where the notes are, in the folder of uploads.
const NOTES: &str = ".notes";
/// Tells notes apart that are written at the same time: one process has the data folder.
static NEXT: AtomicU64 = AtomicU64::new(0);
/// What parts an archive's name from that of a file in it.
const INSIDE: char = '!';

/// Notes what was said of the file `name` of `collection`. What is `None` stays as it was said before; nothing is kept
/// of a file of which nothing is said. Blocks. The note is on disk when it returns.
///
/// # Errors
/// When it cannot be written.
pub fn write(
    uploads: &Path,
    collection: &str,
    name: &str,
    labels: Option<Vec<String>>,
    tags: Option<Vec<String>>,
) -> Result<()> {
    let path = uploads.join(NOTES).join(collection).join(name);
    let before = read_at(&path, name);
    let said =
        Metadata { labels: labels.unwrap_or(before.labels), tags: tags.unwrap_or(before.tags), ..Metadata::default() };
    let said = bounded(name, said);
    if said.is_empty() {
        return remove(uploads, collection, name);
    }
    let folder = path.parent().unwrap_or(uploads);
    let io = |error| Error::io(&path, error);
    fs_err::create_dir_all(folder).map_err(io)?;
    let json = serde_json::to_vec(&said).map_err(|error| Error::internal(error.to_string()))?;
    // In one step: half a note could open a file that was to be closed. The name is none that an upload can have.
    let half = folder.join(format!(".{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    fs_err::write(&half, json).map_err(io)?;
    fs_err::File::open(&half).and_then(|file| file.sync_all()).map_err(io)?;
    fs_err::rename(&half, &path).map_err(io)?;
    fs_err::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

/// Forgets what was said of a file. Blocks.
///
/// # Errors
/// When the note cannot be removed.
pub fn remove(uploads: &Path, collection: &str, name: &str) -> Result<()> {
    let path = uploads.join(NOTES).join(collection).join(name);
    match fs_err::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(&path, error)),
        _ => Ok(()),
    }
}

/// What was said of the document at `uri`, or of the archive that holds it. A note that cannot be read closes its
/// file to everybody. Blocks.
pub(super) fn read(uploads: &Path, uri: &str) -> Metadata {
    note_of(uploads, uri).map(|path| read_at(&path, uri)).unwrap_or_default()
}

fn read_at(path: &Path, file: &str) -> Metadata {
    let unreadable = |error: &dyn std::fmt::Display| {
        tracing::warn!(file, %error, "what was said of this upload cannot be read: nobody may see it until it can");
        Metadata { labels: vec![UNREADABLE.to_owned()], ..Metadata::default() }
    };
    match fs_err::read(path) {
        Ok(json) => match serde_json::from_slice::<Metadata>(&json) {
            Ok(said) => bounded(file, said),
            Err(error) => unreadable(&error),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Metadata::default(),
        Err(error) => unreadable(&error),
    }
}

fn note_of(uploads: &Path, uri: &str) -> Option<PathBuf> {
    let path = file_of_uri(uri)?;
    let inside = path.strip_prefix(uploads).ok()?;
    let mut parts = inside.iter().map(|part| part.to_str());
    let (collection, name) = (parts.next()??, parts.next()??);
    let name = if parts.next().is_some() { name.strip_suffix(INSIDE)? } else { name };
    Some(uploads.join(NOTES).join(collection).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(word: &str) -> Option<Vec<String>> {
        Some(if word.is_empty() { vec![] } else { vec![word.to_owned()] })
    }

    fn said(label: &str, tag: &str) -> Metadata {
        let (labels, tags) = (words(label).unwrap(), words(tag).unwrap());
        Metadata { labels, tags, ..Metadata::default() }
    }

    #[test]
    fn what_was_said_is_there_again_for_the_file_and_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "default", "pack.zip", words("hr"), words("t")).unwrap();
        let uri = |rest: &str| format!("file://{}/{rest}", root.display());
        for rest in ["default/pack.zip", "default/pack.zip!/sub/a.md"] {
            assert_eq!(read(root, &uri(rest)), said("hr", "t"), "{rest}");
        }
        for rest in ["default/other.zip", "other/pack.zip", "default/pack.zip/x"] {
            assert_eq!(read(root, &uri(rest)), Metadata::default(), "{rest}");
        }
        assert_eq!(read(root, "file:///elsewhere/pack.zip"), Metadata::default());
    }

    #[test]
    fn what_is_not_said_again_stays_and_nothing_takes_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("file://{}/default/a.md", folder.path().display());
        let say = |labels, tags| {
            write(folder.path(), "default", "a.md", labels, tags).unwrap();
            read(folder.path(), &uri)
        };
        assert_eq!(say(words("hr"), None), said("hr", ""));
        assert_eq!(say(None, words("t")), said("hr", "t"));
        assert_eq!(say(None, None), said("hr", "t"));
        assert_eq!(say(words(""), None), said("", "t"));
        assert_eq!(say(None, words("")), Metadata::default());
        remove(folder.path(), "default", "a.md").unwrap();
    }

    #[test]
    fn a_note_that_cannot_be_read_closes_the_file() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "default", "a.md", words("hr"), None).unwrap();
        fs_err::write(folder.path().join(".notes/default/a.md"), "{\"lab").unwrap();
        let uri = format!("file://{}/default/a.md", folder.path().display());
        assert_eq!(read(folder.path(), &uri).labels, [UNREADABLE]);
        write(folder.path(), "default", "a.md", None, words("t")).unwrap();
        assert_eq!(read(folder.path(), &uri), said(UNREADABLE, "t"));
    }
}
