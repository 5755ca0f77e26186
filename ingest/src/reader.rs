//! Stand-in until the reader processes are merged.
#![allow(missing_docs, clippy::missing_errors_doc, clippy::allow_attributes, reason = "replaced by the merge")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use footnote_core::Result;
use footnote_core::seam::Extracted;
use tokio_util::sync::CancellationToken;

use crate::media_type::MediaType;

#[derive(Debug, Clone)]
pub enum Isolation {
    Process { program: PathBuf, args: Vec<std::ffi::OsString> },
    Thread,
}
#[derive(Debug, Clone, Default)]
pub struct OcrOptions {}
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    pub isolation: Isolation,
    pub workers: usize,
    pub memory_bytes: u64,
    pub deadline: Duration,
    pub page_deadline: Duration,
    pub ocr: OcrOptions,
}
pub struct Reader {
    options: ReaderOptions,
}
impl Reader {
    pub fn new(options: ReaderOptions) -> Self {
        Self { options }
    }
    pub fn extract(
        &self,
        name: &str,
        media_type: MediaType,
        bytes: &Arc<Vec<u8>>,
        _: &CancellationToken,
    ) -> Result<Extracted> {
        crate::extract::extract(name, media_type, bytes, self.options.deadline)
    }
    pub fn describe(&self, version: &str) -> String {
        version.to_owned()
    }
    pub fn needs_ocr(&self, pages: usize) -> String {
        format!("{pages} pages need OCR")
    }
}
