//! Settings to the options of each part.

use std::path::PathBuf;
use std::time::Duration;

use footnote_config::{FusionKind, IngestRule, OcrKind, Settings, UnsupportedKind, WhenAway};
use footnote_generator::{GroundingOptions, Unsupported};
use footnote_ingest::metadata::{Rule, Rules};
use footnote_ingest::{ArchiveLimits, ChunkOptions, Isolation, OcrOptions, ReaderOptions};
use footnote_retriever::{Fusion, RetrieverOptions};

/// The program that has the hidden command [`READ_FILES`].
const PROGRAM: &str = "footnote";
/// Makes the program a reader process.
const READ_FILES: &str = "read-files";

/// Threads by a setting; 0 stands for one per core.
pub(super) fn threads(setting: usize) -> usize {
    match setting {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

/// How documents are cut, by the settings.
pub(super) fn chunking(settings: &Settings) -> ChunkOptions {
    ChunkOptions { max_tokens: settings.chunk.max_tokens, overlap_tokens: settings.chunk.overlap_tokens }
}

/// What an archive may unpack to, by the settings.
pub(super) fn archive_limits(settings: &Settings) -> ArchiveLimits {
    let ingest = &settings.ingest;
    ArchiveLimits {
        max_files: ingest.archive_max_files,
        max_bytes: ingest.archive_max_bytes,
        max_file_bytes: ingest.max_file_bytes,
    }
}

/// What documents get beside what they say of themselves, by the settings; `uploads` is the folder of uploads.
pub(super) fn rules(settings: &Settings, uploads: PathBuf) -> Rules {
    let rules = settings.ingest.rules.iter().cloned();
    let rules = rules.map(|IngestRule { path, labels, tags, fields }| Rule { path, labels, tags, fields });
    Rules::new(rules.collect(), Some(uploads))
}

/// How files are read, by the settings.
pub(crate) fn reader(settings: &Settings) -> ReaderOptions {
    let ingest = &settings.ingest;
    ReaderOptions {
        isolation: isolation(),
        workers: ingest.extract_workers,
        memory_bytes: ingest.extract_memory_bytes,
        deadline: Duration::from_secs(ingest.extract_deadline_seconds),
        page_deadline: Duration::from_secs(ingest.page_deadline_seconds),
        ocr: OcrOptions {
            on: ingest.ocr == OcrKind::Tesseract,
            languages: ingest.ocr_languages.clone(),
            ..OcrOptions::default()
        },
    }
}

/// Reader processes are this program, or, where this is another (a benchmark, a test), the `footnote` beside it.
fn isolation() -> Isolation {
    match program() {
        Some(program) => Isolation::Process { program, args: vec![READ_FILES.into()] },
        None => Isolation::Thread,
    }
}

/// The program that has the hidden commands: this one, or the `footnote` beside it.
pub(super) fn program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    if program.file_stem().is_some_and(|name| name == PROGRAM) {
        // On Linux the link leads to the running program even when another version took its place on disk.
        let link = PathBuf::from("/proc/self/exe");
        return Some(if link.exists() { link } else { program });
    }
    program.parent().map(|folder| folder.join(PROGRAM)).filter(|program| program.is_file())
}

/// How answers from `collection` are grounded, by the settings.
#[must_use]
pub fn grounding(settings: &Settings, collection: &str) -> GroundingOptions {
    let (grounding, generation) = (&settings.grounding, &settings.generation);
    GroundingOptions {
        collection: collection.to_owned(),
        max_evidence: grounding.max_evidence,
        lexical_weight: grounding.lexical_weight,
        min_confidence: grounding.min_confidence,
        max_tokens: generation.max_tokens,
        deadline: Duration::from_secs(generation.deadline_seconds),
        temperature: generation.temperature,
        constrained: generation.constrained,
        unsupported: match grounding.unsupported {
            UnsupportedKind::Drop => Unsupported::Drop,
            UnsupportedKind::Mark => Unsupported::Mark,
            UnsupportedKind::Quote => Unsupported::Quote,
        },
        ..GroundingOptions::default()
    }
}

/// How passages are found, by the settings.
#[must_use]
pub fn retrieval(settings: &Settings) -> RetrieverOptions {
    let retrieval = &settings.retrieval;
    let dense_weight = retrieval.dense_weight;
    RetrieverOptions {
        top_k: retrieval.top_k,
        candidates: retrieval.candidates,
        fusion: match retrieval.fusion {
            FusionKind::MinMax => Fusion::MinMax { dense_weight },
            FusionKind::Cosine => Fusion::Cosine { dense_weight },
            FusionKind::ZScore => Fusion::ZScore { dense_weight },
            FusionKind::Rrf => Fusion::Rrf { k: retrieval.rrf_k },
        },
        lean: retrieval.lean,
        rerank_depth: retrieval.rerank_depth,
        rerank_budget: Duration::from_millis(retrieval.rerank_budget_ms),
        diversity: retrieval.diversity,
        join_neighbours: retrieval.join_neighbours,
        one_leg_will_do: retrieval.when_vectors_are_away == WhenAway::Keyword,
    }
}
