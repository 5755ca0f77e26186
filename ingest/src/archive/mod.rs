//! Archives: the files inside a file, one at a time, within limits that a bomb cannot pass.
//!
//! Only what was really inflated is counted; what a header says about sizes is not believed.

mod meter;
mod name;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use std::collections::HashMap;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use footnote_core::{Code, Error, Result};

use self::meter::{Counted, Limit, Meter};
use crate::media_type::{HEAD_BYTES, MediaType, sniff};

/// What an archive may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Entries of every kind (`ingest.archive_max_files`).
    pub max_files: usize,
    /// Bytes of all of them together (`ingest.archive_max_bytes`).
    pub max_bytes: u64,
    /// Bytes of one of them.
    pub max_file_bytes: u64,
}

/// A file in an archive.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its path in the archive: relative, `/` between names, without `.` and `..`. Where `content` is an error it
    /// may be any name that the archive gives, and is only for showing; one that was used before ends in `#2`.
    pub(crate) path: String,
    /// When it was last changed, in Unix milliseconds, as the archive says.
    pub(crate) modified_ms: Option<i64>,
    /// Its bytes, or why it is not read.
    pub(crate) content: Result<Vec<u8>>,
}

/// Hears of each member in order, and says whether to go on.
pub(crate) type Each<'a> = &'a mut dyn FnMut(Member) -> ControlFlow<()>;

/// Gives every member of the archive `bytes`, of the type `kind`, to `each`. `name` is the archive's path, for
/// messages. See [`open`].
pub(crate) fn walk(name: &str, kind: MediaType, bytes: Vec<u8>, limits: &ArchiveLimits, each: Each<'_>) -> Result<()> {
    open(name, kind, Cursor::new(bytes), limits, each)
}

/// Gives every member of the archive in `source` to `each`, one in memory at a time. Folders are counted but
/// not given: what is in them is a member by itself. Links, devices, hidden, encrypted and nested files, paths
/// that lead outside, names used twice, and files over the limit are given with an error.
///
/// # Errors
/// [`Code::ArchiveLimit`] when a limit on the whole is passed, [`Code::FileDamaged`] where the rest cannot be
/// read. What was given before stays good.
pub(crate) fn open<R: Read + Seek>(
    name: &str,
    kind: MediaType,
    mut source: R,
    limits: &ArchiveLimits,
    each: Each<'_>,
) -> Result<()> {
    let size = source.seek(SeekFrom::End(0)).and_then(|size| source.rewind().map(|()| size));
    let size = size.map_err(|error| Error::io(Path::new(name), error))?;
    let meter = Meter::new(*limits, size);
    let mut source = BufReader::new(Counted::new(source, &meter));
    let mut walk = Walk { name, limits, meter: &meter, seen: HashMap::new(), each };
    let flow = match kind {
        MediaType::Zip => zip::read(&mut source, &mut walk),
        MediaType::Tar => tar::read(&mut source, &mut walk),
        MediaType::Gzip => gzip(&mut source, &mut walk),
        other => Err(Error::internal(format!("{name}: {} is no archive", other.as_str()))),
    };
    flow.map(|_| ())
}

/// What an archive says of a member before its content.
struct Head<'a> {
    name: &'a [u8],
    kind: Kind,
    encrypted: bool,
    modified_ms: Option<i64>,
}

enum Kind {
    File,
    Folder,
    Link,
    Special,
}

/// A walk through one archive.
struct Walk<'a> {
    name: &'a str,
    limits: &'a ArchiveLimits,
    meter: &'a Meter,
    /// How often each path was met.
    seen: HashMap<String, usize>,
    each: Each<'a>,
}

