//! What the handlers need, as traits: the API is tested without a model or a socket.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use footnote_core::answer::FollowUp;
use footnote_core::catalog::DocumentRecord;
use footnote_core::question::Turn;
use footnote_core::seam::{Answerer, Catalog, GeneratorInfo, Searcher};
use footnote_core::{Code, DocumentId, Error, Grants, Result};
use footnote_ingest::ArchiveLimits;
use footnote_ingest::queue::{CancellationToken, JobQueue};

use super::access::{Access, Caller};
use crate::sessions::Sessions;
use crate::uploads::Uploads;

/// One collection, ready to be asked.
#[derive(Clone)]
pub struct CollectionHandle {
    /// Retrieval alone.
    pub searcher: Arc<dyn Searcher>,
    /// The whole flow.
    pub answerer: Arc<dyn Answerer>,
}

/// Opens collections by name.
#[async_trait]
pub trait Collections: Send + Sync {
    /// The collection, opened once and kept.
    ///
    /// # Errors
    /// [`Code::CollectionUnknown`], and what opening its indexes gives.
    async fn open(&self, name: &str) -> Result<CollectionHandle>;
}

/// Makes a question that leans on a conversation stand alone.
#[async_trait]
pub trait Condenser: Send + Sync {
    /// What `question` asks after `history`, which is oldest first.
    async fn condense(&self, history: &[Turn], question: &str) -> FollowUp;
}

/// Takes documents out.
#[async_trait]
pub trait Remover: Send + Sync {
    /// Takes a document out of the catalog and both indexes. Gives `false`, and changes nothing, while its
    /// collection is being written to: then it is the queue's turn.
    ///
    /// # Errors
    /// When a store fails.
    async fn remove_now(&self, record: &DocumentRecord) -> Result<bool>;
}

/// What the handlers need that ingest and delete.
#[derive(Clone)]
pub struct Ingestion {
    /// Jobs; somebody else runs them.
    pub queue: JobQueue,
    /// Where uploaded files go.
    pub uploads: Uploads,
    /// Folders below which paths may be named over HTTP.
    pub roots: Arc<[PathBuf]>,
    /// Deletes.
    pub remover: Arc<dyn Remover>,
    /// Cancelled when the server is told to stop.
    pub stopping: CancellationToken,
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The collections.
    pub collections: Arc<dyn Collections>,
    /// What was ingested.
    pub catalog: Arc<dyn Catalog>,
    /// The collection that is meant when none is named.
    pub default_collection: Arc<str>,
    /// Engine and model; `None` when answers are quoted only.
    pub generator: Option<GeneratorInfo>,
    /// What an archive may unpack to, when a file in it is shown.
    pub archive: ArchiveLimits,
    /// The largest request body, uploads aside.
    pub max_body_bytes: usize,
    /// Queue, uploads, deletion; `None` where another footnote ingests.
    pub ingestion: Option<Ingestion>,
    /// Who may see what.
    pub access: Arc<Access>,
    /// What clients' conversations were about.
    pub sessions: Sessions,
    /// Follow-up questions.
    pub condenser: Arc<dyn Condenser>,
}

impl ApiState {
    /// What the handlers need that ingest and delete.
    pub(crate) fn ingestion(&self) -> Result<&Ingestion> {
        self.ingestion.as_ref().ok_or_else(query_only)
    }

    /// The collection that a request names, or the default one, with its name. To whoever may see none of its
    /// documents, it is not there.
    pub(crate) async fn collection(&self, name: Option<&str>, caller: &Caller) -> Result<(CollectionHandle, String)> {
        let name = name.unwrap_or(&self.default_collection);
        footnote_core::collection::check_name(name)?;
        if caller.grants != Grants::All && !self.may_enter(name, caller).await? {
            // The names of the others are not for everybody.
            return Err(Error::new(Code::CollectionUnknown, format!("there is no collection `{name}`"))
                .hint("ask whoever runs this footnote for its collections, and for a key"));
        }
        Ok((self.collections.open(name).await?, name.to_owned()))
    }

    /// Whether a collection holds a document that `caller` may see, or did: they know its name by then.
    async fn may_enter(&self, name: &str, caller: &Caller) -> Result<bool> {
        if self.access.has_entered(caller, name) {
            return Ok(true);
        }
        let found = self.catalog.visible(name, &caller.grants).await? > 0;
        if found {
            self.access.enter(caller, name);
        }
        Ok(found)
    }

    /// A document's row. One that the caller may not see is unknown.
    pub(crate) async fn record(&self, id: DocumentId, caller: &Caller) -> Result<DocumentRecord> {
        let record = self.catalog.record(id).await?.filter(|record| caller.may_see(record));
        record.ok_or_else(|| unknown_document(id))
    }
}

/// The error for a document that is not there, or not for the caller.
#[must_use]
pub fn unknown_document(id: DocumentId) -> Error {
    Error::new(Code::DocumentUnknown, format!("there is no document {id}")).hint("GET /documents lists the ids")
}

/// The error for what only the footnote that ingests can do.
#[must_use]
pub fn query_only() -> Error {
    Error::new(Code::QueryOnly, "this footnote only answers questions")
        .hint("send it to the footnote that ingests: the one that was not started with --query-only")
}

/// The error for a collection that nothing was ever ingested into.
#[must_use]
pub fn unknown_collection(name: &str, known: &[String]) -> Error {
    let hint = match known {
        [] => "nothing was ingested yet: footnote ingest PATH".to_owned(),
        known => format!("there are: {}", known.join(", ")),
    };
    Error::new(Code::CollectionUnknown, format!("there is no collection `{name}`")).hint(hint)
}
