//! A data folder of its own, and commands run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Server, binary, models};

/// A scenario: its folder holds `data/` and whatever documents a test writes.
pub struct Scenario {
    dir: TempDir,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

impl Scenario {
    /// An empty one.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[must_use]
    pub fn new() -> Self {
        Self { dir: TempDir::with_prefix("footnote-").expect("a temporary folder") }
    }

    /// Leaves the folder there when the test is over, to be looked at.
    pub fn keep(&mut self) {
        self.dir.disable_cleanup(true);
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A path inside the scenario's folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a document and gives its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
        fs_err::write(&path, content).expect("a document");
        path
    }

    /// `footnote` with this scenario's folders and nobody's settings, ready to be given arguments.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FOOTNOTE_")) {
            command.env_remove(name);
        }
        command
            .current_dir(self.dir.path())
            .env("FOOTNOTE_DATA", self.data())
            .env("FOOTNOTE_MODELS", models())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .stdin(Stdio::null());
        command
    }

    /// Runs `footnote` with `args` to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        finish(self.command().args(args))
    }

    /// Runs `footnote`, which must succeed, and gives its standard output.
    ///
    /// # Panics
    /// When it fails.
    pub fn ok<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let output = self.run(args);
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        output.stdout
    }

    /// As [`Self::ok`] with `--json`, parsed.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn json<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let mut command = self.command();
        let output = finish(command.arg("--json").args(args));
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        serde_json::from_str(&output.stdout).expect("JSON on standard output")
    }

    /// Ingests the folder `documents`, and gives the report and the exit code.
    ///
    /// # Panics
    /// When it prints no report.
    pub fn ingest(&self) -> (Value, i32) {
        let output = finish(self.command().args(["--json", "ingest"]).arg(self.path("documents")));
        let report = serde_json::from_str(&output.stdout);
        (report.unwrap_or_else(|error| panic!("{error}: {}{}", output.stdout, output.stderr)), output.code)
    }

    /// Status and reason of every document of the folder `documents`, by what follows that folder in its uri.
    ///
    /// # Panics
    /// When they cannot be listed.
    #[must_use]
    pub fn rows(&self) -> BTreeMap<String, (String, String)> {
        let folder = format!("file://{}/", self.path("documents").display());
        let listed = self.json(["documents", "list"]);
        let row = |record: &Value| {
            let word = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
            let uri = word("uri");
            (uri.strip_prefix(&folder).unwrap_or(&uri).to_owned(), (word("status"), word("reason")))
        };
        listed.as_array().expect("a list").iter().map(row).collect()
    }

    /// Searches, and gives what was found as text.
    ///
    /// # Panics
    /// When searching fails.
    #[must_use]
    pub fn found(&self, question: &str) -> String {
        self.json(["search", question]).to_string()
    }

    /// Checks that catalog, indexes and texts agree.
    ///
    /// # Panics
    /// When they do not.
    pub fn verify(&self) {
        let output = self.run(["verify"]);
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    }

    /// Starts `footnote serve` on a free port and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// As [`Self::serve`], with more arguments.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn serve_with(&self, args: &[&str]) -> Server {
        let mut command = self.command();
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(args);
        Server::start(command)
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
pub(crate) fn finish(command: &mut Command) -> Output {
    let output = command.output().expect("the binary starts");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
