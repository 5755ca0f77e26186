//! A folder's lock: one process, and in it one opening, at a time.

use std::path::Path;

use footnote_core::{Code, Error, Result};
use fs_err::{File, OpenOptions};

/// The lock's file inside the folder.
const FILE: &str = ".lock";

/// Holds a folder until it is dropped; the system lets go when the process ends in any way.
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Creates the folder where it is missing, and takes it.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        fs_err::create_dir_all(dir).map_err(|error| Error::io(dir, error))?;
        let path = dir.join(FILE);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Error::io(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(Error::new(Code::DataFolderInUse, format!("{}: in use by another process", dir.display()))
                    .hint("stop the other footnote (is `footnote serve` running?), or give this one its own --data"))
            }
            Err(std::fs::TryLockError::Error(error)) => Err(Error::io(&path, error)),
        }
    }
}
