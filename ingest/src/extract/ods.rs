//! OpenDocument spreadsheets, row by row. (calamine lays each sheet out as a full grid, so that two cells far
//! apart take gigabytes.)

use std::io::{Cursor, Read};

use footnote_core::Result;
use zip::ZipArchive;

use super::rows::Row;
use super::xml::{Piece, Tag, pieces, unescape};
use super::{decode, sheet_cell, zip_guard};

/// Columns of the largest sheets: what a cell that is repeated further says is not believed.
const MAX_COLUMNS: usize = 16_384;
/// Rows of the largest sheets.
const MAX_ROWS: usize = 1 << 20;

/// What is read, in order.
pub(crate) enum Step {
    /// A sheet begins: its name.
    Sheet(String),
    /// A row that holds something.
    Row(Row),
    /// Rows that hold nothing.
    Gap,
}

/// Reads the sheets of the file `name`, step by step, until `take` fails.
///
/// # Errors
/// [`Code::FileEncrypted`](footnote_core::Code::FileEncrypted) where a part is encrypted,
/// [`Code::FileDamaged`](footnote_core::Code::FileDamaged) where there is no content, and those of `take`.
pub(crate) fn read(
    name: &str,
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    take: &mut dyn FnMut(Step) -> Result<()>,
) -> Result<()> {
    let manifest = part(name, archive, "META-INF/manifest.xml").unwrap_or_default();
    if pieces(&manifest).any(|piece| matches!(piece, Piece::Open(tag) if tag.name == "manifest:encryption-data")) {
        return Err(zip_guard::encrypted(name));
    }
    let content = part(name, archive, "content.xml")?;
    let mut reader = Reader::default();
    let mut sheets = 0;
    for piece in pieces(&content) {
        if let Some(step) = reader.piece(piece) {
            sheets += usize::from(matches!(step, Step::Sheet(_)));
            let repeats = if matches!(step, Step::Row(_)) { reader.row_repeats } else { 1 };
            for _ in 1..repeats {
                if let Step::Row(row) = &step {
                    take(Step::Row(row.clone()))?;
                }
            }
            take(step)?;
        }
    }
    if sheets == 0 { Err(zip_guard::damaged(name, "it holds no sheet")) } else { Ok(()) }
}

fn part(name: &str, archive: &mut ZipArchive<Cursor<&[u8]>>, path: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let mut entry = archive.by_name(path).map_err(|error| zip_guard::damaged(name, format!("{path}: {error}")))?;
    entry.read_to_end(&mut bytes).map_err(|error| zip_guard::damaged(name, format!("{path}: {error}")))?;
    decode::utf8(name, &bytes, None).map(std::borrow::Cow::into_owned)
}

#[derive(Default)]
struct Reader {
    row: Row,
    /// The next cell's column.
    column: usize,
    row_repeats: usize,
    cell: Option<Cell>,
    /// How many elements are open whose words are no part of the cell: notes.
    aside: usize,
    /// How many tables are open: one in a cell is read as words of the cell.
    depth: usize,
}

struct Cell {
    repeats: usize,
    /// A date or a time, in ISO form.
    moment: Option<String>,
    /// The value, where no words show it.
    value: String,
    words: String,
}

impl Reader {
    fn piece(&mut self, piece: Piece<'_>) -> Option<Step> {
        match piece {
            Piece::Open(tag) => {
                let step = self.open(tag);
                if tag.is_empty { step.or_else(|| self.close(tag.name)) } else { step }
            }
            Piece::Close(name) => self.close(name),
            Piece::Text(text) => {
                self.words(&unescape(text));
                None
            }
            Piece::Raw(text) => {
                self.words(text);
                None
            }
        }
    }

    fn words(&mut self, text: &str) {
        if let Some(cell) = self.cell.as_mut().filter(|_| self.aside == 0) {
            cell.words.push_str(text);
        }
    }

    fn open(&mut self, tag: Tag<'_>) -> Option<Step> {
        match tag.name {
            "table:table" => {
                self.depth += 1;
                let name = tag.attribute("table:name").unwrap_or_default().into_owned();
                return (self.depth == 1).then_some(Step::Sheet(name));
            }
            "table:table-row" if self.depth == 1 => {
                self.column = 0;
                self.row_repeats = repeats(tag, "table:number-rows-repeated", MAX_ROWS);
            }
            "table:table-cell" | "table:covered-table-cell" if self.depth == 1 => {
                let value = |name: &str| tag.attribute(name).map(|value| value.into_owned());
                self.cell = Some(Cell {
                    repeats: repeats(tag, "table:number-columns-repeated", MAX_COLUMNS),
                    moment: value("office:date-value").map(|date| sheet_cell::iso(&date)),
                    value: ["office:string-value", "office:value", "office:boolean-value", "office:time-value"]
                        .into_iter()
                        .find_map(value)
                        .unwrap_or_default(),
                    words: String::new(),
                });
            }
            "office:annotation" => self.aside += 1,
            "text:p" | "text:s" | "text:tab" | "text:line-break" => self.words(" "),
            _ => {}
        }
        None
    }

    fn close(&mut self, name: &str) -> Option<Step> {
        match name {
            "table:table" => self.depth = self.depth.saturating_sub(1),
            "office:annotation" => self.aside = self.aside.saturating_sub(1),
            "table:table-cell" | "table:covered-table-cell" if self.depth == 1 => {
                let cell = self.cell.take()?;
                let shown = cell.words.split_whitespace().collect::<Vec<_>>().join(" ");
                let text = cell.moment.unwrap_or(if shown.is_empty() { cell.value } else { shown });
                for _ in 0..cell.repeats {
                    if !text.is_empty() && self.column < MAX_COLUMNS {
                        self.row.push((self.column, text.clone()));
                    }
                    self.column += 1;
                }
            }
            "table:table-row" if self.depth == 1 => {
                let row = std::mem::take(&mut self.row);
                return Some(if row.is_empty() { Step::Gap } else { Step::Row(row) });
            }
            _ => {}
        }
        None
    }
}

fn repeats(tag: Tag<'_>, name: &str, most: usize) -> usize {
    tag.attribute(name).and_then(|count| count.trim().parse().ok()).unwrap_or(1).clamp(1, most)
}
