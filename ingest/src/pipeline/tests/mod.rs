//! The worker keeps its promises: nothing in silence, nothing twice, nothing half.

mod anew;
mod bad;
mod course;
mod crash;
mod metadata;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use footnote_core::catalog::{DocumentStatus, IngestedDocument};
use footnote_core::seam::Catalog;
use footnote_core::{Chunk, ChunkId, DocumentId, Span};

use super::fakes::{FakeEmbedder, FakeKeyword, FakeVectors, Fuse, FusedCatalog};
use super::*;
use crate::catalog::SqliteCatalog;
use crate::models::tokenizer_path;
use crate::progress::Event;
use crate::verify::{VerifyReport, verify};

const LIMIT: u64 = 1 << 20;

/// A folder of documents, and stores beside it.
struct World {
    folder: tempfile::TempDir,
    fuse: Fuse,
    catalog: Arc<FusedCatalog>,
    embedder: Arc<FakeEmbedder>,
    vectors: Arc<FakeVectors>,
    keyword: Arc<FakeKeyword>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("docs")).unwrap();
        let fuse = Fuse::after(usize::MAX);
        let inner = SqliteCatalog::open(&folder.path().join("catalog.db")).unwrap();
        Self {
            catalog: Arc::new(FusedCatalog { inner, fuse: fuse.clone() }),
            embedder: Arc::new(FakeEmbedder::new("model-a", &fuse)),
            vectors: Arc::new(FakeVectors::new(&fuse)),
            keyword: Arc::new(FakeKeyword::new(&fuse)),
            folder,
            fuse,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("docs").join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs_err::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs_err::write(self.path(name), content).unwrap();
    }

    fn stores(&self) -> Stores {
        Stores {
            catalog: self.catalog.clone(),
            embedder: self.embedder.clone(),
            vectors: self.vectors.clone(),
            keyword: self.keyword.clone(),
        }
    }

    fn ingestor(&self) -> Ingestor {
        let options = IngestOptions {
            collection: "default".into(),
            chunk: ChunkOptions { max_tokens: 64, overlap_tokens: 0 },
            tokenizer: tokenizer_path(),
            max_file_bytes: LIMIT,
            follow_links: false,
            reader: ReaderOptions {
                isolation: crate::reader::Isolation::Thread,
                workers: 0,
                memory_bytes: 1 << 30,
                deadline: Duration::from_secs(30),
                page_deadline: Duration::from_secs(30),
                ocr: crate::reader::OcrOptions::default(),
            },
            archive: ArchiveLimits { max_files: 100, max_bytes: 1 << 24, max_file_bytes: LIMIT },
            retry: Retry::default(),
            rules: Rules::default(),
        };
        Ingestor::new(self.stores(), options).unwrap()
    }

    async fn ingest(&self) -> Result<IngestReport> {
        self.ingestor().ingest_paths(&[self.path("")], &(), &CancellationToken::new()).await
    }

    async fn verify(&self) -> VerifyReport {
        verify(&*self.catalog, &*self.vectors, &*self.keyword, "default").await.unwrap()
    }

    fn embedded_since(&self) -> Vec<String> {
        std::mem::take(&mut *self.embedder.texts.lock().unwrap())
    }

    /// All that can be found: the bodies in the keyword index.
    fn bodies(&self) -> BTreeSet<String> {
        self.keyword.committed.lock().unwrap().values().cloned().collect()
    }

    async fn statuses(&self) -> Vec<(String, DocumentStatus)> {
        let records = self.catalog.documents("default", None).await.unwrap();
        let name = |uri: &str| Path::new(uri).file_name().unwrap().to_string_lossy().into_owned();
        let status = |status: DocumentStatus| if status.is_indexed() { DocumentStatus::Indexed } else { status };
        records.iter().map(|record| (name(&record.uri), status(record.status))).collect()
    }

    /// Lets ingestion of `path` die at the first step after which a document is half written.
    async fn die_while_writing(&self, path: &str) {
        for steps in 0.. {
            self.fuse.cut_after(steps);
            let died = self.ingestor().ingest_paths(&[self.path(path)], &(), &CancellationToken::new()).await;
            self.fuse.mend();
            self.keyword.lose_pending();
            assert_eq!(died.unwrap_err().code(), Code::DiskFull, "it was through before it wrote anything");
            if !self.catalog.documents("default", Some(DocumentStatus::Indexing)).await.unwrap().is_empty() {
                return;
            }
        }
    }
}

fn paragraph(word: &str) -> String {
    format!("This paragraph is about {word} and says so in enough words to be a chunk of its own here. ").repeat(2)
}

fn guide(middle: &str) -> String {
    format!(
        "# Guide\n\n## One\n\n{}\n\n## Two\n\n{}\n\n## Three\n\n{}\n",
        paragraph("one"),
        paragraph(middle),
        paragraph("three")
    )
}
