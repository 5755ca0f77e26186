//! How qdrant-edge keeps a store: its configuration, and opening one that may have had another.

use std::path::{Path, PathBuf};

use footnote_core::{Error, Result};
use qdrant_edge::{
    BinaryQuantizationConfig, DEFAULT_VECTOR_NAME, Distance, EdgeConfig, EdgeOptimizersConfig, EdgeShard,
    EdgeVectorParamsBuilder, HnswIndexConfig, OperationError, QuantizationConfig, QuantizationSearchParams,
    ScalarQuantizationConfig, ScalarType, SearchParams, WalOptions,
};

use super::edge::mismatch;
use super::options::{Quantization, VectorOptions};
use super::{failed, unreadable};

/// The write-ahead log grows by files of this size.
const WAL_FILE_BYTES: usize = 8 * 1024 * 1024;

/// Opens the store in `dir`, or makes an empty one there.
pub(super) fn open_shard(dir: &Path, dimension: usize, options: &VectorOptions) -> Result<EdgeShard> {
    let broken = |error: OperationError| unreadable(dir, "vector store", &error.to_string());
    let wanted = config(dimension, options);
    let Some(stored) = EdgeConfig::load(dir) else {
        return EdgeShard::new(dir, wanted).map_err(|error| failed(dir, "make a vector store", &error.to_string()));
    };
    let stored = stored.map_err(broken)?;
    let found = stored.vectors.get(DEFAULT_VECTOR_NAME).map_or(0, |vectors| vectors.size);
    if found != dimension {
        return Err(mismatch(dir, found, dimension));
    }
    if kept_otherwise(&stored, &wanted) {
        tracing::warn!(
            dir = %dir.display(),
            "[vectors] is not what this index was built with: the next `footnote ingest` that writes anything rebuilds it; \
             until then it answers as it is"
        );
    }
    prune_log(dir)?;
    EdgeShard::load(dir, Some(wanted)).map_err(broken)
}

/// Whether the engine has to build anew what it built with `stored`. The threshold and the log are no such matter.
fn kept_otherwise(stored: &EdgeConfig, wanted: &EdgeConfig) -> bool {
    stored.hnsw_config != wanted.hnsw_config
        || stored.vectors != wanted.vectors
        || stored.quantization_config != wanted.quantization_config
}

fn config(dimension: usize, options: &VectorOptions) -> EdgeConfig {
    let optimizers = EdgeOptimizersConfig {
        indexing_threshold: Some(options.indexing_threshold_kb),
        ..EdgeOptimizersConfig::default()
    };
    let hnsw =
        HnswIndexConfig { m: options.hnsw_m, ef_construct: options.hnsw_ef_construct, ..HnswIndexConfig::default() };
    let vectors = EdgeVectorParamsBuilder::new(dimension, Distance::Cosine).on_disk(options.on_disk).build();
    let config = EdgeConfig::builder()
        .vector(DEFAULT_VECTOR_NAME, vectors)
        .hnsw_config(hnsw)
        .optimizers(optimizers)
        .wal_options(WalOptions { segment_capacity: WAL_FILE_BYTES, ..WalOptions::default() });
    match quantization(options.quantization) {
        Some(quantization) => config.quantization_config(quantization).build(),
        None => config.build(),
    }
}

/// The smaller copies are there to be fast: they stay in memory.
fn quantization(kind: Quantization) -> Option<QuantizationConfig> {
    match kind {
        Quantization::None => None,
        Quantization::Scalar => Some(QuantizationConfig::from(ScalarQuantizationConfig {
            r#type: ScalarType::Int8,
            quantile: Some(0.99),
            always_ram: Some(true),
        })),
        Quantization::Binary => Some(QuantizationConfig::from(BinaryQuantizationConfig {
            always_ram: Some(true),
            encoding: None,
            query_encoding: None,
        })),
    }
}

/// How a search for `limit` hits goes about it.
pub(super) fn search_params(options: &VectorOptions, limit: usize) -> SearchParams {
    let quantization = (options.quantization != Quantization::None).then_some(QuantizationSearchParams {
        ignore: false,
        rescore: Some(options.rescore),
        oversampling: Some(options.oversampling),
    });
    SearchParams { hnsw_ef: Some(options.candidates(limit)), quantization, ..SearchParams::default() }
}

/// Removes the closed files of the write-ahead log but the last.
///
/// The engine numbers its operations by the log but never reads it back: a flush, not the log,
/// makes points durable. It also never shortens it, so that it would grow with every ingestion. The
/// last closed file keeps the numbering; this is what the log's own `prefix_truncate` would keep.
fn prune_log(dir: &Path) -> Result<()> {
    let log = dir.join("wal");
    let Ok(entries) = fs_err::read_dir(&log) else { return Ok(()) };
    let mut closed: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let start = entry.file_name().to_str()?.strip_prefix("closed-")?.parse().ok()?;
            Some((start, entry.path()))
        })
        .collect();
    closed.sort();
    closed.pop();
    closed.iter().try_for_each(|(_, path)| fs_err::remove_file(path).map_err(|error| Error::io(path, error)))
}
