//! Folders of links in the hub's cache, where mistral.rs looks for adapters.

use std::path::{Path, PathBuf};

use footnote_core::{Code, Error, Result};
use fs_err as fs;
use mistralrs::core::hf_hub_cache_dir;
use uuid::Uuid;

/// A folder under a name that nobody else has. Removed when this is dropped: what is loaded stays. An engine that is killed
/// while it loads leaves it behind; it holds no weights.
pub(super) struct Links {
    name: String,
    folder: PathBuf,
}

impl Links {
    /// A name for a folder that begins with `prefix`, in mistral.rs's cache. It is not made yet.
    ///
    /// # Errors
    /// [`Code::Io`] where there is no such cache.
    pub(super) fn new(prefix: &str) -> Result<Self> {
        let cache = hf_hub_cache_dir();
        let cache =
            cache.ok_or_else(|| Error::new(Code::Io, "mistral.rs needs a folder for its cache").hint("set HF_HOME"))?;
        let name = format!("footnote--{}", Uuid::new_v4().simple());
        Ok(Self { folder: cache.join(format!("{prefix}{name}")), name })
    }

    /// The folder's name without its prefix.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "links to an adapter were left in the hub's cache");
            }
            _ => {}
        }
    }
}

#[cfg(unix)]
pub(super) fn linked(file: &Path, link: &Path) -> std::io::Result<()> {
    fs::os::unix::fs::symlink(file, link)
}

#[cfg(not(unix))]
pub(super) fn linked(file: &Path, link: &Path) -> std::io::Result<()> {
    fs::hard_link(file, link).or_else(|_| fs::copy(file, link).map(drop))
}
