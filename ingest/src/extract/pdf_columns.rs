//! Reading order: columns of prose are read one after the other, everything else row by row.

/// The fewest rows on each side of a gutter that make columns.
const MIN_ROWS: usize = 3;

/// How full a column's rows are, in the median: cells of a table leave their column half empty.
const FULL: f32 = 0.6;

/// How many letters and figures stand in the longest stretch of a column's row, in the median: cells of a table are shorter,
/// whatever a row of them comes to.
const MIN_SIGNS: usize = 16;

/// Of how many in a hundred of a column's signs letters are the least: figures are a table's.
const MIN_LETTERS: usize = 70;

/// The narrowest gutter, in heights of a row.
const MIN_GUTTER: f32 = 0.7;

/// Columns of columns of columns: deeper is no page that anybody made.
const MAX_DEPTH: usize = 4;

/// How many gutters are tried.
const MAX_TRIES: usize = 8;

/// A stretch of a row between gaps that a gutter could run through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// The number of its row; rows are counted from the top.
    pub(super) row: usize,
    pub(super) left: f32,
    pub(super) right: f32,
    /// The height of its letters.
    pub(super) size: f32,
    /// Letters and figures in it.
    pub(super) signs: usize,
    /// Letters among them.
    pub(super) letters: usize,
}

/// The order in which `segments` are read. They are given row by row, each from left to right.
pub(super) fn reading_order(segments: &[Segment]) -> Vec<usize> {
    let mut order = Vec::with_capacity(segments.len());
    visit(segments, (0..segments.len()).collect(), MAX_DEPTH, &mut order);
    order
}

fn visit(segments: &[Segment], region: Vec<usize>, depth: usize, order: &mut Vec<usize>) {
    let bands = if depth == 0 { None } else { best_gutter(segments, &region).map(|x| bands(segments, &region, x)) };
    let Some(bands) = bands else {
        order.extend(region);
        return;
    };
    for band in bands {
        if is_columns(segments, &band) {
            visit(segments, band.left, depth - 1, order);
            visit(segments, band.right, depth - 1, order);
        } else {
            let mut rows = [band.left, band.right, band.across].concat();
            rows.sort_unstable();
            order.extend(rows);
        }
    }
}

/// Rows between two that a gutter does not part.
#[derive(Default)]
struct Band {
    left: Vec<usize>,
    right: Vec<usize>,
    across: Vec<usize>,
}

/// The region cut where a row goes across the gutter at `x`. Such rows are bands of their own.
fn bands(segments: &[Segment], region: &[usize], x: f32) -> Vec<Band> {
    let mut bands = vec![Band::default()];
    for row in region.chunk_by(|&a, &b| segments[a].row == segments[b].row) {
        let across = row.iter().any(|&at| segments[at].left < x && segments[at].right > x);
        let last_across = bands.last().is_some_and(|band| !band.across.is_empty());
        if across != last_across {
            bands.push(Band::default());
        }
        let Some(band) = bands.last_mut() else { continue };
        if across {
            band.across.extend(row);
            continue;
        }
        for &at in row {
            if segments[at].right <= x { band.left.push(at) } else { band.right.push(at) }
        }
    }
    bands
}

/// The middle of the gutter that most segments stand beside in columns; `None` where there are no columns.
fn best_gutter(segments: &[Segment], region: &[usize]) -> Option<f32> {
    let start = region.iter().map(|&at| segments[at].left).fold(f32::INFINITY, f32::min);
    let end = region.iter().map(|&at| segments[at].right).fold(f32::NEG_INFINITY, f32::max);
    let width = end - start;
    if region.len() < 2 * MIN_ROWS || !(width > 1.0 && width < 1e5) {
        return None;
    }
    let beside = |x: f32| -> usize {
        let bands = bands(segments, region, x);
        let columns = bands.iter().filter(|band| is_columns(segments, band));
        columns.map(|band| band.left.len() + band.right.len()).sum()
    };
    let tries = gaps(segments, region, start, width);
    let scored = tries.into_iter().map(|x| (beside(x), x)).filter(|&(beside, _)| beside > 0);
    // Of equal ones the leftmost: the others are found again on its right.
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, x)| x)
}

