//! A document: one canonical text, and the places in it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::span::Span;

/// Names footnote's ids under one roof (UUIDv5 of the DNS namespace and `footnote`).
const NAMESPACE: Uuid = Uuid::from_u128(0x9b0c_1f6e_52a4_5e0b_8f0e_6b1d_5f00_7e01);

/// A document's id: UUIDv5 of its collection and source uri, so that re-ingesting keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(pub Uuid);

impl DocumentId {
    /// The id of the document that `uri` names in `collection`.
    #[must_use]
    pub fn of(collection: &str, uri: &str) -> Self {
        // The zero byte keeps ("a", "bc") apart from ("ab", "c").
        Self(Uuid::new_v5(&NAMESPACE, format!("{collection}\0{uri}").as_bytes()))
    }
}

impl std::fmt::Display for DocumentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for DocumentId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// An extracted document: everything later points into [`Document::text`] by [`Span`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// See [`DocumentId::of`].
    pub id: DocumentId,
    /// The collection it belongs to.
    pub collection: String,
    /// Where it came from: `file:///…`, or the name that a data set gave it.
    pub uri: String,
    /// Its title, from the document itself where it has one, else the file's name.
    pub title: String,
    /// Its media type, such as `application/pdf`.
    pub media_type: String,
    /// The language that most of it is in, as a BCP 47 tag (`en`, `de`, `zh`); `None` where it could not be told.
    pub language: Option<String>,
    /// The canonical text: UTF-8, NFC, lines joined stably. Quotes are cut from here, byte for byte.
    pub text: String,
    /// The pages in order, where the format has pages; together they need not cover the text.
    pub pages: Vec<Page>,
    /// The headings in order.
    pub headings: Vec<Heading>,
    /// The boxes of lines on their pages, in order of their spans (PDF).
    pub lines: Vec<LineBox>,
}

impl Document {
    /// The pages that `span` touches, or `None` where the format has no pages.
    #[must_use]
    pub fn pages_of(&self, span: Span) -> Option<PageRange> {
        let mut touched = self.pages.iter().filter(|page| page.span.overlaps(span)).map(|page| page.number);
        let start = touched.next()?;
        Some(PageRange { start, end: touched.next_back().unwrap_or(start) })
    }

    /// The boxes of the lines that `span` touches.
    #[must_use]
    pub fn boxes_of(&self, span: Span) -> Vec<PageBox> {
        self.lines.iter().filter(|line| line.span.overlaps(span)).map(|line| line.place).collect()
    }

    /// The titles of the sections around byte `at`, outermost first.
    #[must_use]
    pub fn heading_path(&self, at: usize) -> Vec<String> {
        let mut path: Vec<&Heading> = Vec::new();
        for heading in self.headings.iter().take_while(|heading| heading.span.start <= at) {
            path.retain(|outer| outer.level < heading.level);
            path.push(heading);
        }
        path.into_iter().filter_map(|heading| heading.span.of(&self.text)).map(str::to_owned).collect()
    }

    /// Numbers (from 1) of the pages that hold no text.
    #[must_use]
    pub fn pages_without_text(&self) -> Vec<u32> {
        let blank = |page: &&Page| page.span.of(&self.text).is_none_or(|text| text.trim().is_empty());
        self.pages.iter().filter(blank).map(|page| page.number).collect()
    }
}

/// A page of a paged format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// From 1, in the file's order.
    pub number: u32,
    /// Its text.
    pub span: Span,
}

/// A heading and its depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 is the outermost.
    pub level: u8,
    /// The heading's own text, without markup.
    pub span: Span,
}

/// A line of text and where it stands on its page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LineBox {
    /// The line's text.
    pub span: Span,
    /// Its place.
    pub place: PageBox,
}

/// A rectangle on a page: points (1/72 inch), origin at the top left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PageBox {
    /// From 1.
    pub page: u32,
    /// Left edge.
    pub x0: f32,
    /// Upper edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Lower edge.
    pub y1: f32,
}

/// An inclusive range of pages, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRange {
    /// First page.
    pub start: u32,
    /// Last page.
    pub end: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let text = "Guide\nIntro\nfirst page\nSetup\nsecond page".to_owned();
        let find = |word: &str| text.find(word).map(|at| Span::new(at, at + word.len())).unwrap();
        Document {
            id: DocumentId::of("c", "u"),
            collection: "c".into(),
            uri: "u".into(),
            title: "Guide".into(),
            media_type: "application/pdf".into(),
            language: None,
            pages: vec![
                Page { number: 1, span: Span::new(0, 23) },
                Page { number: 2, span: Span::new(23, text.len()) },
                Page { number: 3, span: Span::new(text.len(), text.len()) },
            ],
            headings: vec![
                Heading { level: 1, span: find("Guide") },
                Heading { level: 2, span: find("Intro") },
                Heading { level: 2, span: find("Setup") },
            ],
            lines: vec![],
            text,
        }
    }

    #[test]
    fn ids_follow_collection_and_uri() {
        assert_eq!(DocumentId::of("a", "b"), DocumentId::of("a", "b"));
        assert_ne!(DocumentId::of("a", "bc"), DocumentId::of("ab", "c"));
    }

    #[test]
    fn a_sibling_heading_replaces_the_one_before() {
        let document = document();
        assert_eq!(document.heading_path(document.text.find("first").unwrap()), ["Guide", "Intro"]);
        assert_eq!(document.heading_path(document.text.find("second").unwrap()), ["Guide", "Setup"]);
    }

    #[test]
    fn pages_come_from_the_span() {
        let document = document();
        assert_eq!(document.pages_of(Span::new(12, 17)), Some(PageRange { start: 1, end: 1 }));
        assert_eq!(document.pages_of(Span::new(12, 30)), Some(PageRange { start: 1, end: 2 }));
        assert_eq!(document.pages_without_text(), [3]);
    }
}
