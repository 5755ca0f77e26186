//! Word and PowerPoint, new and old, by the structure that `office_oxide` finds in them.

use std::io::Cursor;

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Metadata, Result};
use office_oxide::doc::DocError;
use office_oxide::ir::{DocumentIR, Element, inline_to_text};
use office_oxide::options::ParseOptions;
use office_oxide::ppt::PptError;
use office_oxide::{Document, DocumentFormat, OfficeError};

use super::canvas::Canvas;
use super::office_blocks::{Blocks, Notes, TITLE_STYLE};
use super::paged::Paged;
use super::zip_guard::{self, Container};
use crate::metadata::Said;
use crate::normalize;

/// What PowerPoint calls a presentation that nobody named.
const NO_TITLES: [&str; 2] = ["PowerPoint Presentation", "Word Document"];

/// Reads DOCX, DOC, PPTX and PPT. Running heads and feet are left out, and what is on a slide's master.
pub(crate) struct Office;

impl Extractor for Office {
    fn media_types(&self) -> &'static [&'static str] {
        &[
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/msword",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.ms-powerpoint",
        ]
    }

    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
        let format = format(name, bytes)?;
        let document = Document::from_reader_with(Cursor::new(bytes.to_vec()), format, &ParseOptions::default())
            .map_err(|error| refused(name, &error))?;
        let slides = document.as_pptx().map(|deck| deck.slides.len());
        let slides = slides.or_else(|| document.as_ppt().map(|deck| deck.slides.len()));
        let core = document.as_docx().map(|text| text.core_properties.as_ref().and_then(|core| core.title.clone()));
        let mut found = document.to_ir();
        drop(document);
        // Where Word's properties name no title, the first heading would stand for it; the title itself is better.
        if core.is_some_and(|title| title.is_none_or(|title| is_no_title(&title))) {
            found.metadata.title = title_of(&found).or(found.metadata.title);
        }
        for warning in &found.metadata.warnings {
            tracing::warn!(file = name, cut = found.metadata.text_truncated, "{warning}");
        }
        let title = found.metadata.title.clone().filter(|title| !is_no_title(title));
        let metadata = said(&found);
        let extracted = match slides {
            Some(slides) => deck(found, slides, done).finish(title),
            None => letter(found, title, done),
        };
        Ok(normalize::settle(Extracted { metadata, ..extracted }))
    }
}

/// What the document's properties say.
fn said(found: &DocumentIR) -> Metadata {
    let (mut said, properties) = (Said::default(), &found.metadata);
    let text = |property: &Option<String>| property.clone().unwrap_or_default();
    said.field("author", text(&properties.author));
    said.field("subject", text(&properties.subject));
    said.field("created", text(&properties.created));
    properties.keywords.iter().for_each(|keywords| said.keywords(keywords));
    said.metadata()
}

fn is_no_title(title: &str) -> bool {
    title.trim().is_empty() || NO_TITLES.contains(&title.trim())
}

/// The words of the first paragraph that is set as the title.
fn title_of(found: &DocumentIR) -> Option<String> {
    found.sections.iter().flat_map(|section| &section.elements).find_map(|element| match element {
        Element::Paragraph(paragraph) if paragraph.style.as_deref() == Some(TITLE_STYLE) => {
            Some(inline_to_text(&paragraph.content)).filter(|title| !title.trim().is_empty())
        }
        _ => None,
    })
}

/// The format by what the file holds: a name may be wrong.
fn format(name: &str, bytes: &[u8]) -> Result<DocumentFormat> {
    match zip_guard::open(name, bytes)? {
        Container::Ole(ole) if ole.has_stream("WordDocument") => Ok(DocumentFormat::Doc),
        Container::Ole(ole) if ole.has_stream("PowerPoint Document") || ole.has_stream("PP97_DUALSTORAGE") => {
            Ok(DocumentFormat::Ppt)
        }
        Container::Ole(_) => Err(zip_guard::damaged(name, "it holds neither a text nor slides")),
        Container::Zip(archive) => {
            let is_deck = archive.file_names_raw().any(|part| part.starts_with(b"ppt/"));
            let is_text = archive.file_names_raw().any(|part| part.starts_with(b"word/"));
            Ok(if is_deck && !is_text { DocumentFormat::Pptx } else { DocumentFormat::Docx })
        }
    }
}

fn refused(name: &str, error: &OfficeError) -> footnote_core::Error {
    use office_oxide::core::Error as Core;
    match error {
        OfficeError::Doc(DocError::Encrypted) | OfficeError::Ppt(PptError::Encrypted) => zip_guard::encrypted(name),
        OfficeError::Core(why @ (Core::PackageLimit(_) | Core::DecompressionLimit { .. })) => {
            zip_guard::limit(name, why)
        }
        error => zip_guard::damaged(name, error),
    }
}

/// A text without pages: where a page ends is settled when it is printed.
fn letter(mut found: DocumentIR, title: Option<String>, done: &dyn Fn(u32)) -> Extracted {
    let mut canvas = Canvas::default();
    let mut notes = Notes::default();
    for section in &mut found.sections {
        notes.take(&mut section.elements);
    }
    for (index, section) in found.sections.iter().enumerate() {
        Blocks::new(&mut canvas, &mut notes).render(&section.elements);
        done(u32::try_from(index + 1).unwrap_or(u32::MAX));
    }
    notes.render_rest(&mut canvas);
    let (text, headings) = canvas.finish();
    Extracted { title, text, headings, ..Extracted::default() }
}

/// Slides: each is a page, its title a heading, the speaker's notes below it.
fn deck(mut found: DocumentIR, slides: usize, done: &dyn Fn(u32)) -> Paged {
    let mut paged = Paged::default();
    // What stands behind the slides belongs to their master.
    for section in found.sections.iter_mut().take(slides) {
        let (mut canvas, mut notes) = (Canvas::default(), Notes::default());
        notes.take(&mut section.elements);
        Blocks::on_slide(&mut canvas, &mut notes).render(&section.elements);
        let mut spoken = Canvas::default();
        Blocks::on_slide(&mut spoken, &mut notes).render(section.speaker_notes.as_deref().unwrap_or_default());
        let (spoken, _) = spoken.finish();
        if !spoken.is_empty() {
            canvas.paragraph();
            canvas.words("Notes:");
            canvas.line();
            canvas.verbatim(&spoken);
        }
        notes.render_rest(&mut canvas);
        done(paged.push(canvas));
    }
    paged
}

#[cfg(test)]
mod tests;
