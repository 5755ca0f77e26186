//! Files to canonical text: an extractor per format.

mod asciidoc;
mod canvas;
mod code;
mod csv;
pub(crate) mod decode;
mod email;
mod epub;
mod front_matter;
pub(crate) mod guard;
mod html;
mod html_meta;
mod html_table;
mod inline;
mod json;
mod json_value;
mod markdown;
pub(crate) mod ocr;
mod ods;
mod office;
mod office_blocks;
mod office_numbers;
mod office_table;
mod paged;
mod pdf_columns;
mod pdf_extract;
mod pdf_frame;
mod pdf_glyphs;
mod pdf_info;
mod pdf_layout;
mod pdf_oxide;
mod pdf_pages;
mod pdf_table;
mod plain;
mod rows;
mod rst;
mod sheet;
mod sheet_cell;
mod sheet_merged;
mod table;
pub(crate) mod tool;
mod xml;
mod zip_guard;

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Error, Result};

use crate::media_type::MediaType;

/// Every extractor; of two that read one format, the better comes first.
const READERS: [&dyn Extractor; 15] = [
    &markdown::Markdown,
    &plain::Plain,
    &html::Html,
    &json::Json,
    &json::JsonLines,
    &code::SourceCode,
    &rst::Rst,
    &asciidoc::AsciiDoc,
    &pdf_oxide::PdfOxide,
    &pdf_extract::PdfExtract,
    &office::Office,
    &sheet::Sheet,
    &csv::Csv,
    &epub::Epub,
    &email::Email,
];

/// How many readers a format has.
pub(crate) fn readers(media_type: MediaType) -> usize {
    readers_of(media_type).count()
}

/// Reads `bytes` in this thread with the format's reader of number `reader`, from 0. It has neither deadline nor
/// guard.
///
/// # Errors
/// Those of the reader.
pub(crate) fn extract_here(
    name: &str,
    media_type: MediaType,
    reader: usize,
    bytes: &[u8],
    done: &dyn Fn(u32),
) -> Result<Extracted> {
    let found = readers_of(media_type).nth(reader);
    let found = found.ok_or_else(|| Error::internal(format!("{name}: no reader for {}", media_type.as_str())))?;
    found.extract(name, bytes, done)
}

/// The readers of a format, the better ones first.
fn readers_of(media_type: MediaType) -> impl Iterator<Item = &'static dyn Extractor> {
    READERS.into_iter().filter(move |reader| reader.media_types().contains(&media_type.as_str()))
}

#[cfg(test)]
mod pdf_bad;
#[cfg(test)]
mod shared_data;
#[cfg(test)]
mod zip_files;
