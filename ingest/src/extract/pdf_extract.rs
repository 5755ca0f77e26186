//! PDF by `pdf-extract`: the second reader, for files that the first does not read. It knows no places.

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Code, Error, Result};

use super::pdf_layout::{PdfLine, compose};
use crate::normalize;

/// Reads PDFs.
pub(crate) struct PdfExtract;

impl Extractor for PdfExtract {
    fn media_types(&self) -> &'static [&'static str] {
        &["application/pdf"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let pages = pdf_extract::extract_text_from_mem_by_pages(bytes).map_err(|error| {
            Error::new(Code::FileDamaged, format!("{name}: not a readable PDF: {error}"))
                .hint("open it in a viewer and save it again, or mend it: qpdf broken.pdf mended.pdf")
        })?;
        Ok(normalize::settle(compose(pages.iter().map(|page| lines(page)).collect())))
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
