//! Layers in, checked settings out.

use std::path::{Path, PathBuf};

use footnote_core::{Code, Error, Result};
use toml::{Table, Value};

use crate::check::check;
use crate::layer::Layer;
use crate::settings::{IngestSettings, Settings};

/// The defaults, which also say what keys there are.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// Settings that the defaults cannot name, because leaving them out means something else than any value: each with an
/// example.
const OPTIONAL: &[(&str, &str)] = &[("access.anonymous", "[\"public\"]")];

/// Checked settings, and the way back to where each was written.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    layers: Vec<Layer>,
}

impl Loaded {
    /// Where the value of `key` (dotted) was written, in words.
    #[must_use]
    pub fn place(&self, key: &str) -> &str {
        place(&self.layers, key)
    }
}

/// Merges `layers` (later ones win) over the defaults, and checks the whole.
///
/// `home` is used for `~` and the default folders.
///
/// # Errors
/// [`Code::SettingsInvalid`]: the message begins with the place, `footnote.toml:7: …`.
pub fn load(layers: Vec<Layer>, home: Option<&Path>, folders: DefaultFolders) -> Result<Loaded> {
    let defaults = Layer::from_toml("default.toml", DEFAULTS)?.table;
    let mut merged = defaults.clone();
    for layer in &layers {
        known_keys(&defaults, &layer.table, "", layer)?;
        merge(&mut merged, layer.table.clone());
    }
    for (key, default) in [("data", folders.data), ("models", folders.models)] {
        let given = merged.get(key).and_then(Value::as_str).unwrap_or_default();
        let path = if given.is_empty() { default } else { expand_home(given, home) };
        merged.insert(key.to_owned(), Value::String(path.to_string_lossy().into_owned()));
    }
    let mut settings: Settings = serde_path_to_error::deserialize(Value::Table(merged)).map_err(|error| {
        let key = error.path().to_string();
        let reason = error.into_inner().to_string();
        invalid(&layers, &key, reason.trim()).hint(format!("see `{key}` in config/default.toml"))
    })?;
    let IngestSettings { watch, roots, .. } = &mut settings.ingest;
    for path in watch.iter_mut().chain(roots) {
        *path = expand_home(&path.to_string_lossy(), home);
    }
    if let Err(problem) = check(&settings) {
        return Err(invalid(&layers, problem.key, &problem.message).hint(problem.hint));
    }
    Ok(Loaded { settings, layers })
}

/// Where data and models live when nobody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultFolders {
    /// The data folder.
    pub data: PathBuf,
    /// The models folder.
    pub models: PathBuf,
}

impl DefaultFolders {
    /// The XDG folders of this user.
    #[must_use]
    pub fn of(home: Option<&Path>, xdg_data: Option<&Path>, xdg_cache: Option<&Path>) -> Self {
        let under = |xdg: Option<&Path>, fallback: &str| match (xdg, home) {
            (Some(dir), _) => dir.to_path_buf(),
            (None, Some(home)) => home.join(fallback),
            (None, None) => PathBuf::from("."),
        };
        Self {
            data: under(xdg_data, ".local/share").join("footnote"),
            models: under(xdg_cache, ".cache").join("footnote/models"),
        }
    }
}

fn expand_home(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn invalid(layers: &[Layer], key: &str, reason: &str) -> Error {
    Error::new(Code::SettingsInvalid, format!("{}: {key}: {reason}", place(layers, key)))
}

fn place<'l>(layers: &'l [Layer], key: &str) -> &'l str {
    layers.iter().rev().find_map(|layer| layer.place(key)).unwrap_or("config/default.toml")
}

/// Refuses keys that the defaults do not have, and values of another type.
fn known_keys(defaults: &Table, given: &Table, prefix: &str, layer: &Layer) -> Result<()> {
    for (key, value) in given {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let at = layer.place(&name).unwrap_or("settings");
        let optional = optional(&name);
        let Some(default) = defaults.get(key).or(optional.as_ref()) else {
            let error = Error::new(Code::SettingsInvalid, format!("{at}: unknown setting `{name}`"));
            return Err(match nearest(key, defaults) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("see config/default.toml for every setting"),
            });
        };
        match (default, value) {
            (Value::Table(inner), Value::Table(given)) => known_keys(inner, given, &name, layer)?,
            (Value::Float(_), Value::Integer(_)) => {}
            _ if default.same_type(value) => {}
            _ => {
                let (wanted, got) = (default.type_str(), value.type_str());
                return Err(Error::new(Code::SettingsInvalid, format!("{at}: {name} is a {got}, not a {wanted}"))
                    .hint(format!("for example: {key} = {default}")));
            }
        }
    }
    Ok(())
}

fn optional(name: &str) -> Option<Value> {
    let (_, example) = OPTIONAL.iter().find(|(optional, _)| *optional == name)?;
    format!("value = {example}").parse::<Table>().ok()?.remove("value")
}

/// The known key that `key` may have been meant as.
fn nearest<'d>(key: &str, defaults: &'d Table) -> Option<&'d str> {
    let scored = defaults.keys().map(|known| (edit_distance(key, known), known.as_str()));
    scored.min().filter(|(distance, _)| *distance <= key.len().div_ceil(3)).map(|(_, known)| known)
}

