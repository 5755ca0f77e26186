//! Tables of reStructuredText, drawn with signs: columns are where the first border says.

use std::ops::Range;

/// A table's words: headers (none, where it has no line of `=` below them) and rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) headers: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A border of a table: `+---+---+`, `====  ====`, or `----  ----` inside one.
pub(super) fn is_border(line: &str) -> bool {
    let grid = line.starts_with('+') && line.ends_with('+') && line.len() > 2;
    let simple = line.starts_with("==") && line.contains(' ');
    (grid && line.chars().all(|c| matches!(c, '+' | '-' | '='))) || (simple && is_drawn(line, '='))
}

fn is_drawn(line: &str, sign: char) -> bool {
    line.contains(sign) && line.chars().all(|c| c == sign || c == ' ')
}

/// Reads the table that begins with the border `lines[0]`; gives how many lines it takes.
pub(super) fn read(lines: &[&str]) -> (Grid, usize) {
    if lines[0].starts_with('+') { drawn(lines) } else { simple(lines) }
}

/// Columns between bars; a cell may have several lines.
fn drawn(lines: &[&str]) -> (Grid, usize) {
    let used = lines.iter().take_while(|line| line.starts_with(['+', '|'])).count();
    let bars: Vec<usize> = lines[0].match_indices('+').map(|(at, _)| at).collect();
    let columns: Vec<Range<usize>> = bars.windows(2).map(|pair| pair[0] + 1..pair[1]).collect();
    let (mut grid, mut row) = (Grid::default(), Vec::new());
    for line in &lines[..used] {
        if line.starts_with('+') {
            end_row(&mut row, &mut grid.rows);
            if line.contains('=') && grid.headers.is_empty() {
                // Headers of several rows read as one.
                for above in std::mem::take(&mut grid.rows) {
                    append(&mut grid.headers, &above);
                }
            }
            continue;
        }
        let chars: Vec<char> = line.chars().collect();
        let fits = bars.iter().all(|&bar| chars.get(bar) == Some(&'|'));
        let cells: Vec<String> = if fits {
            columns.iter().map(|column| slice(&chars, column.clone())).collect()
        } else {
            // Cells that span columns: what stands between the bars, whichever columns that are.
            let inner = line.trim_start_matches('|').trim_end_matches('|');
            inner.split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        append(&mut row, &cells);
    }
    end_row(&mut row, &mut grid.rows);
    (grid, used)
}

/// Columns under runs of `=`; a row whose first cell is empty goes on with the row above.
fn simple(lines: &[&str]) -> (Grid, usize) {
    let border: Vec<char> = lines[0].chars().collect();
    let mut columns: Vec<Range<usize>> = Vec::new();
    for (at, _) in border.iter().enumerate().filter(|(_, c)| **c == '=') {
        match columns.last_mut().filter(|column| column.end == at) {
            Some(column) => column.end += 1,
            None => columns.push(at..at + 1),
        }
    }
    // The last column may be wider than its border.
    if let Some(last) = columns.last_mut() {
        last.end = usize::MAX;
    }
    let (mut grid, mut borders, mut used) = (Grid::default(), 0, 0);
    for (index, line) in lines.iter().enumerate() {
        used = index + 1;
        if is_border(line) || *line == lines[0] {
            borders += 1;
            let ends = lines.get(used).is_none_or(|next| next.is_empty());
            if borders > 1 && ends {
                break;
            }
            if borders == 2 {
                for above in std::mem::take(&mut grid.rows) {
                    append(&mut grid.headers, &above);
                }
            }
            continue;
        }
        if line.is_empty() || is_drawn(line, '-') {
            continue;
        }
        let chars: Vec<char> = line.chars().collect();
        let cells: Vec<String> = columns.iter().map(|column| slice(&chars, column.clone())).collect();
        match grid.rows.last_mut().filter(|_| cells.first().is_some_and(String::is_empty)) {
            Some(above) => append(above, &cells),
            None => grid.rows.push(cells),
        }
    }
    (grid, used)
}

fn end_row(row: &mut Vec<String>, rows: &mut Vec<Vec<String>>) {
    if !row.is_empty() {
        rows.push(std::mem::take(row));
    }
}

fn append(row: &mut Vec<String>, more: &[String]) {
    row.resize(row.len().max(more.len()), String::new());
    for (cell, more) in row.iter_mut().zip(more).filter(|(_, more)| !more.is_empty()) {
        if !cell.is_empty() {
            cell.push(' ');
        }
        cell.push_str(more);
    }
}

fn slice(chars: &[char], range: Range<usize>) -> String {
    let end = range.end.min(chars.len());
    chars[range.start.min(end)..end].iter().collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> (Vec<String>, Vec<String>, usize) {
        let lines: Vec<&str> = source.lines().collect();
        let (grid, used) = read(&lines);
        (grid.headers, grid.rows.iter().map(|row| row.join("/")).collect(), used)
    }

    #[test]
    fn both_kinds_of_tables_are_read() {
        let drawn = "+----+-----+\n| A  | B   |\n+====+=====+\n| é  | two |\n|    | of  |\n+----+-----+\n| wide     |\n+----+-----+\n";
        let (headers, rows, used) = told(drawn);
        assert_eq!((headers.join("/"), rows, used), ("A/B".into(), vec!["é/two of".into(), "wide".into()], 8));
        let simple =
            "===  ====\nA    B\n===  ====\n1    two\n     of\n---  ----\n2    more than that\n===  ====\n\nafter";
        let (headers, rows, used) = told(simple);
        assert_eq!(
            (headers.join("/"), rows, used),
            ("A/B".into(), vec!["1/two of".into(), "2/more than that".into()], 8)
        );
        assert_eq!(told("===  ====\n1    two\n===  ====\n").0, Vec::<String>::new());
    }
}
