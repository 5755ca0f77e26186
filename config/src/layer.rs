//! One source of settings, which remembers where each key was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use footnote_core::{Code, Error, Result};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// A table of settings and the place of each of its keys.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The values.
    pub(crate) table: Table,
    /// Dotted key → where it was written, in words: `footnote.toml:3`, `FOOTNOTE_CHUNK__MAX_TOKENS`.
    places: BTreeMap<String, String>,
}

impl Layer {
    /// The settings of a TOML text; `name` is the file's name for messages.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`] with file and line where it is not TOML.
    pub fn from_toml(name: &str, text: &str) -> Result<Self> {
        let parsed = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            Error::new(Code::SettingsInvalid, format!("{name}:{line}: {}", error.message()))
                .hint("the file is TOML: key = value, with [section] lines; see config/default.toml for every key")
        })?;
        let mut places = BTreeMap::new();
        note_places(parsed.get_ref(), "", &mut |key, at| {
            places.insert(key, format!("{name}:{}", line_of(text, at)));
        });
        let table = text.parse::<Table>().map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self { table, places })
    }

    /// The settings of a file.
    ///
    /// # Errors
    /// When it cannot be read, or as [`Self::from_toml`].
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = fs_err::read_to_string(path).map_err(|error| {
            Error::io(path, error).context("settings file").hint("give an existing file to --config, or leave it out")
        })?;
        Self::from_toml(&path.display().to_string(), &text)
    }

    /// The settings among environment variables: `FOOTNOTE_RETRIEVAL__TOP_K=5` is `retrieval.top_k`,
    /// `FOOTNOTE_DATA` and `FOOTNOTE_MODELS` are the two folders. Other variables are passed over.
    #[must_use]
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut layer = Self { table: Table::new(), places: BTreeMap::new() };
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix("FOOTNOTE_") else { continue };
            let key = rest.to_lowercase().replace("__", ".");
            if key.contains('.') || key == "data" || key == "models" {
                layer.set(&key, parse_scalar(&value), name);
            }
        }
        layer
    }

    /// An empty layer for values given as flags.
    #[must_use]
    pub fn flags() -> Self {
        Self { table: Table::new(), places: BTreeMap::new() }
    }

    /// Adds the value of a flag: `key` is dotted, `flag` is its name for messages.
    #[must_use]
    pub fn with(mut self, key: &str, value: Option<impl Into<Value>>, flag: &str) -> Self {
        if let Some(value) = value {
            self.set(key, value.into(), flag.to_owned());
        }
        self
    }

    /// Where `key` was written, or its nearest outer section.
    pub(crate) fn place(&self, key: &str) -> Option<&str> {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return Some(place);
            }
            key = &key[..key.rfind('.')?];
        }
    }

    fn set(&mut self, key: &str, value: Value, place: String) {
        let mut table = &mut self.table;
        let mut parts: Vec<&str> = key.split('.').collect();
        let last = parts.pop().unwrap_or(key);
        for part in parts {
            let inner = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            let Value::Table(inner) = inner else { return };
            table = inner;
        }
        table.insert(last.to_owned(), value);
        self.places.insert(key.to_owned(), place);
    }
}

/// The settings file that is used when none is named: `./footnote.toml`, then
/// `$XDG_CONFIG_HOME/footnote/footnote.toml` (or `~/.config/…`).
#[must_use]
pub fn find_settings_file(home: Option<&Path>, xdg_config: Option<&Path>) -> Option<PathBuf> {
    let user = xdg_config.map(Path::to_path_buf).or_else(|| home.map(|home| home.join(".config")));
    let candidates = [Some(PathBuf::from("footnote.toml")), user.map(|dir| dir.join("footnote/footnote.toml"))];
    candidates.into_iter().flatten().find(|path| path.is_file())
}

/// A variable's value as TOML would read it (`5`, `true`, `0.6`), or else as a string.
fn parse_scalar(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    parsed.filter(|value| !value.is_table()).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn note_places(table: &DeTable<'_>, prefix: &str, note: &mut dyn FnMut(String, usize)) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        note(name.clone(), key.span().start);
        if let DeValue::Table(inner) = Spanned::get_ref(value) {
            note_places(inner, &name, note);
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}
