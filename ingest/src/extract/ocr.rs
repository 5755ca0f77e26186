//! Pages without text, recognized by tesseract: rendered by `pdftoppm`, read as lines with boxes, and put into the
//! text at their page's place.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use footnote_core::Span;
use footnote_core::document::{Heading, LineBox, Page, PageBox};
use footnote_core::seam::Extracted;
use serde::{Deserialize, Serialize};

use super::pdf_layout::{PdfLine, compose};
use super::tool;
use crate::normalize;

/// Dots per inch that pages are rendered with: what tesseract's makers ask for.
const DPI: f32 = 300.0;

/// Words that tesseract is less sure of (0 to 100) are specks and lines of pictures more often than words.
const MIN_CONFIDENCE: f32 = 30.0;

/// How pages without text are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OcrOptions {
    /// Whether they are read at all.
    pub on: bool,
    /// Languages that tesseract looks for, joined by `+`.
    pub languages: String,
    /// The program, looked for on PATH unless it is a path.
    pub tesseract: PathBuf,
    /// The program that renders pages, looked for likewise.
    pub pdftoppm: PathBuf,
    /// The longest that rendering and reading one page may take.
    pub page_deadline: Duration,
}

impl Default for OcrOptions {
    fn default() -> Self {
        Self {
            on: false,
            languages: "eng".to_owned(),
            tesseract: PathBuf::from("tesseract"),
            pdftoppm: PathBuf::from("pdftoppm"),
            page_deadline: Duration::from_secs(20),
        }
    }
}

/// A page as tesseract read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OcrPage {
    /// From 1.
    pub(crate) number: u32,
    pub(crate) lines: Vec<OcrLine>,
}

/// A line of such a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OcrLine {
    pub(crate) text: String,
    pub(crate) place: PageBox,
    /// Whether a new paragraph begins with it.
    pub(crate) apart: bool,
}

/// Whether OCR is on and both programs are here.
pub(crate) fn is_ready(options: &OcrOptions) -> bool {
    options.on && missing(options).is_none()
}

/// Says in words what `pages` pages without text need.
pub(crate) fn needs(options: &OcrOptions, pages: usize) -> String {
    let (pages, need) = if pages == 1 { ("1 page".to_owned(), "needs") } else { (format!("{pages} pages"), "need") };
    if !options.on {
        return format!("{pages} {need} OCR (ingest.ocr = \"tesseract\" reads them)");
    }
    match missing(options) {
        Some(program) => format!("{pages} {need} OCR, and {program} is not installed"),
        None => format!("{pages} without text, and tesseract found none either"),
    }
}

/// Says in words whether pages without text are read.
pub(crate) fn state(options: &OcrOptions) -> String {
    match (options.on, missing(options)) {
        (false, _) => "pages without text are reported (ingest.ocr is off)".to_owned(),
        (true, Some(program)) => format!("pages without text are reported: {program} is not installed"),
        (true, None) => format!("pages without text are read by tesseract ({})", options.languages),
    }
}

fn missing(options: &OcrOptions) -> Option<std::path::Display<'_>> {
    let programs = [&options.tesseract, &options.pdftoppm];
    programs.into_iter().find(|program| tool::find(program).is_none()).map(|program| program.display())
}

/// The numbers (from 1) of the pages that hold no text.
pub(crate) fn pages_without_text(extracted: &Extracted) -> Vec<u32> {
    let blank = |page: &&Page| page.span.of(&extracted.text).is_none_or(|text| text.trim().is_empty());
    extracted.pages.iter().filter(blank).map(|page| page.number).collect()
}

/// Reads `pages` of a PDF, for at most `budget` in all: what is not read by then stays without text, as does a
/// page that fails or takes too long. `done` hears every page.
pub(crate) fn recognize(
    name: &str,
    pdf: &[u8],
    pages: &[u32],
    options: &OcrOptions,
    budget: Duration,
    done: &dyn Fn(u32),
) -> Vec<OcrPage> {
    let end = Instant::now() + budget;
    let mut found = Vec::new();
    for &number in pages {
        let until = end.min(Instant::now() + options.page_deadline);
        if Instant::now() >= end {
            tracing::warn!(file = name, page = number, "no time is left to recognize the rest");
            break;
        }
        match read_page(pdf, number, options, until) {
            Ok(lines) if lines.is_empty() => {}
            Ok(lines) => found.push(OcrPage { number, lines }),
            Err(error) => tracing::warn!(file = name, page = number, %error, "page not recognized"),
        }
        done(number);
    }
    found
}

