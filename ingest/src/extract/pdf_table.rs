//! Tables of a PDF: lines that stand side by side are the cells of a row.

use footnote_core::document::PageBox;

use super::pdf_layout::PdfLine;
use super::table;

/// The fewest rows under a header that make a table.
const MIN_ROWS: usize = 2;

/// The longest header of a column, in code points.
const MAX_HEADER_CHARS: usize = 60;

/// Joins the lines of a page that stand side by side to rows. Where the first row heads the others, each row
/// says its headers (`Model: Llama 3 8B; Layers: 32`), so that it can be quoted by itself.
pub(super) fn join_rows(lines: Vec<PdfLine>) -> Vec<PdfLine> {
    let mut out = Vec::with_capacity(lines.len());
    let mut run: Vec<Vec<PdfLine>> = Vec::new();
    for row in rows(lines) {
        if let [label, text] = row.as_slice()
            && is_label(&label.text)
        {
            write_run(&std::mem::take(&mut run), &mut out);
            let words = format!("{} {}", label.text.trim(), text.text.trim());
            out.push(PdfLine { columns: false, ..joined(&row, words) });
        } else if row.len() > 1 {
            run.push(row);
        } else {
            write_run(&std::mem::take(&mut run), &mut out);
            out.extend(row);
        }
    }
    write_run(&run, &mut out);
    out
}

/// Consecutive lines at one height, left to right.
fn rows(lines: Vec<PdfLine>) -> Vec<Vec<PdfLine>> {
    let mut rows: Vec<Vec<PdfLine>> = Vec::new();
    for line in lines.into_iter().filter(|line| !line.text.trim().is_empty()) {
        match rows.last_mut() {
            Some(row) if row.last().is_some_and(|last| beside(last, &line)) => row.push(line),
            _ => rows.push(vec![line]),
        }
    }
    rows
}

/// Whether `right` stands to the right of `left`, at its height.
fn beside(left: &PdfLine, right: &PdfLine) -> bool {
    let (Some(left), Some(right)) = (left.place, right.place) else { return false };
    let shared = left.y1.min(right.y1) - left.y0.max(right.y0);
    let height = (left.y1 - left.y0).min(right.y1 - right.y0);
    right.x0 > left.x1 && shared > 0.6 * height
}

/// Whether a cell only numbers or marks what stands beside it: `1.`, `(a)`, `•`.
fn is_label(text: &str) -> bool {
    let text = text.trim();
    text.chars().count() <= 5 && (text.ends_with(['.', ')']) || !text.contains(char::is_alphanumeric))
}

fn write_run(run: &[Vec<PdfLine>], out: &mut Vec<PdfLine>) {
    match run.split_first().filter(|(head, body)| is_header(head, body)) {
        Some((head, body)) => {
            let headers: Vec<String> = head.iter().map(|cell| cell.text.trim().to_owned()).collect();
            for row in body {
                let mut cells = vec![String::new(); head.len()];
                for cell in row {
                    let column = &mut cells[column(cell, head)];
                    if !column.is_empty() {
                        column.push(' ');
                    }
                    column.push_str(cell.text.trim());
                }
                out.extend(table::lines(&headers, &[cells]).into_iter().map(|text| joined(row, text)));
            }
        }
        None => {
            for row in run {
                let cells: Vec<&str> = row.iter().map(|cell| cell.text.trim()).collect();
                out.push(joined(row, cells.join(" ")));
            }
        }
    }
}

/// A row as one line.
fn joined(row: &[PdfLine], text: String) -> PdfLine {
    let place = row.iter().filter_map(|cell| cell.place).reduce(|a, b| PageBox {
        page: a.page,
        x0: a.x0.min(b.x0),
        y0: a.y0.min(b.y0),
        x1: a.x1.max(b.x1),
        y1: a.y1.max(b.y1),
    });
    let size = row.iter().map(|cell| cell.size).fold(0.0, f32::max);
    PdfLine { text, place, size, columns: true, bold: row.iter().all(|cell| cell.bold), apart: false }
}

