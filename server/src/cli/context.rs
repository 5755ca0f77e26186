//! Settings and output, as every command needs them.

use std::path::{Path, PathBuf};

use footnote_config::layer::find_settings_file;
use footnote_config::load::DefaultFolders;
use footnote_config::{Layer, ModelCatalog, Settings, load};
use footnote_core::Result;

use super::args::{Command, Global};

/// What every command gets.
pub(super) struct Context {
    /// Checked settings.
    pub(super) settings: Settings,
    /// The models that footnote knows.
    pub(super) models: ModelCatalog,
    /// Whether stdout is for a program.
    pub(super) json: bool,
    /// Whether stderr stays silent.
    pub(super) quiet: bool,
    /// The settings file that was read, where there is one.
    file: Option<PathBuf>,
}

impl Context {
    /// Reads and checks the settings: file, variables, flags.
    pub(super) fn load(global: &Global, command: &Command) -> Result<Self> {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = folder("HOME");
        let file =
            global.config.clone().or_else(|| find_settings_file(home.as_deref(), folder("XDG_CONFIG_HOME").as_deref()));
        let mut layers = Vec::new();
        if let Some(path) = &file {
            layers.push(Layer::from_file(path)?);
        }
        layers.push(Layer::from_variables(std::env::vars()));
        layers.push(flags(global, command));
        let defaults = DefaultFolders::of(
            home.as_deref(),
            folder("XDG_DATA_HOME").as_deref(),
            folder("XDG_CACHE_HOME").as_deref(),
        );
        let settings = load(layers, home.as_deref(), defaults)?.settings;
        Ok(Self { settings, models: ModelCatalog::builtin()?, json: global.json, quiet: global.quiet, file })
    }

    /// Where a setting is to be written: the file that was read, else one in this folder, which the next start finds.
    pub(super) fn settings_file(&self) -> PathBuf {
        self.file.clone().unwrap_or_else(|| PathBuf::from("footnote.toml"))
    }

    /// The collection that a command names, or the default one.
    pub(super) fn collection<'c>(&'c self, named: Option<&'c str>) -> Result<&'c str> {
        let name = named.unwrap_or(&self.settings.server.collection);
        footnote_core::collection::check_name(name)?;
        Ok(name)
    }
}

fn flags(global: &Global, command: &Command) -> Layer {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let listen = match command {
        Command::Serve(serve) => serve.listen,
        Command::Demo(demo) => demo.listen,
        _ => None,
    };
    let engine = match command {
        Command::Ask(ask) => ask.engine.clone(),
        _ => None,
    };
    Layer::flags()
        .with("data", global.data.as_deref().map(text), "--data")
        .with("models", global.models.as_deref().map(text), "--models")
        .with("server.listen", listen.map(|address| address.to_string()), "--listen")
        .with("generation.engine", engine, "--engine")
        // One question is not worth a process.
        .with("generation.isolation", matches!(command, Command::Ask(_)).then_some("thread"), "ask")
}
