//! A source to a document with its chunks, or the reason why not. Blocking work.

use std::sync::Arc;
use std::time::Instant;

use footnote_core::catalog::{DocumentRecord, DocumentStatus, IngestedDocument};
use footnote_core::seam::{Catalog, Extracted};
use footnote_core::{Code, Document, DocumentId, Error, Result, Source};
use tokio_util::sync::CancellationToken;

use super::clock::elapsed_ms;
use super::load::{Loaded, load};
use super::outcome::lost;
use super::plan::{Priors, blank_record, next_version};
use super::retry::Retry;
use crate::archive::ArchiveLimits;
use crate::chunk::Chunker;
use crate::discover::FoundFile;
use crate::hash::sha256_hex;
use crate::language;
use crate::media_type::MediaType;
use crate::metadata::{Rules, bounded};
use crate::normalize::canonical;
use crate::reader::Reader;
use crate::report::{Outcome, Problem};

/// Something to ingest, and what the catalog knows of it.
pub(super) struct Task {
    pub(super) input: Input,
    pub(super) prior: Option<DocumentRecord>,
    /// Of an archive: what came out of it before.
    pub(super) members: Priors,
    /// Whether the same content may give another document than before: something about the reading changed.
    pub(super) anew: bool,
}

/// What is to be read.
pub(super) enum Input {
    File(FoundFile),
    Text {
        uri: String,
        title: String,
        text: String,
    },
    /// A document of another catalog, to be cut anew.
    Stored {
        record: Box<DocumentRecord>,
        from: Arc<dyn Catalog>,
    },
    /// An indexed document of which something else is to be known than before; its source is as it was.
    Retold {
        record: Box<DocumentRecord>,
    },
}

impl Input {
    pub(super) fn uri(&self) -> String {
        match self {
            Self::File(file) => Source::File(file.path.clone()).uri(),
            Self::Text { uri, .. } => uri.clone(),
            Self::Stored { record, .. } | Self::Retold { record } => record.uri.clone(),
        }
    }
}

/// What came of a task, piece by piece: an archive gives many.
#[derive(Debug)]
pub(super) enum Prepared {
    /// It is being read.
    Started { id: DocumentId, uri: String },
    /// The source is as it was.
    Unchanged { id: DocumentId, uri: String, modified_ms: Option<i64> },
    /// The source is as it was, but what is known of the document beside its text is not: this is its row now.
    Retold { record: Box<DocumentRecord>, outcome: Outcome },
    /// To be indexed.
    Document { ingested: Box<IngestedDocument>, was_indexed: bool },
    /// Not to be indexed.
    Refused { record: Box<DocumentRecord>, problem: Box<Problem>, was_indexed: bool },
    /// Its source is no longer there.
    Gone { record: Box<DocumentRecord> },
}

/// Takes what was prepared; gives whether more is wanted.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Prepared) -> bool;

/// What every task is prepared with.
pub(super) struct Preparer {
    pub(super) collection: String,
    pub(super) chunker: Chunker,
    pub(super) reader: Reader,
    pub(super) max_file_bytes: u64,
    pub(super) archive: ArchiveLimits,
    pub(super) retry: Retry,
    pub(super) rules: Rules,
}

/// One document on its way: its row so far, and what was known of it.
pub(super) struct Candidate {
    pub(super) record: DocumentRecord,
    pub(super) prior: Option<DocumentRecord>,
    /// The file's name, for messages.
    pub(super) name: String,
    /// See [`Task::anew`].
    pub(super) anew: bool,
    pub(super) cancel: CancellationToken,
}

