//! What kind of file it is: by its content first, then by its name.

use std::path::Path;

use footnote_core::{Code, Error, Result};

use crate::extract::decode::utf16_without_mark;

/// Bytes from the start of a file that [`sniff`] wants to see.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

/// Declares the media types, each with its registered name, and the extensions that mean it.
macro_rules! media_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal: $($extension:literal)*;)*) => {
        /// The formats that are read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum MediaType { $($(#[$doc])* $variant,)* }

        impl MediaType {
            /// Every format, for the documentation and its test.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The registered name; `text/x-…` where none was ever registered.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The extensions that mean it, in lower case.
            #[must_use]
            pub fn extensions(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($extension),*],)* }
            }
        }
    };
}

media_types! {
    /// Markdown, with or without front matter.
    Markdown = "text/markdown": "md" "markdown" "mdown" "mkd" "mkdn";
    /// Text of no other kind.
    Plain = "text/plain": "txt" "text" "log" "org";
    /// A web page.
    Html = "text/html": "html" "htm" "xhtml";
    /// reStructuredText.
    Rst = "text/x-rst": "rst" "rest";
    /// AsciiDoc.
    AsciiDoc = "text/x-asciidoc": "adoc" "asciidoc" "asc";
    /// Comma-separated rows; the separator is found out.
    Csv = "text/csv": "csv";
    /// Tab-separated rows.
    Tsv = "text/tab-separated-values": "tsv" "tab";
    /// One JSON value.
    Json = "application/json": "json";
    /// A JSON value a line.
    JsonLines = "application/jsonl": "jsonl" "ndjson";
    /// PDF.
    Pdf = "application/pdf": "pdf";
    /// Word.
    Docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx" "docm" "dotx";
    /// Word, before 2007.
    Doc = "application/msword": "doc";
    /// PowerPoint.
    Pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx" "pptm" "ppsx";
    /// PowerPoint, before 2007.
    Ppt = "application/vnd.ms-powerpoint": "ppt";
    /// Excel.
    Xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx" "xlsm";
    /// Excel, before 2007.
    Xls = "application/vnd.ms-excel": "xls";
    /// OpenDocument spreadsheet.
    Ods = "application/vnd.oasis.opendocument.spreadsheet": "ods";
    /// An electronic book.
    Epub = "application/epub+zip": "epub";
    /// One e-mail with its attachments.
    Email = "message/rfc822": "eml";
    /// Bash and other shells.
    Bash = "text/x-shellscript": "sh" "bash" "zsh" "ksh";
    /// C.
    C = "text/x-c": "c" "h";
    /// C++.
    Cpp = "text/x-c++": "cc" "cpp" "cxx" "hh" "hpp" "hxx" "ipp";
    /// Go.
    Go = "text/x-go": "go";
    /// Java.
    Java = "text/x-java": "java";
    /// JavaScript.
    JavaScript = "text/javascript": "js" "mjs" "cjs" "jsx";
    /// Python.
    Python = "text/x-python": "py" "pyi";
    /// Ruby.
    Ruby = "text/x-ruby": "rb";
    /// Rust.
    Rust = "text/x-rust": "rs";
    /// TypeScript.
    TypeScript = "text/x-typescript": "ts" "mts" "cts" "tsx";
    /// Program text and settings in a language without a grammar here: kept line by line.
    Source = "text/x-source": "cs" "kt" "kts" "swift" "scala" "php" "pl" "lua" "r" "jl" "sql" "toml" "yaml" "yml" "ini" "cfg" "conf" "env" "xml" "css" "scss" "proto" "tf" "dockerfile" "makefile" "cmake" "gradle" "ps1" "bat" "tex" "bib";
    /// One file, compressed.
    Gzip = "application/gzip": "gz" "tgz";
    /// A folder of files.
    Zip = "application/zip": "zip";
    /// A folder of files, not compressed.
    Tar = "application/x-tar": "tar";
}

impl MediaType {
    /// Whether it holds files, each of which is a document of its own.
    #[must_use]
    pub fn is_container(self) -> bool {
        matches!(self, Self::Gzip | Self::Zip | Self::Tar)
    }

