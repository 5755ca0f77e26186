//! Tar archives.

use std::io::{self, Read};
use std::ops::ControlFlow;

use footnote_core::Result;
use tar::{Archive, EntryType};

use super::{Head, Kind, Walk};

/// Gives the members to `walk`, in the order in which they lie.
pub(super) fn read(source: &mut impl Read, walk: &mut Walk<'_>) -> Result<ControlFlow<()>> {
    let meter = walk.meter;
    // What is passed over is inflated as well, so the whole stream is counted, not each member.
    let mut archive = Archive::new(meter.inflated(source));
    let entries = archive.entries().map_err(|error| walk.damaged(error))?;
    for entry in entries {
        let entry = entry.map_err(|error| walk.damaged(error))?;
        let header = entry.header();
        let kind = header.entry_type();
        // Notes for all that follows, not a member.
        if kind.is_pax_global_extensions() {
            continue;
        }
        let name = entry.path_bytes().into_owned();
        let modified = header.mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
        let modified_ms = modified.and_then(|seconds| seconds.checked_mul(1000));
        let head = Head { name: &name, kind: of(kind, &name), encrypted: false, modified_ms };
        let left = entry.size();
        let flow = walk.member(&head, || Ok(Whole { source: entry, left }))?;
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Fails where the archive ends before the member does, which the library takes for the member's end.
struct Whole<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends inside it"));
        }
        Ok(read)
    }
}

fn of(kind: EntryType, name: &[u8]) -> Kind {
    match kind {
        // Before POSIX a folder was a file whose name ends so.
        _ if kind.is_dir() || name.ends_with(b"/") => Kind::Folder,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Symlink | EntryType::Link => Kind::Link,
        _ => Kind::Special,
    }
}
