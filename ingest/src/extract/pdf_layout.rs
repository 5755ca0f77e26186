//! Lines of a PDF to canonical text: paragraphs, pages, headings and the box of each line.

use std::collections::HashSet;

use footnote_core::Span;
use footnote_core::document::{Heading, LineBox, Page, PageBox};
use footnote_core::seam::Extracted;

use super::{pdf_pages, pdf_table};

/// How much larger than the body's a heading's letters are.
const HEADING_SIZE: f32 = 1.15;
/// The longest line that is taken for a heading, in code points.
const MAX_HEADING_CHARS: usize = 120;
/// Deeper headings than this are not told apart by size.
const MAX_LEVEL: u8 = 4;
/// Where more of the lines than one in this many look like headings, sizes mean something else.
const HEADING_SHARE: usize = 5;

/// A line on a page, as a reader of PDFs gives it.
#[derive(Debug, Clone)]
pub(super) struct PdfLine {
    pub(super) text: String,
    /// Where it stands; `None` where the reader does not know.
    pub(super) place: Option<PageBox>,
    /// The size of its letters in points, 0 where unknown.
    pub(super) size: f32,
    /// Whether wide gaps set columns apart in it: a row of a table.
    pub(super) columns: bool,
    /// Whether all of it is set bold.
    pub(super) bold: bool,
    /// Whether the reader itself left an empty line before it.
    pub(super) apart: bool,
}

/// Puts pages of lines together. Lines of a paragraph are joined by a space; a word that was divided at a
/// line's end is whole again where the document has it whole elsewhere. Pages are parted by an empty line.
pub(super) fn compose(mut pages: Vec<Vec<PdfLine>>) -> Extracted {
    pdf_pages::clear_gibberish(&mut pages);
    pdf_pages::drop_running_heads(&mut pages);
    let pages: Vec<Vec<PdfLine>> = pages.into_iter().map(pdf_table::join_rows).collect();
    let words = words(&pages);
    let levels = Levels::of(&pages);
    let mut out = Extracted::default();
    for (number, lines) in (1..).zip(&pages) {
        if !out.text.is_empty() && !out.text.ends_with("\n\n") {
            out.text.push_str("\n\n");
        }
        let start = out.text.len();
        let right = right_edge(lines);
        let mut previous: Option<&PdfLine> = None;
        for line in lines.iter().filter(|line| !line.text.trim().is_empty()) {
            let level = levels.of_line(line);
            let above = previous.map(|previous| (previous, levels.of_line(previous)));
            join(&mut out.text, above, (line, level), right, &words);
            let from = out.text.len();
            if let Some(last) = out.lines.last_mut() {
                // A hyphen that went is no longer part of the line above.
                last.span.end = last.span.end.min(from);
            }
            out.text.push_str(line.text.trim());
            let span = Span::new(from, out.text.len());
            out.lines.extend(line.place.map(|place| LineBox { span, place }));
            if let Some(level) = level {
                let goes_on = above.is_some_and(|(previous, other)| other == Some(level) && near(previous, line));
                match out.headings.last_mut().filter(|_| goes_on) {
                    Some(heading) => heading.span.end = span.end,
                    None => out.headings.push(Heading { level, span }),
                }
            }
            previous = Some(line);
        }
        out.pages.push(Page { number, span: Span::new(start, out.text.len()) });
    }
    // A page that is empty at the end leaves the gap that was made for it.
    let end = out.text.trim_end().len();
    out.text.truncate(end);
    for page in &mut out.pages {
        page.span = Span::new(page.span.start.min(end), page.span.end.min(end));
    }
    out
}

/// Writes what stands between two lines.
fn join(
    text: &mut String,
    above: Option<(&PdfLine, Option<u8>)>,
    (line, level): (&PdfLine, Option<u8>),
    right: f32,
    words: &HashSet<String>,
) {
    let Some((previous, level_above)) = above else { return };
    if level.is_some() || level_above.is_some() {
        let same = level == level_above && near(previous, line);
        text.push_str(if same { " " } else { "\n\n" });
        return;
    }
    let begins_lower = line.text.trim_start().starts_with(char::is_lowercase);
    let ended = previous.text.trim_end().ends_with(['.', '!', '?', ':', ';']);
    let goes_on = begins_lower && !ended;
    if previous.columns || line.columns || is_item(&line.text) {
        text.push('\n');
    } else if (line.apart || !near(previous, line)) && !goes_on {
        text.push_str("\n\n");
    } else if ends_short(previous, right) && !goes_on {
        text.push('\n');
    } else if begins_lower && text.ends_with('-') && !text.ends_with(" -") {
        if let Some(kept) = undivided(text, &line.text, words) {
            text.truncate(kept);
        }
    } else {
        text.push(' ');
    }
}

