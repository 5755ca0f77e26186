//! Against the server of `FOOTNOTE_QDRANT_URL`, where there is one.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use footnote_core::document::DocumentId;
use footnote_core::seam::{Hit, KeywordEntry, KeywordIndex, VectorPoint, VectorStore};
use footnote_core::{ChunkId, Code, Error, Facts, Filter};
use std::sync::Arc;
use uuid::Uuid;

use super::super::samples::{facts, filters, some};
use super::*;
use crate::index::tantivy::TantivyIndex;

/// A collection of a test, removed when the test is over.
struct Server {
    options: QdrantOptions,
    name: String,
}

impl Server {
    /// `None`, said loudly, where there is no server to test against.
    fn of(test: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(urls) = std::env::var("FOOTNOTE_QDRANT_URL") else {
            skipped(test);
            return None;
        };
        let name = format!("{test}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(Self { options: options(urls.split(',')), name })
    }

    fn generation(&self, generation: u32, dimension: usize, answers: bool) -> Arc<QdrantCollection> {
        let collection = QdrantCollection::new(&self.name, generation, dimension, answers, self.options.clone());
        Arc::new(collection.unwrap())
    }

    fn open(&self, dimension: usize) -> (QdrantStore, QdrantKeyword) {
        let collection = self.generation(0, dimension, true);
        (QdrantStore::new(Arc::clone(&collection)), QdrantKeyword::new(collection))
    }

    async fn clear(&self) {
        for generation in 0..3 {
            self.generation(generation, 1, true).remove().await.unwrap();
        }
    }
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn skipped(test: &str) {
    let mut out = std::io::stderr();
    writeln!(out, "SKIPPED: {test}: FOOTNOTE_QDRANT_URL names no Qdrant server").unwrap();
}

fn options<'u>(urls: impl IntoIterator<Item = &'u str>) -> QdrantOptions {
    QdrantOptions {
        urls: urls.into_iter().map(str::to_owned).collect(),
        api_key: std::env::var("FOOTNOTE_QDRANT_KEY").ok(),
        prefix: "footnote-test".into(),
        shards: 1,
        replication_factor: 1,
        write_consistency: 1,
        timeout: Duration::from_secs(10),
        retries: 2,
        batch: 7,
        vectors: VectorOptions::default(),
    }
}

fn chunk(n: usize) -> ChunkId {
    ChunkId(Uuid::from_u128(n as u128 + 1))
}

fn at(degrees: f32) -> Vec<f32> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    vec![cos, sin, 0.0, 0.0]
}

fn point(n: usize, degrees: f32) -> VectorPoint {
    VectorPoint { chunk: chunk(n), document: DocumentId::of("c", "u"), vector: at(degrees), facts: Arc::default() }
}

fn entry(n: usize, title: &str, body: &str) -> KeywordEntry {
    KeywordEntry {
        chunk: chunk(n),
        document: DocumentId::of("c", "u"),
        title: title.into(),
        headings: String::new(),
        body: body.into(),
        place: String::new(),
        language: None,
        facts: Arc::default(),
    }
}

async fn near(store: &QdrantStore, degrees: f32) -> Vec<ChunkId> {
    store.search(at(degrees), 10, None).await.unwrap().into_iter().map(|hit| hit.chunk).collect()
}

async fn found(words: &QdrantKeyword, query: &str) -> Vec<ChunkId> {
    words.search(query, 10, None).await.unwrap().into_iter().map(|hit| hit.chunk).collect()
}

#[tokio::test]
async fn points_are_written_found_replaced_and_deleted_as_in_the_embedded_store() {
    let Some(server) = Server::of("points") else { return };
    let (store, _) = server.open(4);
    assert!(store.chunk_ids().await.unwrap().is_empty());
    assert_eq!(store.vectors(&[chunk(1)]).await.unwrap(), [None]);
    store.delete(vec![chunk(1)]).await.unwrap();
    let missing = store.search(at(0.0), 3, None).await.unwrap_err();
    assert_eq!(missing.code(), Code::IndexMismatch, "{missing}");

    store.upsert((0..30).map(|n| point(n, n as f32 * 3.0)).collect()).await.unwrap();
    store.flush().await.unwrap();
    let hits = store.search(at(0.0), 3, None).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.chunk).collect::<Vec<_>>(), [chunk(0), chunk(1), chunk(2)]);
    assert!((hits[0].score - 1.0).abs() < 1e-5 && (hits[2].score - 6.0_f32.to_radians().cos()).abs() < 1e-5);
    assert!(store.search(at(0.0), 0, None).await.unwrap().is_empty());
    let vectors = store.vectors(&[chunk(20), chunk(99), chunk(0)]).await.unwrap();
    assert!(vectors[1].is_none());
    let [Some(first), _, Some(last)] = &vectors[..] else { panic!("{vectors:?}") };
    assert!((first[0] - 60.0_f32.to_radians().cos()).abs() < 1e-5 && (last[0] - 1.0).abs() < 1e-5);

    store.upsert(vec![point(0, 180.0)]).await.unwrap();
    store.delete(vec![chunk(1), chunk(99)]).await.unwrap();
    assert_eq!(near(&store, 0.0).await[..2], [chunk(2), chunk(3)]);
    let ids: BTreeSet<ChunkId> = store.chunk_ids().await.unwrap().into_iter().collect();
    assert_eq!(ids, (0..30).filter(|n| *n != 1).map(chunk).collect());
    store.optimize().await.unwrap();
    drop(store);
    assert_eq!(server.open(4).0.chunk_ids().await.unwrap().len(), 29);
    server.clear().await;
}

