//! The best documents of all segments, which are searched side by side.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::tantivy::collector::{Collector, TopDocs};
use ::tantivy::query::{EnableScoring, Query, Weight};
use ::tantivy::{Searcher, TantivyError};
use footnote_core::seam::Hit;
use footnote_core::{Error, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Shared;
use super::schema::Ids;
use crate::fuse::best_first;
use crate::index::threads;

/// A query on its way through the segments.
struct Search {
    shared: Arc<Shared>,
    searcher: Searcher,
    weight: Box<dyn Weight>,
    limit: usize,
    /// Segments, the largest first: what is left at the end is short.
    order: Vec<usize>,
    /// The place in `order` that is searched next.
    next: AtomicUsize,
}

/// What the segments gave so far.
pub(super) struct Found {
    segments: usize,
    hits: UnboundedReceiver<Result<Vec<Hit>>>,
}

/// Searches on this thread and, where there are several segments, on others that have time.
///
/// # Errors
/// When a word cannot be looked up.
pub(super) fn search(shared: &Arc<Shared>, query: &dyn Query, limit: usize) -> Result<Found> {
    let searcher = shared.reader.searcher();
    let weight = query.weight(EnableScoring::enabled_from_searcher(&searcher));
    let weight = weight.map_err(|error| shared.failed("search words", &error))?;
    let mut order: Vec<usize> = (0..searcher.segment_readers().len()).collect();
    order.sort_by_key(|&at| Reverse(searcher.segment_reader(at as u32).num_docs()));
    let segments = order.len();
    let search = Search { shared: Arc::clone(shared), searcher, weight, limit, order, next: AtomicUsize::new(0) };
    let search = Arc::new(search);
    let (send, hits) = unbounded_channel();
    for _ in 1..segments.min(threads::count()) {
        let (search, send) = (Arc::clone(&search), send.clone());
        threads::spawn(move || search.take_part(&send))?;
    }
    search.take_part(&send);
    Ok(Found { segments, hits })
}

impl Search {
    /// Searches one segment after the other, until none is left that nobody has taken.
    fn take_part(&self, send: &UnboundedSender<Result<Vec<Hit>>>) {
        while let Some(&segment) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            // Who asked may be gone; then the rest need not be searched.
            if send.send(self.segment(segment)).is_err() {
                return;
            }
        }
    }

    /// The best of one segment.
    fn segment(&self, at: usize) -> Result<Vec<Hit>> {
        let failed = |error: TantivyError| self.shared.failed("search words", &error);
        let segment = self.searcher.segment_reader(at as u32);
        let best = TopDocs::with_limit(self.limit).order_by_score();
        let found = best.collect_segment(self.weight.as_ref(), at as u32, segment);
        let found = found.and_then(|found| best.merge_fruits(vec![found])).map_err(failed)?;
        let ids = Ids::of(segment).map_err(failed)?;
        let hit = |(score, address): (f32, ::tantivy::DocAddress)| {
            let chunk = ids.chunk(address.doc_id).ok_or_else(|| self.shared.nameless())?;
            Ok(Hit { chunk, score })
        };
        found.into_iter().map(hit).collect()
    }
}

impl Found {
    /// The `limit` best of all segments, best first.
    ///
    /// # Errors
    /// Those of a segment, and when the search of one stopped in the middle.
    pub(super) async fn best(mut self, limit: usize) -> Result<Vec<Hit>> {
        let mut all = Vec::new();
        for _ in 0..self.segments {
            let hits = self.hits.recv().await;
            all.extend(hits.unwrap_or_else(|| Err(Error::internal("a search for words stopped in the middle")))?);
        }
        all.sort_by(|a, b| best_first((a.score, a.chunk), (b.score, b.chunk)));
        all.truncate(limit);
        Ok(all)
    }
}
