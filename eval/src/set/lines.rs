//! Files that hold a record a line.

use std::io::{BufRead, BufReader};
use std::path::Path;

use footnote_core::{Code, Error, Result};
use fs_err::File;
use serde::de::DeserializeOwned;

/// Gives each line of the file at `path` that is not blank to `take`, with its number from 1.
/// A line at a time: a corpus need not fit in memory twice.
pub(super) fn each_line(path: &Path, mut take: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
    let mut reader = BufReader::new(File::open(path).map_err(|error| Error::io(path, error))?);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(|error| Error::io(path, error))? == 0 {
            break;
        }
        let line = std::str::from_utf8(&bytes)
            .map_err(|_| malformed(path, number, "not valid UTF-8").hint("save the file as UTF-8"))?;
        // Some editors begin a file with a byte order mark.
        let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { line };
        let line = line.trim_end_matches(['\n', '\r']);
        if !line.trim().is_empty() {
            take(number, line)?;
        }
    }
    Ok(())
}

/// A JSON line as a `T`; the error names file, line, field and reason, and shows `shape` as the way out.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, number: usize, line: &str, shape: &str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(line);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| said(&error));
    let whole = read.and_then(|value| json.end().map(|()| value).map_err(|error| plain(&error)));
    whole.map_err(|reason| malformed(path, number, &reason).hint(shape))
}

/// The error of line `number` of `path`.
pub(super) fn malformed(path: &Path, number: usize, reason: &str) -> Error {
    Error::new(Code::EvalSet, format!("{}, line {number}: {reason}", path.display()))
}

/// A JSON error in words: at which field, and why.
pub(super) fn said(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let reason = plain(error.inner());
    match error.path().to_string().as_str() {
        // The place is the whole value, or was lost with the rest of the JSON.
        "." | "?" => reason,
        field => format!("{field}: {reason}"),
    }
}

/// Without ` at line 1 column 7`: the JSON's line is always the first of itself.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) if error.line() <= 1 && error.column() > 0 => format!("{} (column {})", &text[..at], error.column()),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers_across_blank_ones_and_windows_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        fs_err::write(&path, "\u{feff}one\r\n\n  \nfour").unwrap();
        let mut seen = Vec::new();
        each_line(&path, |number, line| {
            seen.push((number, line.to_owned()));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(1, "one".to_owned()), (4, "four".to_owned())]);
    }

    #[test]
    fn a_line_that_is_not_utf8_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        fs_err::write(&path, b"fine\n\xff\xfe\n").unwrap();
        let error = each_line(&path, |_, _| Ok(())).unwrap_err();
        assert!(error.message().ends_with("line 2: not valid UTF-8"), "{error}");
    }
}