#[tokio::test]
async fn words_and_vectors_do_not_lose_each_other_in_whatever_order_they_come() {
    let Some(server) = Server::of("order") else { return };
    let (store, words) = server.open(4);
    let (points, entries) = (
        |from: usize| (from..from + 20).map(|n| point(n, n as f32)).collect::<Vec<_>>(),
        |from| (from..from + 20).map(|n: usize| entry(n, "Title", &format!("llama number{n}"))).collect::<Vec<_>>(),
    );
    // As the pipeline writes; words first; vectors again without words.
    tokio::try_join!(store.upsert(points(0)), words.upsert(entries(0))).unwrap();
    words.upsert(entries(20)).await.unwrap();
    store.upsert(points(20)).await.unwrap();
    tokio::try_join!(words.upsert(entries(40)), store.upsert(points(40))).unwrap();
    // Half of them are there, half are not.
    words.upsert(entries(50)).await.unwrap();
    store.upsert(points(60)).await.unwrap();
    tokio::try_join!(store.flush(), words.commit()).unwrap();
    // A repair of the vectors alone, long after.
    store.upsert(points(10)).await.unwrap();
    for n in [0, 19, 25, 45, 55, 65] {
        assert_eq!(found(&words, &format!("number{n}")).await, [chunk(n)]);
        assert_eq!(near(&store, n as f32).await[0], chunk(n));
    }
    assert_eq!(words.chunk_ids().await.unwrap().len(), 70);
    assert_eq!(store.chunk_ids().await.unwrap().len(), 80);
    words.delete(vec![chunk(0)]).await.unwrap();
    store.delete(vec![chunk(1)]).await.unwrap();
    assert_eq!((words.chunk_ids().await.unwrap().len(), store.chunk_ids().await.unwrap().len()), (68, 78));
    server.clear().await;
}

#[tokio::test]
async fn the_server_and_the_filter_agree_on_every_document() {
    let Some(server) = Server::of("filters") else { return };
    let (store, words) = server.open(4);
    let all = some(facts(), 200);
    let with = |n: usize| Arc::new(all[n].clone());
    let points = (0..all.len()).map(|n| VectorPoint { facts: with(n), ..point(n, n as f32) });
    let entries = (0..all.len()).map(|n| KeywordEntry { facts: with(n), ..entry(n, "", "llama") });
    store.upsert(points.collect()).await.unwrap();
    words.upsert(entries.collect()).await.unwrap();
    let mut answers = BTreeSet::new();
    for filter in some(filters(), 300) {
        let expected: BTreeSet<ChunkId> = (0..all.len()).filter(|n| filter.matches(&all[*n])).map(chunk).collect();
        let near = store.search(at(0.0), 1_000, Some(&filter)).await.unwrap();
        let near: BTreeSet<ChunkId> = near.into_iter().map(|hit| hit.chunk).collect();
        assert_eq!(near, expected, "{filter:?}");
        let named = words.search("llama", 1_000, Some(&filter)).await.unwrap();
        let named: BTreeSet<ChunkId> = named.into_iter().map(|hit| hit.chunk).collect();
        assert_eq!(named, expected, "{filter:?}");
        answers.insert(expected.len());
    }
    assert!(answers.len() > 20, "{answers:?}");
    server.clear().await;
}

