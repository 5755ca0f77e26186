//! `footnote`: answers from your own documents, with footnotes that hold up.

use std::process::ExitCode;

fn main() -> ExitCode {
    footnote_server::cli::main()
}