/// Where fewest segments are crossed, in points across the region: the middles of the emptiest stretches.
fn gaps(segments: &[Segment], region: &[usize], start: f32, width: f32) -> Vec<f32> {
    let slots = width as usize + 1;
    let slot = |x: f32| ((x - start).max(0.0) as usize).min(slots - 1);
    let mut crossed = vec![0_i32; slots + 1];
    for &at in region {
        crossed[slot(segments[at].left)] += 1;
        crossed[slot(segments[at].right) + 1] -= 1;
    }
    let mut now = 0;
    for count in &mut crossed {
        now += *count;
        *count = now;
    }
    // Stretches that are emptier than both their neighbours.
    let mut found: Vec<(i32, f32)> = Vec::new();
    let mut from = 0;
    while from < slots {
        let mut to = from;
        while to + 1 < slots && crossed[to + 1] == crossed[from] {
            to += 1;
        }
        let valley = from > 0 && to + 1 < slots && crossed[from - 1] > crossed[from] && crossed[to + 1] > crossed[to];
        let middle = start + (from + to + 1) as f32 / 2.0;
        if valley && middle > start + 0.1 * width && middle < start + 0.9 * width {
            found.push((crossed[from], middle));
        }
        from = to + 1;
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    found.truncate(MAX_TRIES);
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    found.into_iter().map(|(_, middle)| middle).collect()
}

/// Whether both sides of a band are prose, side by side with a gutter between.
fn is_columns(segments: &[Segment], band: &Band) -> bool {
    let edge = |side: &[usize]| {
        let left = side.iter().map(|&at| segments[at].left).fold(f32::INFINITY, f32::min);
        let right = side.iter().map(|&at| segments[at].right).fold(f32::NEG_INFINITY, f32::max);
        (left, right)
    };
    let ((_, end), (start, _)) = (edge(&band.left), edge(&band.right));
    let size = band.left.iter().chain(&band.right).map(|&at| segments[at].size).fold(0.0, f32::max);
    band.across.is_empty()
        && start - end >= MIN_GUTTER * size.min(20.0)
        && is_prose(segments, &band.left)
        && is_prose(segments, &band.right)
        && overlap(segments, &band.left, &band.right)
}

/// Whether the two sides stand beside each other for most of the shorter one.
fn overlap(segments: &[Segment], left: &[usize], right: &[usize]) -> bool {
    let span = |side: &[usize]| match (side.first(), side.last()) {
        (Some(&first), Some(&last)) => (segments[first].row, segments[last].row),
        _ => (0, 0),
    };
    let (left, right) = (span(left), span(right));
    let shared = (left.1.min(right.1) + 1).saturating_sub(left.0.max(right.0));
    let shorter = (left.1 + 1 - left.0).min(right.1 + 1 - right.0);
    shared * 2 >= shorter
}

fn is_prose(segments: &[Segment], side: &[usize]) -> bool {
    let (mut widths, mut signs, mut all, mut letters) = (Vec::new(), Vec::new(), 0, 0);
    let (mut start, mut end) = (f32::INFINITY, f32::NEG_INFINITY);
    for row in side.chunk_by(|&a, &b| segments[a].row == segments[b].row) {
        let left = row.iter().map(|&at| segments[at].left).fold(f32::INFINITY, f32::min);
        let right = row.iter().map(|&at| segments[at].right).fold(f32::NEG_INFINITY, f32::max);
        (start, end) = (start.min(left), end.max(right));
        widths.push(right - left);
        let in_segments = row.iter().map(|&at| segments[at].signs);
        all += in_segments.clone().sum::<usize>();
        signs.push(in_segments.max().unwrap_or(0));
        letters += row.iter().map(|&at| segments[at].letters).sum::<usize>();
    }
    if widths.len() < MIN_ROWS {
        return false;
    }
    widths.sort_by(f32::total_cmp);
    signs.sort_unstable();
    let half = widths.len() / 2;
    widths[half] >= FULL * (end - start) && signs[half] >= MIN_SIGNS && letters * 100 >= all * MIN_LETTERS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A segment of `signs` letters, each 5 points wide.
    fn words(row: usize, left: f32, signs: usize) -> Segment {
        Segment { row, left, right: left + 5.0 * signs as f32, size: 10.0, signs, letters: signs }
    }

    #[test]
    fn two_columns_under_a_title_are_read_one_after_the_other() {
        let mut page = vec![words(0, 100.0, 80)];
        for row in 1..=5 {
            page.push(words(row, 50.0, 46 - row));
            page.push(words(row, 300.0, 44 + row % 2));
        }
        page.push(words(6, 150.0, 40));
        assert_eq!(reading_order(&page), [0, 1, 3, 5, 7, 9, 2, 4, 6, 8, 10, 11]);
    }

    #[test]
    fn three_columns_are_read_one_after_the_other() {
        let page: Vec<Segment> = (0..4).flat_map(|row| [50.0, 220.0, 390.0].map(|left| words(row, left, 30))).collect();
        assert_eq!(reading_order(&page), [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
    }

    #[test]
    fn a_table_is_read_row_by_row() {
        let mut table = Vec::new();
        for row in 0..8 {
            table.push(words(row, 50.0, 10 + 4 * (row % 5)));
            let figures = Segment { letters: 0, ..words(row, 400.0, 6) };
            table.extend([figures, Segment { left: 460.0, right: 490.0, ..figures }]);
        }
        assert_eq!(reading_order(&table), (0..table.len()).collect::<Vec<_>>());
    }

    #[test]
    fn a_table_of_words_alone_is_read_row_by_row() {
        let mut table = Vec::new();
        for row in 0..6 {
            let cells = [(50.0, 1), (80.0, 40 + row), (330.0, 9 + row % 2), (400.0, 11 + row % 3)];
            table.extend(cells.map(|(left, signs)| words(row, left, signs)));
        }
        assert_eq!(reading_order(&table), (0..table.len()).collect::<Vec<_>>());
    }

    #[test]
    fn one_column_with_wide_gaps_in_its_lines_stays_in_rows() {
        let page: Vec<Segment> =
            (0..9).flat_map(|row| [words(row, 50.0, 20 + 3 * (row % 4)), words(row, 240.0, 30)]).collect();
        let mixed: Vec<Segment> = page.iter().copied().filter(|segment| segment.row % 3 == 0).collect();
        let whole = (0..9).filter(|row| row % 3 != 0).map(|row| words(row, 50.0, 70));
        let mut rows: Vec<Segment> = mixed.into_iter().chain(whole).collect();
        rows.sort_by_key(|segment| segment.row);
        assert_eq!(reading_order(&rows), (0..rows.len()).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_doubled(
            rows in proptest::collection::vec(proptest::collection::vec((0u16..500, 0usize..60), 1..4), 0..20),
        ) {
            let segments: Vec<Segment> = rows.iter().enumerate().flat_map(|(row, cells)| {
                cells.iter().map(move |&(left, signs)| words(row, f32::from(left), signs))
            }).collect();
            let mut order = reading_order(&segments);
            order.sort_unstable();
            prop_assert_eq!(order, (0..segments.len()).collect::<Vec<_>>());
        }
    }
}
