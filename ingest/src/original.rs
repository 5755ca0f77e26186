//! The bytes that a document was made from.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use footnote_core::source::file_of_uri;
use footnote_core::{Code, Error, Result};

use crate::archive::{self, ArchiveLimits};
use crate::hash::sha256_hex;
use crate::media_type::{HEAD_BYTES, sniff};

/// What parts an archive's path from that of a file in it.
const INSIDE: &str = "!/";

/// The bytes behind `uri`, which hashed to `content_hash` when they were ingested: a file's, or those of a file in an
/// archive. `None` where the uri names no file. Blocks.
///
/// # Errors
/// [`Code::SourceChanged`] where the file is gone or holds something else by now; what reading gives.
pub fn original(uri: &str, content_hash: &str, limits: &ArchiveLimits) -> Result<Option<Vec<u8>>> {
    let Some(path) = file_of_uri(uri) else { return Ok(None) };
    let bytes = match fs_err::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound || is_inside(&path) => match split(uri) {
            Some((archive, member)) => member_of(&archive, &member, limits)?,
            None => return Err(changed(&path, "is gone")),
        },
        Err(error) => return Err(Error::io(&path, error)),
    };
    if sha256_hex(&bytes) != content_hash {
        return Err(changed(&path, "has changed since it was ingested"));
    }
    Ok(Some(bytes))
}

/// A file in a file is "not a directory" to the system.
fn is_inside(path: &Path) -> bool {
    path.to_string_lossy().contains(INSIDE)
}

/// The archive that lies on disk, and the path in it.
fn split(uri: &str) -> Option<(PathBuf, String)> {
    let text = uri.strip_prefix("file://")?;
    text.match_indices(INSIDE).find_map(|(at, _)| {
        let archive = PathBuf::from(&text[..at]);
        archive.is_file().then(|| (archive, text[at + INSIDE.len()..].to_owned()))
    })
}

fn member_of(archive: &Path, wanted: &str, limits: &ArchiveLimits) -> Result<Vec<u8>> {
    let bytes = fs_err::read(archive).map_err(|error| Error::io(archive, error))?;
    let kind = sniff(archive, &bytes[..bytes.len().min(HEAD_BYTES)])?;
    let mut found = None;
    if kind.is_container() {
        archive::walk(&archive.display().to_string(), kind, bytes, limits, &mut |member| {
            if member.path != wanted {
                return ControlFlow::Continue(());
            }
            found = Some(member.content);
            ControlFlow::Break(())
        })?;
    }
    found.unwrap_or_else(|| Err(changed(&archive.join(wanted), "is no longer in its archive")))
}

fn changed(path: &Path, how: &str) -> Error {
    Error::new(Code::SourceChanged, format!("{} {how}", path.display()))
        .hint("/documents/{id}/text still has the text that was ingested; footnote ingest brings it up to date")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIMITS: ArchiveLimits = ArchiveLimits { max_files: 9, max_bytes: 1 << 20, max_file_bytes: 1 << 20 };

    #[test]
    fn files_in_archives_are_read_back_and_changed_ones_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(fs_err::File::create(&path).unwrap());
        zip.start_file("sub/b.txt", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"words").unwrap();
        zip.finish().unwrap();
        let uri = format!("file://{}!/sub/b.txt", path.display());
        let hash = sha256_hex(b"words");
        assert_eq!(original(&uri, &hash, &LIMITS).unwrap(), Some(b"words".to_vec()));
        for (uri, hash) in [(uri.as_str(), "other"), (&format!("file://{}!/no.txt", path.display()), &hash)] {
            assert_eq!(original(uri, hash, &LIMITS).unwrap_err().code(), Code::SourceChanged);
        }
        assert_eq!(original("set:1", "h", &LIMITS).unwrap(), None);
    }
}
