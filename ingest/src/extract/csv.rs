//! CSV and its kin: the separator is found out, and each row becomes a line with its headers.

use csv::{ReaderBuilder, StringRecord, Trim};
use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Error, Result};

use super::canvas::Canvas;
use super::decode;
use super::paged::within_limit;
use super::rows::{Row, Rows};
use super::sheet::ALIVE_ROWS;
use crate::normalize;

/// What may part the cells of a row; of two that fit alike, the first.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// How much of a file is looked at for its separator, in bytes and in rows.
const SAMPLE_BYTES: usize = 64 << 10;
const SAMPLE_ROWS: usize = 100;
/// A cell of more lines is no cell: a quote was opened and never closed.
const MAX_CELL_LINES: usize = 50;

/// Reads rows of cells parted by commas, semicolons, tabs or bars, with or without quotes and headers.
pub(crate) struct Csv;

impl Extractor for Csv {
    fn media_types(&self) -> &'static [&'static str] {
        &["text/csv", "text/tab-separated-values"]
    }

    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        let source = normalize::canonical(&source);
        let (told, source) = told_separator(&source);
        let separator = told.unwrap_or_else(|| separator(source));
        let quoted = !has_open_quote(source, separator);
        let (text, headings) = render(name, source, separator, quoted, done)?.finish();
        done(1);
        Ok(normalize::settle(Extracted { text, headings, ..Extracted::default() }))
    }
}

fn render(name: &str, source: &str, separator: u8, quoted: bool, done: &dyn Fn(u32)) -> Result<Canvas> {
    let mut rows = Rows::new(Canvas::default());
    let mut reader = reader(source, separator, quoted);
    let mut record = StringRecord::new();
    let mut count = 0usize;
    loop {
        let start = reader.position().line();
        let more = reader.read_record(&mut record);
        if !more.map_err(|error| Error::internal(format!("{name}: {error}")))? {
            break;
        }
        let cells = record.iter().map(|cell| bare(cell, quoted)).enumerate();
        let row: Row = cells.filter(|(_, cell)| !cell.is_empty()).map(|(at, cell)| (at, cell.to_owned())).collect();
        // The reader passes over the empty lines before a row; a row of separators alone is one, too.
        let lines = record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>() + 1;
        if row.is_empty() || (count > 0 && reader.position().line() - start > lines) {
            rows.gap();
        }
        rows.row(row);
        if count.is_multiple_of(ALIVE_ROWS) {
            done(1);
            within_limit(name, rows.len())?;
        }
        count += 1;
    }
    within_limit(name, rows.len())?;
    Ok(rows.finish())
}

/// A cell without quotes that were not read as such.
fn bare(cell: &str, quoted: bool) -> &str {
    let inside = || cell.strip_prefix('"')?.strip_suffix('"');
    if quoted { cell } else { inside().unwrap_or(cell) }
}

fn reader(source: &str, separator: u8, quoted: bool) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(separator)
        .quoting(quoted)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(source.as_bytes())
}

/// Cuts off the line in which Excel names the separator: `sep=;`.
fn told_separator(source: &str) -> (Option<u8>, &str) {
    let told = source.strip_prefix("sep=").and_then(|rest| {
        let (line, rest) = rest.split_once('\n')?;
        let &[separator] = line.as_bytes() else { return None };
        Some((Some(separator), rest))
    });
    told.unwrap_or((None, source))
}

/// The separator by which most of the first rows have the same number of cells, and more than one.
fn separator(source: &str) -> u8 {
    let sample = &source[..source.floor_char_boundary(SAMPLE_BYTES)];
    // The last row of a cut sample is not whole.
    let sample =
        if sample.len() < source.len() { &sample[..sample.rfind('\n').unwrap_or(sample.len())] } else { sample };
    let score = |separator: u8| {
        let records = reader(sample, separator, true).into_records().take(SAMPLE_ROWS);
        let widths: Vec<usize> = records.flatten().map(|record| record.len()).collect();
        let alike = |width: usize| widths.iter().filter(|&&other| other == width).count();
        let (same, width) = widths.iter().filter(|&&w| w > 1).map(|&w| (alike(w), w)).max().unwrap_or((0, 0));
        // In hundredths, so that a stray row does not outweigh the number of columns.
        (same * 100 / widths.len().max(1), width)
    };
    // `max_by_key` gives the last of several: the first in our order is the best.
    SEPARATORS.into_iter().rev().max_by_key(|&separator| score(separator)).unwrap_or(b',')
}

