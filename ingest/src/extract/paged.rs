//! A text that is put together page by page: slides, sheets, chapters.

use footnote_core::document::{Heading, Page};
use footnote_core::seam::Extracted;
use footnote_core::{Code, Error, Result, Span};

use super::canvas::Canvas;

/// The most bytes of text that one file may give. What stands in the file once may be written many times: a
/// header for each row, a text that cells share, a chapter that is listed again and again.
pub(crate) const MAX_TEXT_BYTES: usize = 512 << 20;

/// Whether a text may grow to `bytes`.
///
/// # Errors
/// [`Code::FileTooLarge`] above [`MAX_TEXT_BYTES`].
pub(crate) fn within_limit(name: &str, bytes: usize) -> Result<()> {
    if bytes <= MAX_TEXT_BYTES {
        return Ok(());
    }
    let most = MAX_TEXT_BYTES >> 20;
    Err(Error::new(Code::FileTooLarge, format!("{name}: its text, written out, is over {most} MiB"))
        .hint("split it into several files"))
}

/// Collects pages into one text, an empty line between them.
#[derive(Debug, Default)]
pub(crate) struct Paged {
    text: String,
    headings: Vec<Heading>,
    pages: Vec<Page>,
}

impl Paged {
    /// Adds the next page; it may be empty. Gives its number, from 1.
    pub(crate) fn push(&mut self, canvas: Canvas) -> u32 {
        let span = self.add(canvas);
        let number = self.pages().saturating_add(1);
        self.pages.push(Page { number, span });
        number
    }

    /// Adds words that stand on no page.
    pub(crate) fn add(&mut self, canvas: Canvas) -> Span {
        let (text, headings) = canvas.finish();
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push_str("\n\n");
        }
        let start = self.text.len();
        self.headings
            .extend(headings.into_iter().map(|heading| Heading { span: heading.span.shifted(start), ..heading }));
        self.text.push_str(&text);
        Span::new(start, self.text.len())
    }

    /// Bytes of text so far.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// How many pages there are so far.
    pub(crate) fn pages(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    /// All of it, under `title`.
    pub(crate) fn finish(self, title: Option<String>) -> Extracted {
        let Self { text, headings, pages } = self;
        Extracted { title, text, pages, headings, ..Extracted::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_repeated_without_end_is_refused() {
        assert!(within_limit("a.xlsx", MAX_TEXT_BYTES).is_ok());
        assert_eq!(within_limit("a.xlsx", MAX_TEXT_BYTES + 1).unwrap_err().code(), Code::FileTooLarge);
    }

    #[test]
    fn pages_and_headings_point_to_their_words() {
        let mut paged = Paged::default();
        for words in ["one", "", "two"] {
            let mut canvas = Canvas::default();
            canvas.open_heading(1);
            canvas.words(words);
            paged.push(canvas);
        }
        let found = paged.finish(None);
        assert_eq!(found.text, "one\n\ntwo");
        let pages: Vec<_> = found.pages.iter().map(|p| (p.number, p.span.of(&found.text).unwrap())).collect();
        assert_eq!(pages, [(1, "one"), (2, ""), (3, "two")]);
        let headings: Vec<_> = found.headings.iter().map(|h| h.span.of(&found.text).unwrap()).collect();
        assert_eq!(headings, ["one", "two"]);
    }
}
