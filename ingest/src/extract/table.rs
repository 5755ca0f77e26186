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
    let cells = cells.map(|(column, cell)| match headers.get(column).map(|header| header.trim_end_matches(':')) {
        Some(header) if !header.is_empty() && header != cell => format!("{header}: {cell}"),
        _ => cell.clone(),
    });
    cells.collect::<Vec<_>>().join("; ")
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
