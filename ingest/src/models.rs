//! Where tests find the models.

use std::path::PathBuf;

/// The tokenizer of the default embedding model.
pub(crate) fn tokenizer_path() -> PathBuf {
    let cache = || {
        let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
        std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("footnote/models")
    };
    let folder = std::env::var_os("FOOTNOTE_MODELS").map_or_else(cache, PathBuf::from);
    let path = folder.join("all-minilm-l6-v2/tokenizer.json");
    assert!(path.exists(), "{} is missing: run `make models`", path.display());
    path
}
