//! EPUB: the chapters in the order in which they are read, each a page.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Metadata, Result};
use rbook::epub::manifest::EpubManifestEntry;
use zip::ZipArchive;

use super::canvas::Canvas;
use super::paged::{Paged, within_limit};
use super::xml::{Piece, Tag, pieces};
use super::{decode, html, zip_guard};
use crate::metadata::Said;
use crate::normalize;

/// Ways to "encrypt" that only keep a font from being copied out of its book.
const FONT_SCRAMBLING: [&str; 2] = ["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];
/// Elements of HTML that have no end.
const VOID: [&str; 12] = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"];

/// Reads EPUB 2 and 3, also where the book breaks rules.
pub(crate) struct Epub;

impl Extractor for Epub {
    fn media_types(&self) -> &'static [&'static str] {
        &["application/epub+zip"]
    }

    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
        let mut archive = zip_guard::zip(name, bytes)?;
        if is_locked(&mut archive) {
            return Err(zip_guard::encrypted(name));
        }
        drop(archive);
        let book = rbook::Epub::options().strict(false).read(Cursor::new(bytes.to_vec()));
        let book = book.map_err(|error| zip_guard::damaged(name, error))?;
        let title = book.metadata().title().map(|title| title.value().to_owned());
        let mut paged = Paged::default();
        paged.add(front(&book));
        let titles = chapter_titles(&book);
        let mut missing = None;
        for entry in book.spine().iter() {
            let item = entry.manifest_entry();
            let chapter = item.as_ref().map_or_else(
                || Err(zip_guard::damaged(name, format!("the chapter {} is missing", entry.idref()))),
                |item| chapter(name, item, titles.get(path(item.href().as_str()))),
            );
            let canvas = chapter.unwrap_or_else(|error| {
                tracing::warn!(file = name, %error, "a chapter cannot be read");
                missing = Some(error);
                Canvas::default()
            });
            done(paged.push(canvas));
            within_limit(name, paged.len())?;
        }
        let found = paged.finish(title);
        let has_words = found.pages.iter().any(|page| !page.span.is_empty());
        match missing {
            Some(error) if !has_words => Err(error),
            _ if found.pages.is_empty() => Err(zip_guard::damaged(name, "it names no chapters")),
            _ => Ok(normalize::settle(Extracted { metadata: said(&book), ..found })),
        }
    }
}

/// Who wrote what: the chapters need not say it.
fn front(book: &rbook::Epub) -> Canvas {
    let mut canvas = Canvas::default();
    let metadata = book.metadata();
    if let Some(title) = metadata.title() {
        canvas.words(&format!("Title: {}", title.value()));
    }
    let authors: Vec<&str> = metadata.creators().map(|author| author.value()).collect();
    if !authors.is_empty() {
        canvas.line();
        canvas.words(&format!("Author: {}", authors.join(", ")));
    }
    canvas
}

/// What the book's package says of it.
fn said(book: &rbook::Epub) -> Metadata {
    let (mut said, metadata) = (Said::default(), book.metadata());
    said.fields("author", metadata.creators().map(|author| author.value().to_owned()));
    said.field("publisher", metadata.publishers().next().map(|publisher| publisher.value()).unwrap_or_default());
    said.field("created", metadata.published_entry().map(|date| date.value()).unwrap_or_default());
    metadata.tags().for_each(|tag| said.keywords(tag.value()));
    said.metadata()
}

/// The titles that the table of contents gives to the files of the book, and their depths from 1.
fn chapter_titles(book: &rbook::Epub) -> HashMap<String, (u8, String)> {
    let mut titles = HashMap::new();
    let Some(contents) = book.toc().contents() else { return titles };
    for entry in contents.flatten() {
        let label = entry.label().split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(href) = entry.href().filter(|_| !label.is_empty()) {
            let depth = u8::try_from(entry.depth().clamp(1, 6)).unwrap_or(6);
            titles.entry(path(href.as_str()).to_owned()).or_insert((depth, label));
        }
    }
    titles
}

/// A place in the book without the place in its file.
fn path(href: &str) -> &str {
    href.split(['#', '?']).next().unwrap_or(href)
}

fn chapter(name: &str, item: &EpubManifestEntry<'_>, title: Option<&(u8, String)>) -> Result<Canvas> {
    let is_markup =
        |item: &EpubManifestEntry<'_>| item.media_type().ends_with("html") || item.media_type().ends_with("html+xml");
    // A picture in the place of a chapter may have words to fall back to.
    let Some(item) = std::iter::once(*item).chain(item.fallbacks()).find(is_markup) else {
        return Ok(Canvas::default());
    };
    let bytes = item.read_bytes().map_err(|error| zip_guard::damaged(name, error))?;
    let source = decode::utf8(name, &bytes, declared_encoding(&bytes).as_deref())?;
    let mut body = Canvas::default();
    html::render_document(&as_html(&normalize::canonical(&source)), &mut body);
    let Some((level, title)) = title.filter(|_| !body.has_heading() && body.len() > 0) else { return Ok(body) };
    let (text, _) = body.finish();
    let mut canvas = Canvas::default();
    canvas.open_heading(*level);
    canvas.words(title);
    canvas.close_heading();
    // The title may stand there, drawn large but not marked as a heading.
    canvas.verbatim(text.strip_prefix(title.as_str()).unwrap_or(&text));
    Ok(canvas)
}

/// The encoding that an XML declaration names.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let (_, rest) = head.split_once("encoding=")?;
    rest.get(1..)?.split(['"', '\'']).next().map(str::to_owned)
}

/// XHTML as HTML: elements that are empty in XML get their end (`<title/>` would swallow the page), and a note
/// at the side is content, as it is not on a web page.
fn as_html(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + source.len() / 8);
    for piece in pieces(source) {
        match piece {
            Piece::Open(Tag { name, attributes, is_empty }) => {
                let name = html_name(name);
                out.extend(["<", name, " ", attributes, ">"]);
                if is_empty && !VOID.contains(&name) {
                    out.extend(["</", name, ">"]);
                }
            }
            Piece::Close(name) if VOID.contains(&name) => {}
            Piece::Close(name) => out.extend(["</", html_name(name), ">"]),
            Piece::Text(text) => out.push_str(text),
            Piece::Raw(text) => out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;")),
        }
    }
    out
}

fn html_name(name: &str) -> &str {
    match name {
        "aside" | "footer" => "div",
        name => name,
    }
}

/// Whether more than the fonts of a book is encrypted.
fn is_locked(archive: &mut ZipArchive<Cursor<&[u8]>>) -> bool {
    let mut source = String::new();
    let found =
        archive.by_name("META-INF/encryption.xml").is_ok_and(|mut list| list.read_to_string(&mut source).is_ok());
    let mut algorithm = None;
    found
        && pieces(&source).any(|piece| {
            let Piece::Open(tag) = piece else { return false };
            match tag.name.rsplit(':').next().unwrap_or_default() {
                "EncryptionMethod" => {
                    algorithm = tag.attribute("Algorithm");
                    false
                }
                "CipherReference" => {
                    let scrambles = algorithm.take().is_some_and(|found| FONT_SCRAMBLING.contains(&&*found));
                    let uri = tag.attribute("URI").unwrap_or_default().to_lowercase();
                    let is_font = [".ttf", ".otf", ".woff", ".woff2"].iter().any(|end| uri.ends_with(end));
                    !scrambles && !is_font
                }
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests;
