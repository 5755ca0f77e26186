//! What is shown of passages and documents. Offsets are code points here, bytes inside.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use footnote_core::document::{Document, PageRange};
use footnote_core::passage::{DocumentRef, LegScore};
use footnote_core::seam::Catalog;
use footnote_core::{CharSpan, ChunkId, DocumentId, Error, Passage, Result, Span};
use serde::Serialize;

/// A passage, as clients see it.
#[derive(Debug, Serialize)]
pub struct PassageView {
    /// The chunk.
    pub chunk_id: ChunkId,
    /// Its document.
    pub document: DocumentRef,
    /// Exactly `text[span]` of the document.
    pub text: String,
    /// Its place in the canonical text.
    pub span: CharSpan,
    /// The pages it touches.
    pub pages: Option<PageRange>,
    /// Titles of the sections around it, outermost first.
    pub heading_path: Vec<String>,
    /// The fused score; comparable within one list only.
    pub score: f32,
    /// Rank and cosine in the vector leg.
    pub dense: Option<LegScore>,
    /// Rank and BM25 in the keyword leg.
    pub keyword: Option<LegScore>,
    /// What the reranker gave it, where it read it in time.
    pub reranked: Option<f32>,
}

/// The views of `passages`, in their order.
///
/// # Errors
/// When the catalog cannot be read.
pub async fn passages(catalog: &dyn Catalog, passages: Vec<Passage>) -> Result<Vec<PassageView>> {
    let mut texts: HashMap<DocumentId, Document> = HashMap::new();
    let mut views = Vec::with_capacity(passages.len());
    for passage in passages {
        let document = match texts.entry(passage.document.id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => match catalog.document(passage.document.id).await? {
                Some(document) => new.insert(document),
                // A document that was removed a moment ago takes its passages with it.
                None => continue,
            },
        };
        let chunk = passage.chunk;
        let span = chars(&document.text, chunk.span)?;
        views.push(PassageView {
            chunk_id: chunk.id,
            document: passage.document,
            text: chunk.text,
            span,
            pages: chunk.pages,
            heading_path: chunk.heading_path,
            score: passage.score,
            dense: passage.dense,
            keyword: passage.keyword,
            reranked: passage.reranked,
        });
    }
    Ok(views)
}

/// A document's text and places, as clients see them.
#[derive(Debug, Serialize)]
pub struct TextView {
    /// Its id.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// Where it came from.
    pub uri: String,
    /// Its media type.
    pub media_type: String,
    /// The canonical text.
    pub text: String,
    /// Its pages.
    pub pages: Vec<PageView>,
    /// Its headings.
    pub headings: Vec<HeadingView>,
}

/// A page's place.
#[derive(Debug, Serialize)]
pub struct PageView {
    /// From 1.
    pub number: u32,
    /// In code points.
    pub span: CharSpan,
}

/// A heading's place.
#[derive(Debug, Serialize)]
pub struct HeadingView {
    /// 1 is the outermost.
    pub level: u8,
    /// In code points.
    pub span: CharSpan,
}

impl TextView {
    /// The view of `document`.
    ///
    /// # Errors
    /// When a span does not fit the text: a bug.
    pub fn of(document: Document) -> Result<Self> {
        let count = CodePoints::of(&document.text);
        let pages =
            document.pages.iter().map(|page| Ok(PageView { number: page.number, span: count.span(page.span)? }));
        let headings = document
            .headings
            .iter()
            .map(|heading| Ok(HeadingView { level: heading.level, span: count.span(heading.span)? }));
        Ok(Self {
            pages: pages.collect::<Result<_>>()?,
            headings: headings.collect::<Result<_>>()?,
            id: document.id,
            title: document.title,
            uri: document.uri,
            media_type: document.media_type,
            text: document.text,
        })
    }
}

fn chars(text: &str, span: Span) -> Result<CharSpan> {
    span.to_chars(text).ok_or_else(|| Error::internal(format!("span {span:?} does not fit its text")))
}

/// Code point counts at intervals, so that a thousand spans of a long text cost one pass.
struct CodePoints<'t> {
    text: &'t str,
    marks: Vec<(usize, usize)>,
}

impl<'t> CodePoints<'t> {
    const INTERVAL: usize = 1024;

    fn of(text: &'t str) -> Self {
        let indices = text.char_indices().enumerate();
        let marks = indices.step_by(Self::INTERVAL).map(|(count, (byte, _))| (byte, count)).collect();
        Self { text, marks }
    }

    fn at(&self, byte: usize) -> Option<usize> {
        let mark = self.marks.partition_point(|(start, _)| *start <= byte).checked_sub(1);
        let (start, count) = mark.map_or((0, 0), |mark| self.marks[mark]);
        Some(count + self.text.get(start..byte)?.chars().count())
    }

    fn span(&self, span: Span) -> Result<CharSpan> {
        let ends = self.at(span.start).zip(self.at(span.end));
        let (start, end) = ends.ok_or_else(|| Error::internal(format!("span {span:?} does not fit its text")))?;
        Ok(CharSpan { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_by_marks_gives_what_counting_from_the_start_gives() {
        let text = "é🦀a".repeat(3_000);
        let count = CodePoints::of(&text);
        for (start, end) in [(0, 2), (2, 6), (7 * 1500, 7 * 2999), (text.len(), text.len())] {
            let span = Span::new(start, end);
            assert_eq!(count.span(span).ok(), span.to_chars(&text));
        }
        assert!(count.span(Span::new(1, 2)).is_err());
    }
}
