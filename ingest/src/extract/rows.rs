//! Rows of cells, as spreadsheets and CSV files hold them: the header row is found out, and each row below it
//! becomes a line that stands alone.

use super::canvas::Canvas;
use super::table;

/// How many rows are looked at before it is settled which of them is the header.
const HEAD_ROWS: usize = 20;
/// A longer text is no header, in bytes: it would stand in every row.
const MAX_HEADER_BYTES: usize = 120;

/// The cells of a row that hold something: their columns from 0, ascending, and their words.
pub(crate) type Row = Vec<(usize, String)>;

/// Renders rows on a canvas as they come. Only the header and the first rows are kept, and of a row only the
/// cells that are filled, so that an empty million costs nothing.
#[derive(Default)]
pub(crate) struct Rows {
    canvas: Canvas,
    headers: Row,
    /// The rows of a block that wait until its header is settled.
    waiting: Option<Vec<Row>>,
    /// Whether a block came before: a later one has a header of its own only where that is plain to see.
    later: bool,
}

impl Rows {
    /// Begins below what `canvas` holds.
    pub(crate) fn new(canvas: Canvas) -> Self {
        Self { canvas, waiting: Some(Vec::new()), ..Self::default() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: Row) {
        if row.is_empty() {
            return;
        }
        match &mut self.waiting {
            Some(waiting) => {
                waiting.push(row);
                if waiting.len() >= HEAD_ROWS {
                    self.settle();
                }
            }
            None => self.write(&row),
        }
    }

    /// Says that rows are left empty here: a table may end, and another begin.
    pub(crate) fn gap(&mut self) {
        // A row of names alone may be the header of what comes below the gap.
        let is_name = |(_, text): &(usize, String)| kind(text) != Kind::Value;
        if self.waiting.as_ref().is_some_and(|rows| rows.len() == 1 && rows[0].len() > 1 && rows[0].iter().all(is_name))
        {
            return;
        }
        self.settle();
        self.later = true;
        self.canvas.paragraph();
        self.waiting = Some(Vec::new());
    }

    /// Bytes written so far.
    pub(crate) fn len(&self) -> usize {
        self.canvas.len()
    }

    /// The canvas with all rows.
    pub(crate) fn finish(mut self) -> Canvas {
        self.settle();
        self.canvas
    }

    fn settle(&mut self) {
        let Some(waiting) = self.waiting.take() else { return };
        let header = header_row(&waiting, self.later);
        for (index, row) in waiting.into_iter().enumerate() {
            if header == Some(index) {
                self.headers = row;
                continue;
            }
            // What stands above the header is a title or a note: it has no columns.
            if header.is_some_and(|header| index < header) {
                self.headers.clear();
            }
            self.write(&row);
        }
    }

    fn write(&mut self, row: &Row) {
        let cells = row.iter().map(|(column, text)| table::cell(at(&self.headers, *column), text));
        let line = cells.collect::<Vec<_>>().join("; ");
        self.canvas.line();
        self.canvas.words(&line);
    }
}

/// The words in a column of a row.
fn at(row: &Row, column: usize) -> Option<&str> {
    row.binary_search_by_key(&column, |(at, _)| *at).ok().map(|index| row[index].1.as_str())
}

/// The index of the header among the first rows of a block: the first row that fills most of the columns, if
/// it holds names and no values, and stands above other rows.
///
/// A block below a gap may go on with the table above, so there the next row must hold a value under a name.
pub(crate) fn header_row(rows: &[Row], later: bool) -> Option<usize> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let index = rows.iter().position(|row| row.len() * 2 > width)?;
    let (row, below) = (&rows[index], &rows[index + 1..]);
    let names = row.iter().filter(|(_, text)| kind(text) == Kind::Name).count();
    let mut seen: Vec<&str> = row.iter().map(|(_, text)| text.as_str()).collect();
    seen.sort_unstable();
    let distinct = seen.windows(2).all(|pair| pair[0] != pair[1]);
    let next = |column: usize| at(below.first()?, column).map(kind);
    let is_name = |(column, text): &(usize, String)| match kind(text) {
        Kind::Name => text.len() <= MAX_HEADER_BYTES,
        // Years and dates head the columns of a time series, where something else stands below them.
        Kind::Date => next(*column) != Some(Kind::Date),
        Kind::Value => false,
    };
    let repeats = |(column, text): &(usize, String)| below.iter().any(|row| at(row, *column) == Some(text));
    let named = width > 1 && names > 0 && distinct && row.iter().all(|cell| is_name(cell) && !repeats(cell));
    let values_below = || {
        row.iter()
            .any(|(column, text)| kind(text) == Kind::Name && next(*column).is_some_and(|kind| kind != Kind::Name))
    };
    (named && !below.is_empty() && (!later || values_below())).then_some(index)
}