/// Levenshtein's distance (1966).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Settings out of a `footnote.toml` with this text, for the tests of its sections.
#[cfg(test)]
pub(crate) fn of_text(text: &str) -> Result<Settings> {
    let layers = vec![Layer::from_toml("footnote.toml", text)?];
    load(layers, None, DefaultFolders::of(None, None, None)).map(|loaded| loaded.settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Settings> {
        let layers = vec![Layer::from_toml("footnote.toml", text)?];
        load(layers, Some(Path::new("/home/me")), DefaultFolders::of(Some(Path::new("/home/me")), None, None))
            .map(|loaded| loaded.settings)
    }

    fn said(text: &str) -> String {
        let error = with(text).expect_err("these settings are wrong");
        format!("{error}\nhint: {}", error.hint_text().unwrap_or("-"))
    }

    #[test]
    fn the_defaults_are_valid_settings() {
        let settings = with("").unwrap();
        assert_eq!(settings.retrieval.top_k, 8);
        assert_eq!(settings.data, Path::new("/home/me/.local/share/footnote"));
        assert_eq!(settings.models, Path::new("/home/me/.cache/footnote/models"));
    }

    #[test]
    fn folders_in_lists_may_begin_at_home() {
        let settings = with("[ingest]\nwatch = [\"~/notes\"]\nroots = [\"/srv/~x\"]").unwrap();
        assert_eq!(settings.ingest.watch, [Path::new("/home/me/notes")]);
        assert_eq!(settings.ingest.roots, [Path::new("/srv/~x")]);
    }

    #[test]
    fn later_layers_win_and_keep_the_rest() {
        let file = Layer::from_toml("footnote.toml", "[retrieval]\ntop_k = 3\ncandidates = 50").unwrap();
        let variables = [("FOOTNOTE_RETRIEVAL__TOP_K", "4"), ("FOOTNOTE_URL", "x"), ("HOME", "/root")];
        let env = Layer::from_variables(variables.map(|(k, v)| (k.to_owned(), v.to_owned())));
        let flags =
            Layer::flags().with("server.listen", Some("127.0.0.1:0"), "--listen").with("data", None::<&str>, "--data");
        let loaded = load(vec![file, env, flags], None, DefaultFolders::of(None, None, None)).unwrap();
        assert_eq!((loaded.settings.retrieval.top_k, loaded.settings.retrieval.candidates), (4, 50));
        assert_eq!(loaded.place("retrieval.top_k"), "FOOTNOTE_RETRIEVAL__TOP_K");
        assert_eq!(loaded.settings.server.listen.port(), 0);
    }

    #[test]
    fn who_may_see_what_is_told_apart_from_not_being_told() {
        assert_eq!(with("").unwrap().access.anonymous, None);
        assert_eq!(with("[access]\nanonymous = []").unwrap().access.anonymous, Some(vec![]));
        let settings = with("[[access.keys]]\nname = \"a\"\nkey_env = \"A\"\ngrants = [\"hr\"]").unwrap();
        assert_eq!(settings.access.keys[0].grants, ["hr"]);
        assert!(said("[access]\nanonymous = \"*\"").contains("access.anonymous is a string, not a array"));
        let said = said("[access]\nkeys = [{ name = \"a\", grants = [] }]");
        assert!(said.starts_with("footnote.toml:2: access.keys: `a` needs one of"), "{said}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_line_and_suggestion() {
        insta::assert_snapshot!(said("[retrieval]\n\ntop_kk = 3"), @r"
        footnote.toml:3: unknown setting `retrieval.top_kk`
        hint: did you mean `top_k`?
        ");
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_an_example() {
        insta::assert_snapshot!(said("[retrieval]\ntop_k = \"many\""), @r"
        footnote.toml:2: retrieval.top_k is a string, not a integer
        hint: for example: top_k = 8
        ");
    }

    #[test]
    fn a_word_that_is_no_choice_is_refused_with_the_choices() {
        let said = said("[generation]\nengine = \"vllm\"");
        assert!(said.starts_with("footnote.toml:2: generation.engine:"), "{said}");
        assert!(said.contains("llama-cpp"), "{said}");
    }

    #[test]
    fn a_negative_count_is_refused() {
        let said = said("[retrieval]\ntop_k = -1");
        assert!(said.starts_with("footnote.toml:2: retrieval.top_k:"), "{said}");
    }

    #[test]
    fn a_contradiction_is_refused_where_it_was_written() {
        insta::assert_snapshot!(said("[generation]\ncontext = 100\nmax_tokens = 100"), @r"
        footnote.toml:3: generation.max_tokens: 100 leaves no room for a prompt in a context of 100 tokens
        hint: raise generation.context or lower generation.max_tokens
        ");
    }

    #[test]
    fn text_that_is_no_toml_is_refused_with_its_line() {
        let said = said("[server]\nlisten = ");
        assert!(said.starts_with("footnote.toml:2: "), "{said}");
    }

    #[test]
    fn a_variable_with_a_typing_error_is_refused_by_name() {
        let env = Layer::from_variables([("FOOTNOTE_SERVER__LISTN".to_owned(), "127.0.0.1:1".to_owned())]);
        let error = load(vec![env], None, DefaultFolders::of(None, None, None)).unwrap_err();
        assert!(error.message().starts_with("FOOTNOTE_SERVER__LISTN: unknown setting"), "{error}");
    }
}
