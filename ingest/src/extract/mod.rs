//! Files to canonical text: an extractor per format.

mod canvas;
mod decode;
pub(crate) mod guard;
mod html;
mod html_table;
mod markdown;
pub(crate) mod ocr;
mod pdf_columns;
mod pdf_extract;
mod pdf_frame;
mod pdf_glyphs;
mod pdf_layout;
mod pdf_oxide;
mod pdf_pages;
mod pdf_table;
mod plain;
mod table;
pub(crate) mod tool;

use std::sync::Arc;
use std::time::Duration;

use footnote_core::seam::{Extracted, Extractor};
use footnote_core::{Code, Error, Result};

use crate::media_type::MediaType;

/// Every extractor; of two that read one format, the better comes first.
const READERS: [&dyn Extractor; 5] =
    [&markdown::Markdown, &plain::Plain, &html::Html, &pdf_oxide::PdfOxide, &pdf_extract::PdfExtract];

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
    let reads = |reader: &&&dyn Extractor| reader.media_types().contains(&media_type.as_str());
    let readers: Vec<_> = READERS.iter().filter(reads).collect();
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

/// How many readers a format has.
pub(crate) fn readers(media_type: MediaType) -> usize {
    readers_of(media_type).count()
}

/// Reads `bytes` in this thread with the format's reader of number `reader`, from 0.
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

fn readers_of(media_type: MediaType) -> impl Iterator<Item = &'static dyn Extractor> {
    READERS.into_iter().filter(move |reader| reader.media_types().contains(&media_type.as_str()))
}

#[cfg(test)]
mod pdf_bad;
#[cfg(test)]
mod shared_data;
