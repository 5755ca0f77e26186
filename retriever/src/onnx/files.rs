//! A model's files: read, and blamed by name when they are missing or damaged.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;

use fastembed::TokenizerFiles;
use footnote_core::seam::EmbeddingModel;
use footnote_core::{Code, Error, Result};

/// The network.
const MODEL: &str = "model.onnx";
/// What the tokenizer is built from.
const TOKENIZER: [&str; 4] = ["tokenizer.json", "config.json", "special_tokens_map.json", "tokenizer_config.json"];

/// The network's bytes and the tokenizer's files.
pub(crate) fn read(folder: &Path, model: &str) -> Result<(Vec<u8>, TokenizerFiles)> {
    let [tokenizer_file, config_file, special_tokens_map_file, tokenizer_config_file] =
        TOKENIZER.map(|name| read_one(folder, name, model));
    let files = TokenizerFiles {
        tokenizer_file: tokenizer_file?,
        config_file: config_file?,
        special_tokens_map_file: special_tokens_map_file?,
        tokenizer_config_file: tokenizer_config_file?,
    };
    Ok((read_one(folder, MODEL, model)?, files))
}

fn read_one(folder: &Path, name: &str, model: &str) -> Result<Vec<u8>> {
    let path = folder.join(name);
    fs_err::read(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Error::new(Code::ModelMissing, format!("{}: this file of the model is not there", path.display())).hint(
                format!("fetch it with `footnote models pull {model}`, or with `make models` where the bundle has it"),
            )
        }
        _ => Error::io(&path, error),
    })
}

/// Says which file `error` is about: the tokenizer's files are named in its text, and else it is
/// the network.
pub(crate) fn damaged(folder: &Path, model: &str, error: &(impl Display + ?Sized)) -> Error {
    let text = error.to_string();
    // From the back: `config.json` is also the end of `tokenizer_config.json`.
    let name = TOKENIZER.into_iter().rev().find(|name| text.contains(name)).unwrap_or(MODEL);
    Error::new(Code::ModelDamaged, format!("{}: cannot be loaded: {text}", folder.join(name).display())).hint(format!(
        "fetch it again with `footnote models pull {model}`, or with `make models` where the bundle has it"
    ))
}

/// The model must give the vectors that its catalog entry promises: indexes are made for them.
pub(crate) fn check_dimension(folder: &Path, model: &EmbeddingModel, found: usize) -> Result<()> {
    if found == model.dimension {
        return Ok(());
    }
    let path = folder.join(MODEL);
    let message = format!("{}: gives vectors of {found}, not of {}", path.display(), model.dimension);
    Err(Error::new(Code::ModelDamaged, message).hint(format!(
        "this is not `{}` of the model catalog: fetch it with `footnote models pull {}`",
        model.id, model.id
    )))
}
