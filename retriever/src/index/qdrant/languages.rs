//! The languages of a collection on a server: a question's words are looked for in each.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use footnote_core::Result;
use qdrant_client::Qdrant;
use qdrant_client::qdrant::FacetCountsBuilder;
use qdrant_client::qdrant::facet_value::Variant;

use super::super::payload::LANGUAGE;
use super::collection::QdrantCollection;

/// How long what was learned is believed: another footnote may write documents of a new language meanwhile.
const FRESH: Duration = Duration::from_secs(60);
/// More languages than any collection has.
const MOST: u64 = 200;

/// What was learned, and when.
#[derive(Default)]
pub(super) struct Languages(RwLock<Option<(Instant, Vec<String>)>>);

impl Languages {
    /// The languages of `collection`, asked of the server once a minute.
    pub(super) async fn of(&self, collection: &QdrantCollection) -> Result<Vec<String>> {
        if let Some((since, known)) = &*self.0.read().unwrap_or_else(PoisonError::into_inner)
            && since.elapsed() < FRESH
        {
            return Ok(known.clone());
        }
        let request = FacetCountsBuilder::new(collection.asked(), LANGUAGE).limit(MOST).build();
        let facet = |client: Qdrant| {
            let request = request.clone();
            async move { client.facet(request).await }
        };
        let reply = collection.connection.ask_soon("list languages", facet).await?;
        let names = reply.hits.into_iter().filter_map(|hit| match hit.value?.variant? {
            Variant::StringValue(name) => Some(name),
            _ => None,
        });
        let mut known: Vec<String> = names.collect();
        known.sort_unstable();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), known.clone()));
        Ok(known)
    }

    /// Forgets: documents were written.
    pub(super) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
