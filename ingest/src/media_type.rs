//! What kind of file it is: by its content first, then by its name.

use std::path::Path;

use footnote_core::{Code, Error, Result};

/// Bytes from the start of a file that [`sniff`] wants to see.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// `text/markdown`.
    Markdown,
    /// `text/plain`.
    Plain,
    /// `text/html`.
    Html,
    /// `application/pdf`.
    Pdf,
}

impl MediaType {
    /// The registered name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Plain => "text/plain",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
        }
    }
}

/// Tells the format of the file at `path` that begins with `head` (not empty).
///
/// # Errors
/// [`Code::UnsupportedType`] for a format that is not read, and for binary content under a text's name;
/// [`Code::FileDamaged`] for a `.pdf` that holds something else.
pub(crate) fn sniff(path: &Path, head: &[u8]) -> Result<MediaType> {
    let name = path.display();
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if is_pdf(head, &extension) {
        return Ok(MediaType::Pdf);
    }
    if extension == "pdf" {
        return Err(Error::new(Code::FileDamaged, format!("{name}: named .pdf, but {}", nature(head)))
            .hint("open it in a viewer; if it is of another type, give it that type's extension"));
    }
    if is_binary(head) {
        let what = nature(head);
        return Err(Error::new(Code::UnsupportedType, format!("{name}: {what}"))
            .hint("footnote reads Markdown, text, HTML and PDF; convert the file to one of them"));
    }
    if begins_as_html(head) {
        return Ok(MediaType::Html);
    }
    match extension.as_str() {
        "md" | "markdown" | "mdown" | "mkd" | "mkdn" => Ok(MediaType::Markdown),
        "html" | "htm" | "xhtml" => Ok(MediaType::Html),
        "" | "txt" | "text" | "log" | "rst" | "adoc" | "org" => Ok(MediaType::Plain),
        other => Err(Error::new(Code::UnsupportedType, format!("{name}: files of type .{other} are not read"))
            .hint("footnote reads Markdown, text, HTML and PDF; give plain text the extension .txt")),
    }
}

/// A PDF may have junk before its header (Acrobat allows 1,024 bytes); under another name only the
/// header in first place counts, or a text about PDFs would be taken for one.
fn is_pdf(head: &[u8], extension: &str) -> bool {
    let search = if extension == "pdf" { &head[..head.len().min(1024)] } else { &head[..head.len().min(5)] };
    search.windows(5).any(|window| window == b"%PDF-")
}

/// Whether `head` cannot be text in any encoding that a text file is likely to have: it holds a zero
/// byte (and no UTF-16 mark), or control characters in plenty.
fn is_binary(head: &[u8]) -> bool {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return false;
    }
    let control = head.iter().filter(|byte| matches!(byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f)).count();
    head.contains(&0) || control * 20 > head.len()
}

/// Says in words what `head` is.
fn nature(head: &[u8]) -> String {
    if !is_binary(head) {
        return "its content is text".to_owned();
    }
    match infer::get(head) {
        Some(kind) => format!("its content is binary ({})", kind.mime_type()),
        None => "its content is binary, not text".to_owned(),
    }
}

fn begins_as_html(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let starts = |tag: &[u8]| head.len() >= tag.len() && head[..tag.len()].eq_ignore_ascii_case(tag);
    starts(b"<!doctype html") || starts(b"<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, head: &[u8]) -> Result<MediaType> {
        sniff(Path::new(name), head)
    }

    #[test]
    fn content_is_believed_before_the_name() {
        assert_eq!(kind("a.txt", b"%PDF-1.7\n").unwrap(), MediaType::Pdf);
        assert_eq!(kind("a.pdf", b"junk\n%PDF-1.7\n").unwrap(), MediaType::Pdf);
        assert_eq!(kind("a.txt", b"\n<!DOCTYPE HTML>").unwrap(), MediaType::Html);
        assert_eq!(kind("a.md", b"A PDF begins with %PDF-1.7.").unwrap(), MediaType::Markdown);
    }

    #[test]
    fn names_decide_between_texts() {
        assert_eq!(kind("a.MD", b"# a").unwrap(), MediaType::Markdown);
        assert_eq!(kind("README", b"read").unwrap(), MediaType::Plain);
        assert_eq!(kind("bmw.txt", b"BMW is a car maker").unwrap(), MediaType::Plain);
        // Not UTF-8, but text: its extractor says so, with the place.
        assert_eq!(kind("latin1.txt", b"caf\xe9").unwrap(), MediaType::Plain);
    }

    #[test]
    fn a_binary_file_named_txt_is_refused_with_its_type() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
        let error = kind("picture.txt", png).unwrap_err();
        assert_eq!(error.code(), Code::UnsupportedType);
        assert_eq!(error.message(), "picture.txt: its content is binary (image/png)");
        assert!(kind("noise.md", &[0u8, 1, 2, 250, 3]).unwrap_err().message().contains("binary, not text"));
    }

    #[test]
    fn other_types_and_false_pdfs_are_named() {
        let other = kind("a.docx", b"plain words").unwrap_err();
        assert!(other.message().contains(".docx are not read") && other.hint_text().is_some());
        assert_eq!(kind("a.pdf", b"Dear reader").unwrap_err().code(), Code::FileDamaged);
    }
}
