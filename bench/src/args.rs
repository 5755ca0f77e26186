//! What the command line takes.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use footnote_generator::engine::EngineChoice;

/// Measures footnote on this machine and prints tables.
///
/// Everything runs with the default settings; close other programs first.
#[derive(Debug, Parser)]
#[command(name = "footnote-bench", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) options: Options,
    /// What to measure [default: all]
    #[command(subcommand)]
    pub(crate) subject: Option<Subject>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Options {
    /// Write all figures as JSON
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Folder of model files [default: ~/.cache/footnote/models]
    #[arg(long, global = true, env = "FOOTNOTE_MODELS", value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,
    /// The example documents
    #[arg(long, global = true, default_value = "examples/handbook", value_name = "DIR")]
    pub(crate) handbook: PathBuf,
    /// Questions about them
    #[arg(long, global = true, default_value = "examples/handbook.qa.jsonl", value_name = "FILE")]
    pub(crate) questions: PathBuf,
    /// The documents of `ingest` [default: ../shared/data/pdfs/filings where it is, else the handbook's PDFs]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) documents: Option<PathBuf>,
    /// Times that each side of a comparison is measured, and that the server is started
    #[arg(long, global = true, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..), value_name = "N")]
    pub(crate) rounds: u16,
    /// Questions that `first-token` asks
    #[arg(long, global = true, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..), value_name = "N")]
    pub(crate) limit: u16,
    /// The engines that `engines` compares
    #[arg(long, global = true, value_enum, default_values_t = [Engine::LlamaCpp, Engine::Mistralrs], value_name = "ENGINE")]
    pub(crate) only: Vec<Engine>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Subject {
    /// All of the following but `models`, `servers` and `readers`, which need some, and `attacks`, `growth`, `kills` and `retrieval`,
    /// which take long
    All,
    /// Prefill, decode and peak memory of each engine, beside a bare loop over the same library
    Engines,
    /// Time to first token of an ask, beside the whole retrieved passages as a prompt
    FirstToken,
    /// Four readers at one engine beside one, and a second question beside the first
    Together,
    /// Model files beside each other: speed, memory, and what they answer of the handbook
    Models(ModelsSubject),
    /// The engine in this process beside servers over the same file
    Servers(ServersSubject),
    /// Readers at running servers of footnote's: searches per second, and how long each takes
    Readers(ReadersSubject),
    /// Documents that try to command the model: how many succeed, without defences and with them
    Attacks,
    /// Process start to ready, and the server's peak memory
    Start,
    /// Chunks per second, beside a bare loop over the embedding model and a plain Python pipeline
    Ingest,
    /// An ingestion that finds nothing new, beside bare stat calls
    Rerun(RerunSubject),
    /// Time and memory by the size of the collection
    Growth(GrowthSubject),
    /// An ingestion that is killed at random instants while its folder changes
    Kills(KillsSubject),
    /// Latency, memory and recall of retrieval by the size of the collection, beside each leg alone
    Retrieval(RetrievalSubject),
    /// One measurement, for another process of this binary
    #[command(subcommand, hide = true)]
    Measure(Measurement),
}

/// What is measured in a process of its own, so that peak memory is its alone.
#[derive(Debug, Subcommand)]
pub(crate) enum Measurement {
    Engine(EngineJob),
    Ingest(IngestJob),
    Bare(BareJob),
    Again(AgainJob),
    Growth(GrowthJob),
    Retrieval(RetrievalJob),
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ModelsSubject {
    /// GGUF files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Only speed and memory
    #[arg(long)]
    pub(crate) no_answers: bool,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ServersSubject {
    /// Bases of servers that speak OpenAI's chat API, such as http://127.0.0.1:8081/v1
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// The servers' processes, in the same order, whose peak memory is told
    #[arg(long = "pid", value_name = "PID")]
    pub(crate) pids: Vec<u32>,
    /// The GGUF file that the servers run [default: the default model's]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ReadersSubject {
    /// Servers, such as http://127.0.0.1:8080
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// The questions: a QA set, a BEIR folder or a SQuAD 2.0 file
    #[arg(long, value_name = "SET")]
    pub(crate) set: PathBuf,
    /// The collection to search [default: the set's own, else `default`]
    #[arg(long, value_name = "NAME")]
    pub(crate) collection: Option<String>,
    /// Readers at once
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub(crate) readers: usize,
    /// Seconds that each measurement takes
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) seconds: u64,
    /// The servers' processes, in the same order, whose peak memory is told
    #[arg(long = "pid", value_name = "PID")]
    pub(crate) pids: Vec<u32>,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct RerunSubject {
    /// Files in the folder
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) files: u32,
}

impl Default for RerunSubject {
    fn default() -> Self {
        Self { files: 10_000 }
    }
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct GrowthSubject {
    /// Sizes of the collection, in chunks
    #[arg(long, default_values_t = [1_000, 10_000, 100_000], value_name = "N")]
    pub(crate) chunks: Vec<u32>,
    /// Where the plot goes
    #[arg(long, default_value = "docs/ingestion-growth.svg", value_name = "FILE")]
    pub(crate) plot: PathBuf,
}

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct KillsSubject {
    /// How often an ingestion is killed at any instant
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) times: u32,
    /// How often it is killed as it writes, besides
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(crate) aimed: u32,
    /// Files in the folder to begin with
    #[arg(long, default_value_t = 600, value_name = "N")]
    pub(crate) files: u32,
    /// The most changes to the folder between two kills
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub(crate) changes: u32,
    /// The same seed makes the same changes
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
}

/// What `retrieval --quantization` takes.
const QUANTIZATIONS: [&str; 6] = ["none", "scalar", "binary", "none-on-disk", "scalar-on-disk", "binary-on-disk"];

#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct RetrievalSubject {
    /// Sizes of the collection, in chunks; 1,000,000 take half an hour and 8 GB of disk
    #[arg(long, default_values_t = [1_000, 100_000], value_name = "N")]
    pub(crate) chunks: Vec<usize>,
    /// The BEIR folder or SQuAD file that the collections are made of [default: the handbook]
    #[arg(long, value_name = "SET")]
    pub(crate) set: Option<PathBuf>,
    /// Where the collections are kept; what is there is used again
    #[arg(long, default_value = "/tmp/footnote-bench-retrieval", value_name = "DIR")]
    pub(crate) work: PathBuf,
    /// How vectors are quantized: none, scalar, binary; with -on-disk behind it they are read from disk
    #[arg(long, default_value = "none", value_parser = QUANTIZATIONS, value_name = "KIND")]
    pub(crate) quantization: String,
    /// Where the plot goes
    #[arg(long, default_value = "docs/retrieval-latency.svg", value_name = "FILE")]
    pub(crate) plot: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    LlamaCpp,
    Mistralrs,
}

impl Engine {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LlamaCpp => "llama-cpp",
            Self::Mistralrs => "mistralrs",
        }
    }

    pub(crate) fn choice(self) -> EngineChoice {
        match self {
            Self::LlamaCpp => EngineChoice::LlamaCpp,
            Self::Mistralrs => EngineChoice::MistralRs,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// Through footnote's `Generator`.
    Seam,
    /// The library alone.
    Bare,
}

impl Side {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Seam => "seam",
            Self::Bare => "bare",
        }
    }
}