#[tokio::test]
async fn words_score_as_in_the_embedded_index_however_many_shards_there_are() {
    for shards in [1, 3] {
        let Some(mut server) = Server::of("scores") else { return };
        server.options.shards = shards;
        let (store, words) = server.open(4);
        let dir = tempfile::tempdir().unwrap();
        let embedded = TantivyIndex::open(dir.path()).unwrap();
        let text = |n: usize| format!("{} {} shared{}", "llama ".repeat(n % 5), "filler ".repeat(n * 7 % 90), n % 3);
        let entries = |numbers: std::ops::Range<usize>| numbers.map(|n| entry(n, "", &text(n))).collect::<Vec<_>>();
        let mean_of = |entries: &[KeywordEntry]| {
            entries.iter().map(|entry| super::super::terms::entry_terms(entry).len()).sum::<usize>() as f32 / 60.0
        };
        store.upsert((0..60).map(|n| point(n, 0.0)).collect()).await.unwrap();
        words.settle_mean_length(mean_of(&entries(0..60))).await.unwrap();
        words.upsert(entries(0..60)).await.unwrap();
        words.commit().await.unwrap();
        embedded.upsert(entries(0..60)).await.unwrap();
        embedded.commit().await.unwrap();
        agree(&words, &embedded, shards).await;
        assert!(words.search("the", 5, None).await.unwrap().is_empty() && found(&words, "🦙 ?!").await.is_empty());
        // What another footnote finds, that counts nothing itself.
        let (_, other) = server.open(4);
        agree(&other, &embedded, shards).await;
        // Qdrant's own IDF counts what was deleted until it clears that out: only footnote's counts can be exact here.
        if shards == 1 {
            server.clear().await;
            continue;
        }
        // The same texts again under other ids, and as many gone: every term's count changes its place, none its size.
        store.upsert((60..120).map(|n| point(n, 0.0)).collect()).await.unwrap();
        let moved: Vec<KeywordEntry> = (60..120).map(|n| entry(n, "", &text(n - 60))).collect();
        words.upsert(moved.clone()).await.unwrap();
        words.delete((0..60).map(chunk).collect()).await.unwrap();
        words.commit().await.unwrap();
        store.optimize().await.unwrap();
        let again = tempfile::tempdir().unwrap();
        let embedded = TantivyIndex::open(again.path()).unwrap();
        embedded.upsert(moved).await.unwrap();
        embedded.commit().await.unwrap();
        agree(&words, &embedded, shards).await;
        server.clear().await;
    }
}

/// Both give the same chunks the same scores.
async fn agree(words: &QdrantKeyword, embedded: &TantivyIndex, shards: u32) {
    for query in ["llama", "llamas filler", "shared1 llama", "Shared2, nobody", "unknown"] {
        let (here, there) =
            (embedded.search(query, 60, None).await.unwrap(), words.search(query, 60, None).await.unwrap());
        assert_eq!(here.len(), there.len(), "{shards} shards, {query}");
        let score_of = |chunk: ChunkId| there.iter().find(|hit| hit.chunk == chunk).map(|hit| hit.score);
        for hit in &here {
            let other = score_of(hit.chunk).unwrap_or_default();
            assert!((hit.score - other).abs() < 1e-3 * hit.score, "{shards} shards, {query}: {hit:?} and {other}");
        }
        let some: Vec<ChunkId> = here.iter().map(|hit| hit.chunk).skip(3).take(7).chain([chunk(999)]).collect();
        let known: Vec<Hit> = there.iter().copied().filter(|hit| some.contains(&hit.chunk)).collect();
        assert_eq!(words.scores(query, &some).await.unwrap(), known, "{shards} shards, {query}");
    }
}

#[tokio::test]
async fn words_are_found_before_anybody_counted_them_and_those_that_came_later() {
    let Some(mut server) = Server::of("uncounted") else { return };
    server.options.shards = 2;
    let (_, words) = server.open(4);
    words.upsert((0..20).map(|n| entry(n, "", &format!("llama number{n}"))).collect()).await.unwrap();
    assert_eq!(found(&words, "llama number7").await[0], chunk(7));
    words.commit().await.unwrap();
    words.upsert(vec![entry(20, "", "llama number20")]).await.unwrap();
    words.commit().await.unwrap();
    assert_eq!(found(&words, "llama number20").await[0], chunk(20));
    let collection = server.generation(0, 4, true);
    let counts = counts::name(collection.name());
    assert!(collection.is_there(&counts).await.unwrap());
    server.clear().await;
    assert!(!collection.is_there(&counts).await.unwrap(), "the counts outlived their collection");
}

#[tokio::test]
async fn a_chunk_without_words_is_there_all_the_same() {
    let Some(server) = Server::of("wordless") else { return };
    let (store, words) = server.open(4);
    tokio::try_join!(store.upsert(vec![point(0, 0.0)]), words.upsert(vec![entry(0, "", "🦙 ?!")])).unwrap();
    assert_eq!(words.chunk_ids().await.unwrap(), [chunk(0)]);
    server.clear().await;
}

