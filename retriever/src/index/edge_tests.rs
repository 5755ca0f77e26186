use std::path::Path;

use std::sync::Arc;

use footnote_core::document::DocumentId;
use uuid::Uuid;

use super::*;

fn chunk(n: u128) -> ChunkId {
    ChunkId(Uuid::from_u128(n))
}

/// A unit vector at `degrees` in a plane of four dimensions.
fn point(n: u128, degrees: f32) -> VectorPoint {
    VectorPoint { chunk: chunk(n), document: DocumentId::of("c", "u"), vector: at(degrees), facts: Arc::default() }
}

fn at(degrees: f32) -> Vec<f32> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    vec![cos, sin, 0.0, 0.0]
}

async fn found(store: &EdgeStore, degrees: f32, limit: usize) -> Vec<ChunkId> {
    store.search(at(degrees), limit, None).await.unwrap().into_iter().map(|hit| hit.chunk).collect()
}

/// A graph from 500 kB of vectors on.
fn small_segments() -> VectorOptions {
    VectorOptions { indexing_threshold_kb: 500, ..VectorOptions::default() }
}

fn refusal(dir: &Path, dimension: usize) -> Error {
    match EdgeStore::open(dir, dimension) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn the_nearest_come_first_with_their_cosine() {
    let dir = tempfile::tempdir().unwrap();
    let store = EdgeStore::open(dir.path(), 4).unwrap();
    assert!(found(&store, 0.0, 5).await.is_empty());
    store.upsert(vec![point(1, 0.0), point(2, 60.0), point(3, 180.0)]).await.unwrap();
    let hits = store.search(at(0.0), 10, None).await.unwrap();
    let expected = [(chunk(1), 1.0), (chunk(2), 0.5), (chunk(3), -1.0)];
    assert_eq!(hits.len(), 3);
    for (hit, (chunk, cosine)) in hits.iter().zip(expected) {
        assert_eq!(hit.chunk, chunk);
        assert!((hit.score - cosine).abs() < 1e-5, "{hit:?}");
    }
    assert_eq!(found(&store, 0.0, 1).await, [chunk(1)]);
    assert!(found(&store, 0.0, 0).await.is_empty());
}

#[tokio::test]
async fn a_point_written_again_is_replaced_and_a_deleted_one_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = EdgeStore::open(dir.path(), 4).unwrap();
    store.upsert(vec![point(1, 0.0), point(2, 90.0)]).await.unwrap();
    store.upsert(vec![point(1, 180.0)]).await.unwrap();
    assert_eq!(found(&store, 0.0, 5).await, [chunk(2), chunk(1)]);
    store.delete(vec![chunk(2), chunk(77)]).await.unwrap();
    assert_eq!(found(&store, 0.0, 5).await, [chunk(1)]);
    assert_eq!(store.chunk_ids().await.unwrap(), [chunk(1)]);
}

#[tokio::test]
async fn what_was_written_outlives_the_store() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..3u128 {
        let store = EdgeStore::open(dir.path(), 4).unwrap();
        assert_eq!(store.chunk_ids().await.unwrap().len() as u128, round * 100);
        let points = (0..100).map(|n| point(round * 100 + n, n as f32)).collect();
        store.upsert(points).await.unwrap();
        store.flush().await.unwrap();
    }
    let store = EdgeStore::open(dir.path(), 4).unwrap();
    assert_eq!(store.chunk_ids().await.unwrap().len(), 300);
    assert_eq!(store.search(at(50.0), 3, None).await.unwrap().len(), 3);
}

#[tokio::test]
async fn writes_go_on_after_the_log_was_pruned() {
    let dir = tempfile::tempdir().unwrap();
    let large = |n: u128| VectorPoint { vector: vec![n as f32 + 1.0; 1024], ..point(n, 0.0) };
    for round in 0..3u128 {
        let store = EdgeStore::open(dir.path(), 1024).unwrap();
        // More than one file of the log.
        for part in 0..4u128 {
            store.upsert((0..800).map(|n| large(part * 800 + n)).collect()).await.unwrap();
        }
        store.delete(vec![chunk(round)]).await.unwrap();
        store.flush().await.unwrap();
        let ids = store.chunk_ids().await.unwrap();
        assert_eq!(ids.len(), 3_199);
        assert!(!ids.contains(&chunk(round)));
    }
    drop(EdgeStore::open(dir.path(), 1024).unwrap());
    let closed = fs_err::read_dir(dir.path().join("wal")).unwrap().flatten();
    let closed = closed.filter(|entry| entry.file_name().to_string_lossy().starts_with("closed-"));
    assert_eq!(closed.count(), 1);
}

