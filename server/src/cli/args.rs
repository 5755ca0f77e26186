//! What the command line takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use footnote_core::DocumentId;
use footnote_core::catalog::DocumentStatus;
use footnote_generator::quantize::QuantType;

/// Answers questions from your own documents; every sentence carries a footnote that holds up.
#[derive(Debug, Parser)]
#[command(name = "footnote", version, after_help = EXIT_CODES)]
pub struct Args {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 done, but something in it failed; 2 wrong input, flag or setting; \
3 not found; 4 disk, model, lock or network; 5 too busy or too slow; 70 a bug of footnote's.";

/// Flags of every command.
#[derive(Debug, ClapArgs)]
pub struct Global {
    /// Settings file [default: ./footnote.toml, then ~/.config/footnote/footnote.toml]
    #[arg(long, global = true, env = "FOOTNOTE_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder: all state lives here [default: ~/.local/share/footnote; env: FOOTNOTE_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder of model files [default: ~/.cache/footnote/models; env: FOOTNOTE_MODELS]
    #[arg(long, global = true, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long, global = true, env = "FOOTNOTE_JSON", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub json: bool,
    /// No progress and no warnings on stderr
    #[arg(long, global = true, env = "FOOTNOTE_QUIET", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read files and folders into a collection; unchanged files are skipped
    Ingest(Ingest),
    /// Serve the pages and the HTTP API
    Serve(Serve),
    /// Ask a question and print the answer with its footnotes
    Ask(Ask),
    /// Print the passages for a question, without an answer
    Search(Search),
    /// Run a QA set (JSONL), a BEIR folder or a SQuAD 2.0 file through the product
    Eval(Eval),
    /// List, fetch and check model files
    Models(Models),
    /// List, show and delete ingested documents
    Documents(Documents),
    /// Check that the catalog, both indexes and the texts agree
    Verify(Verify),
    /// Make what the settings of access take
    Access(Access),
    /// Move collections to a Qdrant server or back, and their catalog to PostgreSQL, without embedding again
    Migrate(Migrate),
    /// Check this machine: folders, models, engines
    Doctor,
    /// Ingest the example handbook, serve it, and print one cited answer
    Demo(Demo),
    /// Read files for another footnote: it starts this by itself
    #[command(hide = true)]
    ReadFiles,
    /// Run an engine for another footnote: it starts this by itself
    #[command(hide = true)]
    RunEngine,
}

/// `footnote ingest`
#[derive(Debug, ClapArgs)]
pub struct Ingest {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Collection to read them into
    #[arg(long, value_name = "NAME")]
    pub collection: Option<String>,
    /// Read quarantined files again too
    #[arg(long)]
    pub retry: bool,
    /// Then follow the paths, and ingest what changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

/// `footnote serve`
#[derive(Debug, ClapArgs)]
pub struct Serve {
    /// Address and port [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Follow this folder while serving, and ingest what changes; repeatable, adds to the setting ingest.watch
    #[arg(long, value_name = "PATH")]
    pub watch: Vec<PathBuf>,
    /// Only answer, from what another footnote ingests: catalog and indexes are on servers, and no data folder is needed
    #[arg(long, conflicts_with = "watch")]
    pub query_only: bool,
}

/// `footnote ask`
#[derive(Debug, ClapArgs)]
pub struct Ask {
    /// The question
    pub question: String,
    /// Collection to ask
    #[arg(long, value_name = "NAME")]
    pub collection: Option<String>,
    /// Passages to look at
    #[arg(long, value_name = "N")]
    pub top_k: Option<usize>,
    /// Only documents that fit, such as '{"tags": "report", "modified": {"gte": "2024-01-01"}}' (docs/filters.md)
    #[arg(long, value_name = "JSON", value_parser = parse_json)]
    pub filter: Option<serde_json::Value>,
    /// Tell the verdict on each sentence, and why
    #[arg(long)]
    pub explain: bool,
    /// auto, llama-cpp, mistralrs, openai or replicate
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<String>,
}

/// `footnote search`
#[derive(Debug, ClapArgs)]
pub struct Search {
    /// The question, or plain words
    pub question: String,
    /// Collection to search
    #[arg(long, value_name = "NAME")]
    pub collection: Option<String>,
    /// Passages to print
    #[arg(long, value_name = "N")]
    pub top_k: Option<usize>,
    /// Only documents that fit, such as '{"tags": "report", "modified": {"gte": "2024-01-01"}}' (docs/filters.md)
    #[arg(long, value_name = "JSON", value_parser = parse_json)]
    pub filter: Option<serde_json::Value>,
    /// Print how the ranking came about: each leg's rank and score, and what was cut and why
    #[arg(long)]
    pub explain: bool,
}

/// `footnote eval`
#[derive(Debug, ClapArgs)]
pub struct Eval {
    /// A .jsonl QA set, a BEIR folder, or a SQuAD 2.0 .json file
    #[arg(required_unless_present = "compare", value_name = "SET")]
    pub set: Option<PathBuf>,
    /// Collection to ask [default: the set's own, where it brings documents; else the default one]
    #[arg(long, value_name = "NAME")]
    pub collection: Option<String>,
    /// Measure retrieval only: no model writes anything
    #[arg(long)]
    pub retrieval_only: bool,
    /// Ask follow-up questions as they are written, without their history
    #[arg(long)]
    pub no_condense: bool,
    /// Write settings, summary and every question as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Only the first N questions
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Find the confidence below which to refuse, with this set's questions, and write it into the settings file
    #[arg(long, conflicts_with_all = ["retrieval_only", "compare"])]
    pub fit_abstention: bool,
    /// Compare two reports instead of running a set
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"], conflicts_with = "set")]
    pub compare: Option<Vec<PathBuf>>,
}

/// `footnote models`
#[derive(Debug, ClapArgs)]
pub struct Models {
    /// What to do.
    #[command(subcommand)]
    pub action: ModelsAction,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// Every model that footnote knows, and which are here
    List,
    /// Fetch a model from Hugging Face: resumed where it broke off, checked by checksum
    Pull {
        /// Ids of `models list` [default: those that the settings name]
        ids: Vec<String>,
    },
    /// Make a smaller GGUF file out of a larger one
    Quantize {
        /// An id of `models list`, or a path to a GGUF file
        model: String,
        /// 8, 6, 5 or 4 bits, or a type: q8_0, q6_k, q5_k, q5_1, q5_0, q4_k, q4_1, q4_0
        #[arg(long, value_name = "TYPE")]
        to: QuantType,
        /// The smaller file [default: beside the larger one, with the type in its name]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Quantize a file that is quantized already, at a loss twice over
        #[arg(long)]
        allow_requantize: bool,
        /// Replace the smaller file where there is one
        #[arg(long)]
        force: bool,
    },
    /// Check the files of models by size and sha256
    Verify {
        /// Ids of `models list` [default: all that are here]
        ids: Vec<String>,
    },
}

/// `footnote documents`
#[derive(Debug, ClapArgs)]
pub struct Documents {
    /// What to do.
    #[command(subcommand)]
    pub action: DocumentsAction,
}

/// What to do with documents.
#[derive(Debug, Subcommand)]
pub enum DocumentsAction {
    /// Every document with its status, and why it failed or was skipped
    List {
        /// Collection to list
        #[arg(long, value_name = "NAME")]
        collection: Option<String>,
        /// Only those of this status, such as indexed, failed, skipped or quarantined
        #[arg(long, value_parser = parse_status)]
        status: Option<DocumentStatus>,
    },
    /// One document's row and its canonical text
    Show {
        /// Its id
        id: DocumentId,
    },
    /// Remove a document from the catalog and both indexes; the file itself stays, unless it was uploaded
    Delete {
        /// Its id
        id: DocumentId,
    },
}

/// `footnote access`
#[derive(Debug, ClapArgs)]
pub struct Access {
    /// What to do.
    #[command(subcommand)]
    pub action: AccessAction,
}

/// What to do about access.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum AccessAction {
    /// Read a key from stdin and print its SHA-256, for key_sha256 in access.keys
    Hash,
}

fn parse_json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

fn parse_status(word: &str) -> Result<DocumentStatus, String> {
    DocumentStatus::parse(word)
        .ok_or_else(|| format!("one of {}", DocumentStatus::ALL.map(DocumentStatus::as_str).join(", ")))
}

/// `footnote verify`
#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// Collection to check [default: all]
    #[arg(long, value_name = "NAME")]
    pub collection: Option<String>,
    /// Mend what is wrong: the catalog's texts are believed
    #[arg(long)]
    pub repair: bool,
}

