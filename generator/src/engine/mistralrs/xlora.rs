//! X-LoRA (Buehler, Buehler: "X-LoRA: Mixture of low-rank adapter experts", APL Machine Learning 2, 2024): several adapters,
//! and a classifier that says for each token how much each of them counts.
//!
//! The folder is as the authors' library writes it: `xlora_config.json`, `xlora_classifier.safetensors`, and a folder for
//! each adapter. Version 0.8.1 of mistral.rs looks for files, not folders, tells adapters apart by parts of their names
//! (`adapter_1` and `adapter_10` are one to it), and wants to be told the order of the layers. So the files are laid out anew,
//! as links, while they are loaded.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use footnote_core::{Error, Result};
use fs_err as fs;
use mistralrs::core::Ordering;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use super::super::{LoraOptions, folder};
use super::links::{Links, linked};
use super::lora::{Adapter, CONFIG, WEIGHTS, refused};

const MIXTURE: &str = "xlora_config.json";
const CLASSIFIER: &str = "xlora_classifier.safetensors";
/// The architecture that answers as if the adapters were merged. Llama's does not in version 0.8.1: it transposes what
/// attention gives twice, so that heads and tokens of a prompt are mixed up.
const ARCHITECTURE: &str = "MistralForCausalLM";
/// The parts of their layers, in the order in which the authors' library counts them.
const PARTS: [&str; 7] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/// A mixture of adapters, laid out for mistral.rs.
pub(super) struct Mixture {
    links: Links,
    ordering: Ordering,
}

impl Mixture {
    /// Whether an adapter's folder is one.
    pub(super) fn is_one(adapter: &LoraOptions) -> bool {
        adapter.file.join(MIXTURE).is_file()
    }

    /// Checks it for the model in the folder `base`, and lays it out.
    ///
    /// # Errors
    /// Those of a LoRA adapter's.
    pub(super) fn of(mixture: &LoraOptions, base: &Path, context: usize) -> Result<Self> {
        let place = &mixture.file;
        let model = folder::json(base, "config.json")?;
        let architecture = model.pointer("/architectures/0").and_then(Value::as_str).unwrap_or_default();
        if architecture != ARCHITECTURE {
            let reason =
                format!("mistral.rs mixes adapters rightly for {ARCHITECTURE} only, the model is {architecture}");
            return Err(refused(place, &reason));
        }
        // Beyond it, version 0.8.1 attends to other tokens with a mixture than without.
        if let Some(window) = model.get("sliding_window").and_then(Value::as_u64).filter(|&it| it < context as u64) {
            let reason = format!("the model looks back {window} tokens; a mixture of adapters needs the whole context");
            return Err(refused(place, &reason).hint(format!("set generation.context to {window} or less")));
        }
        let shapes = folder::shapes(base)?;
        folder::shapes_of(&place.join(CLASSIFIER)).map_err(|error| error.context("generation.lora"))?;
        let mut config = folder::json(place, MIXTURE).map_err(|error| error.context("generation.lora"))?;
        let (folders, adapters) = adapters(place, &named(&place.join(MIXTURE))?, &shapes)?;
        let base = base.to_string_lossy().into_owned();
        let strength = config.get("global_scaling_weight").and_then(Value::as_f64).unwrap_or(1.0);
        if let Some(config) = config.as_object_mut() {
            config.insert("base_model_id".into(), json!(base));
            config.insert("global_scaling_weight".into(), json!(strength * f64::from(mixture.scale)));
        }
        let modules = &adapters[0].modules;
        let names: Vec<String> = (0..adapters.len()).map(|at| format!("expert-{at:03}")).collect();
        let layers = modules.iter().enumerate().map(|(at, module)| (module.clone(), at)).collect();
        let laid = Self {
            links: Links::new("")?,
            ordering: Ordering {
                adapters: Some(names.clone()),
                layers: Some(layers),
                base_model_id: base,
                preload_adapters: None,
            },
        };
        laid.lay(place, &config, names.iter().zip(folders.iter().zip(&adapters)))
            .map_err(|error| Error::io(laid.links.folder(), error))?;
        Ok(laid)
    }

