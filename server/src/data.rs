//! The data folder: its layout, its lock, its format.
//!
//! ```text
//! DATA/format                          the version of this layout
//! DATA/lock                            held by the one process that uses the folder; says which
//! DATA/catalog.sqlite                  what was ingested, unless that is in PostgreSQL
//! DATA/jobs.sqlite                     the queue
//! DATA/sessions.sqlite                 conversations, likewise
//! DATA/uploads/NAME/                   uploaded files
//! DATA/collections/NAME/vectors/       qdrant-edge
//! DATA/collections/NAME/keyword/       tantivy
//! DATA/collections/NAME/generation-N/  the same, made anew for the Nth time; with a catalog while it is being made
//! ```

use std::fs::TryLockError;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use footnote_core::{Code, Error, Result};
use fs_err::{File, OpenOptions};

/// The layout that this version reads and writes.
const FORMAT: &str = "1";

/// An open data folder. While it lives, no other process can open the same one.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    lock: File,
}

impl DataFolder {
    /// Opens the folder, making it where it does not exist. `holder` is what the lock says about
    /// this process, for whoever finds it held: `footnote ingest`.
    ///
    /// # Errors
    /// [`Code::DataFolderInUse`], [`Code::DataFolderFormat`], and I/O errors with the path.
    pub fn create(root: &Path, holder: &str) -> Result<Self> {
        fs_err::create_dir_all(root).map_err(|error| Error::io(root, error).context("data folder"))?;
        Self::lock(root, holder)
    }

    /// Opens the folder as it is.
    ///
    /// # Errors
    /// [`Code::PathMissing`] where nothing was ingested yet; otherwise as [`Self::create`].
    pub fn open(root: &Path, holder: &str) -> Result<Self> {
        if !root.join("format").is_file() {
            return Err(Error::new(Code::PathMissing, format!("{}: nothing was ingested here yet", root.display()))
                .hint("ingest a folder first: footnote ingest PATH; or name another data folder with --data"));
        }
        Self::lock(root, holder)
    }

    fn lock(root: &Path, holder: &str) -> Result<Self> {
        let path = root.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| Error::io(&path, error).context("data folder"))?;
        match lock.file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(root, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(Error::io(&path, error).context("data folder")),
        }
        let folder = Self { root: root.to_path_buf(), lock };
        folder.check_format()?;
        folder.say(holder)?;
        Ok(folder)
    }

    fn check_format(&self) -> Result<()> {
        let path = self.root.join("format");
        match fs_err::read_to_string(&path) {
            Ok(found) if found.trim() == FORMAT => Ok(()),
            Ok(found) => Err(Error::new(
                Code::DataFolderFormat,
                format!("{}: format {} is not the {FORMAT} that this version reads", path.display(), found.trim()),
            )
            .hint("use the footnote that wrote it, or ingest into a new folder with --data")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs_err::write(&path, FORMAT).map_err(|error| Error::io(&path, error))
            }
            Err(error) => Err(Error::io(&path, error)),
        }
    }

    /// Rewrites what the lock says about this process.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn say(&self, holder: &str) -> Result<()> {
        let mut file = &self.lock;
        let text = format!("process {} ({holder})", std::process::id());
        let written =
            file.rewind().and_then(|()| file.file().set_len(0)).and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(|error| Error::io(&self.root.join("lock"), error))
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The catalog's file.
    #[must_use]
    pub fn catalog(&self) -> PathBuf {
        self.root.join("catalog.sqlite")
    }

    /// The conversations' file.
    #[must_use]
    pub fn sessions(&self) -> PathBuf {
        self.root.join("sessions.sqlite")
    }

    /// The queue's file.
    #[must_use]
    pub fn jobs(&self) -> PathBuf {
        self.root.join("jobs.sqlite")
    }

    /// The folder of uploaded files.
    #[must_use]
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// The folder of a collection's index; each time it is made anew, it is a new one.
    #[must_use]
    pub fn index(&self, collection: &str, generation: u32) -> PathBuf {
        let collection = self.root.join("collections").join(collection);
        if generation == 0 { collection } else { collection.join(format!("generation-{generation}")) }
    }
}

fn in_use(root: &Path, lock: &mut File) -> Error {
    let mut holder = String::new();
    // Best effort: the message is for a person, the lock itself has already said no.
    let _ = lock.read_to_string(&mut holder);
    let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
    Error::new(Code::DataFolderInUse, format!("{}: {holder} is using this data folder", root.display()))
        .hint("ask through that process's address, stop it, or use another folder with --data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opening_is_refused_and_told_by_whom() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataFolder::create(dir.path(), "footnote serve on http://127.0.0.1:8080").unwrap();
        let error = DataFolder::open(dir.path(), "footnote ask").unwrap_err();
        assert_eq!(error.code(), Code::DataFolderInUse);
        assert!(error.message().contains("footnote serve on http://127.0.0.1:8080"), "{error}");
        drop(first);
        assert!(DataFolder::open(dir.path(), "footnote ask").is_ok());
    }

    #[test]
    fn a_folder_of_another_format_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("format"), "99").unwrap();
        assert_eq!(DataFolder::open(dir.path(), "test").unwrap_err().code(), Code::DataFolderFormat);
        assert_eq!(fs_err::read_to_string(dir.path().join("format")).unwrap(), "99");
    }

    #[test]
    fn a_folder_without_data_is_said_to_be_empty() {
        let dir = tempfile::tempdir().unwrap();
        let error = DataFolder::open(dir.path(), "test").unwrap_err();
        assert!(error.hint_text().unwrap().contains("footnote ingest"));
    }
}