impl Walk<'_> {
    /// Takes the next member. What `content` reads from is counted by the meter, here or further down.
    ///
    /// # Errors
    /// When a limit on the whole archive is passed.
    fn member<R: Read>(
        &mut self,
        head: &Head<'_>,
        content: impl FnOnce() -> Result<R, Refusal>,
    ) -> Result<ControlFlow<()>> {
        self.meter.file();
        self.check("")?;
        if matches!(head.kind, Kind::Folder) {
            return Ok(ControlFlow::Continue(()));
        }
        let (path, refusal) = match name::sanitized(head.name).and_then(|path| self.admit(path, head)) {
            Ok(path) => (path, None),
            Err((shown, refusal)) => (shown, Some(refusal)),
        };
        let content = match refusal {
            Some(refusal) => Err(refusal),
            None => content().and_then(|source| self.content(source)),
        };
        self.check(&path)?;
        let content = content.and_then(|bytes| nested(&path, &bytes).map_or(Ok(bytes), Err));
        let content = content.map_err(|refusal| refusal.into_error(&format!("{}!/{path}", self.name)));
        Ok((self.each)(Member { path, modified_ms: head.modified_ms, content }))
    }

    /// Gives `path` back where the member may be read, else what to show of it and why not.
    fn admit(&mut self, path: String, head: &Head<'_>) -> Result<String, (String, Refusal)> {
        let times = self.seen.entry(path.clone()).or_default();
        *times += 1;
        let refusal = match head.kind {
            _ if *times > 1 => {
                let refusal = Refusal::new(Code::FileDamaged, "named twice in the archive; the first is read");
                return Err((format!("{path}#{times}"), refusal));
            }
            _ if path.split('/').any(|part| part.starts_with('.')) => {
                Refusal::new(Code::UnsupportedType, "hidden: its name begins with a dot")
            }
            Kind::Link => Refusal::new(Code::UnsupportedType, "a link inside an archive is not followed"),
            Kind::Special => Refusal::new(Code::UnsupportedType, "not a regular file (a pipe, socket or device)"),
            _ if head.encrypted => Refusal::new(Code::FileEncrypted, "it is encrypted")
                .hint("unpack the archive with its password and ingest the folder"),
            _ => return Ok(path),
        };
        Err((path, refusal))
    }

    fn content(&self, source: impl Read) -> Result<Vec<u8>, Refusal> {
        let max = self.limits.max_file_bytes;
        let mut bytes = Vec::new();
        let read = source.take(max.saturating_add(1)).read_to_end(&mut bytes);
        if bytes.len() as u64 > max {
            return Err(Refusal::new(Code::FileTooLarge, format!("it unpacks to more than {max} bytes"))
                .hint("raise ingest.max_file_bytes"));
        }
        read.map(|_| bytes).map_err(Refusal::damaged)
    }

    /// Fails when a limit was passed, at the member `path`.
    fn check(&self, path: &str) -> Result<()> {
        let Some(limit) = self.meter.passed() else { return Ok(()) };
        let ArchiveLimits { max_files, max_bytes, .. } = self.limits;
        let (what, hint) = match limit {
            Limit::Files => (
                format!("it holds more than {max_files} files"),
                "raise ingest.archive_max_files, or unpack it and ingest the folder",
            ),
            Limit::Bytes => (
                format!("it unpacks to more than {max_bytes} bytes"),
                "raise ingest.archive_max_bytes, or unpack it and ingest the folder",
            ),
            Limit::Ratio => (
                format!("it unpacks to more than {} times its size, as a zip bomb does", meter::MAX_RATIO),
                "if you trust it, unpack it and ingest the folder",
            ),
        };
        let place = if path.is_empty() { String::new() } else { format!(" (at {path})") };
        Err(Error::new(Code::ArchiveLimit, format!("{}: {what}{place}", self.name)).hint(hint))
    }

    /// The rest of the archive cannot be read.
    fn damaged(&self, error: impl std::error::Error + Send + Sync + 'static) -> Error {
        // A limit ends the reading with an error, too: that is the cause to tell.
        self.check("").err().unwrap_or_else(|| {
            Error::new(Code::FileDamaged, format!("{}: the archive is damaged from here on: {error}", self.name))
                .hint("fetch or make it again; what could be read before the damage was taken")
                .caused_by(error)
        })
    }
}

/// Why a member is not read.
struct Refusal {
    code: Code,
    reason: String,
    hint: Option<&'static str>,
    source: Option<io::Error>,
}

impl Refusal {
    fn new(code: Code, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), hint: None, source: None }
    }

    fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    fn damaged(error: io::Error) -> Self {
        let refusal = Self::new(Code::FileDamaged, format!("it is damaged: {error}"));
        Self { source: Some(error), ..refusal.hint("fetch or make the archive again") }
    }

    fn into_error(self, name: &str) -> Error {
        let mut error = Error::new(self.code, format!("{name}: {}", self.reason));
        if let Some(hint) = self.hint {
            error = error.hint(hint);
        }
        if let Some(source) = self.source {
            error = error.caused_by(source);
        }
        error
    }
}

/// Archives are not opened inside archives: bombs are made so.
fn nested(path: &str, bytes: &[u8]) -> Option<Refusal> {
    let kind = sniff(Path::new(path), &bytes[..bytes.len().min(HEAD_BYTES)]).ok()?;
    let refusal = Refusal::new(Code::ArchiveLimit, "an archive inside an archive is not opened");
    (!bytes.is_empty() && kind.is_container()).then(|| refusal.hint("unpack the outer one and ingest the folder"))
}

/// A compressed tar archive, or one compressed file.
fn gzip(source: &mut impl Read, walk: &mut Walk<'_>) -> Result<ControlFlow<()>> {
    let mut inflated = MultiGzDecoder::new(source);
    let mut front = Vec::new();
    let read = inflated.by_ref().take(512).read_to_end(&mut front);
    let header = inflated.header();
    let stem = name::without_gz(walk.name, header.and_then(flate2::GzHeader::filename));
    let modified_ms = header.map(|header| i64::from(header.mtime()) * 1000).filter(|&ms| ms > 0);
    let rest = read.map(|_| Cursor::new(front.clone()).chain(inflated));
    if front.get(257..262) == Some(b"ustar") || stem.ends_with(".tar") {
        let mut rest = rest.map_err(|error| walk.damaged(error))?;
        return tar::read(&mut rest, walk);
    }
    let head = Head { name: stem.as_bytes(), kind: Kind::File, encrypted: false, modified_ms };
    let meter = walk.meter;
    walk.member(&head, || rest.map(|rest| meter.inflated(rest)).map_err(Refusal::damaged))
}