/// Whether a quote that is never closed would swallow the rows below it.
fn has_open_quote(source: &str, separator: u8) -> bool {
    let odd = source.bytes().filter(|&byte| byte == b'"').count() % 2 == 1;
    odd && reader(source, separator, true)
        .records()
        .flatten()
        .any(|record| record.iter().any(|cell| cell.matches('\n').count() > MAX_CELL_LINES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::Code;

    fn text(source: &str) -> String {
        Csv.extract("a.csv", source.as_bytes(), &|_| {}).unwrap().text
    }

    #[test]
    fn the_separator_is_found_out() {
        let expected = "Name: Anna, B.; Size: 1,5\nName: Cleo; Size: 2";
        assert_eq!(text("Name;Size\nAnna, B.;1,5\nCleo;2\n"), expected);
        assert_eq!(text("Name\tSize\nAnna, B.\t1,5\nCleo\t2\n"), expected);
        assert_eq!(text("Name|Size\nAnna, B.|1,5\nCleo|2\n"), expected);
        assert_eq!(text("Name,Size\n\"Anna, B.\",\"1,5\"\nCleo,2\n"), expected);
        assert_eq!(text("sep=;\nName;Size\nAnna, B.;1,5\nCleo;2\n"), expected);
    }

    #[test]
    fn quotes_marks_and_ragged_rows_are_read() {
        let source = "\u{feff}Name,Note\r\nAnna,\"says \"\"hi\"\"\r\ntwice\"\r\nBert\r\nCleo,a,b\r\n";
        assert_eq!(text(source), "Name: Anna; Note: says \"hi\" twice\nName: Bert\nName: Cleo; Note: a; b");
    }

    #[test]
    fn rows_without_headers_stay_rows() {
        assert_eq!(text("Anna,34\nBert,28\n"), "Anna; 34\nBert; 28");
        assert_eq!(text("one\ntwo\n"), "one\ntwo");
        assert_eq!(text(""), "");
    }

    #[test]
    fn empty_rows_part_tables() {
        assert_eq!(
            text("Name,Age\nAnna,34\n,\nCity,People\nBonn,330000\n"),
            "Name: Anna; Age: 34\n\nCity: Bonn; People: 330000"
        );
        assert_eq!(
            text("Name,Age\nAnna,34\n\n\nCity,People\nBonn,330000\n"),
            "Name: Anna; Age: 34\n\nCity: Bonn; People: 330000"
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_swallows_nothing() {
        let rows: String = (0..100).map(|n| format!("name{n},{n}\n")).collect();
        let found = text(&format!("Name,Size\n\"pipe,3\n{rows}"));
        assert_eq!(found.lines().count(), 101);
        assert!(found.ends_with("Name: name99; Size: 99"));
    }

    #[test]
    fn a_long_file_says_that_it_is_alive() {
        let heard = std::cell::Cell::new(0);
        let source = "a,1\n".repeat(5000);
        Csv.extract("a.csv", source.as_bytes(), &|_| heard.set(heard.get() + 1)).unwrap();
        assert_eq!(heard.get(), 6);
    }

    #[test]
    fn wrong_bytes_are_told() {
        assert_eq!(
            Csv.extract("a.csv", b"caf\xc3\xa9,na\xc3\xafve,\xff,x", &|_| {}).unwrap_err().code(),
            Code::NotUtf8
        );
    }

    proptest::proptest! {
        #[test]
        fn no_value_is_lost(source in "[1-9,;|\t\n]{0,80}") {
            let found = text(&source);
            for value in source.split(|c: char| !c.is_numeric()).filter(|value| !value.is_empty()) {
                proptest::prop_assert!(found.contains(value), "{value} of {source:?} in {found:?}");
            }
        }
    }
}
