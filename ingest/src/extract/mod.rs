//! Files to canonical text: an extractor per format.

mod asciidoc;
mod canvas;
mod code;
mod csv;
pub(crate) mod decode;
mod email;
mod epub;
mod guard;
mod html;
mod html_table;
mod inline;
mod json;
mod json_value;
mod markdown;
mod ods;
mod office;
mod office_blocks;
mod office_numbers;
mod office_table;
mod paged;
mod pdf_extract;
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
mod xml;
mod zip_guard;

use std::sync::Arc;
use std::time::Duration;

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Code, Error, Result};

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

/// Extracts the text of `bytes`. Where a format has two readers, the second is asked when the first fails or
/// finds no word; `deadline` is for all of them together.
///
/// # Errors
/// Those of the format's first reader, and [`Code::Deadline`].
pub(crate) fn extract(
    name: &str,
    media_type: MediaType,
    bytes: &Arc<Vec<u8>>,
    deadline: Duration,
) -> Result<Extracted> {
    let readers: Vec<_> = readers(media_type).collect();
    let share = deadline / u32::try_from(readers.len()).unwrap_or(1);
    let mut first: Option<Result<Extracted>> = None;
    for reader in readers {
        let (name_there, bytes) = (name.to_owned(), Arc::clone(bytes));
        let outcome = guard::run(name, share, move || reader.extract(&name_there, &bytes, &|_| {}));
        let settled = match &outcome {
            Ok(extracted) => !extracted.text.trim().is_empty(),
            Err(error) => matches!(error.code(), Code::FileEncrypted | Code::NotUtf8),
        };
        if settled {
            return outcome;
        }
        first.get_or_insert(outcome);
    }
    first.unwrap_or_else(|| Err(Error::internal(format!("{name}: no reader for {}", media_type.as_str()))))
}

/// The readers of a format, the better ones first. Called by itself, a reader has neither deadline nor guard.
pub(crate) fn readers(media_type: MediaType) -> impl Iterator<Item = &'static dyn Extractor> {
    READERS.into_iter().filter(move |reader| reader.media_types().contains(&media_type.as_str()))
}

#[cfg(test)]
mod shared_data;
#[cfg(test)]
mod zip_files;
