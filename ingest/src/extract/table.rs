//! Tables: each row becomes one line that can be understood, and quoted, by itself.

/// Renders the rows of a table: `Header: cell; Header: cell` a line. A cell whose column has no header
/// stands alone; empty cells are left out. Without rows the headers themselves are the line.
pub(crate) fn lines(headers: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let mut lines: Vec<String> = rows.iter().map(|row| line(headers, row)).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        lines.push(line(&[], headers));
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
            let text = if column == 0 || cell.is_header { cell.text.clone() } else { String::new() };
            if carried.len() <= out.len() {
                carried.resize(out.len() + 1, (0, String::new()));
            }
            carried[out.len()] = (cell.rows.clamp(1, MAX_SPAN) - 1, text.clone());
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
    fn headers_without_rows_are_kept() {
        assert_eq!(lines(&row(&["a", "b"]), &[]), ["a; b"]);
        assert!(lines(&[], &[row(&[""])]).is_empty());
    }
}
