//! LoRA adapters as PEFT writes them (<https://huggingface.co/docs/peft>): checked against the model, then laid where
//! mistral.rs looks for them.
//!
//! Version 0.8.1 passes over tensors that it has no place for, panics or speaks of shapes where an adapter is for another
//! model, and asks the hub for adapters by name, its cache first, even where they lie in a folder. So each is checked
//! here, and given a name and a place in that cache while it is loaded: nothing reaches for the network.

use std::collections::BTreeMap;
use std::path::Path;

use footnote_core::{Code, Error, Result};
use fs_err as fs;
use serde_json::{Value, json};

use super::super::{LoraOptions, folder};
use super::links::{Links, linked};

pub(super) const CONFIG: &str = "adapter_config.json";
pub(super) const WEIGHTS: &str = "adapter_model.safetensors";
/// What PEFT puts before the names of the model's own tensors.
const WRAPPED: &str = "base_model.model.";

/// Adapters in the hub's cache.
pub(super) struct Staged(Vec<Links>);

impl Staged {
    /// Checks the adapters for the model in the folder `base`, and lays them down.
    ///
    /// # Errors
    /// [`Code::ModelMissing`], [`Code::ModelDamaged`], and [`Code::ModelUnsupported`] where an adapter was made for
    /// another model, or has what mistral.rs would pass over; [`Code::Io`].
    pub(super) fn of(adapters: &[LoraOptions], base: &Path) -> Result<Self> {
        let shapes = folder::shapes(base)?;
        let mut staged = Self(Vec::new());
        for adapter in adapters {
            let config = checked(adapter, &shapes)?;
            let links = Links::new("models--")?;
            lay(links.folder(), &adapter.file.join(WEIGHTS), &config)?;
            staged.0.push(links);
        }
        Ok(staged)
    }

    /// What mistral.rs is to ask for.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|links| links.name().to_owned()).collect()
    }
}

/// The layout of the hub's cache: a revision, and the files of the commit that it names.
fn lay(folder: &Path, weights: &Path, config: &Value) -> Result<()> {
    let (refs, snapshot) = (folder.join("refs"), folder.join("snapshots/local"));
    let weights = fs::canonicalize(weights).map_err(|error| Error::io(weights, error))?;
    let laid = [&refs, &snapshot]
        .into_iter()
        .try_for_each(fs::create_dir_all)
        .and_then(|()| fs::write(refs.join("main"), "local"))
        .and_then(|()| fs::write(snapshot.join(CONFIG), config.to_string()))
        .and_then(|()| linked(&weights, &snapshot.join(WEIGHTS)));
    laid.map_err(|error| Error::io(folder, error))
}

/// The part of the adapter's configuration that mistral.rs reads, with the modules that it really has, in the strength
/// that is asked for.
fn checked(adapter: &LoraOptions, base: &BTreeMap<String, Vec<usize>>) -> Result<Value> {
    let place = &adapter.file;
    if place.is_file() {
        let reason = "mistral.rs reads adapters as PEFT writes them: a folder with adapter_config.json";
        return Err(refused(place, reason).hint("GGUF adapters are for GGUF models, in llama.cpp"));
    }
    let Adapter { rank, alpha, modules } = Adapter::read(place, base)?;
    // Regular expressions that are looked for anywhere in a module's name: each is to be this module and no other.
    let modules: Vec<String> = modules.iter().map(|module| format!("^{}$", regex::escape(module))).collect();
    Ok(json!({ "r": rank, "lora_alpha": alpha * f64::from(adapter.scale), "target_modules": modules }))
}

/// An adapter that fits the model.
pub(super) struct Adapter {
    pub(super) rank: usize,
    /// What its product is multiplied with, `rank` times.
    pub(super) alpha: f64,
    /// The modules that it changes, sorted.
    pub(super) modules: Vec<String>,
}

