//! Cells that are merged over several rows: what they say holds for each of them.

use std::collections::BTreeMap;

use calamine::Dimensions;

use super::rows::Row;

/// The merged cells of a sheet, as its rows go by.
pub(crate) struct Merged {
    /// Those that come, the next one last.
    coming: Vec<Dimensions>,
    /// Those that reach into the rows below: by column, their last row and their words.
    open: BTreeMap<usize, (u32, String)>,
    /// Whether a row of more than one cell came: it may be a header, and says nothing about the rows below.
    is_below_header: bool,
}

impl Merged {
    /// Takes the places in any order.
    pub(crate) fn new(mut places: Vec<Dimensions>) -> Self {
        places.retain(|place| place.end.0 > place.start.0);
        places.sort_by_key(|place| std::cmp::Reverse(place.start));
        Self { coming: places, open: BTreeMap::new(), is_below_header: false }
    }

    /// Fills the row `number` with what cells above it say for it, too. Rows come in order.
    pub(crate) fn fill(&mut self, number: u32, row: &mut Row) {
        if row.is_empty() {
            return;
        }
        self.open.retain(|_, (last, _)| *last >= number);
        for (column, (_, words)) in &self.open {
            if let Err(place) = row.binary_search_by_key(column, |(at, _)| *at) {
                row.insert(place, (*column, words.clone()));
            }
        }
        while let Some(place) = self.coming.pop_if(|place| place.start.0 <= number) {
            let column = place.start.1 as usize;
            let own = row.binary_search_by_key(&column, |(at, _)| *at).ok();
            if let Some(own) = own.filter(|_| place.start.0 == number && self.is_below_header) {
                self.open.insert(column, (place.end.0, row[own].1.clone()));
            }
        }
        self.is_below_header |= row.len() > 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_cell_is_said_in_each_of_its_rows() {
        let place = |start, end| Dimensions { start, end };
        // A header over two rows, a group over three, and one as wide as the sheet.
        let mut merged = Merged::new(vec![place((1, 0), (3, 0)), place((0, 0), (1, 0)), place((4, 0), (4, 5))]);
        let mut fill = |number: u32, cells: &[(usize, &str)]| {
            let mut row: Row = cells.iter().map(|(column, words)| (*column, (*words).to_owned())).collect();
            merged.fill(number, &mut row);
            row.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fill(0, &[(0, "Region"), (1, "City")]), "Region City");
        assert_eq!(fill(1, &[(0, "North"), (1, "Kiel")]), "North Kiel");
        assert_eq!(fill(2, &[]), "");
        assert_eq!(fill(3, &[(1, "Emden")]), "North Emden");
        assert_eq!(fill(4, &[(1, "Ulm")]), "Ulm");
    }
}
