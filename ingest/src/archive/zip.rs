//! Zip archives.

use std::io::{Read, Seek};
use std::ops::ControlFlow;

use footnote_core::{Code, Result};
use zip::read::{Config, ZipFile, ZipFileEntry, read_zipfile_from_stream};
use zip::result::ZipError;
// The stable reader keeps the whole directory in memory and forgets all but one of the files of one name.
use zip::unstable::read::ZipIterable;
use zip::{DateTime, ZipReadOptions};

use super::{Head, Kind, Refusal, Walk};

/// Gives the members to `walk`, in the order of the directory at the archive's end; where that is missing, as
/// in a file that was cut short, in the order in which they lie.
pub(super) fn read<R: Read + Seek>(source: &mut R, walk: &mut Walk<'_>) -> Result<ControlFlow<()>> {
    let mut archive = match ZipIterable::try_new(&mut *source, Config::default()) {
        Ok(archive) => archive,
        Err(error) => return without_directory(source, walk, error),
    };
    let files = archive.files().map_err(|error| walk.damaged(error))?;
    while let Some(entry) = files.next() {
        let entry = entry.map_err(|error| walk.damaged(error))?;
        let name = entry.name_raw().to_owned();
        let head = head(&entry, &name);
        let (meter, reader) = (walk.meter, files.reader_mut());
        let content = || entry.with_reader(reader, ZipReadOptions::new()).map(|file| meter.inflated(file));
        let flow = walk.member(&head, || content().map_err(refusal))?;
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn head<'a>(entry: &ZipFileEntry<'_>, name: &'a [u8]) -> Head<'a> {
    // The upper half of a Unix mode's bits tells what kind of file it is; without a mode it is a plain one.
    let kind = match entry.unix_mode().map_or(0, |mode| mode & 0o170_000) {
        _ if entry.is_dir() => Kind::Folder,
        _ if entry.is_symlink() => Kind::Link,
        0 | 0o100_000 => Kind::File,
        _ => Kind::Special,
    };
    let modified_ms = entry.last_modified().and_then(modified_ms);
    Head { name, kind, encrypted: entry.encrypted(), modified_ms }
}

/// Zip writes local time without saying where; it is taken for UTC.
fn modified_ms(time: DateTime) -> Option<i64> {
    let whole = |n: u8| i8::try_from(n).ok();
    let (year, month, day) = (i16::try_from(time.year()).ok()?, whole(time.month())?, whole(time.day())?);
    let (hour, minute, second) = (whole(time.hour())?, whole(time.minute())?, whole(time.second())?);
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn refusal(error: ZipError) -> Refusal {
    match error {
        ZipError::CompressionMethodNotSupported(method) => {
            Refusal::new(Code::UnsupportedType, format!("it is compressed in a way that is not read (method {method})"))
                .hint("pack the archive again with deflate, which every zip program does by default")
        }
        other => Refusal::damaged(other.into()),
    }
}

fn without_directory<R: Read + Seek>(source: &mut R, walk: &mut Walk<'_>, why: ZipError) -> Result<ControlFlow<()>> {
    source.rewind().map_err(|error| walk.damaged(error))?;
    while let Ok(Some(mut file)) = read_zipfile_from_stream(source) {
        let flow = streamed(&mut file, walk)?;
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Err(walk.damaged(why))
}

fn streamed<R: Read>(file: &mut ZipFile<'_, R>, walk: &mut Walk<'_>) -> Result<ControlFlow<()>> {
    let name = file.name_raw().to_owned();
    let head = head(&file.entry(), &name);
    let meter = walk.meter;
    walk.member(&head, || Ok(meter.inflated(file)))
}
