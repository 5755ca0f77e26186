//! A scenario harness over the real binary: real models, real indexes on disk, a real server.
//!
//! * [`Scenario`]: a data folder of its own, and commands run in it.
//! * [`Server`]: `footnote serve` on a free port, stopped when dropped.
//! * [`attacks`]: documents that try to command the model.
//! * [`files`]: small files of formats that are not text.
//! * [`handbook`]: the example, ingested once per build and copied for each scenario that needs it.
//! * [`Nodes`]: Qdrant nodes of a test's own, which it may kill.
//! * [`kills`]: a folder that changes all the time, and an ingestion that is killed at random instants.
//!
//! The binary must have been built before (`make test` does): these tests run it, they do not link it.

pub mod attacks;
pub mod files;
pub mod handbook;
pub mod kills;
mod nodes;
mod scenario;
mod server;

pub use nodes::Nodes;
pub use scenario::{Output, Scenario};
pub use server::Server;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What a story needs and no registry holds, such as a server: the value of `variable`; `None`, said loudly, where it is
/// not set.
#[must_use]
pub fn given(variable: &str, story: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        // Past the test harness, which keeps what a passing test prints to itself.
        let said = format!("SKIPPED: {story}: {variable} is not set\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
    }
    value
}

/// The repository's root.
#[must_use]
pub fn repository() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        // Cargo tells it to whatever it runs. What it was when this was built may be another checkout, whose target folder is
        // shared and which is gone.
        let running = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let packages = [running, Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")))];
        let roots = packages.into_iter().flatten().filter_map(|package| Some(package.parent()?.to_owned()));
        let mut roots = roots.chain(std::env::current_dir());
        roots.find(|root| root.join("tests/fixtures").is_dir()).unwrap_or_default()
    });
    &ROOT
}

/// The `footnote` binary of the same build as the running test.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn binary() -> PathBuf {
    let here = std::env::current_exe().expect("a running test has a path");
    let found = here.ancestors().map(|dir| dir.join("footnote")).find(|path| path.is_file());
    found.expect("target/release/footnote is missing: run `make build` first (`make test` does)")
}

/// The models folder, as the product finds it.
///
/// # Panics
/// When `HOME` is not set.
#[must_use]
pub fn models() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("FOOTNOTE_MODELS").unwrap_or_else(|| {
        let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
        cache.expect("HOME is set").join("footnote/models")
    })
}