/// `footnote migrate`
#[derive(Debug, ClapArgs)]
pub struct Migrate {
    /// Where the vectors go: edge (the data folder) or qdrant (the server of [qdrant] in the settings)
    #[arg(long, value_enum, value_name = "STORE", required_unless_present = "catalog")]
    pub to: Option<StoreChoice>,
    /// Copy the catalog, the texts with it, to the database of [catalog] in the settings; all collections
    #[arg(long, value_enum, value_name = "STORE", conflicts_with_all = ["to", "collections"])]
    pub catalog: Option<CatalogChoice>,
    /// Where the words go: tantivy (the data folder) or qdrant [default: where the vectors go]
    #[arg(long, value_enum, value_name = "INDEX", requires = "to")]
    pub words: Option<WordsChoice>,
    /// Remove a collection from where it was, once all of it has arrived and was compared
    #[arg(long, requires = "to")]
    pub remove_source: bool,
    /// Collections to move [default: all]
    #[arg(value_name = "COLLECTION")]
    pub collections: Vec<String>,
}

/// Where vectors go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreChoice {
    /// Qdrant's engine in this process.
    Edge,
    /// A Qdrant server or cluster.
    Qdrant,
}

/// Where a catalog goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CatalogChoice {
    /// A PostgreSQL database.
    Postgres,
}

/// Where words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WordsChoice {
    /// tantivy in this process.
    Tantivy,
    /// Sparse vectors on the Qdrant server.
    Qdrant,
}

/// `footnote demo`
#[derive(Debug, ClapArgs)]
pub struct Demo {
    /// The folder of example documents
    #[arg(long, default_value = "examples/handbook", value_name = "DIR")]
    pub handbook: PathBuf,
    /// The question
    #[arg(long, default_value = DEMO_QUESTION)]
    pub question: String,
    /// Address and port [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Stop after the answer instead of serving on
    #[arg(long)]
    pub exit: bool,
}

const DEMO_QUESTION: &str = "How much electricity does a machine like harbour draw under load?";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_command() {
        insta::assert_snapshot!(Args::command().term_width(100).render_help());
    }
}
