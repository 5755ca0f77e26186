//! PDF by `pdf-extract`: the second reader, for files that the first does not read. It knows no places.

use std::cell::RefCell;
use std::rc::Rc;

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Code, Error, Result};
use pdf_extract::{
    ConvertToFmt, Document, MediaBox, OutputDev, OutputError, PlainTextOutput, Transform, output_doc, output_doc_page,
};

use super::pdf_layout::{PdfLine, compose};
use crate::normalize;

/// Reads PDFs.
pub(crate) struct PdfExtract;

impl Extractor for PdfExtract {
    fn media_types(&self) -> &'static [&'static str] {
        &["application/pdf"]
    }

    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
        let failed = |error: OutputError| {
            Error::new(Code::FileDamaged, format!("{name}: not a readable PDF: {error}"))
                .hint("open it in a viewer and save it again, or mend it: qpdf broken.pdf mended.pdf")
        };
        let mut document = Document::load_mem(bytes).map_err(|error| failed(error.into()))?;
        if document.is_encrypted() {
            document.decrypt("").map_err(|error| failed(error.into()))?;
        }
        let count = u32::try_from(document.get_pages().len()).unwrap_or(u32::MAX);
        let mut pages = Pages { done, read: Vec::new(), output: None };
        // All pages in one walk over the page tree. It ends at the first broken one; the rest are asked for one by
        // one, each with a walk of its own.
        let broken = output_doc(&document, &mut pages).err();
        if broken.is_some() {
            for number in pages.next()..=count {
                if let Err(error) = output_doc_page(&document, &mut pages, number) {
                    tracing::warn!(file = name, page = number, %error, "page not read");
                }
                done(number);
            }
        }
        let texts = pages.texts(count);
        match broken.filter(|_| texts.iter().all(String::is_empty)) {
            Some(error) => Err(failed(error)),
            None => Ok(normalize::settle(compose(texts.iter().map(|page| lines(page)).collect()))),
        }
    }
}

/// Writes each page to a text of its own, and says when it is done.
struct Pages<'d> {
    done: &'d dyn Fn(u32),
    /// The pages that were begun, with their numbers.
    read: Vec<(u32, Sheet)>,
    output: Option<PlainTextOutput<Sheet>>,
}

impl Pages<'_> {
    /// The number of the page after the last that was begun.
    fn next(&self) -> u32 {
        self.read.last().map_or(1, |&(number, _)| number.saturating_add(1))
    }

    /// The text of every page, also of those that were not read.
    fn texts(&self, count: u32) -> Vec<String> {
        let mut texts = vec![String::new(); count as usize];
        for (number, sheet) in &self.read {
            if let Some(text) = texts.get_mut((*number as usize).wrapping_sub(1)) {
                text.clone_from(&sheet.0.borrow());
            }
        }
        texts
    }

    fn with(&mut self, write: impl FnOnce(&mut PlainTextOutput<Sheet>) -> Written) -> Written {
        self.output.as_mut().map_or(Ok(()), write)
    }
}

type Written = std::result::Result<(), OutputError>;

impl OutputDev for Pages<'_> {
    fn begin_page(&mut self, number: u32, media: &MediaBox, art: Option<(f64, f64, f64, f64)>) -> Written {
        let sheet = Sheet::default();
        self.read.push((number, sheet.clone()));
        self.output = Some(PlainTextOutput::new(sheet));
        self.with(|output| output.begin_page(number, media, art))
    }

    fn end_page(&mut self) -> Written {
        (self.done)(self.next().saturating_sub(1));
        self.with(PlainTextOutput::end_page)
    }

    fn output_character(&mut self, at: &Transform, width: f64, spacing: f64, size: f64, sign: &str) -> Written {
        self.with(|output| output.output_character(at, width, spacing, size, sign))
    }

    fn begin_word(&mut self) -> Written {
        self.with(PlainTextOutput::begin_word)
    }

    fn end_word(&mut self) -> Written {
        self.with(PlainTextOutput::end_word)
    }

    fn end_line(&mut self) -> Written {
        self.with(PlainTextOutput::end_line)
    }
}

/// A page's text, written by the library and read here.
#[derive(Clone, Default)]
struct Sheet(Rc<RefCell<String>>);

impl std::fmt::Write for Sheet {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.borrow_mut().push_str(text);
        Ok(())
    }
}

impl ConvertToFmt for Sheet {
    type Writer = Self;

    fn convert(self) -> Self {
        self
    }
}

fn lines(page: &str) -> Vec<PdfLine> {
    let mut apart = false;
    let mut lines = Vec::new();
    for text in page.lines().map(str::trim) {
        if text.is_empty() {
            apart = true;
            continue;
        }
        let columns = text.contains("   ");
        lines.push(PdfLine { text: text.to_owned(), place: None, size: 0.0, columns, bold: false, apart });
        apart = false;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_part_paragraphs() {
        let found = compose(vec![lines("One sentence that\n goes on.\n\nAnother.\n")]);
        assert_eq!(found.text, "One sentence that goes on.\n\nAnother.");
    }

    #[test]
    fn a_broken_file_is_an_error() {
        assert_eq!(PdfExtract.extract("a.pdf", b"%PDF-1.7\nno more", &|_| {}).unwrap_err().code(), Code::FileDamaged);
    }
}