/// Why there is no document.
pub(super) enum Stop {
    Unchanged,
    Nothing(String),
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Preparer {
    /// Reads, extracts and cuts one source.
    ///
    /// # Errors
    /// Only for what is not the source's fault.
    pub(super) fn prepare(&self, task: Task, cancel: &CancellationToken, sink: Sink<'_>) -> Result<()> {
        let Task { input, prior, members, anew } = task;
        let uri = input.uri();
        let record = self.blank(&uri, prior.as_ref());
        match input {
            Input::Stored { record, from } => return self.recut(&record, &*from, sink),
            Input::Retold { record } => {
                sink(Prepared::Retold { record, outcome: Outcome::Changed });
            }
            Input::Text { title, text, .. } => {
                let mut candidate = Candidate { record, prior, name: uri, anew, cancel: cancel.clone() };
                let made = self.read_text(&mut candidate, &title, &text);
                sink(self.outcome(candidate, made)?);
            }
            Input::File(file) => {
                sink(Prepared::Started { id: record.id, uri });
                let candidate =
                    Candidate { record, prior, name: file.path.display().to_string(), anew, cancel: cancel.clone() };
                return self.prepare_file(&file, candidate, members, sink);
            }
        }
        Ok(())
    }

    /// A row for a source that was just met; until it is read, it says of itself what it did before.
    pub(super) fn blank(&self, uri: &str, prior: Option<&DocumentRecord>) -> DocumentRecord {
        let own = prior.map(|prior| prior.metadata.own().clone()).unwrap_or_default();
        DocumentRecord { metadata: self.rules.apply(&own, uri), ..blank_record(&self.collection, uri, prior) }
    }

    fn prepare_file(&self, file: &FoundFile, mut candidate: Candidate, members: Priors, sink: Sink<'_>) -> Result<()> {
        let started = Instant::now();
        (candidate.record.bytes, candidate.record.modified_ms) = (file.bytes, file.modified_ms);
        let loaded = load(&file.path, self.max_file_bytes, self.archive.max_bytes);
        candidate.record.timings.read = elapsed_ms(started);
        match loaded {
            Ok(Loaded { media_type, bytes, file }) => {
                (candidate.record.bytes, candidate.record.modified_ms) = (file.bytes, file.modified_ms);
                if media_type.is_container() {
                    return self.unpack(media_type, bytes, candidate, members, sink);
                }
                let made = self.read(&mut candidate, media_type, bytes);
                sink(self.outcome(candidate, made)?);
            }
            Err(Stop::Error(error)) if error.code() == Code::PathMissing => {
                // It vanished after it was met.
                sink(Prepared::Gone { record: Box::new(candidate.prior.unwrap_or(candidate.record)) });
            }
            Err(stop) => {
                sink(self.outcome(candidate, Err(stop))?);
            }
        }
        // What was an archive once, and is none now or cannot be read, holds nothing any more.
        for member in members.into_values().filter(|member| member.status != DocumentStatus::Deleted) {
            sink(Prepared::Gone { record: Box::new(member) });
        }
        Ok(())
    }

    /// Turns the bytes of a file, or of a member of an archive, into a document with its chunks.
    pub(super) fn read(
        &self,
        candidate: &mut Candidate,
        media_type: MediaType,
        bytes: Vec<u8>,
    ) -> Result<IngestedDocument, Stop> {
        let record = &mut candidate.record;
        media_type.as_str().clone_into(&mut record.media_type);
        let hash = sha256_hex(&bytes);
        if !candidate.anew && settled(candidate.prior.as_ref(), &hash) {
            return Err(Stop::Unchanged);
        }
        record.version = next_version(candidate.prior.as_ref(), &hash);
        record.content_hash = hash;
        let started = Instant::now();
        let extracted = self.reader.extract(&candidate.name, media_type, &Arc::new(bytes), &candidate.cancel);
        record.timings.extract = elapsed_ms(started);
        let extracted = extracted?;
        if extracted.text.trim().is_empty() {
            return Err(Stop::Nothing(match extracted.pages.len() {
                0 => "it holds no text".to_owned(),
                pages => format!("no text layer: {}", self.reader.needs_ocr(pages)),
            }));
        }
        Ok(self.cut(record, media_type.as_str(), extracted)?)
    }

    fn read_text(&self, candidate: &mut Candidate, title: &str, text: &str) -> Result<IngestedDocument, Stop> {
        let record = &mut candidate.record;
        record.bytes = text.len() as u64;
        let hash = sha256_hex(format!("{title}\0{text}").as_bytes());
        if !candidate.anew && settled(candidate.prior.as_ref(), &hash) {
            return Err(Stop::Unchanged);
        }
        record.version = next_version(candidate.prior.as_ref(), &hash);
        record.content_hash = hash;
        let title = Some(canonical(title).trim().to_owned());
        let extracted = Extracted { title, text: canonical(text).into_owned(), ..Extracted::default() };
        if extracted.text.trim().is_empty() {
            return Err(Stop::Nothing("it holds no text".to_owned()));
        }
        record.title.clear();
        Ok(self.cut(record, MediaType::Plain.as_str(), extracted)?)
    }

    /// Cuts a document anew whose text is in a catalog.
    fn recut(&self, record: &DocumentRecord, from: &dyn Catalog, sink: Sink<'_>) -> Result<()> {
        let document = tokio::runtime::Handle::current().block_on(from.document(record.id))?;
        let Some(document) = document else {
            sink(lost(record));
            return Ok(());
        };
        let mut record = DocumentRecord { status: DocumentStatus::Queued, ..record.clone() };
        let ingested = self.cut_stored(&mut record, document)?;
        sink(Prepared::Document { ingested: Box::new(ingested), was_indexed: false });
        Ok(())
    }

    /// Cuts a document anew that was extracted before; `record` is its row.
    pub(super) fn cut_stored(&self, record: &mut DocumentRecord, document: Document) -> Result<IngestedDocument> {
        let Document { title, text, pages, headings, lines, media_type, .. } = document;
        let metadata = record.metadata.own().clone();
        self.cut(record, &media_type, Extracted { title: Some(title), text, pages, headings, lines, metadata })
    }

    fn cut(&self, record: &mut DocumentRecord, media_type: &str, extracted: Extracted) -> Result<IngestedDocument> {
        let started = Instant::now();
        let Extracted { title, text, pages, headings, lines, metadata } = extracted;
        let document = Document {
            id: record.id,
            collection: record.collection.clone(),
            uri: record.uri.clone(),
            title: self.chunker.fit_title(&record.uri, &title.unwrap_or_else(|| record.title.clone()))?,
            media_type: media_type.to_owned(),
            language: language::of(&text, media_type),
            text,
            pages,
            headings,
            lines,
        };
        let chunks = self.chunker.chunk(&document)?;
        record.metadata = self.rules.apply(&bounded(&record.uri, metadata), &record.uri);
        record.title.clone_from(&document.title);
        record.media_type.clone_from(&document.media_type);
        record.language.clone_from(&document.language);
        record.pages = u32::try_from(document.pages.len()).unwrap_or(u32::MAX);
        record.pages_without_text = document.pages_without_text();
        record.chunks = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        record.status = DocumentStatus::Indexed;
        let without_text = record.pages_without_text.len();
        record.reason = (without_text > 0).then(|| self.reader.needs_ocr(without_text));
        record.timings.chunk = elapsed_ms(started);
        Ok(IngestedDocument { record: record.clone(), document, chunks })
    }
}

/// Whether the content that hashes to `hash` was read whole before, and its document stands as it came out then.
fn settled(prior: Option<&DocumentRecord>, hash: &str) -> bool {
    prior.is_some_and(|prior| {
        prior.content_hash == hash && (prior.status.is_indexed() || prior.status == DocumentStatus::Skipped)
    })
}
