//! The cells of an HTML table.

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};

use super::canvas::Canvas;
use super::html;
use super::table::{self, SpanningCell};

/// A table's words.
#[derive(Default)]
pub(crate) struct HtmlTable {
    /// What it is called.
    pub(crate) caption: String,
    /// The headers of its columns; empty where it has none.
    pub(crate) headers: Vec<String>,
    /// Its rows.
    pub(crate) rows: Vec<Vec<String>>,
}

/// Whether a table only arranges a page: it holds another table, a heading, or no row of two cells.
pub(crate) fn is_layout(table: NodeRef<'_, Node>) -> bool {
    let nested = elements(table).skip(1).any(|element| {
        matches!(element.value().name(), "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "pre")
    });
    let cells = |row: ElementRef<'_>| row.child_elements().filter(is_cell).count();
    nested || !elements(table).any(|element| element.value().name() == "tr" && cells(element) > 1)
}

/// Reads the cells, merged ones repeated in each row and column that they span.
pub(crate) fn read(table: NodeRef<'_, Node>) -> HtmlTable {
    let mut found = HtmlTable::default();
    let mut carried: Vec<(usize, String)> = Vec::new();
    for element in elements(table) {
        match element.value().name() {
            "caption" => found.caption = words(*element),
            "tr" => {
                let all_headers = element.child_elements().filter(is_cell).all(|cell| cell.value().name() == "th");
                let in_head = element.parent().and_then(ElementRef::wrap).is_some_and(|p| p.value().name() == "thead");
                let row = cells(element, &mut carried);
                if found.rows.is_empty() && (all_headers || in_head) {
                    found.headers = table::under(&found.headers, row);
                } else {
                    found.rows.push(row);
                }
            }
            _ => {}
        }
    }
    found
}

fn cells(row: ElementRef<'_>, carried: &mut Vec<(usize, String)>) -> Vec<String> {
    let cells = row.child_elements().filter(is_cell).map(|cell| {
        let span = |name: &str| cell.attr(name).and_then(|n| n.trim().parse().ok()).unwrap_or(1);
        SpanningCell {
            text: words(*cell),
            columns: span("colspan"),
            rows: span("rowspan"),
            is_header: cell.value().name() == "th",
        }
    });
    table::spread(cells, carried)
}

fn is_cell(element: &ElementRef<'_>) -> bool {
    matches!(element.value().name(), "td" | "th")
}

fn elements(table: NodeRef<'_, Node>) -> impl Iterator<Item = ElementRef<'_>> {
    table.descendants().filter_map(ElementRef::wrap)
}

fn words(node: NodeRef<'_, Node>) -> String {
    let mut canvas = Canvas::default();
    html::render(node, &mut canvas);
    canvas.into_line()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scraper::Html;

    fn table_of(source: &str) -> HtmlTable {
        let tree = Html::parse_document(source);
        let node = tree.root_element().descendent_elements().find(|e| e.value().name() == "table").unwrap();
        read(*node)
    }

    #[test]
    fn merged_cells_are_repeated_where_they_belong() {
        let found = table_of(
            "<table><tr><th>Year<th colspan=2>Sales<tr><th><th>Q1<th>Q2<tr><td rowspan=2>2024<td>1<td>2<tr><td>3<td>4</table>",
        );
        assert_eq!(found.headers, ["Year", "Sales Q1", "Sales Q2"]);
        assert_eq!(found.rows, [["2024", "1", "2"], ["2024", "3", "4"]]);
    }

    #[test]
    fn absurd_spans_are_bounded() {
        let found = table_of("<table><tr><td colspan=999999999 rowspan=999999999>a<td>b</table>");
        assert_eq!(found.rows[0].len(), table::MAX_SPAN + 1);
    }
}
