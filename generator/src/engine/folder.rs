//! A look at a model folder with safetensors, as Hugging Face has them, before mistral.rs reads it.
//!
//! mistral.rs panics over some broken folders and looks at the hub for what is missing in others; this check names the
//! file and the way out.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use footnote_core::{Code, Error, Result};
use fs_err as fs;
use serde_json::Value;

use super::{ModelHeader, unsupported};

/// The longest header that the format allows (<https://huggingface.co/docs/safetensors>).
const LONGEST_HEADER: u64 = 100_000_000;

/// Reads `config.json` and checks that tokenizer, chat template and whole weights are there.
///
/// # Errors
/// [`Code::ModelMissing`], [`Code::ModelDamaged`] and [`Code::ModelUnsupported`], naming the file.
pub(crate) fn inspect(folder: &Path) -> Result<ModelHeader> {
    let config = json(folder, "config.json")?;
    json(folder, "tokenizer.json")?;
    if !has_template(folder)? {
        return Err(unsupported(folder, "it has no chat template, so it was not made to answer questions")
            .hint("choose an instruct model; its template is in tokenizer_config.json or chat_template.jinja"));
    }
    shapes(folder)?;
    let text = config.get("text_config").unwrap_or(&config);
    let context_length = text.get("max_position_embeddings").and_then(Value::as_u64);
    let architecture = config.pointer("/architectures/0").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(ModelHeader { architecture, context_length })
}

pub(super) fn json(folder: &Path, name: &str) -> Result<Value> {
    let path = folder.join(name);
    let text = fs::read(&path).map_err(|error| missing(&path).caused_by(error))?;
    serde_json::from_slice(&text).map_err(|error| damaged(&path, "it is no JSON").caused_by(error))
}

fn has_template(folder: &Path) -> Result<bool> {
    if folder.join("chat_template.jinja").exists() || folder.join("chat_template.json").exists() {
        return Ok(true);
    }
    let config = json(folder, "tokenizer_config.json")?;
    Ok(config.get("chat_template").is_some_and(|template| !template.is_null()))
}

/// The files with the weights: those of the index where there is one.
fn weights(folder: &Path) -> Result<Vec<String>> {
    let names: Vec<String> = if folder.join("model.safetensors.index.json").exists() {
        let index = json(folder, "model.safetensors.index.json")?;
        let map = index.get("weight_map").and_then(Value::as_object);
        let mut names: Vec<String> =
            map.into_iter().flat_map(|map| map.values()).filter_map(Value::as_str).map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    } else {
        let listed = fs::read_dir(folder).map_err(|error| missing(folder).caused_by(error))?;
        let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".safetensors")).collect()
    };
    if names.is_empty() { Err(missing(&folder.join("model.safetensors"))) } else { Ok(names) }
}

/// The shapes of a model's tensors, by name. Each file is checked to be as long as its header says.
///
/// # Errors
/// [`Code::ModelMissing`] and [`Code::ModelDamaged`], naming the file.
pub(super) fn shapes(folder: &Path) -> Result<BTreeMap<String, Vec<usize>>> {
    let mut shapes = BTreeMap::new();
    for name in weights(folder)? {
        shapes.append(&mut shapes_of(&folder.join(name))?);
    }
    Ok(shapes)
}

/// The shapes of a file's tensors, by name; likewise.
///
/// # Errors
/// As [`shapes`].
pub(super) fn shapes_of(path: &Path) -> Result<BTreeMap<String, Vec<usize>>> {
    let mut file = fs::File::open(path).map_err(|error| missing(path).caused_by(error))?;
    let cut = |error: io::Error| damaged(path, "it is cut short").caused_by(error);
    let size = file.metadata().map_err(cut)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(cut)?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER || length + 8 > size {
        return Err(damaged(path, "it is no safetensors file, or cut short"));
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(cut)?;
    let header: Value =
        serde_json::from_slice(&header).map_err(|error| damaged(path, "its header is no JSON").caused_by(error))?;
    let tensors = header.as_object().into_iter().flat_map(|header| header.values());
    let end = tensors.filter_map(|tensor| tensor.pointer("/data_offsets/1")?.as_u64()).max().unwrap_or(0);
    if end > size - length - 8 {
        let (end, size) = (end.saturating_add(length + 8), size);
        return Err(damaged(path, &format!("it is cut short: its tensors end at byte {end}, the file has {size}")));
    }
    let tensors = header.as_object().into_iter().flatten().filter(|(name, _)| *name != "__metadata__");
    let shape = |tensor: &Value| -> Vec<usize> {
        let sizes = tensor.get("shape").and_then(Value::as_array).into_iter().flatten();
        sizes.filter_map(|size| usize::try_from(size.as_u64()?).ok()).collect()
    };
    Ok(tensors.map(|(name, tensor)| (name.clone(), shape(tensor))).collect())
}

fn missing(path: &Path) -> Error {
    Error::new(Code::ModelMissing, format!("{}: there is no such file", path.display())).hint(
        "a model folder needs config.json, tokenizer.json, tokenizer_config.json and *.safetensors; \
         generation.model may also be a GGUF file",
    )
}

fn damaged(path: &Path, reason: &str) -> Error {
    Error::new(Code::ModelDamaged, format!("{}: {reason}", path.display())).hint("fetch the file again")
}
