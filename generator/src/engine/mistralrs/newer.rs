//! Model folders as newer libraries write them, in the form that mistral.rs 0.8.1 reads.
//!
//! Since its version 5, Python's transformers writes the rotary embedding as `rope_parameters`, one object or one for each type
//! of layer, where there were `rope_theta`, `rope_local_base_freq` and `rope_scaling` before
//! (<https://github.com/huggingface/transformers/blob/main/MIGRATION_GUIDE_V5.md>). Every fine-tuned model that is saved today
//! comes so.

use std::path::{Path, PathBuf};

use footnote_core::{Code, Error, Result};
use fs_err as fs;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::links::linked;
use crate::engine::folder::json as read;

/// A folder that mistral.rs can read: the model's own, or links to its files beside another `config.json`.
pub(super) enum Readable {
    Own(PathBuf),
    Linked(TempDir),
}

impl Readable {
    /// Looks at the model's folder, and makes another where its configuration is of the newer form.
    ///
    /// # Errors
    /// [`Code::Io`] where no folder can be made.
    pub(super) fn of(model: &Path) -> Result<Self> {
        let mut config = read(model, "config.json")?;
        if !to_older(&mut config) {
            return Ok(Self::Own(model.to_owned()));
        }
        let failed = |error: std::io::Error| {
            Error::new(Code::Io, "no temporary folder can be made for the model's configuration")
                .hint("see to it that TMPDIR can be written to")
                .caused_by(error)
        };
        let folder = tempfile::Builder::new().prefix("footnote-model-").tempdir().map_err(failed)?;
        for file in fs::read_dir(model).map_err(failed)? {
            let file = file.map_err(failed)?;
            if file.file_name() != "config.json" {
                let target = fs::canonicalize(file.path()).map_err(failed)?;
                linked(&target, &folder.path().join(file.file_name())).map_err(failed)?;
            }
        }
        fs::write(folder.path().join("config.json"), config.to_string()).map_err(failed)?;
        Ok(Self::Linked(folder))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder,
            Self::Linked(folder) => folder.path(),
        }
    }
}

/// Writes what is in the newer form in the older one, too. Says whether there was any.
fn to_older(config: &mut Value) -> bool {
    let Some(config) = config.as_object_mut() else { return false };
    let nested = config.get_mut("text_config").is_some_and(to_older);
    nested | rope_to_older(config)
}

fn rope_to_older(config: &mut Map<String, Value>) -> bool {
    if config.contains_key("rope_theta") {
        return false;
    }
    let Some(Value::Object(parameters)) = config.get("rope_parameters").cloned() else { return false };
    let of_layers = |kind: &str| parameters.get(kind).and_then(Value::as_object);
    let (whole, window) = (of_layers("full_attention"), of_layers("sliding_attention"));
    let mut main = whole.cloned().unwrap_or(parameters.clone());
    let Some(theta) = main.remove("rope_theta") else { return false };
    config.insert("rope_theta".into(), theta);
    if let Some(theta) = window.and_then(|window| window.get("rope_theta")) {
        config.insert("rope_local_base_freq".into(), theta.clone());
    }
    let is_plain = main.get("rope_type").is_none_or(|kind| kind == "default");
    let scaling = if is_plain { json!(null) } else { Value::Object(main) };
    config.entry("rope_scaling").or_insert(scaling);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(mut config: Value) -> Value {
        to_older(&mut config);
        config
    }

    #[test]
    fn rope_parameters_become_what_they_were_called_before() {
        let plain = older(json!({ "rope_parameters": { "rope_theta": 5e5, "rope_type": "default" } }));
        assert_eq!((&plain["rope_theta"], &plain["rope_scaling"]), (&json!(5e5), &json!(null)));
        let scaled = json!({ "rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0 });
        let scaled = older(json!({ "text_config": { "rope_parameters": scaled } }));
        let expected = json!({ "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0 });
        assert_eq!(scaled["text_config"]["rope_scaling"], expected);
        let by_layer = json!({
            "full_attention": { "rope_theta": 1e6, "rope_type": "linear", "factor": 8.0 },
            "sliding_attention": { "rope_theta": 1e4, "rope_type": "default" },
        });
        let by_layer = older(json!({ "rope_parameters": by_layer }));
        assert_eq!((&by_layer["rope_theta"], &by_layer["rope_local_base_freq"]), (&json!(1e6), &json!(1e4)));
        assert_eq!(by_layer["rope_scaling"], json!({ "rope_type": "linear", "factor": 8.0 }));
    }

    #[test]
    fn the_older_form_stays_as_it_is() {
        for config in [json!({ "rope_theta": 1e4, "rope_parameters": { "rope_theta": 1e6 } }), json!({}), json!([])] {
            assert!(!to_older(&mut config.clone()), "{config}");
            assert_eq!(older(config.clone()), config);
        }
    }
}
