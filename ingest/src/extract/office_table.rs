//! Tables of Office documents: merged cells, and a header row that is often only drawn as one.

use office_oxide::ir::{Element, InlineContent, Table, TableCell, TableRow};

use super::rows::{self, Row};
use super::table::{self, SpanningCell};

/// How many rows tell whether the first is a header.
const HEAD_ROWS: usize = 20;

/// Whether a table only arranges a page: it holds another table or a heading, or no row of two cells.
pub(crate) fn is_layout(table: &Table) -> bool {
    let mut cells = table.rows.iter().flat_map(|row| &row.cells);
    let holds = |cell: &TableCell| cell.content.iter().any(|e| matches!(e, Element::Table(_) | Element::Heading(_)));
    cells.any(holds) || !table.rows.iter().any(|row| row.cells.len() > 1)
}

/// The rows of a table as lines; `words` renders what a cell holds on one line.
pub(crate) fn lines(table: &Table, mut words: impl FnMut(&[Element]) -> String) -> Vec<String> {
    let mut texts: Vec<Vec<String>> = Vec::new();
    for row in &table.rows {
        texts.push(row.cells.iter().map(|cell| words(&cell.content)).collect());
    }
    let declared = table.rows.iter().take_while(|row| row.is_header).count();
    let mut rows = grid(&table.rows, &texts, declared);
    let mut heads = declared;
    if declared == 0 && looks_headed(&table.rows, &rows) {
        heads = 1;
        rows = grid(&table.rows, &texts, heads);
    }
    let below = rows.split_off(heads);
    let headers = rows.into_iter().reduce(|above, row| table::under(&above, row)).unwrap_or_default();
    table::lines(&headers, &below)
}

/// The words of the cells, spread over what they span; the first `heads` rows are headers.
fn grid(rows: &[TableRow], texts: &[Vec<String>], heads: usize) -> Vec<Vec<String>> {
    let mut carried = Vec::new();
    let spread = |(index, (row, texts)): (usize, (&TableRow, &Vec<String>))| {
        let cells = row.cells.iter().zip(texts).map(|(cell, text)| SpanningCell {
            text: text.clone(),
            columns: cell.col_span as usize,
            rows: cell.row_span as usize,
            is_header: index < heads,
        });
        table::spread(cells, &mut carried)
    };
    rows.iter().zip(texts).enumerate().map(spread).collect()
}

/// Whether the first row is a header though it does not say so: it alone is bold or shaded, or it names three
/// columns or more. (In a table of two, the first pair is as likely a key and its value.)
fn looks_headed(rows: &[TableRow], grid: &[Vec<String>]) -> bool {
    let [first, second, ..] = rows else { return false };
    let apart = |marked: fn(&TableCell) -> bool| {
        let filled = || first.cells.iter().filter(|cell| !cell.content.is_empty());
        first.cells.len() > 1 && filled().count() > 1 && filled().all(marked) && !second.cells.iter().all(marked)
    };
    let sparse =
        |row: &Vec<String>| -> Row { row.iter().cloned().enumerate().filter(|(_, cell)| !cell.is_empty()).collect() };
    let named = || {
        let head: Vec<Row> = grid.iter().take(HEAD_ROWS).map(sparse).collect();
        grid[0].len() > 2 && rows::header_row(&head, false) == Some(0)
    };
    apart(is_bold) || apart(|cell| cell.background_color.is_some()) || named()
}

fn is_bold(cell: &TableCell) -> bool {
    let mut spans = cell.content.iter().flat_map(|element| match element {
        Element::Paragraph(paragraph) => paragraph.content.as_slice(),
        _ => &[],
    });
    spans.all(|piece| match piece {
        InlineContent::Text(span) => span.bold || span.text.trim().is_empty(),
        _ => true,
    })
}
