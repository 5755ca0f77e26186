//! Where things are on a PDF's sheet: the directions that text runs in, and the page as it is shown.

use pdf_oxide::PdfDocument;

/// Text that leans less than this is upright: scans are seldom straight. Degrees.
const STRAIGHT: f32 = 3.0;

/// A sheet of US letter paper: for pages that do not say how large they are.
const LETTER: (f32, f32, f32, f32) = (0.0, 0.0, 612.0, 792.0);

/// The direction in which text runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Counterclockwise; 0 is left to right.
    pub(super) degrees: i16,
    sin: f32,
    cos: f32,
}

impl Frame {
    /// The frame of text that runs at `degrees`.
    pub(super) fn of(degrees: f32) -> Self {
        let degrees = if degrees.is_finite() { degrees % 360.0 } else { 0.0 };
        let quarters = (degrees / 90.0).round();
        let straight = (degrees - 90.0 * quarters).abs() <= STRAIGHT;
        let degrees = if straight { 90.0 * quarters } else { degrees.round() };
        // Quarter turns are exact, so that boxes of upright text are.
        let (sin, cos) = match degrees.rem_euclid(360.0) {
            0.0 => (0.0, 1.0),
            90.0 => (1.0, 0.0),
            180.0 => (0.0, -1.0),
            270.0 => (-1.0, 0.0),
            other => other.to_radians().sin_cos(),
        };
        // At most 359 either way.
        Self { degrees: degrees.rem_euclid(360.0) as i16, sin, cos }
    }

    /// A point of the sheet, turned so that the text is upright.
    pub(super) fn upright(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.cos + y * self.sin, y * self.cos - x * self.sin)
    }

    /// A box (left, low, right, high) of upright text, turned back: the box around it on the sheet.
    pub(super) fn back(&self, [left, low, right, high]: [f32; 4]) -> [f32; 4] {
        let turned = [(left, low), (left, high), (right, low), (right, high)]
            .map(|(x, y)| (x * self.cos - y * self.sin, x * self.sin + y * self.cos));
        around(turned)
    }
}

/// A page: what of it is shown, and how it is turned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    left: f32,
    bottom: f32,
    right: f32,
    top: f32,
    /// Clockwise quarter turns.
    turns: i32,
}

impl Sheet {
    /// Page `index` of `document`.
    pub(super) fn of(document: &PdfDocument, index: usize) -> Self {
        let (a, b, c, d) = document.get_page_media_box(index).unwrap_or(LETTER);
        let turns = document.get_page_rotation(index).unwrap_or(0).rem_euclid(360) / 90;
        // Some programs name the corners the other way round.
        Self { left: a.min(c), bottom: b.min(d), right: a.max(c), top: b.max(d), turns }
    }

    /// Whether a point lies on the sheet, or at most `margin` beside it.
    pub(super) fn holds(&self, x: f32, y: f32, margin: f32) -> bool {
        (self.left - margin..=self.right + margin).contains(&x)
            && (self.bottom - margin..=self.top + margin).contains(&y)
    }

    /// A box (left, low, right, high) of the sheet as it is shown: counted from the upper left corner, as left,
    /// top, right, bottom.
    pub(super) fn shown(&self, [left, low, right, high]: [f32; 4]) -> [f32; 4] {
        let map = |(x, y): (f32, f32)| match self.turns {
            1 => (y - self.bottom, x - self.left),
            2 => (self.right - x, y - self.bottom),
            3 => (self.top - y, self.right - x),
            _ => (x - self.left, self.top - y),
        };
        around([map((left, low)), map((right, high)), map((left, low)), map((right, high))])
    }
}

/// The smallest box around points.
fn around(points: [(f32, f32); 4]) -> [f32; 4] {
    let fold =
        |pick: fn(&(f32, f32)) -> f32, join: fn(f32, f32) -> f32| points.iter().map(pick).reduce(join).unwrap_or(0.0);
    [fold(|p| p.0, f32::min), fold(|p| p.1, f32::min), fold(|p| p.0, f32::max), fold(|p| p.1, f32::max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: Sheet = Sheet { left: 0.0, bottom: 0.0, right: 600.0, top: 800.0, turns: 0 };

    #[test]
    fn boxes_are_counted_from_the_upper_left_corner_of_what_is_shown() {
        let low_left = [10.0, 20.0, 110.0, 30.0];
        assert_eq!(SHEET.shown(low_left), [10.0, 770.0, 110.0, 780.0]);
        // Turned clockwise, the lower left corner is the upper left one.
        assert_eq!(Sheet { turns: 1, ..SHEET }.shown(low_left), [20.0, 10.0, 30.0, 110.0]);
        assert_eq!(Sheet { turns: 2, ..SHEET }.shown(low_left), [490.0, 20.0, 590.0, 30.0]);
        assert_eq!(Sheet { turns: 3, ..SHEET }.shown(low_left), [770.0, 490.0, 780.0, 590.0]);
    }

    #[test]
    fn turned_text_stands_upright_and_its_box_goes_back() {
        for degrees in [0.0, 1.5, 90.0, -90.0, 180.0, 450.0] {
            let frame = Frame::of(degrees);
            let (x, y) = frame.upright(100.0, 300.0);
            let back = frame.back([x, y, x + 50.0, y + 10.0]);
            let corner = match frame.degrees {
                0 => [100.0, 300.0, 150.0, 310.0],
                90 => [90.0, 300.0, 100.0, 350.0],
                180 => [50.0, 290.0, 100.0, 300.0],
                270 => [100.0, 250.0, 110.0, 300.0],
                other => panic!("{degrees} became {other}"),
            };
            assert_eq!(back, corner, "{degrees}");
        }
        assert_eq!(Frame::of(45.2).degrees, 45);
    }
}