/// What a cell's words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Words.
    Name,
    /// A year or a date.
    Date,
    /// A number, an amount, a truth value.
    Value,
}

fn kind(text: &str) -> Kind {
    let bare = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let is_date = digits == 4
        && (1900..2200).contains(&bare[..4].parse().unwrap_or(0))
        && (text.len() == 4 || text.as_bytes().get(4) == Some(&b'-'));
    match () {
        () if is_date && letters <= 1 => Kind::Date,
        () if digits > 0 && letters <= 3 => Kind::Value,
        // Dashes stand for a missing value.
        () if matches!(text, "TRUE" | "FALSE" | "true" | "false" | "-" | "–" | "—") => Kind::Value,
        () => Kind::Name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Renders lines of cells that are parted by bars; an empty line is a gap.
    fn render(source: &str) -> String {
        let mut rows = Rows::new(Canvas::default());
        for line in source.lines() {
            let cells = line.split('|').map(str::trim).enumerate().filter(|(_, cell)| !cell.is_empty());
            let row: Row = cells.map(|(column, cell)| (column, cell.to_owned())).collect();
            if row.is_empty() { rows.gap() } else { rows.row(row) }
        }
        rows.finish().finish().0
    }

    #[test]
    fn each_row_stands_alone_under_its_headers() {
        assert_eq!(
            render("Name|City|Age\nAnna|Berlin|34\nBert||28"),
            "Name: Anna; City: Berlin; Age: 34\nName: Bert; Age: 28"
        );
    }

    #[test]
    fn a_title_above_the_table_is_no_header() {
        assert_eq!(
            render("Sales report\nRegion|2023|2024\nNorth|10|20"),
            "Sales report\nRegion: North; 2023: 10; 2024: 20"
        );
    }

    #[test]
    fn rows_without_a_header_stay_as_they_are() {
        assert_eq!(render("Anna|34\nBert|28"), "Anna; 34\nBert; 28");
        assert_eq!(render("Anna|2023-01-05\nBert|2023-02-07"), "Anna; 2023-01-05\nBert; 2023-02-07");
        assert_eq!(render("red|Anna\nblue|Bert\nred|Cleo"), "red; Anna\nblue; Bert\nred; Cleo");
        assert_eq!(render("one\ntwo"), "one\ntwo");
        assert_eq!(render("Name|City"), "Name; City");
    }

    #[test]
    fn a_second_table_has_its_own_headers() {
        assert_eq!(
            render("Name|Age\nAnna|34\n\nCity|People\nBerlin|3600000\n\nBonn|330000"),
            "Name: Anna; Age: 34\n\nCity: Berlin; People: 3600000\n\nCity: Bonn; People: 330000"
        );
    }

    #[test]
    fn a_header_may_stand_apart_from_its_rows() {
        assert_eq!(render("Name|Age\n\nAnna|34\nBert|28"), "Name: Anna; Age: 34\nName: Bert; Age: 28");
    }

    #[test]
    fn ragged_rows_keep_all_their_cells() {
        assert_eq!(render("a|b\n1|2|3\n4"), "a: 1; b: 2; 3\na: 4");
    }

    #[test]
    fn cells_are_told_apart() {
        for (text, expected) in [
            ("Q1", Kind::Name),
            ("1st quarter", Kind::Name),
            ("2024", Kind::Date),
            ("2024-02-01", Kind::Date),
            ("$1,200.50", Kind::Value),
            ("(3.5)", Kind::Value),
            ("12 kg", Kind::Value),
            ("-", Kind::Value),
            ("TRUE", Kind::Value),
            ("20240", Kind::Value),
            ("ä", Kind::Name),
            ("#", Kind::Name),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