/// The text's length without the hyphen at its end, where the word that it divides is whole elsewhere.
fn undivided(text: &str, next: &str, words: &HashSet<String>) -> Option<usize> {
    let front = text.strip_suffix('-')?;
    let start = front
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(0, |at| at + front[at..].chars().next().map_or(1, char::len_utf8));
    let rest = next.trim_start();
    let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (head, tail) = (&front[start..], &rest[..end]);
    let whole = format!("{head}{tail}").to_lowercase();
    (!head.is_empty() && words.contains(&whole)).then_some(front.len())
}

/// The words that stand whole inside lines, in lower case.
fn words(pages: &[Vec<PdfLine>]) -> HashSet<String> {
    let lines = pages.iter().flatten();
    let words = lines.flat_map(|line| line.text.split(|c: char| !c.is_alphabetic()));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Whether `line` follows `previous` at a paragraph's distance, in letters of the same size. Lines without a
/// place follow each other.
fn near(previous: &PdfLine, line: &PdfLine) -> bool {
    let (Some(above), Some(below)) = (previous.place, line.place) else { return true };
    let height = (above.y1 - above.y0).max(below.y1 - below.y0).max(1.0);
    let gap = below.y0 - above.y1;
    let same_size = (previous.size - line.size).abs() <= 0.12 * previous.size.max(line.size);
    same_size && gap < 0.75 * height && gap > -1.5 * height
}

/// Whether a line ends well before the right edge of its page's text.
fn ends_short(line: &PdfLine, right: f32) -> bool {
    line.place.is_some_and(|place| place.x1 < right - 0.2 * (right - place.x0).max(0.0))
}

/// The right edge of most of the text: far-out lines (page numbers, margins) do not count.
fn right_edge(lines: &[PdfLine]) -> f32 {
    let mut ends: Vec<f32> = lines.iter().filter_map(|line| line.place.map(|place| place.x1)).collect();
    ends.sort_by(f32::total_cmp);
    ends.get(ends.len() * 9 / 10).copied().unwrap_or(0.0)
}

fn is_item(text: &str) -> bool {
    let text = text.trim_start();
    let bullet = text.strip_prefix(['•', '·', '▪', '◦', '●', '■', '–', '*', '-', '○']);
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = (1..=2).contains(&digits).then(|| text[digits..].strip_prefix(['.', ')'])).flatten();
    let letter = text.strip_prefix('(').and_then(|rest| rest.find(')').filter(|&at| at <= 4).map(|at| &rest[at + 1..]));
    bullet.or(number).or(letter).is_some_and(|rest| rest.starts_with(' '))
}

/// Which sizes of letters are headings, and how deep.
struct Levels {
    /// Sizes in half points, largest first; none where sizes tell nothing.
    sizes: Vec<u32>,
}

impl Levels {
    fn of(pages: &[Vec<PdfLine>]) -> Self {
        let lines: Vec<&PdfLine> = pages.iter().flatten().filter(|line| line.size > 0.0).collect();
        let Some(body) = body_size(&lines) else { return Self { sizes: Vec::new() } };
        let looks = |line: &&PdfLine| {
            let chars = line.text.trim().chars().count();
            let worded = line.text.chars().filter(|c| c.is_alphabetic()).count() * 2 > chars;
            line.size >= body * HEADING_SIZE && chars <= MAX_HEADING_CHARS && worded && !line.columns
        };
        let headings: Vec<&PdfLine> = lines.iter().copied().filter(|line| looks(line)).collect();
        if headings.len() * HEADING_SHARE > lines.len() {
            return Self { sizes: Vec::new() };
        }
        let mut sizes: Vec<u32> = headings.iter().map(|line| half_points(line.size)).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.dedup();
        Self { sizes }
    }

    fn of_line(&self, line: &PdfLine) -> Option<u8> {
        let chars = line.text.trim().chars().count();
        let worded = line.text.chars().filter(|c| c.is_alphabetic()).count() * 2 > chars;
        if line.columns || chars > MAX_HEADING_CHARS || !worded {
            return None;
        }
        let rank = self.sizes.iter().position(|&size| size == half_points(line.size))?;
        Some(u8::try_from(rank + 1).unwrap_or(MAX_LEVEL).min(MAX_LEVEL))
    }
}

/// The size in which most of the text is set.
fn body_size(lines: &[&PdfLine]) -> Option<f32> {
    let mut counted: Vec<(u32, usize)> = Vec::new();
    for line in lines {
        let size = half_points(line.size);
        match counted.iter_mut().find(|(other, _)| *other == size) {
            Some((_, chars)) => *chars += line.text.len(),
            None => counted.push((size, line.text.len())),
        }
    }
    // Half points are small whole numbers: exact as floats.
    counted.into_iter().max_by_key(|&(_, chars)| chars).map(|(size, _)| size as f32 / 2.0)
}

/// A size in half points; negative and endless ones are 0.
fn half_points(size: f32) -> u32 {
    (size * 2.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str, y: f32, x1: f32, size: f32) -> PdfLine {
        let place = PageBox { page: 1, x0: 70.0, y0: y, x1, y1: y + size };
        PdfLine { text: text.into(), place: Some(place), size, columns: false, bold: false, apart: false }
    }

    fn body(text: &str, y: f32) -> PdfLine {
        line(text, y, 500.0, 10.0)
    }

    #[test]
    fn lines_become_paragraphs_and_headings() {
        let page = vec![
            line("A long", 50.0, 200.0, 20.0),
            line("title", 72.0, 160.0, 20.0),
            body("The first paragraph is wrapped and has a well-", 110.0),
            body("known word, a divi-", 122.0),
            body("sion and another division at", 134.0),
            line("the end.", 146.0, 120.0, 10.0),
            body("Next to it stands another paragraph that goes over", 158.0),
            body("two lines", 170.0),
            body("Far below a new one.", 220.0),
            body("• an item", 232.0),
            body("• another", 244.0),
        ];
        let found = compose(vec![page, vec![], vec![body("Second sheet.", 50.0)]]);
        assert_eq!(
            found.text,
            "A long title\n\nThe first paragraph is wrapped and has a well-known word, a division and another division at \
             the end.\nNext to it stands another paragraph that goes over two lines\n\nFar below a new one.\n• an item\n\
             • another\n\nSecond sheet."
        );
        assert_eq!(found.headings.len(), 1);
        assert_eq!(found.headings[0].span.of(&found.text), Some("A long title"));
        let pages: Vec<_> = found.pages.iter().map(|page| page.span.of(&found.text).unwrap().len()).collect();
        assert_eq!((pages[1], pages[2]), (0, "Second sheet.".len()));
        assert_eq!(found.lines[2].span.of(&found.text), Some("The first paragraph is wrapped and has a well-"));
    }

    #[test]
    fn a_page_of_many_sizes_has_no_headings() {
        let sizes = [10.0, 10.0, 14.0, 16.0, 10.0, 18.0];
        let page =
            (0u8..).zip(sizes).map(|(row, size)| line("words of it", f32::from(row) * 30.0, 300.0, size)).collect();
        assert!(compose(vec![page]).headings.is_empty());
    }

    proptest! {
        #[test]
        fn pages_and_lines_lie_in_the_text(
            pages in proptest::collection::vec(proptest::collection::vec(("[a-cé. -]{0,8}", 0u8..60, 8u8..20), 0..6), 0..5),
        ) {
            let count = pages.len();
            let pages = pages.into_iter().map(|lines| {
                lines.into_iter().map(|(text, y, size)| line(&text, f32::from(y), 300.0, f32::from(size))).collect()
            });
            let found = compose(pages.collect());
            prop_assert_eq!(found.pages.len(), count);
            let mut at = 0;
            for page in &found.pages {
                prop_assert!(page.span.start >= at && page.span.of(&found.text).is_some());
                at = page.span.end;
            }
            for line in &found.lines {
                prop_assert!(line.span.of(&found.text).is_some_and(|text| !text.trim().is_empty()));
            }
        }
    }
}