    fn lay<'a>(
        &self,
        place: &Path,
        config: &Value,
        adapters: impl Iterator<Item = (&'a String, (&'a PathBuf, &'a Adapter))>,
    ) -> std::io::Result<()> {
        let own = self.links.folder();
        fs::create_dir_all(own)?;
        fs::write(own.join(MIXTURE), config.to_string())?;
        linked(&fs::canonicalize(place.join(CLASSIFIER))?, &own.join(CLASSIFIER))?;
        for (name, (folder, Adapter { rank, alpha, modules })) in adapters {
            let mut parts: Vec<&str> = modules.iter().map(|module| last(module)).collect();
            parts.sort_unstable();
            parts.dedup();
            let config = json!({ "r": rank, "lora_alpha": alpha, "target_modules": parts });
            fs::write(own.join(format!("{name}.json")), config.to_string())?;
            let weights = fs::canonicalize(folder.join(WEIGHTS))?;
            linked(&weights, &own.join(format!("{name}.safetensors")))?;
        }
        Ok(())
    }

    /// What mistral.rs is to read.
    pub(super) fn folder(&self) -> String {
        self.links.folder().to_string_lossy().into_owned()
    }

    pub(super) fn ordering(&self) -> Ordering {
        self.ordering.clone()
    }
}

/// The adapters' folders, and what is in them, in the mixture's order; their modules in the order of the layers.
fn adapters(
    place: &Path,
    named: &[(String, String)],
    shapes: &BTreeMap<String, Vec<usize>>,
) -> Result<(Vec<PathBuf>, Vec<Adapter>)> {
    if named.is_empty() {
        return Err(refused(&place.join(MIXTURE), "it names no adapters"));
    }
    let (mut folders, mut found) = (Vec::new(), Vec::<Adapter>::new());
    for (name, path) in named {
        let folder = inside(place, name, path).ok_or_else(|| {
            let reason = format!("there is no folder with {CONFIG} in it for the adapter `{name}` ({path})");
            refused(place, &reason)
        })?;
        let mut adapter = Adapter::read(&folder, shapes)?;
        adapter.modules = in_order(&adapter.modules, shapes).ok_or_else(|| {
            refused(&folder, "X-LoRA needs an adapter for the same parts of every layer, of attention and MLP only")
        })?;
        if found.first().is_some_and(|first| first.modules != adapter.modules) {
            return Err(refused(&folder, "the mixture's adapters change different modules"));
        }
        folders.push(folder);
        found.push(adapter);
    }
    Ok((folders, found))
}

/// An adapter's folder inside the mixture's: by its name, or by the end of the path that it once had.
fn inside(place: &Path, name: &str, path: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    let ends = (0..parts.len()).map(|from| place.join(parts[from..].join("/")));
    let is_name = !name.contains(['/', '\\']) && name != "..";
    let own = is_name.then(|| place.join(name));
    own.into_iter().chain(ends).find(|folder| folder.join(CONFIG).is_file())
}

/// Modules layer by layer; `None` where a part of a layer lacks one, or is none that is counted.
fn in_order(modules: &[String], shapes: &BTreeMap<String, Vec<usize>>) -> Option<Vec<String>> {
    let mut parts: Vec<usize> = Vec::new();
    for module in modules {
        parts.push(PARTS.iter().position(|part| *part == last(module))?);
    }
    let mut ordered: Vec<(usize, usize, &str)> = Vec::new();
    for module in shapes.keys().filter_map(|name| name.strip_suffix(".weight")) {
        let Some(part) = PARTS.iter().position(|part| *part == last(module)) else { continue };
        if parts.contains(&part) {
            let layer = module.strip_prefix("model.layers.")?.split('.').next()?.parse().ok()?;
            ordered.push((layer, part, module));
        }
    }
    ordered.sort_unstable();
    (ordered.len() == modules.len()).then(|| ordered.into_iter().map(|(_, _, module)| module.to_owned()).collect())
}

fn last(module: &str) -> &str {
    module.rsplit('.').next().unwrap_or(module)
}

/// The adapters that a mixture's configuration names, in its order, which a map in memory may not keep.
fn named(config: &Path) -> Result<Vec<(String, String)>> {
    #[derive(Deserialize)]
    struct Said {
        adapters: Named,
    }
    let text = fs::read(config).map_err(|error| Error::io(config, error))?;
    let said: Said =
        serde_json::from_slice(&text).map_err(|error| refused(config, "it names no adapters").caused_by(error))?;
    Ok(said.adapters.0)
}

/// Adapters with their paths: a list of paths, or an object from name to path.
struct Named(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Named;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of adapters")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Named, A::Error> {
                let mut named = Vec::new();
                while let Some(path) = seq.next_element::<String>()? {
                    named.push((path.rsplit('/').next().unwrap_or_default().to_owned(), path));
                }
                Ok(Named(named))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Named, A::Error> {
                let mut named = Vec::new();
                while let Some(entry) = map.next_entry::<String, String>()? {
                    named.push(entry);
                }
                Ok(Named(named))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
