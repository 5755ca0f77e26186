//! Tables: each row becomes one line that can be understood, and quoted, by itself.

/// The longest text that is repeated for each row or column that it stands for, in bytes: what heads or groups
/// others is short, and a long text that a file repeats without end would fill the memory.
const MAX_REPEATED_BYTES: usize = 500;

/// Renders the rows of a table: `Header: cell; Header: cell` a line. A cell whose column has no header
/// stands alone; empty cells are left out. Without rows the headers themselves are the line.
pub(crate) fn lines(headers: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let too_long = headers.iter().any(|header| header.len() > MAX_REPEATED_BYTES);
    let repeated = if too_long { &[] } else { headers };
    let mut lines: Vec<String> = rows.iter().map(|row| line(repeated, row)).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() || too_long {
        lines.insert(0, line(&[], headers));
        lines.retain(|line| !line.is_empty());
    }
    lines
}

fn line(headers: &[String], row: &[String]) -> String {
    let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
    let cells = cells.map(|(column, text)| cell(headers.get(column).map(String::as_str), text));
    cells.collect::<Vec<_>>().join("; ")
}

/// Renders a cell under its column's header.
pub(crate) fn cell(header: Option<&str>, text: &str) -> String {
    match header.map(|header| header.trim_end_matches(':')) {
        Some(header) if !header.is_empty() && header != text => format!("{header}: {text}"),
        _ => text.to_owned(),
    }
}

/// A second row of headers stands under the first: `2024`, `Q1` becomes `2024 Q1`.
pub(crate) fn under(above: &[String], row: Vec<String>) -> Vec<String> {
    let joined = row.into_iter().enumerate().map(|(column, cell)| match above.get(column) {
        Some(header) if cell.is_empty() || *header == cell => header.clone(),
        Some(header) if !header.is_empty() => format!("{header} {cell}"),
        _ => cell,
    });
    joined.collect()
}

/// The widest and tallest that one cell may claim to be: what files say is input.
pub(crate) const MAX_SPAN: usize = 100;

/// A cell as it stands in its file, before it is spread over what it spans.
pub(crate) struct SpanningCell {
    /// Its words.
    pub(crate) text: String,
    /// How many columns it spans.
    pub(crate) columns: usize,
    /// How many rows it spans.
    pub(crate) rows: usize,
    /// Whether it heads its columns.
    pub(crate) is_header: bool,
}

/// The cells of a row, with those that rows above `carried` down into it.
pub(crate) fn spread(cells: impl Iterator<Item = SpanningCell>, carried: &mut Vec<(usize, String)>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let from_above = |out: &mut Vec<String>, carried: &mut Vec<(usize, String)>| {
        while let Some((rows, text)) = carried.get_mut(out.len()).filter(|(rows, _)| *rows > 0) {
            *rows -= 1;
            out.push(text.clone());
        }
    };
    for cell in cells {
        from_above(&mut out, carried);
        for column in 0..cell.columns.clamp(1, MAX_SPAN) {
            // A wide header names all its columns; a wide cell is said once.
            let is_short = cell.text.len() <= MAX_REPEATED_BYTES;
            let text = if column == 0 || (cell.is_header && is_short) { cell.text.clone() } else { String::new() };
            if carried.len() <= out.len() {
                carried.resize(out.len() + 1, (0, String::new()));
            }
            let below = if is_short { text.clone() } else { String::new() };
            carried[out.len()] = (cell.rows.clamp(1, MAX_SPAN) - 1, below);
            out.push(text);
        }
    }
    from_above(&mut out, carried);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn a_row_stands_alone() {
        let found =
            lines(&row(&["Model", "Context", ""]), &[row(&["Llama 3 8B", "8192", "open"]), row(&["Phi", "", ""])]);
        assert_eq!(found, ["Model: Llama 3 8B; Context: 8192; open", "Model: Phi"]);
    }

    #[test]
    fn a_long_text_is_said_once() {
        let long = "x".repeat(MAX_REPEATED_BYTES + 1);
        assert_eq!(lines(&[long.clone(), "b".into()], &[row(&["1", "2"])]), [format!("{long}; b"), "1; 2".into()]);
        let mut carried = Vec::new();
        let cell = SpanningCell { text: long.clone(), columns: 2, rows: 2, is_header: true };
        assert_eq!(spread(std::iter::once(cell), &mut carried), [long.as_str(), ""]);
        assert_eq!(spread(std::iter::empty(), &mut carried), ["", ""]);
    }

    #[test]
    fn headers_without_rows_are_kept() {
        assert_eq!(lines(&row(&["a", "b"]), &[]), ["a; b"]);
        assert!(lines(&[], &[row(&[""])]).is_empty());
    }
}
