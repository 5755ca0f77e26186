//! The glyphs of a page to lines: one pass over its content, without the library's own layout analysis, which
//! reads the page twice more.

use std::collections::{HashMap, HashSet};

use footnote_core::document::PageBox;
use pdf_oxide::PdfDocument;
use pdf_oxide::layout::{FontWeight, TextChar};

use super::pdf_columns::{Segment, reading_order};
use super::pdf_frame::{Frame, Sheet};
use super::pdf_layout::PdfLine;

/// The widest gap between words of a sentence, in sizes of its letters; a wider one parts the cells of a row.
const CELL_GAP: f32 = 1.8;

/// A gap that a gutter between columns could run through, in sizes of the letters.
const GUTTER_GAP: f32 = 0.8;

/// Gaps below this, in sizes of the letters, are kerning inside a word: many programs place letters one by one.
/// (Between words even of tightly set lines it is 0.2. Anything from 0.03 to 0.18 gives the same words on
/// real filings: recall against pdftotext 0.9996, with a space at every piece 0.985.)
const WORD_GAP: f32 = 0.1;

/// The same where the page itself has a space there.
const SPACED_GAP: f32 = 0.03;

/// The same where the width of signs is a guess.
const GUESSED_GAP: f32 = 0.3;

/// How far above or below a line's own a baseline may lie, in sizes of the letters: raised and lowered signs.
const BASELINE: f32 = 0.5;

/// How much of a line's box lies below its baseline, in sizes of its letters.
const BELOW: f32 = 0.22;

/// Text this far beyond the sheet, in points, is not seen; the next page's is kept there by some programs.
const MARGIN: f32 = 2.0;

/// A sign on a sheet, in the frame that it is read in: upright, `y` growing upwards.
#[derive(Debug, Clone, Copy)]
struct Glyph {
    sign: char,
    left: f32,
    right: f32,
    baseline: f32,
    size: f32,
    bold: bool,
    /// Whether a space stood before it.
    spaced: bool,
    /// Whether its right edge is a guess.
    guessed: bool,
}

/// The lines of page `index`, in reading order, with boxes from the upper left corner of the page as it is shown.
///
/// # Errors
/// Those of the library, where the page cannot be read.
pub(super) fn page_lines(document: &PdfDocument, index: usize) -> pdf_oxide::Result<Vec<PdfLine>> {
    // The unfiltered call keeps a copy of every page.
    let signs = document.extract_chars_filtered(index, HashSet::new(), HashSet::new())?;
    let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
    let sheet = Sheet::of(document, index);
    let mut lines = Vec::new();
    for (frame, glyphs) in frames(&signs, &sheet) {
        lines.extend(read_frame(glyphs).into_iter().map(|(mut line, [left, low, right, high])| {
            let [x0, y0, x1, y1] = sheet.shown(frame.back([left, low, right, high]));
            let sound = [x0, y0, x1, y1].iter().all(|value| value.is_finite());
            line.place = sound.then_some(PageBox { page: number, x0, y0, x1, y1 });
            line
        }));
    }
    Ok(lines)
}

/// The signs by the direction that they run in; what most of them run in comes first.
fn frames(signs: &[TextChar], sheet: &Sheet) -> Vec<(Frame, Vec<Glyph>)> {
    let mut found: HashMap<i16, Vec<Glyph>> = HashMap::new();
    let mut last: Option<(f32, Frame)> = None;
    for sign in signs {
        let (x, y, size) = (sign.origin_x, sign.origin_y, sign.font_size);
        if ![x, y, size, sign.advance_width].iter().all(|value| value.is_finite()) || size <= 0.0 {
            continue;
        }
        if !sheet.holds(x, y, MARGIN) {
            continue;
        }
        let frame = match last {
            Some((degrees, frame)) if degrees == sign.rotation_degrees => frame,
            _ => Frame::of(sign.rotation_degrees),
        };
        last = Some((sign.rotation_degrees, frame));
        let (left, baseline) = frame.upright(x, y);
        let advance = sign.advance_width.abs();
        // The library knows no advance of signs that stand upright: it measures along the sheet's lower edge.
        let guessed = advance < 0.01 * size;
        let right = left + if guessed { size * usual_width(sign.char) } else { advance };
        let bold = sign.font_weight == FontWeight::Bold;
        found.entry(frame.degrees).or_default().push(Glyph {
            sign: sign.char,
            left,
            right,
            baseline,
            size,
            bold,
            spaced: false,
            guessed,
        });
    }
    let mut found: Vec<_> =
        found.into_iter().map(|(degrees, glyphs)| (Frame::of(f32::from(degrees)), glyphs)).collect();
    found.sort_by_key(|(frame, glyphs)| (std::cmp::Reverse(glyphs.len()), frame.degrees));
    found
}

/// How wide a sign is in most fonts, in sizes of its letters.
fn usual_width(sign: char) -> f32 {
    match sign {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.25,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '-' => 0.32,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.8,
        sign if sign.is_uppercase() => 0.67,
        sign if sign.is_ascii() || sign.is_lowercase() => 0.5,
        _ => 0.9,
    }
}

/// A line, and its box: left, low, right, high.
type Placed = (PdfLine, [f32; 4]);

