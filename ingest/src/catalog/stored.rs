//! What both catalogs store alike.

use footnote_core::document::{Heading, LineBox, Page, PageBox};
use footnote_core::{Document, Span};
use serde_json::Result;

/// Replaced versions that are remembered of a document.
pub(super) const VERSIONS: u32 = 100;

/// The columns of a document's row, in the order in which both catalogs read them.
pub(super) const RECORD: &str = "d.id, d.collection, d.uri, d.title, d.media_type, d.bytes, d.modified_ms, \
     d.content_hash, d.pages, d.pages_without_text, d.chunks, d.status, d.reason, d.updated_ms, d.language, d.version, \
     d.attempts, d.retry_at_ms, d.timings, d.metadata";

/// The columns of a chunk's row, likewise.
pub(super) const CHUNK: &str =
    "c.id, c.document, c.ordinal, c.span_start, c.span_end, c.text, c.heading_path, c.page_start, c.page_end, c.tokens";

/// How many columns [`CHUNK`] has.
pub(super) const CHUNK_COLUMNS: usize = 10;

/// Documents that are in both indexes.
pub(super) const INDEXED: &str = "d.status IN ('indexed', 'unchanged')";

/// The pages, headings and lines of a document, in JSON. As bare tuples: a long PDF has ten thousand lines, and field
/// names would double them.
pub(super) struct Places {
    pub(super) pages: String,
    pub(super) headings: String,
    pub(super) lines: String,
}

/// Number, start, end.
type StoredPage = (u32, usize, usize);
/// Level, start, end.
type StoredHeading = (u8, usize, usize);
/// Start, end, page, x0, y0, x1, y1.
type StoredLine = (usize, usize, u32, f32, f32, f32, f32);

impl Places {
    /// For storing.
    pub(super) fn of(document: &Document) -> Result<Self> {
        let page = |page: &Page| -> StoredPage { (page.number, page.span.start, page.span.end) };
        let heading = |heading: &Heading| -> StoredHeading { (heading.level, heading.span.start, heading.span.end) };
        let line = |line: &LineBox| -> StoredLine {
            let PageBox { page, x0, y0, x1, y1 } = line.place;
            (line.span.start, line.span.end, page, x0, y0, x1, y1)
        };
        Ok(Self {
            pages: serde_json::to_string(&document.pages.iter().map(page).collect::<Vec<_>>())?,
            headings: serde_json::to_string(&document.headings.iter().map(heading).collect::<Vec<_>>())?,
            lines: serde_json::to_string(&document.lines.iter().map(line).collect::<Vec<_>>())?,
        })
    }

    /// As they were.
    pub(super) fn read(&self) -> Result<(Vec<Page>, Vec<Heading>, Vec<LineBox>)> {
        let page = |(number, start, end): StoredPage| Page { number, span: Span::new(start, end) };
        let heading = |(level, start, end): StoredHeading| Heading { level, span: Span::new(start, end) };
        let line = |(start, end, page, x0, y0, x1, y1): StoredLine| LineBox {
            span: Span::new(start, end),
            place: PageBox { page, x0, y0, x1, y1 },
        };
        Ok((
            serde_json::from_str::<Vec<_>>(&self.pages)?.into_iter().map(page).collect(),
            serde_json::from_str::<Vec<_>>(&self.headings)?.into_iter().map(heading).collect(),
            serde_json::from_str::<Vec<_>>(&self.lines)?.into_iter().map(line).collect(),
        ))
    }
}
