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
    /// Further documents for `ingest`
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
    /// All of the following
    All,
    /// Prefill, decode and peak memory of each engine, beside a bare loop over the same library
    Engines,
    /// Time to first token of an ask, beside the whole retrieved passages as a prompt
    FirstToken,
    /// Process start to ready, and the server's peak memory
    Start,
    /// Chunks per second, beside a bare loop over the embedding model
    Ingest,
    /// One measurement, for another process of this binary
    #[command(subcommand, hide = true)]
    Measure(Measurement),
}

/// What is measured in a process of its own, so that peak memory is its alone.
#[derive(Debug, Subcommand)]
pub(crate) enum Measurement {
    Engine(EngineJob),
    Ingest(IngestJob),
    Embed(EmbedJob),
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
pub(crate) struct EmbedJob {
    /// The data folder whose chunks are to be embedded.
    #[arg(long)]
    pub(crate) data: PathBuf,
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
