//! The commands, and all that is printed: data on stdout, progress and messages on stderr.
//!
//! * [`args`]: what the command line takes.
//! * [`context`]: settings and output, as every command needs them.
//! * [`terminal`]: how things are printed; exit codes.
//! * a file per command.

mod access;
pub mod args;
mod ask;
mod context;
mod demo;
mod doctor;
mod documents;
mod eval;
mod explain;
mod ingest;
mod migrate;
mod models;
mod search;
mod serve;
mod terminal;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use footnote_core::{Error, Result};

use args::{Args, Command};
use context::Context;
pub use terminal::Outcome;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    if matches!(args.command, Command::ReadFiles) {
        // Before logging, settings and runtime: it has one task, and strangers' files are read by it.
        return footnote_ingest::reader::serve();
    }
    start_logging(args.global.quiet);
    if matches!(args.command, Command::RunEngine) {
        return run_engine();
    }
    let json = args.global.json;
    let outcome = run(args);
    terminal::finish(outcome, json)
}

/// What the process of an engine does: settings and everything else are its parent's.
fn run_engine() -> ExitCode {
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(footnote_generator::engine::process::serve()),
        Err(error) => {
            tracing::error!(%error, "the async runtime did not start");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::internal(format!("the async runtime did not start: {error}")))?;
    let outcome = runtime.block_on(async {
        let context = Context::load(&args.global, &args.command)?;
        match args.command {
            Command::Ingest(args) => ingest::run(&context, args).await,
            Command::Serve(args) => serve::run(&context, args).await,
            Command::Ask(args) => ask::run(&context, args).await,
            Command::Search(args) => search::run(&context, args).await,
            Command::Eval(args) => eval::run(&context, args).await,
            Command::Models(args) => models::run(&context, args).await,
            Command::Documents(args) => documents::run(&context, args).await,
            Command::Verify(args) => verify::run(&context, args).await,
            Command::Access(args) => access::run(&context, args),
            Command::Migrate(args) => migrate::run(&context, args).await,
            Command::Doctor => doctor::run(&context).await,
            Command::Demo(args) => demo::run(&context, args).await,
            Command::ReadFiles | Command::RunEngine => {
                Err(Error::internal("this is served before anything else starts"))
            }
        }
    });
    // An engine may be in the middle of a token: it must not hold the process back.
    runtime.shutdown_background();
    outcome
}

/// Logs go to stderr: footnote's own warnings by default, more with `FOOTNOTE_LOG=info` or `debug`.
///
/// The engines warn of their own affairs at every start, which nobody can act on: of them, errors only.
fn start_logging(quiet: bool) {
    use tracing_subscriber::EnvFilter;
    let own = ["core", "config", "ingest", "retriever", "generator", "eval", "server"];
    let own = own.map(|part| format!("footnote_{part}=warn")).join(",");
    let fallback = if quiet { "off".to_owned() } else { format!("error,{own}") };
    let filter = EnvFilter::try_from_env("FOOTNOTE_LOG").unwrap_or_else(|_| EnvFilter::new(fallback));
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .init();
}
