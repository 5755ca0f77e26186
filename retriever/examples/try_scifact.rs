//! Throwaway: retrieval figures on SciFact, and embedding throughput.
#![allow(clippy::all, unused)]
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;
use footnote_core::document::DocumentId;
use footnote_core::ChunkId;
use footnote_core::seam::*;
use footnote_retriever::*;
use serde_json::Value;

fn models() -> PathBuf { PathBuf::from(std::env::var("HOME").unwrap()).join(".cache/footnote/models") }
fn load(threads: usize, batch: usize) -> FastEmbedder {
    FastEmbedder::load(FastEmbedderOptions {
        model: EmbeddingModel { id: "all-minilm-l6-v2".into(), dimension: 384, max_tokens: 256 },
        folder: models().join("all-minilm-l6-v2"), runtime: models().join("onnxruntime/libonnxruntime.so"),
        threads, batch_size: batch }).unwrap()
}
fn lines(p: &str) -> Vec<Value> {
    fs_err::read_to_string(p).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}
fn ndcg(ranked: &[usize], rel: &HashMap<usize, f64>) -> f64 {
    let d: f64 = ranked.iter().take(10).enumerate().map(|(i, c)| rel.get(c).copied().unwrap_or(0.0) / ((i + 2) as f64).log2()).sum();
    let mut ideal: Vec<f64> = rel.values().copied().collect(); ideal.sort_by(|a, b| b.total_cmp(a));
    let n: f64 = ideal.iter().take(10).enumerate().map(|(i, r)| r / ((i + 2) as f64).log2()).sum();
    d / n
}
fn recall(ranked: &[usize], rel: &HashMap<usize, f64>, k: usize) -> f64 {
    ranked.iter().take(k).filter(|c| rel.contains_key(c)).count() as f64 / rel.len() as f64
}

#[tokio::main]
async fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    let base = "/work/shared/data/scifact";
    let corpus = lines(&format!("{base}/corpus.jsonl"));
    let texts: Vec<(String, String, String)> = corpus.iter().map(|v| (v["_id"].as_str().unwrap().to_owned(), v["title"].as_str().unwrap().to_owned(), v["text"].as_str().unwrap().to_owned())).collect();
    if what == "speed" { return speed(&texts).await; }
    if what == "edge" { return edge().await; }
    let index: HashMap<&str, usize> = texts.iter().enumerate().map(|(i, t)| (t.0.as_str(), i)).collect();
    let ids: Vec<(DocumentId, ChunkId)> = texts.iter().map(|t| { let d = DocumentId::of("scifact", &t.0); (d, ChunkId::of(d, "x", 0)) }).collect();
    let back: HashMap<ChunkId, usize> = ids.iter().enumerate().map(|(i, x)| (x.1, i)).collect();
    let embedder = load(2, 2);
    let cache = Path::new("/tmp/scifact.vec");
    let vectors: Vec<Vec<f32>> = if cache.exists() {
        let b = fs_err::read(cache).unwrap();
        b.chunks(384 * 4).map(|c| c.chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap())).collect()).collect()
    } else {
        let t = Instant::now();
        let v = embedder.embed_passages(texts.iter().map(|t| format!("{}\n{}", t.1, t.2)).collect()).await.unwrap();
        println!("embedded {} in {:?}: {:.1}/s", v.len(), t.elapsed(), v.len() as f64 / t.elapsed().as_secs_f64());
        fs_err::write(cache, v.iter().flatten().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        v
    };
    let dir = PathBuf::from("/tmp/scifact-index"); let _ = fs_err::remove_dir_all(&dir);
    let store = EdgeStore::open(&dir.join("v"), 384).unwrap();
    let words = TantivyIndex::open(&dir.join("k")).unwrap();
    let t = Instant::now();
    for (part, vs) in ids.chunks(512).zip(vectors.chunks(512)) {
        store.upsert(part.iter().zip(vs).map(|(id, v)| VectorPoint { chunk: id.1, document: id.0, vector: v.clone() }).collect()).await.unwrap();
    }
    store.flush().await.unwrap();
    println!("vectors written in {:?}", t.elapsed());
    let t = Instant::now();
    words.upsert(ids.iter().zip(&texts).map(|(id, t)| KeywordEntry { chunk: id.1, document: id.0, title: t.1.clone(), headings: String::new(), body: t.2.clone() }).collect()).await.unwrap();
    words.commit().await.unwrap();
    println!("words written in {:?}", t.elapsed());
    let mut qrels: HashMap<String, HashMap<usize, f64>> = HashMap::new();
    for l in fs_err::read_to_string(format!("{base}/qrels/test.tsv")).unwrap().lines().skip(1) {
        let c: Vec<&str> = l.split('\t').collect();
        let s: f64 = c[2].parse().unwrap();
        if s > 0.0 { qrels.entry(c[0].into()).or_default().insert(index[c[1]], s); }
    }
    let mut ways: Vec<(String, Fusion)> = vec![("rrf60".into(), Fusion::Rrf { k: 60.0 }), ("rrf10".into(), Fusion::Rrf { k: 10.0 })];
    for w in [0.3, 0.4, 0.5, 0.6, 0.7, 0.8] { ways.push((format!("mm{w}"), Fusion::MinMax { dense_weight: w })); }
    let mut sums: Vec<(String, f64, f64, f64)> = vec![("dense".into(), 0., 0., 0.), ("keyword".into(), 0., 0., 0.)];
    sums.extend(ways.iter().map(|w| (w.0.clone(), 0., 0., 0.)));
    let (mut te, mut td, mut tk) = (vec![], vec![], vec![]);
    let mut n = 0.0;
    for q in lines(&format!("{base}/queries.jsonl")) {
        let Some(rel) = qrels.get(q["_id"].as_str().unwrap()) else { continue };
        n += 1.0;
        let text = q["text"].as_str().unwrap();
        let t = Instant::now(); let v = embedder.embed_query(text).await.unwrap(); te.push(t.elapsed().as_secs_f64() * 1e3);
        let t = Instant::now(); let d = store.search(v, 100).await.unwrap(); td.push(t.elapsed().as_secs_f64() * 1e3);
        let t = Instant::now(); let k = words.search(text, 100).await.unwrap(); tk.push(t.elapsed().as_secs_f64() * 1e3);
        let mut rankings: Vec<Vec<usize>> = vec![d.iter().map(|h| back[&h.chunk]).collect(), k.iter().map(|h| back[&h.chunk]).collect()];
        for w in &ways { rankings.push(w.1.fuse(&d, &k).iter().map(|f| back[&f.chunk]).collect()); }
        for (s, r) in sums.iter_mut().zip(&rankings) { s.1 += ndcg(r, rel); s.2 += recall(r, rel, 100); s.3 += recall(r, rel, 10); }
    }
    for s in &sums { println!("{:8} ndcg@10 {:.4} recall@100 {:.4} recall@10 {:.4}", s.0, s.1 / n, s.2 / n, s.3 / n); }
    for (name, mut t) in [("embed", te), ("dense", td), ("keyword", tk)] {
        t.sort_by(f64::total_cmp);
        println!("{name}: p50 {:.2} ms p95 {:.2} ms", t[t.len() / 2], t[t.len() * 95 / 100]);
    }
}

