//! A source to a document with its chunks, or the reason why not. Blocking work.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use footnote_core::seam::Extracted;
use footnote_core::{Code, Document, DocumentId, Error, Result, Source};

use crate::chunk::Chunker;
use crate::discover::FoundFile;
use crate::extract::extract;
use crate::hash::sha256_hex;
use crate::media_type::{HEAD_BYTES, MediaType, sniff};
use crate::normalize::canonical;
use crate::report::{Outcome, Problem};

/// Something to ingest, and what the catalog knows of it.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) input: Input,
    pub(super) prior: Option<DocumentRecord>,
}

/// What is to be read.
#[derive(Debug)]
pub(super) enum Input {
    File(FoundFile),
    Text { uri: String, title: String, text: String },
}

impl Input {
    pub(super) fn uri(&self) -> String {
        match self {
            Self::File(file) => Source::File(file.path.clone()).uri(),
            Self::Text { uri, .. } => uri.clone(),
        }
    }
}

/// What came of a task.
#[derive(Debug)]
pub(super) enum Prepared {
    /// The source is as it was.
    Unchanged { uri: String },
    /// To be indexed.
    Document { ingested: Box<IngestedDocument>, was_indexed: bool },
    /// Not to be indexed.
    Refused { record: Box<DocumentRecord>, problem: Box<Problem>, was_indexed: bool },
}

/// What every task is prepared with.
pub(super) struct Preparer {
    pub(super) collection: String,
    pub(super) chunker: Chunker,
    pub(super) max_file_bytes: u64,
    pub(super) deadline: Duration,
}

/// A document's content, read and extracted.
struct Content {
    media_type: MediaType,
    content_hash: String,
    extracted: Extracted,
    /// The title where the document gives itself none.
    stem: String,
}

/// Why there is no content.
enum Stop {
    Unchanged,
    Nothing { media_type: Option<MediaType>, content_hash: String, reason: String },
    Error { media_type: Option<MediaType>, error: Error },
}

impl Preparer {
    /// Reads, extracts and cuts one source.
    ///
    /// # Errors
    /// Only for what is not the source's fault.
    pub(super) fn prepare(&self, task: Task) -> Result<Prepared> {
        let Task { input, prior } = task;
        let uri = input.uri();
        let was_indexed = prior.as_ref().is_some_and(|record| record.status == DocumentStatus::Indexed);
        let (bytes, modified_ms, name) = match &input {
            Input::File(file) => (file.bytes, file.modified_ms, file.path.display().to_string()),
            Input::Text { text, .. } => (text.len() as u64, None, uri.clone()),
        };
        let mut record = self.blank_record(&uri, bytes, modified_ms);
        let content = match input {
            Input::File(file) => self.read_file(&file, prior.as_ref()),
            Input::Text { title, text, .. } => read_text(&title, &text, prior.as_ref()),
        };
        let refuse = |mut record: DocumentRecord, outcome: Outcome, problem: Problem| {
            record.status = if outcome == Outcome::Failed { DocumentStatus::Failed } else { DocumentStatus::Skipped };
            record.reason = Some(problem.reason.clone());
            Ok(Prepared::Refused { record: Box::new(record), problem: Box::new(problem), was_indexed })
        };
        let name_type = |media_type: Option<MediaType>| media_type.map_or("", MediaType::as_str).to_owned();
        match content {
            Ok(content) => {
                let ingested = self.cut(record, content)?;
                Ok(Prepared::Document { ingested: Box::new(ingested), was_indexed })
            }
            Err(Stop::Unchanged) => match prior {
                Some(prior) if prior.status == DocumentStatus::Skipped => {
                    let reason = prior.reason.clone().unwrap_or_default();
                    refuse(
                        prior,
                        Outcome::Skipped,
                        Problem { uri, outcome: Outcome::Skipped, code: None, reason, hint: None },
                    )
                }
                _ => Ok(Prepared::Unchanged { uri }),
            },
            Err(Stop::Nothing { media_type, content_hash, reason }) => {
                record.media_type = name_type(media_type);
                record.content_hash = content_hash;
                refuse(
                    record,
                    Outcome::Skipped,
                    Problem { uri, outcome: Outcome::Skipped, code: None, reason, hint: None },
                )
            }
            Err(Stop::Error { media_type, error }) => {
                record.media_type = name_type(media_type);
                let skipped = matches!(error.code(), Code::UnsupportedType | Code::FileTooLarge);
                let outcome = if skipped { Outcome::Skipped } else { Outcome::Failed };
                refuse(record, outcome, Problem::of(&uri, &name, outcome, &error))
            }
        }
    }

