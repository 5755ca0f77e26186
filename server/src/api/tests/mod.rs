//! The API without a model or a socket: requests in, answers out.

mod access;
mod documents;
mod inquiry;
mod jobs;
mod library;
mod paths;
mod uploads;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use footnote_config::AccessSettings;
use footnote_core::catalog::{DocumentRecord, DocumentStatus, Timings};
use footnote_core::seam::CatalogWriter;
use footnote_core::{DocumentId, Result, Source};
use footnote_ingest::queue::{CancellationToken, Job, JobQueue, JobRunner};
use footnote_ingest::{Event, IngestReport, Outcome, Progress, SqliteCatalog};
use serde_json::Value;
use tower::ServiceExt;

use self::library::{Joining, Library};
use super::state::unknown_collection;
use super::*;
use crate::sessions::{SessionLimits, Sessions};
use crate::uploads::Uploads;

/// Bytes that an upload may have in these tests.
const MAX_UPLOAD: u64 = 64;

const SESSIONS: SessionLimits =
    SessionLimits { tokens: 2_000, sessions: 100, keep: std::time::Duration::from_secs(3_600) };

/// An API over a folder of its own.
struct World {
    folder: tempfile::TempDir,
    catalog: SqliteCatalog,
    queue: JobQueue,
    /// Whether somebody else writes to the collections.
    busy: Arc<AtomicBool>,
    state: ApiState,
    app: Router,
}

impl World {
    fn new() -> Self {
        Self::of(&AccessSettings::default(), 4_096)
    }

    /// With these callers, and room for long requests.
    fn with(access: &AccessSettings) -> Self {
        Self::of(access, 65_536)
    }

    fn of(access: &AccessSettings, max_body_bytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = SqliteCatalog::open(&folder.path().join("catalog.sqlite")).unwrap();
        let queue = JobQueue::open(&folder.path().join("jobs.sqlite")).unwrap();
        let busy = Arc::new(AtomicBool::new(false));
        let docs = folder.path().join("docs");
        fs_err::create_dir(&docs).unwrap();
        let ingestion = Ingestion {
            queue: queue.clone(),
            uploads: Uploads::open(&folder.path().join("uploads"), MAX_UPLOAD).unwrap(),
            roots: Arc::new([docs, folder.path().join("not there yet")]),
            remover: Arc::new(FakeRemover { catalog: catalog.clone(), busy: Arc::clone(&busy) }),
            stopping: CancellationToken::new(),
        };
        let state = ApiState {
            collections: Arc::new(Library { catalog: catalog.clone() }),
            catalog: Arc::new(catalog.clone()),
            default_collection: "default".into(),
            generator: None,
            archive: footnote_ingest::ArchiveLimits { max_files: 10, max_bytes: 1 << 20, max_file_bytes: 1 << 20 },
            max_body_bytes,
            ingestion: Some(ingestion),
            access: Arc::new(Access::of(access, |_| None).unwrap()),
            sessions: Sessions::open(&folder.path().join("sessions.sqlite"), SESSIONS).unwrap(),
            condenser: Arc::new(Joining),
        };
        Self { folder, catalog, queue, busy, app: app(state.clone()), state }
    }

    /// Lets somebody do the queue's jobs.
    fn work(&self) {
        let queue = self.queue.clone();
        tokio::spawn(async move { queue.run(&FakeRunner, &CancellationToken::new()).await });
    }

    fn path(&self, name: &str) -> PathBuf {
        fs_err::canonicalize(self.folder.path()).unwrap().join(name)
    }

    fn write(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, name).unwrap();
        path
    }

    /// A row of the catalog, of the file at `path`.
    async fn record(&self, path: PathBuf) -> DocumentId {
        let uri = Source::File(path).uri();
        let id = DocumentId::of("default", &uri);
        self.catalog.record_outcomes(vec![record(id, uri)]).await.unwrap();
        id
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().oneshot(request).await.unwrap()
    }

    /// Status and JSON of a request without a body.
    async fn call(&self, method: &str, path: &str) -> (u16, Value) {
        json_of(self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await).await
    }

    /// The events that a `POST` of JSON is answered with.
    async fn stream(&self, path: &str, body: &Value) -> Vec<(String, Value)> {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        events_of(self.send(request.body(body.to_string().into()).unwrap()).await).await
    }

    /// Status and JSON of a `POST` of JSON.
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        json_of(self.send(request.body(body.to_string().into()).unwrap()).await).await
    }
}

/// Names and data of server-sent events.
async fn events_of(response: Response<Body>) -> Vec<(String, Value)> {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned())).unwrap()
    };
    let blocks = text.split("\n\n").filter(|block| block.contains("data:"));
    blocks.map(|block| (field(block, "event:"), serde_json::from_str(&field(block, "data:")).unwrap())).collect()
}

async fn json_of(response: Response<Body>) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
}

fn record(id: DocumentId, uri: String) -> DocumentRecord {
    DocumentRecord {
        id,
        collection: "default".into(),
        uri,
        title: "A".into(),
        media_type: "text/markdown".into(),
        language: None,
        bytes: 1,
        modified_ms: None,
        content_hash: String::new(),
        pages: 0,
        pages_without_text: vec![],
        chunks: 0,
        status: DocumentStatus::Skipped,
        reason: Some("empty".into()),
        version: 1,
        attempts: 0,
        retry_at_ms: None,
        timings: Timings::default(),
        metadata: footnote_core::Metadata::default(),
        updated_ms: 0,
    }
}

struct FakeRemover {
    catalog: SqliteCatalog,
    busy: Arc<AtomicBool>,
}

#[async_trait]
impl Remover for FakeRemover {
    async fn remove_now(&self, record: &DocumentRecord) -> Result<bool> {
        if self.busy.load(Ordering::SeqCst) {
            return Ok(false);
        }
        let deleted = DocumentRecord { status: DocumentStatus::Deleted, ..record.clone() };
        self.catalog.record_outcomes(vec![deleted]).await?;
        Ok(true)
    }
}

struct FakeRunner;

#[async_trait]
impl JobRunner for FakeRunner {
    async fn run(&self, _: &Job, progress: &dyn Progress, _: &CancellationToken) -> Result<IngestReport> {
        progress.event(Event::Discovered { documents: 1 });
        progress.event(Event::Document { uri: "file:///a.md", outcome: Outcome::Added });
        Ok(IngestReport { added: 1, ..IngestReport::default() })
    }
}

/// The code and the hint of a problem, which has both.
fn told(problem: &Value) -> (&str, &str) {
    (problem["code"].as_str().unwrap(), problem["hint"].as_str().unwrap())
}

#[tokio::test]
async fn what_is_not_there_is_answered_with_what_is() {
    let world = World::new();
    let (status, problem) = world.call("GET", "/nowhere").await;
    assert_eq!((status, told(&problem).0), (404, "route_unknown"));
    for endpoint in ["/ask", "/ingest", "/jobs", "/documents"] {
        assert!(told(&problem).1.contains(endpoint), "{problem:#}");
    }
    let (status, problem) = world.call("PUT", "/jobs").await;
    assert_eq!((status, told(&problem).0), (405, "method_not_allowed"));
}
