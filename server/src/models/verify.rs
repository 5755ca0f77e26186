//! Checking model files by size and SHA-256.

use std::path::Path;

use footnote_config::{Model, ModelFile};
use footnote_core::{Code, Error, Result};

use crate::checksum;

/// How a file compares with the catalog's record of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Size and checksum are those of the catalog.
    Matches,
    /// The catalog pins neither: the file is there, no more is known.
    Unpinned,
}

/// Checks every file of `model`, each with its result.
pub fn verify(models: &Path, model: &Model) -> Vec<(String, Result<Checked>)> {
    let check =
        |file: &ModelFile| (file.name.clone(), verify_file(&models.join(&model.id).join(&file.name), model, file));
    model.files.iter().map(check).collect()
}

/// Checks one file: against the bundle's pin, or that of the hub's file where they differ.
fn verify_file(path: &Path, model: &Model, file: &ModelFile) -> Result<Checked> {
    let size = fs_err::metadata(path).map_err(|error| Error::io(path, error))?.len();
    // What was made of the hub's file is another file.
    let hub = file.hugging_face.as_ref().filter(|_| file.requantized.is_none());
    let pins: Vec<(Option<u64>, &str)> = [
        (file.size, file.sha256.as_deref()),
        (hub.and_then(|hub| hub.size), hub.and_then(|hub| hub.sha256.as_deref())),
    ]
    .into_iter()
    .filter_map(|(size, sha256)| sha256.map(|sha256| (size, sha256)))
    .collect();
    if pins.is_empty() {
        return Ok(Checked::Unpinned);
    }
    if pins.iter().all(|(pinned, _)| pinned.is_some_and(|pinned| pinned != size)) {
        let wanted = pins[0].0.unwrap_or_default();
        return Err(damaged(model, path, &format!("{size} bytes, not {wanted}: cut short or another file")));
    }
    let found = checksum::of_file(path)?;
    if pins.iter().any(|(_, pinned)| *pinned == found) {
        return Ok(Checked::Matches);
    }
    Err(damaged(model, path, &format!("sha256 is {found}, not {}", pins[0].1)))
}

fn damaged(model: &Model, path: &Path, reason: &str) -> Error {
    Error::new(Code::ModelDamaged, format!("{}: {reason}", path.display()))
        .hint(format!("delete the file, then fetch it again with `footnote models pull {}` or `make models`", model.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_config::ModelCatalog;

    fn model() -> Model {
        let mut model = ModelCatalog::builtin().unwrap().get("smollm2-135m-instruct").unwrap().clone();
        let file = ModelFile {
            name: "weights.gguf".into(),
            size: Some(5),
            // `printf hello | sha256sum`
            sha256: Some("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".into()),
            requantized: None,
            hugging_face: None,
        };
        model.files = vec![file];
        model
    }

    fn verdict(content: &str) -> Result<Checked> {
        let models = tempfile::tempdir().unwrap();
        let model = model();
        fs_err::create_dir_all(models.path().join(&model.id)).unwrap();
        fs_err::write(models.path().join(&model.id).join("weights.gguf"), content).unwrap();
        verify(models.path(), &model).remove(0).1
    }

    #[test]
    fn a_file_cut_short_or_altered_is_named_with_the_way_out() {
        assert_eq!(verdict("hello").unwrap(), Checked::Matches);
        for (content, said) in [("hell", "4 bytes, not 5"), ("hallo", "sha256 is")] {
            let error = verdict(content).unwrap_err();
            assert_eq!(error.code(), Code::ModelDamaged);
            assert!(error.message().contains("weights.gguf") && error.message().contains(said), "{error}");
            assert!(error.hint_text().unwrap().contains("models pull"));
        }
    }
}
