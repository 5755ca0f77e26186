//! What types alone cannot say: ranges and contradictions.

use crate::settings::Settings;

/// The most that reranking may be given, in milliseconds.
const MAX_RERANK_MS: u64 = 60_000;

/// A setting that does not make sense.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// The dotted key to blame.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: &'static str,
}

/// The first thing wrong with `settings`.
///
/// # Errors
/// A [`Problem`], to be shown with the place where its key was written.
pub fn check(settings: &Settings) -> Result<(), Problem> {
    counts(settings)?;
    shares(settings)?;
    crate::access::check(&settings.access)?;
    crate::ingest_rules::check(&settings.ingest.rules)?;
    crate::generation::check(&settings.generation)?;
    contradictions(settings)?;
    crate::catalog::check(settings)?;
    crate::qdrant::check(settings)
}

fn counts(settings: &Settings) -> Result<(), Problem> {
    let vectors = &settings.vectors;
    let at_least_one: [(&'static str, usize); 29] = [
        ("retrieval.top_k", settings.retrieval.top_k),
        ("retrieval.candidates", settings.retrieval.candidates),
        ("retrieval.rerank_depth", settings.retrieval.rerank_depth),
        ("embedding.batch_size", settings.embedding.batch_size),
        ("grounding.max_evidence", settings.grounding.max_evidence),
        ("generation.max_tokens", settings.generation.max_tokens),
        ("generation.queue", settings.generation.queue),
        ("generation.queue_per_key", settings.generation.queue_per_key),
        ("generation.parallel", settings.generation.parallel),
        ("generation.stall_seconds", usize::try_from(settings.generation.stall_seconds).unwrap_or(usize::MAX)),
        ("sessions.max_tokens", settings.sessions.max_tokens),
        ("sessions.max_sessions", settings.sessions.max_sessions),
        ("server.max_body_bytes", settings.server.max_body_bytes),
        ("server.max_upload_bytes", settings.server.max_upload_bytes),
        ("chunk.max_tokens", settings.chunk.max_tokens),
        ("ingest.attempts", settings.ingest.attempts as usize),
        ("ingest.archive_max_files", settings.ingest.archive_max_files),
        ("vectors.hnsw_m", vectors.hnsw_m),
        ("vectors.hnsw_ef_construct", vectors.hnsw_ef_construct),
        ("vectors.hnsw_ef", vectors.hnsw_ef),
        ("vectors.indexing_threshold_kb", vectors.indexing_threshold_kb),
        ("qdrant.shards", settings.qdrant.shards as usize),
        ("qdrant.replication_factor", settings.qdrant.replication_factor as usize),
        ("qdrant.write_consistency", settings.qdrant.write_consistency as usize),
        ("qdrant.timeout_seconds", usize::try_from(settings.qdrant.timeout_seconds).unwrap_or(usize::MAX)),
        ("qdrant.batch", settings.qdrant.batch),
        ("catalog.connections", settings.catalog.connections),
        ("catalog.timeout_seconds", usize::try_from(settings.catalog.timeout_seconds).unwrap_or(usize::MAX)),
        ("ingest.rescan_seconds", usize::try_from(settings.ingest.rescan_seconds).unwrap_or(usize::MAX)),
    ];
    if let Some((key, _)) = at_least_one.into_iter().find(|(_, value)| *value == 0) {
        return Err(Problem { key, message: "0 is too few".into(), hint: "give at least 1" });
    }
    if settings.generation.parallel > MOST_PARALLEL {
        return Err(Problem {
            key: "generation.parallel",
            message: format!("{} is more than llama.cpp answers at once", settings.generation.parallel),
            hint: "give at most 256",
        });
    }
    if !matches!(settings.generation.isq, 0 | 2..=6 | 8) {
        return Err(Problem {
            key: "generation.isq",
            message: format!("{} bits is no quantization", settings.generation.isq),
            hint: "give 2, 3, 4, 5, 6 or 8, or 0 for none",
        });
    }
    Ok(())
}

/// llama.cpp's `LLAMA_MAX_SEQ`.
const MOST_PARALLEL: usize = 256;

fn shares(settings: &Settings) -> Result<(), Problem> {
    let ranges: [(&'static str, f32, f32, f32); 6] = [
        ("retrieval.dense_weight", settings.retrieval.dense_weight, 0.0, 1.0),
        ("retrieval.diversity", settings.retrieval.diversity, 0.0, 1.0),
        ("retrieval.rrf_k", settings.retrieval.rrf_k, 1.0, 10_000.0),
        ("grounding.lexical_weight", settings.grounding.lexical_weight, 0.0, 10.0),
        ("grounding.min_confidence", settings.grounding.min_confidence, 0.0, 1.0),
        ("generation.temperature", settings.generation.temperature, 0.0, 2.0),
    ];
    match ranges.into_iter().find(|(_, value, low, high)| !(*low..=*high).contains(value)) {
        Some((key, value, low, high)) => Err(Problem {
            key,
            message: format!("{value} is not within {low} to {high}"),
            hint: "see config/default.toml for the usual value",
        }),
        None => Ok(()),
    }
}

fn contradictions(settings: &Settings) -> Result<(), Problem> {
    let generation = &settings.generation;
    if generation.max_tokens >= generation.context {
        return Err(Problem {
            key: "generation.max_tokens",
            message: format!(
                "{} leaves no room for a prompt in a context of {} tokens",
                generation.max_tokens, generation.context
            ),
            hint: "raise generation.context or lower generation.max_tokens",
        });
    }
    let chunk = &settings.chunk;
    if chunk.overlap_tokens * 2 > chunk.max_tokens {
        return Err(Problem {
            key: "chunk.overlap_tokens",
            message: format!("{} is more than half of chunk.max_tokens ({})", chunk.overlap_tokens, chunk.max_tokens),
            hint: "lower the overlap, or make the chunks longer",
        });
    }
    if settings.retrieval.rerank_budget_ms > MAX_RERANK_MS {
        return Err(Problem {
            key: "retrieval.rerank_budget_ms",
            message: format!("{} is over the limit of {MAX_RERANK_MS}", settings.retrieval.rerank_budget_ms),
            hint: "nobody waits longer than that for a search",
        });
    }
    if settings.retrieval.top_k > settings.retrieval.candidates {
        return Err(Problem {
            key: "retrieval.top_k",
            message: format!(
                "{} passages cannot be chosen from {} candidates",
                settings.retrieval.top_k, settings.retrieval.candidates
            ),
            hint: "raise retrieval.candidates or lower retrieval.top_k",
        });
    }
    collection_name(&settings.server.collection)
}

fn collection_name(name: &str) -> Result<(), Problem> {
    footnote_core::collection::check_name(name).map_err(|error| Problem {
        key: "server.collection",
        message: error.message().to_owned(),
        hint: "use lower-case letters, digits, - and _",
    })
}