    /// Whether it is program text.
    #[must_use]
    pub fn is_code(self) -> bool {
        use MediaType as M;
        matches!(
            self,
            M::Bash
                | M::C
                | M::Cpp
                | M::Go
                | M::Java
                | M::JavaScript
                | M::Python
                | M::Ruby
                | M::Rust
                | M::TypeScript
                | M::Source
        )
    }

    fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.extensions().contains(&extension))
    }

    /// Whether its files are text, which nothing in their first bytes tells from other text.
    fn is_text(self) -> bool {
        let name = self.as_str();
        name.starts_with("text/") || matches!(self, Self::Json | Self::JsonLines | Self::Email)
    }
}

/// Whether the media type of this name is that of an archive.
pub(crate) fn is_container(name: &str) -> bool {
    MediaType::ALL.iter().any(|kind| kind.is_container() && kind.as_str() == name)
}

/// What is read, in words, for messages.
const WHAT_IS_READ: &str =
    "footnote reads PDF, Office files, EPUB, e-mail, HTML, Markdown, text, tables, JSON and source code";

/// Tells the format of the file at `path` that begins with `head` (not empty).
///
/// # Errors
/// [`Code::UnsupportedType`] for a format that is not read, and for binary content under a text's name;
/// [`Code::FileDamaged`] where the name promises another format than the content is.
pub(crate) fn sniff(path: &Path, head: &[u8]) -> Result<MediaType> {
    let name = path.display();
    let extension = extension(path);
    let by_name = MediaType::of_extension(&extension);
    if is_pdf(head, &extension) {
        return Ok(MediaType::Pdf);
    }
    if let Some(found) = by_magic(head, by_name) {
        return Ok(found);
    }
    if let Some(promised) = by_name.filter(|kind| !kind.is_text()) {
        let what = nature(head);
        return Err(Error::new(Code::FileDamaged, format!("{name}: named .{extension}, but {what}")).hint(format!(
            "open it with a program for {}; if it is of another type, give it that type's extension",
            promised.as_str()
        )));
    }
    if is_binary(head) {
        return Err(Error::new(Code::UnsupportedType, format!("{name}: {}", nature(head)))
            .hint(format!("{WHAT_IS_READ}; convert the file to one of them")));
    }
    if begins_as_html(head) {
        return Ok(MediaType::Html);
    }
    match by_name {
        Some(found) => Ok(found),
        None if extension.is_empty() => Ok(by_first_line(head)),
        None => Err(Error::new(Code::UnsupportedType, format!("{name}: files of type .{extension} are not read"))
            .hint(format!("{WHAT_IS_READ}; give plain text the extension .txt"))),
    }
}

/// The extension in lower case; of a file that is named by its kind alone (`Makefile`), that name.
fn extension(path: &Path) -> String {
    if let Some(extension) = path.extension() {
        return extension.to_string_lossy().to_lowercase();
    }
    let stem = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if matches!(stem.as_str(), "makefile" | "dockerfile") { stem } else { String::new() }
}

/// The format that the first bytes name. Zip and OLE files of an unclear kind are what their name says.
fn by_magic(head: &[u8], by_name: Option<MediaType>) -> Option<MediaType> {
    use MediaType as M;
    let holds = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    let named = |kinds: &[M]| by_name.filter(|kind| kinds.contains(kind));
    if head.starts_with(b"\x1f\x8b") {
        return Some(M::Gzip);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(M::Tar);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        // A new format in an old container is one behind a password: its extractor says so.
        return named(&[M::Doc, M::Ppt, M::Xls, M::Docx, M::Pptx, M::Xlsx]);
    }
    if !(head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")) {
        return None;
    }
    // The kinds that name themselves in their first entry.
    if holds(b"mimetypeapplication/epub+zip") {
        return Some(M::Epub);
    }
    if holds(b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet") {
        return Some(M::Ods);
    }
    if let Some(promised) = named(&[M::Docx, M::Pptx, M::Xlsx, M::Epub, M::Ods]) {
        return Some(promised);
    }
    if holds(b"[Content_Types].xml") || holds(b"_rels/.rels") {
        let parts: [(&[u8], M); 3] = [(b"word/", M::Docx), (b"ppt/", M::Pptx), (b"xl/", M::Xlsx)];
        if let Some((_, found)) = parts.into_iter().find(|(part, _)| holds(part)) {
            return Some(found);
        }
    }
    Some(M::Zip)
}