impl Adapter {
    /// Reads the adapter in a folder, for a model whose tensors have the shapes `base`.
    ///
    /// # Errors
    /// As [`Staged::of`].
    pub(super) fn read(place: &Path, base: &BTreeMap<String, Vec<usize>>) -> Result<Self> {
        let config = folder::json(place, CONFIG).map_err(|error| error.context("generation.lora"))?;
        let rank = config.get("r").and_then(Value::as_u64).filter(|&rank| rank > 0);
        let alpha = config.get("lora_alpha").and_then(Value::as_f64);
        let (Some(rank), Some(alpha)) = (rank, alpha) else {
            return Err(refused(&place.join(CONFIG), "it gives no r and lora_alpha, so it is no LoRA adapter"));
        };
        if let Some(what) = beyond(&config) {
            return Err(refused(
                &place.join(CONFIG),
                &format!("the adapter uses {what}, which mistral.rs passes over"),
            )
            .hint("merge the adapter into the model (PEFT's merge_and_unload)"));
        }
        let modules = modules(&place.join(WEIGHTS), rank as usize, base)?;
        // What it is divided by later: r, or with rank-stabilized LoRA its root (Kalajdzievski, arXiv 2312.03732).
        let stabilized = config.get("use_rslora").and_then(Value::as_bool).unwrap_or(false);
        let alpha = if stabilized { alpha * (rank as f64).sqrt() } else { alpha };
        Ok(Self { rank: rank as usize, alpha, modules })
    }
}

/// What of a configuration changes more than the weights of linear layers.
fn beyond(config: &Value) -> Option<&'static str> {
    let is_on = |key: &str| config.get(key).and_then(Value::as_bool).unwrap_or(false);
    let is_filled = |key: &str| match config.get(key) {
        Some(Value::Array(values)) => !values.is_empty(),
        Some(Value::Object(values)) => !values.is_empty(),
        _ => false,
    };
    let is_lora = config.get("peft_type").and_then(Value::as_str).is_none_or(|kind| kind == "LORA");
    let bias = config.get("bias").and_then(Value::as_str).is_some_and(|bias| bias != "none");
    [
        (!is_lora, "another method than LoRA"),
        (is_on("use_dora"), "DoRA"),
        (is_on("fan_in_fan_out"), "transposed weights"),
        (bias, "biases of its own"),
        (is_filled("modules_to_save"), "whole layers of its own"),
        (is_filled("rank_pattern") || is_filled("alpha_pattern"), "several ranks or strengths"),
    ]
    .into_iter()
    .find_map(|(used, what)| used.then_some(what))
}

/// The modules of the model that the adapter in `file` changes.
fn modules(file: &Path, rank: usize, base: &BTreeMap<String, Vec<usize>>) -> Result<Vec<String>> {
    let tensors = folder::shapes_of(file).map_err(|error| error.context("generation.lora"))?;
    let mut halves: BTreeMap<&str, [Option<&[usize]>; 2]> = BTreeMap::new();
    for (name, shape) in &tensors {
        let own = name.strip_prefix(WRAPPED).unwrap_or(name);
        let (module, half) = match (own.strip_suffix(".lora_A.weight"), own.strip_suffix(".lora_B.weight")) {
            (Some(module), _) => (module, 0),
            (_, Some(module)) => (module, 1),
            _ => return Err(refused(file, &format!("mistral.rs has no place for its tensor {name}"))),
        };
        halves.entry(module).or_default()[half] = Some(shape);
    }
    for (module, [a, b]) in &halves {
        let Some([out, into]) = base.get(&format!("{module}.weight")).map(Vec::as_slice) else {
            return Err(refused(file, &format!("it was made for another model: this one has no {module}")));
        };
        if *a != Some(&[rank, *into]) || *b != Some(&[*out, rank]) {
            let reason = format!(
                "it was made for another model: {module} has {out} x {into} weights here, the adapter's halves are \
                 {a:?} and {b:?} with rank {rank}"
            );
            return Err(refused(file, &reason));
        }
    }
    match halves.is_empty() {
        true => Err(refused(file, "it has no tensors")),
        false => Ok(halves.into_keys().map(str::to_owned).collect()),
    }
}

pub(super) fn refused(place: &Path, reason: &str) -> Error {
    Error::new(Code::ModelUnsupported, format!("generation.lora: {}: {reason}", place.display()))
        .hint("use an adapter that was trained on this very model, or take it out of generation.lora")
}
