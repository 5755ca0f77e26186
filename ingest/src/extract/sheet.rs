//! Spreadsheets: each sheet a page, each row a line with its headers.

use std::io::Cursor;

use calamine::{Dimensions, Reader, Xlsx, XlsxError};
use footnote_core::Result;
use footnote_core::seam::{Extracted, Extractor};
use office_oxide::xls::{CellValue, Sheet as XlsSheet, XlsDocument, XlsError};

use super::canvas::Canvas;
use super::paged::{Paged, within_limit};
use super::rows::{Row, Rows};
use super::sheet_merged::Merged;
use super::zip_guard::{self, Container};
use super::{ods, sheet_cell};
use crate::normalize;

/// Rows after which a reader says that it is alive.
pub(crate) const ALIVE_ROWS: usize = 1000;

/// Reads XLSX, XLS and ODS, cell by cell: a sheet is never laid out as a grid.
pub(crate) struct Sheet;

impl Extractor for Sheet {
    fn media_types(&self) -> &'static [&'static str] {
        &[
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.ms-excel",
            "application/vnd.oasis.opendocument.spreadsheet",
        ]
    }

    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
        let mut book = Book { name, done, title: None, paged: Paged::default(), rows: None, count: 0, last: 0 };
        match zip_guard::open(name, bytes)? {
            Container::Ole(_) => xls(&mut book, bytes)?,
            Container::Zip(mut archive) if archive.index_for_name("content.xml").is_some() => {
                ods::read(name, &mut archive, &mut |step| match step {
                    ods::Step::Sheet(name) => book.sheet(&name),
                    ods::Step::Row(row) => book.row(None, row),
                    ods::Step::Gap => {
                        book.gap();
                        Ok(())
                    }
                })?;
            }
            Container::Zip(_) => xlsx(&mut book, bytes)?,
        }
        book.end_sheet();
        Ok(normalize::settle(book.paged.finish(book.title)))
    }
}

/// The text of a workbook as it grows.
struct Book<'a> {
    name: &'a str,
    done: &'a dyn Fn(u32),
    title: Option<String>,
    paged: Paged,
    /// The sheet that is open.
    rows: Option<Rows>,
    /// Rows of the sheet that is open.
    count: usize,
    /// The number of its last row, where rows are numbered.
    last: u32,
}

impl Book<'_> {
    /// Begins a sheet: its name is a heading.
    fn sheet(&mut self, title: &str) -> Result<()> {
        self.end_sheet();
        let mut canvas = Canvas::default();
        canvas.open_heading(1);
        canvas.words(title);
        canvas.close_heading();
        (self.rows, self.count, self.last) = (Some(Rows::new(canvas)), 0, 0);
        self.within_limit()
    }

    /// Adds a row. `number` counts from 0; empty rows before it are a gap.
    fn row(&mut self, number: Option<u32>, mut row: Row) -> Result<()> {
        let Some(rows) = &mut self.rows else { return Ok(()) };
        if row.is_empty() {
            return Ok(());
        }
        if !row.is_sorted_by(|a, b| a.0 < b.0) {
            row.sort_by_key(|(column, _)| *column);
            row.dedup_by_key(|(column, _)| *column);
        }
        if let Some(number) = number {
            if self.count > 0 && number > self.last.saturating_add(1) {
                rows.gap();
            }
            self.last = number;
        }
        rows.row(row);
        self.count += 1;
        if self.count.is_multiple_of(ALIVE_ROWS) {
            (self.done)(self.paged.pages() + 1);
        }
        self.within_limit()
    }

    fn gap(&mut self) {
        if let Some(rows) = self.rows.as_mut().filter(|_| self.count > 0) {
            rows.gap();
        }
    }

    fn end_sheet(&mut self) {
        if let Some(rows) = self.rows.take() {
            (self.done)(self.paged.push(rows.finish()));
        }
    }

    fn within_limit(&self) -> Result<()> {
        within_limit(self.name, self.paged.len() + self.rows.as_ref().map_or(0, Rows::len))
    }
}

fn xlsx(book: &mut Book<'_>, bytes: &[u8]) -> Result<()> {
    let name = book.name;
    let failed = |error: XlsxError| match error {
        XlsxError::Password => zip_guard::encrypted(name),
        error => zip_guard::damaged(name, error),
    };
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(failed)?;
    let sheets = workbook.sheet_names();
    if sheets.is_empty() {
        return Err(zip_guard::damaged(name, "it holds no sheet"));
    }
    book.title = workbook.workbook_properties().ok().and_then(|properties| properties.title);
    for sheet in sheets {
        book.sheet(&sheet)?;
        let mut merged = Merged::new(workbook.merge_cells_by_sheet_name(&sheet).unwrap_or_default());
        let mut cells = match workbook.worksheet_cells_reader(&sheet) {
            Ok(cells) => cells,
            // A chart or a dialog, that has no cells.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(failed(error).context(format!("sheet \"{sheet}\""))),
        };
        let in_sheet = |error| failed(error).context(format!("sheet \"{sheet}\""));
        let (mut number, mut row) = (0, Row::new());
        while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(in_sheet)? {
            let (at, column) = cell.get_position();
            if at != number {
                merged.fill(number, &mut row);
                book.row(Some(number), std::mem::take(&mut row))?;
                number = at;
            }
            let words = sheet_cell::words(cell.get_value(), cells.styles().get(style));
            if !words.is_empty() {
                row.push((column as usize, words));
            }
        }
        merged.fill(number, &mut row);
        book.row(Some(number), row)?;
    }
    Ok(())
}

/// XLS goes through `office_oxide`, which keeps rows only as long as they are filled.
fn xls(book: &mut Book<'_>, bytes: &[u8]) -> Result<()> {
    let name = book.name;
    let workbook = XlsDocument::from_reader(Cursor::new(bytes)).map_err(|error| match error {
        XlsError::Encrypted | XlsError::EncryptionNotSupported(_) => zip_guard::encrypted(name),
        error => zip_guard::damaged(name, error),
    })?;
    if workbook.truncated() {
        let why = workbook.notices().first().cloned().unwrap_or_else(|| "it holds more than can be read".to_owned());
        return Err(zip_guard::damaged(name, why));
    }
    book.title = workbook.summary_properties().and_then(|properties| properties.title.clone());
    for sheet in &workbook.sheets {
        book.sheet(&sheet.name)?;
        let places = sheet.merged_cells.iter().map(|&(first, last, left, right)| Dimensions {
            start: (first.into(), left.into()),
            end: (last.into(), right.into()),
        });
        let mut merged = Merged::new(places.collect());
        for number in 0..sheet.rows.len() {
            let mut row = xls_row(sheet, number);
            let at = u32::try_from(number).unwrap_or(u32::MAX);
            merged.fill(at, &mut row);
            book.row(Some(at), row)?;
        }
        for line in &sheet.chart_text {
            book.row(None, vec![(0, line.clone())])?;
        }
    }
    Ok(())
}

fn xls_row(sheet: &XlsSheet, number: usize) -> Row {
    let cells = sheet.rows[number].iter().enumerate().filter(|(_, value)| **value != CellValue::Empty);
    let words = |(column, value): (usize, &CellValue)| {
        let shown = sheet.display_text(number, column).unwrap_or_default();
        let words = match value {
            // A number that no format rounds.
            CellValue::Number(number) if shown.parse() == Ok(*number) => sheet_cell::plain(*number),
            _ => shown.trim().to_owned(),
        };
        (column, words)
    };
    cells.map(words).filter(|(_, words)| !words.is_empty()).collect()
}

#[cfg(test)]
mod tests;
