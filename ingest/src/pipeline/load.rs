//! The bytes of a file as they were at one moment.

use std::io::Read;
use std::path::Path;

use footnote_core::{Code, Error};

use super::prepare::Stop;
use crate::discover::FoundFile;
use crate::media_type::{HEAD_BYTES, MediaType, sniff};

/// How often a file that changes while it is read is read again.
const ATTEMPTS: usize = 3;

/// A file in memory.
pub(super) struct Loaded {
    pub(super) media_type: MediaType,
    pub(super) bytes: Vec<u8>,
    /// Its size and time when it was read.
    pub(super) file: FoundFile,
}

/// Reads a file whose beginning says that it can be used; of any other no more than its beginning. `limit` is
/// for one document, `archive_limit` for an archive.
pub(super) fn load(path: &Path, limit: u64, archive_limit: u64) -> Result<Loaded, Stop> {
    for _ in 0..ATTEMPTS {
        let before = stat(path)?;
        let (media_type, bytes) = read(path, limit, archive_limit)?;
        let file = stat(path)?;
        if before == file && file.bytes == bytes.len() as u64 {
            return Ok(Loaded { media_type, bytes, file });
        }
    }
    let message = format!("{}: it changed each time it was read", path.display());
    Err(Error::new(Code::SourceChanged, message).hint("it is read again later, when nobody writes it").into())
}

fn stat(path: &Path) -> Result<FoundFile, Stop> {
    let metadata = fs_err::metadata(path).map_err(|error| Error::io(path, error))?;
    if !metadata.is_file() {
        let message = format!("{}: no longer a regular file", path.display());
        return Err(Error::new(Code::SourceChanged, message).hint("ingest its folder again").into());
    }
    Ok(FoundFile::new(path.to_owned(), &metadata))
}

fn read(path: &Path, limit: u64, archive_limit: u64) -> Result<(MediaType, Vec<u8>), Stop> {
    let io = |error| Error::io(path, error);
    let mut file = fs_err::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut bytes).map_err(io)?;
    if bytes.is_empty() {
        return Err(Stop::Nothing("the file is empty".to_owned()));
    }
    let sniffed = sniff(path, &bytes);
    let (limit, setting) = if sniffed.as_ref().is_ok_and(|media_type| media_type.is_container()) {
        (archive_limit, "ingest.archive_max_bytes")
    } else {
        (limit, "ingest.max_file_bytes")
    };
    let size = fs_err::metadata(path).map_err(io)?.len();
    if size > limit {
        return Err(too_large(path, size, limit, setting).into());
    }
    let media_type = sniffed?;
    let rest = limit.saturating_sub(bytes.len() as u64);
    file.take(rest + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(path, bytes.len() as u64, limit, setting).into());
    }
    Ok((media_type, bytes))
}

fn too_large(path: &Path, bytes: u64, limit: u64, setting: &str) -> Error {
    let message = format!("{}: {bytes} bytes, over the limit of {limit} ({setting})", path.display());
    Error::new(Code::FileTooLarge, message).hint(format!("raise {setting}, or split the file"))
}