#[tokio::test]
async fn a_new_generation_answers_only_when_it_is_told_to() {
    let Some(server) = Server::of("generations") else { return };
    let (old, _) = server.open(4);
    old.upsert(vec![point(0, 0.0)]).await.unwrap();
    let next = server.generation(1, 4, false);
    let new = QdrantStore::new(Arc::clone(&next));
    new.upsert(vec![point(1, 0.0)]).await.unwrap();
    assert_eq!((near(&old, 0.0).await, near(&new, 0.0).await), (vec![chunk(0)], vec![chunk(1)]));
    next.answer().await.unwrap();
    // Whoever still holds the old one asks by the alias, and so finds the new one.
    assert_eq!(near(&old, 0.0).await, [chunk(1)]);
    next.clear_older().await;
    assert!(!server.generation(0, 4, true).exists().await.unwrap());
    assert_eq!(near(&new, 0.0).await, [chunk(1)]);
    server.clear().await;
}

#[tokio::test]
async fn vectors_of_another_length_are_refused() {
    let Some(server) = Server::of("lengths") else { return };
    server.open(4).0.upsert(vec![point(0, 0.0)]).await.unwrap();
    let (other, _) = server.open(8);
    let error = other.chunk_ids().await.unwrap_err();
    assert_eq!(error.code(), Code::IndexMismatch);
    assert!(error.message().contains("holds vectors of 4, but the embedding model gives 8"), "{error}");
    assert_eq!(other.upsert(vec![point(0, 0.0)]).await.unwrap_err().code(), Code::IndexMismatch);
    server.clear().await;
}

#[tokio::test]
async fn smaller_copies_find_nearly_the_same() {
    for quantization in [Quantization::Scalar, Quantization::Binary] {
        let Some(mut server) = Server::of("quantized") else { return };
        // A graph from 100 kB on.
        server.options.vectors =
            VectorOptions { quantization, indexing_threshold_kb: 100, on_disk: true, ..VectorOptions::default() };
        server.options.batch = 500;
        let (store, _) = server.open(64);
        let vector = |n: usize| (0..64).map(|d| ((n * 31 + d * 17 + n * d) as f32).sin()).collect::<Vec<f32>>();
        store.upsert((0..3_000).map(|n| VectorPoint { vector: vector(n), ..point(n, 0.0) }).collect()).await.unwrap();
        store.optimize().await.unwrap();
        let mut kept = 0;
        for n in (0..3_000).step_by(150) {
            let near: Vec<_> = store.search(vector(n), 10, None).await.unwrap();
            let mut exact: Vec<(f32, usize)> = (0..3_000).map(|m| (cosine(&vector(n), &vector(m)), m)).collect();
            exact.sort_by(|a, b| b.0.total_cmp(&a.0));
            kept += exact[..10].iter().filter(|(_, m)| near.iter().any(|hit| hit.chunk == chunk(*m))).count();
        }
        assert!(kept >= 180, "{quantization:?}: {kept} of 200");
        server.clear().await;
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A store whose server does not answer.
fn unreachable() -> QdrantStore {
    // Port 9 is "discard": nobody listens.
    let options = QdrantOptions { retries: 1, ..options(["http://127.0.0.1:9", "http://127.0.0.1:19"]) };
    QdrantStore::new(Arc::new(QdrantCollection::new("c", 0, 4, true, options).unwrap()))
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be_away_with_its_address() {
    let store = unreachable();
    let check = |error: Error| {
        assert_eq!(error.code(), Code::StoreUnavailable, "{error:?}");
        assert!(error.message().contains("http://127.0.0.1:"), "{error}");
        assert!(error.message().contains("connection refused") && error.hint_text().is_some(), "{error}");
    };
    check(store.search(at(0.0), 3, None).await.unwrap_err());
    check(store.upsert(vec![point(0, 0.0)]).await.unwrap_err());
    check(store.chunk_ids().await.unwrap_err());
    check(store.flush().await.unwrap_err());
}

#[tokio::test]
async fn the_next_node_is_asked_where_one_is_away() {
    let Some(mut server) = Server::of("nodes") else { return };
    server.options.urls.insert(0, "http://127.0.0.1:9".into());
    let (store, _) = server.open(4);
    store.upsert(vec![point(0, 0.0)]).await.unwrap();
    assert_eq!(near(&store, 0.0).await, [chunk(0)]);
    server.clear().await;
}

#[test]
fn options_are_printed_without_the_key() {
    let options = QdrantOptions { api_key: Some("s3cret".into()), ..options(["http://x"]) };
    assert!(!format!("{options:?}").contains("s3cret"));
}

#[test]
fn facts_are_what_filters_match() {
    // The samples are of use only if facts are as core makes them: sorted, each once.
    for facts in some(facts(), 50) {
        let Facts { words, .. } = &facts;
        assert!(words.is_sorted() && words.iter().all(|word| facts.holds(word)));
        assert!(words.is_empty() || Filter::Fact(words.clone()).matches(&facts));
    }
}
