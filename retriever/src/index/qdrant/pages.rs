//! All points of a collection, page after page.

use footnote_core::{ChunkId, Result};
use qdrant_client::Qdrant;
use qdrant_client::qdrant::with_vectors_selector::SelectorOptions;
use qdrant_client::qdrant::{Condition, Filter, PointId, RetrievedPoint, ScrollPointsBuilder, VectorsSelector};

use super::collection::QdrantCollection;
use super::values::chunk_of;

/// Ids that are listed at once.
const IDS: u32 = 10_000;
/// Vectors that are read at once.
const VECTORS: u32 = 2_000;

/// Every chunk that has the vector of this name.
///
/// # Errors
/// Those of the connection.
pub(super) async fn chunks_with(collection: &QdrantCollection, vector: &str) -> Result<Vec<ChunkId>> {
    let mut chunks = Vec::new();
    if collection.exists().await? {
        let each = |point: RetrievedPoint| chunks.extend(chunk_of(point.id));
        walk(collection, "list the chunks", vector, IDS, false.into(), each).await?;
    }
    Ok(chunks)
}

/// Hands every point that has the vector of this name to `each`, with that vector.
///
/// # Errors
/// Those of the connection.
pub(super) async fn each_vector(
    collection: &QdrantCollection,
    doing: &str,
    vector: &str,
    each: impl FnMut(RetrievedPoint),
) -> Result<()> {
    let vectors = SelectorOptions::Include(VectorsSelector { names: vec![vector.to_owned()] });
    walk(collection, doing, vector, VECTORS, vectors, each).await
}

async fn walk(
    collection: &QdrantCollection,
    doing: &str,
    vector: &str,
    at_once: u32,
    vectors: SelectorOptions,
    mut each: impl FnMut(RetrievedPoint),
) -> Result<()> {
    let mut offset: Option<PointId> = None;
    loop {
        let mut page = ScrollPointsBuilder::new(collection.name())
            .filter(Filter::must([Condition::has_vector(vector)]))
            .limit(at_once)
            .with_payload(false)
            .with_vectors(vectors.clone());
        if let Some(offset) = offset {
            page = page.offset(offset);
        }
        let page = page.build();
        let scroll = |client: Qdrant| {
            let page = page.clone();
            async move { client.scroll(page).await }
        };
        let found = collection.connection.ask(doing, scroll).await?;
        found.result.into_iter().for_each(&mut each);
        match found.next_page_offset {
            Some(next) => offset = Some(next),
            None => return Ok(()),
        }
    }
}
