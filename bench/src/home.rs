//! A folder in which the real binary runs as on a fresh machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::args::Options;
use crate::product::settings;

/// A folder in which the real binary finds default settings and a data folder of its own.
pub(crate) struct Home {
    folder: TempDir,
    binary: PathBuf,
    models: PathBuf,
}

impl Home {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("footnote");
        ensure!(binary.is_file(), "{}: build it first (make build)", binary.display());
        let models = settings(options.models.as_deref(), Path::new("unused"))?.models;
        let models = fs_err::canonicalize(models).context("run `make models` first")?;
        Ok(Self { folder: tempfile::tempdir()?, binary, models })
    }

    /// Ingests the handbook.
    pub(crate) fn ingest(&self, options: &Options) -> Result<()> {
        let handbook = fs_err::canonicalize(&options.handbook)?;
        let ingested = self.footnote().arg("--quiet").arg("ingest").arg(handbook).stdout(Stdio::null()).status()?;
        ensure!(ingested.success(), "footnote ingest failed: {ingested}");
        Ok(())
    }

    /// The folder; it goes with this.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program, to be given its arguments.
    pub(crate) fn footnote(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FOOTNOTE_")) {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .env("FOOTNOTE_DATA", self.folder.path().join("data"))
            .env("FOOTNOTE_MODELS", &self.models)
            .env("XDG_CONFIG_HOME", self.folder.path())
            .stdin(Stdio::null());
        command
    }
}
