//! A LoRA adapter for a GGUF model: checked, then loaded.

use std::path::PathBuf;

use footnote_core::{Code, Error, Result};
use llama_cpp_2::model::{LlamaLoraAdapter, LlamaModel};
use serde::{Deserialize, Serialize};

use super::super::{ModelHeader, gguf};

/// An adapter file and how strongly it works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoraOptions {
    /// The adapter: in GGUF format for llama.cpp, a folder as PEFT writes it for mistral.rs.
    pub file: PathBuf,
    /// 1 as it was trained, 0 not at all.
    pub scale: f32,
}

/// Loads the adapter for a model whose header is `base`.
///
/// # Errors
/// [`Code::ModelMissing`], [`Code::ModelDamaged`], and [`Code::ModelUnsupported`] where it was made for another model.
pub(super) fn load(model: &mut LlamaModel, base: &ModelHeader, options: &LoraOptions) -> Result<LlamaLoraAdapter> {
    let place = options.file.display();
    let header = gguf::inspect(&options.file).map_err(|error| error.context("generation.lora"))?;
    let refused = |reason: String| {
        Error::new(Code::ModelUnsupported, format!("{place}: {reason}")).hint(
            "use an adapter that was trained on this very model and converted to GGUF (llama.cpp's \
             convert_lora_to_gguf.py), or take it out of generation.lora",
        )
    };
    if header.architecture != base.architecture {
        let (own, other) = (&header.architecture, &base.architecture);
        return Err(refused(format!("the adapter is for the architecture {own:?}, the model is {other:?}")));
    }
    model.lora_adapter_init(&options.file).map_err(|error| {
        refused("it is no LoRA adapter for this model: llama.cpp refuses its tensors".into()).caused_by(error)
    })
}
