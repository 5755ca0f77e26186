//! PDF by `pdf_oxide`: the first reader, with places.

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Code, Error, Result};
use pdf_oxide::PdfDocument;

use super::pdf_glyphs::page_lines;
use super::pdf_info;
use super::pdf_layout::compose;
use crate::normalize;

/// Reads PDFs.
pub(crate) struct PdfOxide;

impl Extractor for PdfOxide {
    fn media_types(&self) -> &'static [&'static str] {
        &["application/pdf"]
    }

    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
        let failed = |error: pdf_oxide::Error| match error {
            pdf_oxide::Error::EncryptedPdf => encrypted(name),
            error => damaged(name, &error.to_string()),
        };
        let document = PdfDocument::from_bytes(bytes.to_vec()).map_err(failed)?;
        if document.is_encrypted() && !document.is_authenticated() {
            return Err(encrypted(name));
        }
        let count = document.page_count().map_err(failed)?;
        let mut pages = Vec::new();
        let mut first_error = None;
        for index in 0..count {
            match page_lines(&document, index) {
                Ok(lines) => pages.push(lines),
                Err(error) => {
                    tracing::warn!(file = name, page = index + 1, %error, "page not read");
                    first_error.get_or_insert(error);
                    pages.push(Vec::new());
                }
            }
            done(u32::try_from(index + 1).unwrap_or(u32::MAX));
        }
        if let Some(error) = first_error.filter(|_| pages.iter().all(Vec::is_empty)) {
            return Err(failed(error));
        }
        if pages.is_empty() {
            return Err(damaged(name, "it has no pages"));
        }
        let mut extracted = compose(pages);
        extracted.title = pdf_info::title(&document).or_else(|| first_heading(&extracted));
        extracted.metadata = pdf_info::said(&document);
        Ok(normalize::settle(extracted))
    }
}

/// The error for a file that opens only with a password.
fn encrypted(name: &str) -> Error {
    Error::new(Code::FileEncrypted, format!("{name}: encrypted; it opens only with a password"))
        .hint(format!("remove the password: qpdf --decrypt --password=… '{name}' open.pdf"))
}

/// The error for a file that is broken.
fn damaged(name: &str, reason: &str) -> Error {
    Error::new(Code::FileDamaged, format!("{name}: not a readable PDF: {reason}"))
        .hint("open it in a viewer and save it again, or mend it: qpdf broken.pdf mended.pdf")
}

/// The outermost heading of the first page.
fn first_heading(extracted: &Extracted) -> Option<String> {
    let first = extracted.pages.first()?.span;
    let on_first = extracted.headings.iter().filter(|heading| heading.span.overlaps(first));
    let heading = on_first.min_by_key(|heading| heading.level)?;
    heading.span.of(&extracted.text).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::document::PageBox;

    #[test]
    fn a_broken_file_is_named_with_a_way_out() {
        let error = PdfOxide.extract("a.pdf", b"%PDF-1.7\nnothing more", &|_| {}).unwrap_err();
        assert_eq!(error.code(), Code::FileDamaged);
        assert!(error.message().starts_with("a.pdf: ") && error.hint_text().is_some());
    }

    /// A page of 600 by 800 points with words at places counted from its lower left corner, as PDF does.
    fn pdf(words: &[(f32, f32, f32, &str)], trailer: &str) -> Vec<u8> {
        let draw = |(x, y, size, text): &(f32, f32, f32, &str)| format!("BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n");
        let content: String = words.iter().map(draw).collect();
        let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 4 0 R>>>>/Contents 5 0 R>>";
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            page.to_owned(),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
            format!("<</Length {}>>\nstream\n{content}endstream", content.len()),
            "<</Title(The annual report)/Author(Ada)/Keywords(lamps; halls)/CreationDate(D:20240501)>>".to_owned(),
        ];
        let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), "0000000000 65535 f \n".to_owned());
        for (number, object) in (1..).zip(&objects) {
            table += &format!("{:010} 00000 n \n", file.len());
            file += &format!("{number} 0 obj\n{object}\nendobj\n");
        }
        let start = file.len();
        file += &format!("xref\n0 7\n{table}trailer\n<</Size 7/Root 1 0 R/Info 6 0 R{trailer}>>\n");
        file += &format!("startxref\n{start}\n%%EOF\n");
        file.into_bytes()
    }

    #[test]
    fn a_page_gives_title_text_headings_and_boxes_from_the_top() {
        let words = [
            (50.0, 700.0, 20.0, "Results"),
            (50.0, 660.0, 10.0, "The company sold more lamps in this year than in all of the years before"),
            (50.0, 648.0, 10.0, "it, and it says so."),
            (50.0, 600.0, 10.0, "A second paragraph of the page stands well below the first one of them."),
            (50.0, 588.0, 10.0, "It ends here, too, and so does the page that it stands on, at long last."),
            (50.0, 576.0, 10.0, "Nothing more."),
        ];
        let found = PdfOxide.extract("a.pdf", &pdf(&words, ""), &|_| {}).unwrap();
        assert_eq!(found.title.as_deref(), Some("The annual report"));
        assert_eq!(found.metadata.tags, ["lamps", "halls"]);
        assert_eq!(found.metadata.fields.keys().collect::<Vec<_>>(), ["author", "created"]);
        assert_eq!(
            found.text,
            "Results\n\nThe company sold more lamps in this year than in all of the years before it, and it says so.\n\n\
             A second paragraph of the page stands well below the first one of them. It ends here, too, and so does the \
             page that it stands on, at long last. Nothing more."
        );
        assert_eq!((found.pages.len(), found.headings.len(), found.lines.len()), (1, 1, 6));
        let second = found.lines[2];
        assert_eq!(second.span.of(&found.text), Some("it, and it says so."));
        let PageBox { page, x0, y0, x1, y1 } = second.place;
        // Its foot is at 648 of 800 points from below: 152 from above.
        assert!(page == 1 && (x0 - 50.0).abs() < 1.0 && (120.0..175.0).contains(&x1), "{second:?}");
        assert!((136.0..=146.0).contains(&y0) && (149.0..=156.0).contains(&y1), "{second:?}");
    }

    #[test]
    fn a_file_with_a_password_is_told_from_a_broken_one() {
        let locked = format!("/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{0}>/U<{0}>>>/ID[<00><00>]", "5a".repeat(32));
        let error = PdfOxide.extract("a.pdf", &pdf(&[(50.0, 700.0, 12.0, "secret")], &locked), &|_| {}).unwrap_err();
        assert_eq!(error.code(), Code::FileEncrypted);
        assert!(error.hint_text().is_some_and(|hint| hint.contains("qpdf --decrypt")));
    }
}