#[tokio::test]
async fn a_second_opening_is_refused_until_the_first_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let store = EdgeStore::open(dir.path(), 4).unwrap();
    let error = refusal(dir.path(), 4);
    assert_eq!(error.code(), Code::DataFolderInUse);
    assert!(error.message().contains(dir.path().to_str().unwrap()) && error.hint_text().is_some());
    drop(store);
    EdgeStore::open(dir.path(), 4).unwrap();
}

#[tokio::test]
async fn vectors_of_another_length_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = EdgeStore::open(dir.path(), 4).unwrap();
    let odd = VectorPoint { vector: vec![1.0; 5], ..point(1, 0.0) };
    assert_eq!(store.upsert(vec![odd]).await.unwrap_err().code(), Code::IndexMismatch);
    assert_eq!(store.search(vec![1.0; 3], 5, None).await.unwrap_err().code(), Code::IndexMismatch);
    assert!(store.chunk_ids().await.unwrap().is_empty());
    drop(store);
    let error = refusal(dir.path(), 384);
    assert_eq!(error.code(), Code::IndexMismatch);
    assert!(error.message().contains("holds vectors of 4, but the embedding model gives 384"), "{error}");
}

#[tokio::test]
async fn damaged_files_are_an_error_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = EdgeStore::open(dir.path(), 4).unwrap();
    store.upsert(vec![point(1, 0.0)]).await.unwrap();
    store.flush().await.unwrap();
    drop(store);
    let config = dir.path().join("edge_config.json");
    let sound = fs_err::read(&config).unwrap();
    fs_err::write(&config, "{").unwrap();
    let error = refusal(dir.path(), 4);
    assert_eq!(error.code(), Code::DataFolderFormat);
    assert!(error.message().contains(dir.path().to_str().unwrap()) && error.hint_text().is_some());
    fs_err::write(&config, sound).unwrap();
    let segments = fs_err::read_dir(dir.path().join("segments")).unwrap();
    for segment in segments.flatten() {
        fs_err::write(segment.path().join("segment.json"), "cut off").unwrap();
    }
    assert_eq!(refusal(dir.path(), 4).code(), Code::DataFolderFormat);
}

#[tokio::test]
async fn a_graph_is_built_when_it_is_worthwhile_and_hardly_misses_anything() {
    let dir = tempfile::tempdir().unwrap();
    let dimension = 64;
    let store = EdgeStore::open_with(dir.path(), dimension, small_segments()).unwrap();
    // xorshift64 (Marsaglia 2003): the same vectors each time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut number = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let mut vector = || (0..dimension).map(|_| number()).collect::<Vec<f32>>();
    // 1 MB of vectors: above the threshold.
    for part in 0..4u128 {
        let points = (0..1_000).map(|n| VectorPoint { vector: vector(), ..point(part * 10_000 + n, 0.0) }).collect();
        store.upsert(points).await.unwrap();
    }
    let queries: Vec<Vec<f32>> = (0..20).map(|_| vector()).collect();
    let mut exact = Vec::new();
    for query in &queries {
        exact.push(store.search(query.clone(), 10, None).await.unwrap());
    }
    store.flush().await.unwrap();
    store.optimize().await.unwrap();
    let indexed = store.on_shard(|_, shard| Ok(shard.info().indexed_vectors_count)).await.unwrap();
    assert!(indexed >= 2_000, "{indexed}");
    let mut kept = 0;
    for (query, exact) in queries.iter().zip(&exact) {
        let near = store.search(query.clone(), 10, None).await.unwrap();
        kept += exact.iter().filter(|hit| near.iter().any(|other| other.chunk == hit.chunk)).count();
    }
    // Random vectors are the hardest case: nothing clusters.
    assert!(kept >= 150, "{kept} of 200");
    assert_eq!(store.chunk_ids().await.unwrap().len(), 4_000);
}

#[tokio::test]
async fn reading_and_writing_at_once_is_safe() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(EdgeStore::open(dir.path(), 4).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8u128 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0..20 {
                store.upsert(vec![point(task * 100 + n, n as f32)]).await?;
                store.search(at(n as f32), 5, None).await?;
                store.flush().await?;
                store.optimize().await?;
            }
            Ok::<_, Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(store.chunk_ids().await.unwrap().len(), 160);
}