/// The language of a script without an extension, by its first line.
fn by_first_line(head: &[u8]) -> MediaType {
    let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Some(program) = first.strip_prefix(b"#!").map(String::from_utf8_lossy) else { return MediaType::Plain };
    let runs = |names: &[&str]| names.iter().any(|name| program.contains(name));
    match () {
        () if runs(&["python"]) => MediaType::Python,
        () if runs(&["node", "deno", "bun"]) => MediaType::JavaScript,
        () if runs(&["ruby"]) => MediaType::Ruby,
        () if runs(&["sh"]) => MediaType::Bash,
        () => MediaType::Plain,
    }
}

/// A PDF may have junk before its header (Acrobat allows 1,024 bytes); under another name only the
/// header in first place counts, or a text about PDFs would be taken for one.
fn is_pdf(head: &[u8], extension: &str) -> bool {
    let search = if extension == "pdf" { &head[..head.len().min(1024)] } else { &head[..head.len().min(5)] };
    search.windows(5).any(|window| window == b"%PDF-")
}

/// Whether `head` cannot be text in any encoding that a text file is likely to have: it holds a zero
/// byte (and is no UTF-16), or control characters in plenty.
fn is_binary(head: &[u8]) -> bool {
    let has_mark = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    if has_mark || utf16_without_mark(head).is_some() {
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
        // Not UTF-8, but text: its extractor decodes it.
        assert_eq!(kind("latin1.txt", b"caf\xe9").unwrap(), MediaType::Plain);
        assert_eq!(kind("utf16.txt", b"w\0o\0r\0d\0").unwrap(), MediaType::Plain);
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
    fn other_types_and_false_names_are_told() {
        let other = kind("a.xyz", b"plain words").unwrap_err();
        assert!(other.message().contains(".xyz are not read") && other.hint_text().is_some());
        for false_name in ["a.pdf", "a.docx", "a.zip", "a.xls"] {
            let error = kind(false_name, b"Dear reader").unwrap_err();
            assert_eq!(error.code(), Code::FileDamaged, "{false_name}");
            assert!(error.message().contains("its content is text"), "{error}");
        }
    }

    #[test]
    fn archives_are_told_apart_by_what_they_hold() {
        let zip = |entry: &str| [b"PK\x03\x04".as_slice(), &[0; 26], entry.as_bytes()].concat();
        assert_eq!(kind("a.bin", &zip("mimetypeapplication/epub+zip")).unwrap(), MediaType::Epub);
        assert_eq!(kind("a", &zip("[Content_Types].xml…word/document.xml")).unwrap(), MediaType::Docx);
        assert_eq!(kind("a.xlsx", &zip("docProps/app.xml")).unwrap(), MediaType::Xlsx);
        assert_eq!(kind("locked.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0").unwrap(), MediaType::Docx);
        assert_eq!(kind("a.dat", &zip("notes/a.md")).unwrap(), MediaType::Zip);
        assert_eq!(kind("a.md.gz", b"\x1f\x8b\x08rest").unwrap(), MediaType::Gzip);
    }

    #[test]
    fn source_code_is_known_by_name_or_first_line() {
        assert_eq!(kind("lib.rs", b"fn main() {}").unwrap(), MediaType::Rust);
        assert_eq!(kind("Makefile", b"all:\n").unwrap(), MediaType::Source);
        assert_eq!(kind("run", b"#!/usr/bin/env python3\n").unwrap(), MediaType::Python);
        assert_eq!(kind("run", b"#!/bin/sh\n").unwrap(), MediaType::Bash);
    }

    #[test]
    fn no_extension_means_two_things() {
        let mut seen = std::collections::HashSet::new();
        for extension in MediaType::ALL.iter().flat_map(|kind| kind.extensions()) {
            assert!(seen.insert(extension), "{extension} is claimed twice");
        }
    }
}
