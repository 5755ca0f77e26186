//! The plain Python pipeline of `bench/python`, in a virtual environment that is made once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use footnote_config::{ModelCatalog, Settings};
use footnote_server::models::locate;
use serde::{Deserialize, Serialize};

use crate::measure::cores;
use crate::product::explained;

/// What the pipeline says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PythonRun {
    pub(crate) documents: usize,
    pub(crate) pages: usize,
    pub(crate) chunks: usize,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_mib: f64,
    /// Seconds by stage.
    pub(crate) stages: std::collections::BTreeMap<String, f64>,
    /// The version of ONNX Runtime.
    pub(crate) onnxruntime: String,
}

/// How its batches are formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Batches {
    /// 32 texts, in the order of the documents: what most scripts do.
    Plain,
    /// As many as is best here, of similar length.
    Tuned(usize),
}

/// The virtual environment's interpreter.
pub(crate) struct Python(PathBuf);

impl Python {
    /// Makes the virtual environment in the cache folder where it is missing or of other packages.
    ///
    /// # Errors
    /// When there is no Python, or its packages cannot be had.
    pub(crate) fn ready() -> Result<Self> {
        let folder = cache()?.join("footnote/bench-python");
        let wanted = fs_err::read_to_string(scripts().join("requirements.txt"))?;
        let (python, mark) = (folder.join("bin/python"), folder.join("requirements.txt"));
        if fs_err::read_to_string(&mark).is_ok_and(|made_of| made_of == wanted) {
            return Ok(Self(python));
        }
        if folder.exists() {
            fs_err::remove_dir_all(&folder)?;
        }
        done(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        done(Command::new(&python).args(pip).arg(scripts().join("requirements.txt")))?;
        fs_err::write(mark, wanted)?;
        Ok(Self(python))
    }

    /// Runs the pipeline over `files`.
    pub(crate) fn run(&self, settings: &Settings, files: &[PathBuf], batches: Batches) -> Result<PythonRun> {
        let models = ModelCatalog::builtin().map_err(explained)?;
        let model = models.get(&settings.embedding.model).map_err(explained)?;
        let store = tempfile::tempdir()?;
        let mut command = Command::new(&self.0);
        command.arg(scripts().join("pipeline.py"));
        command.arg("--model").arg(locate::folder(&settings.models, model).map_err(explained)?);
        command.arg("--store").arg(store.path()).args(["--threads", &cores().to_string()]);
        command.args(["--chunk-tokens", &settings.chunk.max_tokens.to_string()]);
        command.args(["--read-tokens", &model.max_tokens.context("not an embedding model")?.to_string()]);
        if let Batches::Tuned(batch) = batches {
            command.args(["--batch", &batch.to_string(), "--by-length"]);
        }
        let text = done(command.args(files))?;
        let line = text.lines().next_back().unwrap_or_default();
        serde_json::from_str(line).with_context(|| format!("{command:?} printed {line:?}"))
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

fn cache() -> Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache"))).context("HOME is not set")
}

/// Runs a command that must succeed, and gives its standard output.
fn done(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.lines().rev().take(3).collect();
        bail!("{command:?} failed ({}): {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join(" / "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
