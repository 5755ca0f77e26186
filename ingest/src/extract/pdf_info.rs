//! The document information of a PDF: title, author, subject, keywords, and when it was made.

use footnote_core::Metadata;
use pdf_oxide::PdfDocument;

use crate::metadata::Said;

/// The longest title that metadata may claim, in code points.
const MAX_TITLE_CHARS: usize = 200;

/// The title, unless a program put a file's name there.
pub(super) fn title(document: &PdfDocument) -> Option<String> {
    let title = entry(document, "Title")?;
    let title = title.trim();
    let lower = title.to_lowercase();
    let by_program =
        lower.starts_with("microsoft ") || lower.starts_with("untitled") || lower.starts_with("(anonymous");
    let file_name =
        [".doc", ".docx", ".pdf", ".indd", ".tex", ".dvi", ".htm", ".html", ".xls", ".ppt", ".pptx", ".txt"]
            .iter()
            .any(|end| lower.ends_with(end));
    let worded = title.chars().filter(|c| c.is_alphabetic()).count() >= 3;
    let fits = title.chars().count() <= MAX_TITLE_CHARS;
    (worded && fits && !by_program && !file_name).then(|| title.to_owned())
}

/// What else the information says.
pub(super) fn said(document: &PdfDocument) -> Metadata {
    let mut said = Said::default();
    let text = |key: &str| entry(document, key).unwrap_or_default();
    said.field("author", text("Author"));
    said.field("subject", text("Subject"));
    said.keywords(&text("Keywords"));
    said.field("created", date(&text("CreationDate")).unwrap_or_default());
    said.metadata()
}

fn entry(document: &PdfDocument, key: &str) -> Option<String> {
    let info = document.resolve_object(document.trailer().as_dict()?.get("Info")?).ok()?;
    let value = document.resolve_object(info.as_dict()?.get(key)?).ok()?;
    Some(text_string(value.as_string()?))
}

/// A PDF text string (ISO 32000-1, 7.9.2.2): UTF-16 with a mark, UTF-8 with a mark, or PDFDocEncoding, which
/// is Latin-1 for letters.
fn text_string(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        let units: Vec<u16> = rest.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
        return String::from_utf16_lossy(&units);
    }
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => String::from_utf8_lossy(rest).into_owned(),
        None => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// A PDF date (ISO 32000-1, 7.9.4), `D:YYYYMMDDHHmmSSOHH'mm'`, as RFC 3339; a day where it names no hour.
fn date(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("D:").unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = text.split_at(digits.min(14));
    let part = |from: usize, to: usize, default: &'static str| digits.get(from..to).unwrap_or(default);
    let year = digits.get(..4)?;
    let day = format!("{year}-{}-{}", part(4, 6, "01"), part(6, 8, "01"));
    if digits.len() < 10 {
        return footnote_core::date::parse(&day).map(|_| day);
    }
    let zone: String = zone.chars().filter(|c| *c != '\'').collect();
    let zone = match zone.as_bytes() {
        [b'+' | b'-', h1 @ b'0'..=b'9', h2 @ b'0'..=b'9', m1 @ b'0'..=b'9', m2 @ b'0'..=b'9', ..] => {
            let [sign, h1, h2, m1, m2] = [zone.as_bytes()[0], *h1, *h2, *m1, *m2].map(char::from);
            format!("{sign}{h1}{h2}:{m1}{m2}")
        }
        _ => "Z".to_owned(),
    };
    let moment = format!("{day}T{}:{}:{}{zone}", part(8, 10, "00"), part(10, 12, "00"), part(12, 14, "00"));
    footnote_core::date::parse(&moment).map(|_| moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_strings_are_decoded() {
        assert_eq!(text_string(b"\xfe\xff\0G\0u\0\xef"), "Guï");
        assert_eq!(text_string(b"\xef\xbb\xbfna\xc3\xafve"), "naïve");
        assert_eq!(text_string(b"caf\xe9"), "café");
    }

    #[test]
    fn dates_are_written_as_rfc_3339_has_them() {
        for (text, expected) in [
            ("D:20240501103000+02'00'", Some("2024-05-01T10:30:00+02:00")),
            ("D:20240501103000Z", Some("2024-05-01T10:30:00Z")),
            ("D:202405011030", Some("2024-05-01T10:30:00Z")),
            ("20240501", Some("2024-05-01")),
            ("D:2024", Some("2024-01-01")),
            ("D:20241341", None),
            ("D:", None),
            ("yesterday", None),
            ("é", None),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }
}