fn read_page(pdf: &[u8], number: u32, options: &OcrOptions, until: Instant) -> io::Result<Vec<OcrLine>> {
    let (page, dpi) = (number.to_string(), DPI.to_string());
    let render = ["-r", &dpi, "-gray", "-f", &page, "-l", &page, "-png", "-"].map(OsStr::new);
    let image = tool::run(&options.pdftoppm, &render, pdf, until)?;
    // tesseract is told the resolution: it guesses where it is not.
    let read = ["stdin", "stdout", "-l", &options.languages, "--dpi", &dpi, "tsv"].map(OsStr::new);
    let table = tool::run(&options.tesseract, &read, &image, until)?;
    Ok(lines(&String::from_utf8_lossy(&table), number))
}

/// The lines of tesseract's table: a row a word, told apart by block, paragraph and line. Pixels from the upper
/// left corner become points from it.
fn lines(table: &str, page: u32) -> Vec<OcrLine> {
    let mut rows = table.lines();
    let columns: HashMap<&str, usize> =
        rows.next().unwrap_or_default().split('\t').enumerate().map(|(at, name)| (name, at)).collect();
    let mut lines: Vec<OcrLine> = Vec::new();
    let mut last = None;
    for row in rows {
        let cells: Vec<&str> = row.split('\t').collect();
        let cell = |name: &str| columns.get(name).and_then(|&at| cells.get(at)).copied();
        let number = |name: &str| cell(name).and_then(|cell| cell.trim().parse::<f32>().ok());
        let Some(text) = cell("text").map(|text| normalize::canonical(text.trim()).into_owned()) else { continue };
        let sure = number("conf").is_some_and(|conf| conf >= MIN_CONFIDENCE);
        let (Some(x), Some(y), Some(width), Some(height)) =
            (number("left"), number("top"), number("width"), number("height"))
        else {
            continue;
        };
        if text.is_empty() || !sure {
            continue;
        }
        let points = |pixels: f32| pixels * 72.0 / DPI;
        let place = PageBox { page, x0: points(x), y0: points(y), x1: points(x + width), y1: points(y + height) };
        let block = (cell("block_num"), cell("par_num"));
        let here = Some((block, cell("line_num")));
        match lines.last_mut().filter(|_| here == last) {
            Some(line) => {
                line.text.push(' ');
                line.text.push_str(&text);
                line.place = union(line.place, place);
            }
            None => lines.push(OcrLine { text, place, apart: last.is_some_and(|(before, _)| before != block) }),
        }
        last = here;
    }
    lines
}

fn union(a: PageBox, b: PageBox) -> PageBox {
    PageBox { x0: a.x0.min(b.x0), y0: a.y0.min(b.y0), x1: a.x1.max(b.x1), y1: a.y1.max(b.y1), ..a }
}

/// Puts recognized pages into the text, each at its place; what comes after moves along.
pub(crate) fn merge(extracted: Extracted, found: Vec<OcrPage>) -> Extracted {
    let mut found: HashMap<u32, OcrPage> = found.into_iter().map(|page| (page.number, page)).collect();
    if found.is_empty() {
        return extracted;
    }
    let mut out = Extracted { title: extracted.title.clone(), ..Extracted::default() };
    let mut old_headings = extracted.headings.iter().peekable();
    let mut old_lines = extracted.lines.iter().peekable();
    for page in &extracted.pages {
        let old = page.span.of(&extracted.text).unwrap_or_default();
        let read = found.remove(&page.number).map(text_of);
        let new = read.as_ref().map_or(old, |read| read.text.as_str());
        if !new.is_empty() && !out.text.is_empty() && !out.text.ends_with("\n\n") {
            out.text.push_str("\n\n");
        }
        let start = out.text.len();
        out.text.push_str(new);
        out.pages.push(Page { number: page.number, span: Span::new(start, out.text.len()) });
        if let Some(read) = read {
            out.lines.extend(read.lines.into_iter().map(|mut line| {
                line.span = line.span.shifted(start);
                line
            }));
        }
        let moved = |span: Span| Span::new(span.start - page.span.start + start, span.end - page.span.start + start);
        let inside = |span: Span| span.start >= page.span.start && span.end <= page.span.end;
        // What lies before the page belongs to none and cannot be placed; there is no such thing in a PDF.
        while let Some(heading) = old_headings.next_if(|heading| heading.span.start < page.span.end) {
            if inside(heading.span) {
                out.headings.push(Heading { span: moved(heading.span), ..*heading });
            }
        }
        while let Some(line) = old_lines.next_if(|line| line.span.start < page.span.end) {
            if inside(line.span) {
                out.lines.push(LineBox { span: moved(line.span), ..*line });
            }
        }
    }
    normalize::settle(out)
}

/// A recognized page as text with lines, by the rules of every other page.
fn text_of(page: OcrPage) -> Extracted {
    let line = |line: OcrLine| PdfLine {
        text: line.text,
        place: Some(line.place),
        // The height of a box is not the size of its letters: no headings are guessed from it.
        size: 0.0,
        columns: false,
        bold: false,
        apart: line.apart,
    };
    compose(vec![page.lines.into_iter().map(line).collect()])
}

#[cfg(test)]
#[path = "ocr_tests.rs"]
mod tests;
