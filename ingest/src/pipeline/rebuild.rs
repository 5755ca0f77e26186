//! Makes the index of a collection anew from the texts in its catalog: other chunking, another embedding model.

use std::sync::Arc;
use std::time::Instant;

use footnote_core::Result;
use footnote_core::catalog::DocumentStatus;
use footnote_core::seam::Catalog;
use tokio_util::sync::CancellationToken;

use super::Ingestor;
use super::prepare::{Input, Task};
use crate::progress::{Event, Progress};
use crate::report::IngestReport;

impl Ingestor {
    /// Cuts and embeds, with this ingestor's settings and into its stores, every document that `from` has of the
    /// collection. Sources are not read: uploads and files that are gone keep their place. A rebuild that was cut
    /// short goes on where it was.
    ///
    /// # Errors
    /// As [`Self::ingest_paths`].
    pub async fn rebuild(
        &self,
        from: &Arc<dyn Catalog>,
        progress: &dyn Progress,
        cancel: &CancellationToken,
    ) -> Result<IngestReport> {
        let _alone = self.running.lock().await;
        let started = Instant::now();
        let mut report = IngestReport::default();
        self.start(&mut report).await?;
        let done = self.priors().await?;
        let mut tasks = Vec::new();
        for record in from.documents(&self.options.collection, Some(DocumentStatus::Indexed)).await? {
            let is_done = done
                .get(&record.uri)
                .is_some_and(|done| (&done.content_hash, done.version) == (&record.content_hash, record.version));
            // Archives have no text of their own.
            if !is_done && record.chunks > 0 {
                let input = Input::Stored { record: Box::new(record), from: Arc::clone(from) };
                tasks.push(Task { input, prior: None, members: super::plan::Priors::new(), anew: true });
            }
        }
        progress.event(Event::Discovered { documents: tasks.len() });
        let run = self.begin_run(report, progress, cancel);
        self.finish_run(run, tasks, Vec::new(), started).await
    }
}