    fn blank_record(&self, uri: &str, bytes: u64, modified_ms: Option<i64>) -> DocumentRecord {
        DocumentRecord {
            id: DocumentId::of(&self.collection, uri),
            collection: self.collection.clone(),
            uri: uri.to_owned(),
            title: stem(Path::new(uri)),
            media_type: String::new(),
            bytes,
            modified_ms,
            content_hash: String::new(),
            pages: 0,
            pages_without_text: Vec::new(),
            chunks: 0,
            status: DocumentStatus::Indexing,
            reason: None,
            updated_ms: jiff::Timestamp::now().as_millisecond(),
        }
    }

    fn read_file(&self, file: &FoundFile, prior: Option<&DocumentRecord>) -> Result<Content, Stop> {
        let path = file.path.as_path();
        if file.bytes > self.max_file_bytes {
            return Err(Stop::error(too_large(path, file.bytes, self.max_file_bytes)));
        }
        // A hash says that the file was read whole: what it held then was settled.
        let prior = prior.filter(|prior| !prior.content_hash.is_empty() && prior.status != DocumentStatus::Failed);
        if prior.is_some_and(|prior| {
            prior.bytes == file.bytes && prior.modified_ms == file.modified_ms && file.modified_ms.is_some()
        }) {
            return Err(Stop::Unchanged);
        }
        let (media_type, bytes) = self.load(path)?;
        let content_hash = sha256_hex(&bytes);
        if prior.is_some_and(|prior| prior.content_hash == content_hash) {
            return Err(Stop::Unchanged);
        }
        let name = path.display().to_string();
        let extracted = extract(&name, media_type, &Arc::new(bytes), self.deadline)
            .map_err(|error| Stop::Error { media_type: Some(media_type), error })?;
        let content = Content { media_type, content_hash, extracted, stem: stem(path) };
        content.with_text()
    }

    /// The bytes of a file whose beginning says that it can be read, never more than the limit of them.
    fn load(&self, path: &Path) -> Result<(MediaType, Vec<u8>), Stop> {
        let io = |error| Stop::error(Error::io(path, error));
        let mut file = fs_err::File::open(path).map_err(io)?;
        let mut bytes = Vec::new();
        file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut bytes).map_err(io)?;
        if bytes.is_empty() {
            return Err(Stop::Nothing {
                media_type: None,
                content_hash: String::new(),
                reason: "the file is empty".to_owned(),
            });
        }
        let media_type = sniff(path, &bytes).map_err(Stop::error)?;
        let rest = self.max_file_bytes.saturating_sub(bytes.len() as u64);
        file.take(rest + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > self.max_file_bytes {
            return Err(Stop::error(too_large(path, bytes.len() as u64, self.max_file_bytes)));
        }
        Ok((media_type, bytes))
    }

    fn cut(&self, mut record: DocumentRecord, content: Content) -> Result<IngestedDocument> {
        let Content { media_type, content_hash, extracted, stem } = content;
        let Extracted { title, text, pages, headings, lines } = extracted;
        let document = Document {
            id: record.id,
            collection: record.collection.clone(),
            uri: record.uri.clone(),
            title: self.chunker.fit_title(&title.unwrap_or(stem))?,
            media_type: media_type.as_str().to_owned(),
            text,
            pages,
            headings,
            lines,
        };
        let chunks = self.chunker.chunk(&document)?;
        record.title.clone_from(&document.title);
        record.media_type.clone_from(&document.media_type);
        record.content_hash = content_hash;
        record.pages = u32::try_from(document.pages.len()).unwrap_or(u32::MAX);
        record.pages_without_text = document.pages_without_text();
        record.chunks = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        Ok(IngestedDocument { record, document, chunks })
    }
}

impl Stop {
    fn error(error: Error) -> Self {
        Self::Error { media_type: None, error }
    }
}

impl Content {
    fn with_text(self) -> Result<Self, Stop> {
        if !self.extracted.text.trim().is_empty() {
            return Ok(self);
        }
        let reason = match self.extracted.pages.len() {
            0 => "it holds no text".to_owned(),
            1 => "no text layer: 1 page needs OCR".to_owned(),
            pages => format!("no text layer: {pages} pages need OCR"),
        };
        Err(Stop::Nothing { media_type: Some(self.media_type), content_hash: self.content_hash, reason })
    }
}

fn read_text(title: &str, text: &str, prior: Option<&DocumentRecord>) -> Result<Content, Stop> {
    let content_hash = sha256_hex(format!("{title}\0{text}").as_bytes());
    if prior.is_some_and(|prior| prior.content_hash == content_hash) {
        return Err(Stop::Unchanged);
    }
    let extracted = Extracted {
        title: Some(canonical(title).trim().to_owned()),
        text: canonical(text).into_owned(),
        ..Extracted::default()
    };
    Content { media_type: MediaType::Plain, content_hash, extracted, stem: String::new() }.with_text()
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn too_large(path: &Path, bytes: u64, limit: u64) -> Error {
    let message = format!("{}: {bytes} bytes, over the limit of {limit} (ingest.max_file_bytes)", path.display());
    Error::new(Code::FileTooLarge, message).hint("raise ingest.max_file_bytes, or split the file")
}