/// One engine on one side; all that both sides must have in common.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct EngineJob {
    #[arg(long, value_enum)]
    pub(crate) engine: Engine,
    #[arg(long, value_enum)]
    pub(crate) side: Side,
    /// The GGUF file.
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// Tokens of prompt and answer together.
    #[arg(long)]
    pub(crate) context: usize,
    /// Threads that compute.
    #[arg(long)]
    pub(crate) threads: usize,
    /// Tokens to write.
    #[arg(long)]
    pub(crate) tokens: usize,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IngestJob {
    /// The data folder to fill.
    #[arg(long)]
    pub(crate) data: PathBuf,
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BareJob {
    /// The data folder whose chunks are to be embedded.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Texts per run of the model; without it, the best batch size is looked for.
    #[arg(long)]
    pub(crate) batch: Option<usize>,
    /// Whether the model's threads spin while they wait.
    #[arg(long)]
    pub(crate) spinning: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AgainJob {
    /// The data folder that holds the documents.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Their folder.
    pub(crate) folder: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GrowthJob {
    /// The data folder to fill.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Whether what would go into the indexes is dropped.
    #[arg(long)]
    pub(crate) no_indexes: bool,
    /// The documents.
    pub(crate) folder: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RetrievalJob {
    /// Only fill the stores.
    #[arg(long)]
    pub(crate) fill: bool,
    /// Ask what was filled.
    #[arg(long)]
    pub(crate) ask: bool,
    #[arg(long)]
    pub(crate) work: PathBuf,
    #[arg(long)]
    pub(crate) chunks: usize,
    #[arg(long)]
    pub(crate) quantization: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