/// Whether the first row of a run names the columns of the others: short words, set bold over rows that are
/// not, or without figures over rows with figures; and the rows have no more cells than it has.
fn is_header(head: &[PdfLine], body: &[Vec<PdfLine>]) -> bool {
    let named = |cell: &PdfLine| {
        let text = cell.text.trim();
        text.contains(char::is_alphabetic)
            && text.chars().count() <= MAX_HEADER_CHARS
            && (is_label(text) || !text.ends_with('.'))
    };
    let figures = |row: &[PdfLine]| row.iter().any(|cell| cell.text.contains(|c: char| c.is_ascii_digit()));
    let fits = body.iter().all(|row| row.len() <= head.len());
    let full = body.iter().filter(|row| row.len() == head.len()).count();
    let set_bold = head.iter().all(|cell| cell.bold) && body.iter().any(|row| row.iter().any(|cell| !cell.bold));
    let counted = body.iter().filter(|row| figures(row)).count();
    let over_figures = !figures(head) && counted * 2 >= body.len();
    body.len() >= MIN_ROWS && head.iter().all(named) && fits && full * 2 >= body.len() && (set_bold || over_figures)
}

/// The column of `head` that a cell stands under: the one it shares most width with, else the nearest.
fn column(cell: &PdfLine, head: &[PdfLine]) -> usize {
    let Some(place) = cell.place else { return 0 };
    let fit = |header: &PdfLine| {
        let over = header.place.unwrap_or(place);
        // Negative where they do not overlap: how far apart they are.
        place.x1.min(over.x1) - place.x0.max(over.x0)
    };
    // Of equal ones the first: a wide cell is named by where it begins.
    (0..head.len()).rev().max_by(|&a, &b| fit(&head[a]).total_cmp(&fit(&head[b]))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str, x0: f32, y0: f32, bold: bool) -> PdfLine {
        let place = PageBox { page: 1, x0, y0, x1: x0 + 6.0 * text.len() as f32, y1: y0 + 10.0 };
        PdfLine { text: text.into(), place: Some(place), size: 10.0, columns: false, bold, apart: false }
    }

    fn texts(lines: Vec<PdfLine>) -> Vec<String> {
        join_rows(lines).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn rows_name_their_columns() {
        let lines = vec![
            cell("Table 1.", 50.0, 0.0, false),
            cell("Model", 50.0, 20.0, true),
            cell("Layers", 150.0, 20.0, true),
            cell("Cache", 250.0, 20.0, true),
            cell("Llama 3 8B", 50.0, 40.0, false),
            cell("32", 160.0, 40.0, false),
            cell("128 KiB", 250.0, 40.5, false),
            cell("Phi", 50.0, 60.0, false),
            cell("none", 250.0, 60.0, false),
            cell("Qwen", 50.0, 80.0, false),
            cell("64", 160.0, 80.0, false),
            cell("256 KiB", 250.0, 80.0, false),
            cell("After.", 50.0, 120.0, false),
        ];
        let expected = [
            "Table 1.",
            "Model: Llama 3 8B; Layers: 32; Cache: 128 KiB",
            "Model: Phi; Cache: none",
            "Model: Qwen; Layers: 64; Cache: 256 KiB",
            "After.",
        ];
        assert_eq!(texts(lines.clone()), expected);
        let row = join_rows(lines)[1].place.unwrap();
        assert_eq!((row.x0, row.x1, row.y0, row.y1), (50.0, 292.0, 40.0, 50.5));
    }

    #[test]
    fn a_number_before_a_heading_is_no_column() {
        let lines =
            vec![cell("1.", 50.0, 0.0, true), cell("Purpose", 80.0, 0.0, true), cell("Words.", 50.0, 20.0, false)];
        let found = join_rows(lines);
        assert_eq!((found[0].text.as_str(), found[0].columns, found[0].bold), ("1. Purpose", false, true));
    }

    #[test]
    fn rows_without_headers_are_lines() {
        let lines = vec![
            cell("Net revenue", 50.0, 20.0, false),
            cell("4,272", 250.0, 20.0, false),
            cell("Cost", 50.0, 40.0, false),
            cell("3,274", 250.0, 40.0, false),
            cell("Margin", 50.0, 60.0, false),
            cell("998", 250.0, 60.0, false),
        ];
        assert_eq!(texts(lines), ["Net revenue 4,272", "Cost 3,274", "Margin 998"]);
    }
}