/// The lines of the signs that run in one direction.
fn read_frame(glyphs: Vec<Glyph>) -> Vec<Placed> {
    let rows = rows(glyphs);
    let numbered = rows.iter().enumerate();
    let pieces: Vec<(usize, &[Glyph])> =
        numbered.flat_map(|(row, glyphs)| pieces(glyphs).map(move |piece| (row, piece))).collect();
    let segments: Vec<Segment> = pieces.iter().map(|&(row, piece)| segment(row, piece)).collect();
    let mut lines = Vec::new();
    let mut open: Vec<Glyph> = Vec::new();
    let mut before: Option<usize> = None;
    for at in reading_order(&segments) {
        let (row, piece) = pieces[at];
        // Pieces of a row that follow each other are one line again, unless a cell ends between them.
        let goes_on = before.is_some_and(|before| before + 1 == at && pieces[before].0 == row)
            && open.last().zip(piece.first()).is_some_and(|(left, right)| !is_gap(left, right, CELL_GAP));
        if !goes_on {
            lines.extend(line(&open));
            open.clear();
        }
        open.extend_from_slice(piece);
        before = Some(at);
    }
    lines.extend(line(&open));
    lines
}

/// The signs by baseline from the top, each row from left to right, without spaces: what stood after one says so.
fn rows(mut glyphs: Vec<Glyph>) -> Vec<Vec<Glyph>> {
    glyphs.sort_by(|a, b| b.baseline.total_cmp(&a.baseline));
    let mut rows: Vec<Vec<Glyph>> = Vec::new();
    let (mut baseline, mut size) = (f32::INFINITY, 0.0_f32);
    for glyph in glyphs {
        // An initial that is three lines high belongs to one of them.
        let near = BASELINE * glyph.size.min(1.5 * size);
        match rows.last_mut().filter(|_| baseline - glyph.baseline <= near) {
            Some(row) => row.push(glyph),
            None => {
                (baseline, size) = (glyph.baseline, glyph.size);
                rows.push(vec![glyph]);
            }
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
        let mut spaced = false;
        for glyph in row.iter_mut() {
            glyph.spaced = std::mem::replace(&mut spaced, is_blank(glyph.sign));
        }
        row.retain(|glyph| !is_blank(glyph.sign));
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// Whether nothing is to be seen: a space, or a sign whose font does not say what it is. Most of the latter are
/// spaces, too; where all are such, the page has no text that can be read.
fn is_blank(sign: char) -> bool {
    sign.is_whitespace() || sign == char::REPLACEMENT_CHARACTER
}

/// The stretches of a row between gaps that a gutter could run through.
fn pieces(row: &[Glyph]) -> impl Iterator<Item = &[Glyph]> {
    row.chunk_by(|left, right| !is_gap(left, right, GUTTER_GAP))
}

fn is_gap(left: &Glyph, right: &Glyph, sizes: f32) -> bool {
    right.left - left.right > sizes * left.size.max(1.0)
}

fn segment(row: usize, piece: &[Glyph]) -> Segment {
    let signs = piece.iter().filter(|glyph| glyph.sign.is_alphanumeric()).count();
    let letters = piece.iter().filter(|glyph| glyph.sign.is_alphabetic()).count();
    let (left, right) = extent(piece);
    let size = piece.iter().map(|glyph| glyph.size).fold(0.0, f32::max);
    Segment { row, left, right, size, signs, letters }
}

fn extent(glyphs: &[Glyph]) -> (f32, f32) {
    let left = glyphs.iter().map(|glyph| glyph.left).fold(f32::INFINITY, f32::min);
    let right = glyphs.iter().map(|glyph| glyph.right).fold(f32::NEG_INFINITY, f32::max);
    (left, right)
}

/// A line of signs; `None` where there are none.
fn line(glyphs: &[Glyph]) -> Option<Placed> {
    if glyphs.is_empty() {
        return None;
    }
    let count = glyphs.len() as f32;
    let size = glyphs.iter().map(|glyph| glyph.size).sum::<f32>() / count;
    let (left, right) = extent(glyphs);
    let low = glyphs.iter().map(|glyph| glyph.baseline - BELOW * glyph.size).fold(f32::INFINITY, f32::min);
    let high = glyphs.iter().map(|glyph| glyph.baseline + (1.0 - BELOW) * glyph.size).fold(f32::NEG_INFINITY, f32::max);
    let bold = glyphs.iter().all(|glyph| glyph.bold);
    let line = PdfLine { text: text(glyphs), place: None, size, columns: false, bold, apart: false };
    Some((line, [left, low, right, high]))
}

/// The signs as text, with spaces where there are gaps. A sign far to the left of the one before it begins a word
/// of its own.
fn text(glyphs: &[Glyph]) -> String {
    let mut text = String::with_capacity(glyphs.len() + glyphs.len() / 4);
    let mut before: Option<&Glyph> = None;
    for glyph in glyphs {
        if let Some(before) = before {
            let (gap, size) = (glyph.left - before.right, before.size.max(glyph.size));
            let least = match (glyph.spaced, before.guessed) {
                (true, _) => SPACED_GAP,
                (false, false) => WORD_GAP,
                (false, true) => GUESSED_GAP,
            };
            if gap > least * size || gap < -size {
                text.push(' ');
            }
        }
        text.push(glyph.sign);
        before = Some(glyph);
    }
    text
}