fn cpu() -> f64 { let s = fs_err::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0 }
async fn speed(texts: &[(String, String, String)]) {
    let passages: Vec<String> = texts.iter().filter(|t| t.2.len() > 1000).take(64).map(|t| {
        let mut e = 950; while !t.2.is_char_boundary(e) { e -= 1 } let s = &t.2[..e]; s[..s.rfind(' ').unwrap()].to_owned() }).collect();
    let sentences: Vec<String> = texts.iter().flat_map(|t| t.2.split(". ").map(str::to_owned).collect::<Vec<_>>()).filter(|s| (90..170).contains(&s.len())).take(32).collect();
    let threads: Vec<usize> = std::env::args().nth(2).unwrap().split(',').map(|x| x.parse().unwrap()).collect();
    let sizes: Vec<usize> = std::env::args().nth(3).unwrap().split(',').map(|x| x.parse().unwrap()).collect();
    for &threads in &threads {
        for &batch in &sizes {
            let e = load(threads, batch);
            e.embed_passages(passages[..batch.min(32)].to_vec()).await.unwrap();
            let (t, c) = (Instant::now(), cpu());
            e.embed_passages(passages.clone()).await.unwrap();
            let (w, cp) = (t.elapsed().as_secs_f64(), cpu() - c);
            let (t, c) = (Instant::now(), cpu());
            for _ in 0..10 { e.embed_passages(sentences.clone()).await.unwrap(); }
            let (ws, cs) = (t.elapsed().as_secs_f64() / 10., (cpu() - c) / 10.);
            println!("threads {threads} batch {batch:3}: {:.1} passages/s wall, {:.1}/cpu-s; 32 sentences {:.1} ms wall {:.1} ms cpu", 64. / w, 64. / cp, ws * 1e3, cs * 1e3);
        }
    }
}
fn tokenizer() -> impl Fn(&str) -> f64 {
    |t: &str| t.split_whitespace().count() as f64 * 1.35
}
async fn edge() {
    let dir = PathBuf::from("/tmp/edge-try"); let _ = fs_err::remove_dir_all(&dir);
    let store = EdgeStore::open(&dir, 384).unwrap();
    let mut s = 1u64; let mut r = move || { s ^= s << 13; s ^= s >> 7; s ^= s << 17; (s >> 40) as f32 / (1u64 << 24) as f32 - 0.5 };
    let d = DocumentId::of("a", "b");
    for part in 0..10 {
        let pts: Vec<_> = (0..5000).map(|i| VectorPoint { chunk: ChunkId::of(d, "x", part * 5000 + i), document: d, vector: (0..384).map(|_| r()).collect() }).collect();
        let t = Instant::now(); store.upsert(pts).await.unwrap(); let u = t.elapsed();
        let q: Vec<f32> = (0..384).map(|_| r()).collect();
        let t = Instant::now(); for _ in 0..10 { store.search(q.clone(), 100).await.unwrap(); } let x = t.elapsed() / 10;
        let t = Instant::now(); store.flush().await.unwrap(); let f = t.elapsed();
        let t = Instant::now(); for _ in 0..10 { store.search(q.clone(), 100).await.unwrap(); } let y = t.elapsed() / 10;
        println!("{}: upsert {u:?} search before flush {x:?} flush {f:?} search after {y:?}", (part + 1) * 5000);
    }
    let t = Instant::now(); drop(store); println!("close {:?}", t.elapsed());
    let t = Instant::now(); let s = EdgeStore::open(&dir, 384).unwrap(); println!("open {:?}", t.elapsed());
    let t = Instant::now(); println!("{} ids in {:?}", s.chunk_ids().await.unwrap().len(), t.elapsed());
}
