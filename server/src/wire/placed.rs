//! Where the two legs of an index are, and in which format: `index.json` in the index's folder.
//!
//! Settings can change while collections stay where they are. Without this a collection would be looked for where it
//! is not, and found empty.

use std::path::Path;

use footnote_config::{KeywordKind, Settings, VectorKind};
use footnote_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};

/// The format of indexes that this version writes. One of another is made anew from the texts.
/// 2: what filters ask for is kept beside vectors and words.
const FORMAT: u32 = 2;
const FILE: &str = "index.json";

/// Which stores the legs are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds {
    /// The vector leg's.
    pub vectors: VectorKind,
    /// The keyword leg's.
    pub keyword: KeywordKind,
}

impl Kinds {
    /// Those that the settings name.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self { vectors: settings.vectors.store, keyword: settings.keyword.index }
    }

    /// The lines of `footnote.toml` that name them.
    #[must_use]
    pub fn lines(self) -> String {
        format!("[vectors]\nstore = \"{}\"\n[keyword]\nindex = \"{}\"", vectors(self.vectors), keyword(self.keyword))
    }
}

impl std::fmt::Display for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "vectors in {}, words in {}", vectors(self.vectors), keyword(self.keyword))
    }
}

/// An index's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Placed {
    pub(super) format: u32,
    #[serde(flatten)]
    pub(super) kinds: Kinds,
    /// Where `footnote migrate` was moving it to when it was stopped; nothing was written to the index since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moving_to: Option<Kinds>,
}

impl Placed {
    pub(super) fn new(kinds: Kinds) -> Self {
        Self { format: FORMAT, kinds, moving_to: None }
    }

    /// The same, on its way to `to`.
    pub(super) fn moving_to(self, to: Kinds) -> Self {
        Self { moving_to: Some(to), ..self }
    }

    /// What the index in `folder` says of itself. `None` where there is no index yet.
    ///
    /// # Errors
    /// [`Code::IndexMismatch`] for an index of another format.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return if has_files(folder) { Err(outdated_error(folder)) } else { Ok(None) };
        }
        let text = fs_err::read_to_string(&path).map_err(|error| Error::io(&path, error))?;
        match serde_json::from_str::<Self>(&text) {
            Ok(placed) if placed.format == FORMAT => Ok(Some(placed)),
            Ok(_) => Err(outdated_error(folder)),
            Err(error) => {
                Err(Error::new(Code::DataFolderFormat, format!("{}: cannot be read: {error}", path.display()))
                    .hint("restore the data folder from a backup, or move it away and run `footnote ingest` again"))
            }
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        fs_err::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
        let path = folder.join(FILE);
        let aside = folder.join(format!("{FILE}.new"));
        let text = serde_json::to_string(self).map_err(|error| Error::internal(error.to_string()))?;
        fs_err::write(&aside, text).map_err(|error| Error::io(&aside, error))?;
        fs_err::rename(&aside, &path).map_err(|error| Error::io(&path, error))
    }

    /// Checks that the index in `folder` is where `kinds` say; notes it where it is new.
    ///
    /// # Errors
    /// [`Code::IndexMismatch`].
    pub(super) fn settle(folder: &Path, kinds: Kinds) -> Result<()> {
        match Self::read(folder)? {
            None => Self::new(kinds).write(folder),
            Some(placed) if placed.kinds == kinds => Ok(()),
            Some(placed) => {
                let message = format!("{}: has {}; the settings say {kinds}", folder.display(), placed.kinds);
                let to = vectors(kinds.vectors);
                Err(Error::new(Code::IndexMismatch, message)
                    .hint(format!("`footnote migrate --to {to}` moves it without embedding again; or set [vectors] store and [keyword] index back")))
            }
        }
    }

    /// Forgets a migration that was begun: what it has moved so far is no longer all there is.
    pub(super) fn forget_moving(folder: &Path) -> Result<()> {
        match Self::read(folder)? {
            Some(placed) if placed.moving_to.is_some() => Self { moving_to: None, ..placed }.write(folder),
            _ => Ok(()),
        }
    }
}

/// Whether the index in `folder` is of another format than this version's, and so needs to be made anew.
pub(super) fn is_outdated(folder: &Path) -> Result<bool> {
    match Placed::read(folder) {
        Ok(_) => Ok(false),
        Err(error) if error.code() == Code::IndexMismatch => Ok(true),
        Err(error) => Err(error),
    }
}

fn has_files(folder: &Path) -> bool {
    folder.join("vectors").exists() || folder.join("keyword").exists()
}

fn outdated_error(folder: &Path) -> Error {
    let message = format!("{}: the index was made by another version of footnote", folder.display());
    Error::new(Code::IndexMismatch, message).hint("`footnote ingest` makes it anew from the texts in the catalog")
}

fn vectors(kind: VectorKind) -> &'static str {
    match kind {
        VectorKind::Edge => "edge",
        VectorKind::Qdrant => "qdrant",
    }
}

fn keyword(kind: KeywordKind) -> &'static str {
    match kind {
        KeywordKind::Tantivy => "tantivy",
        KeywordKind::Qdrant => "qdrant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMBEDDED: Kinds = Kinds { vectors: VectorKind::Edge, keyword: KeywordKind::Tantivy };
    const SERVER: Kinds = Kinds { vectors: VectorKind::Qdrant, keyword: KeywordKind::Qdrant };

    #[test]
    fn an_index_is_not_looked_for_where_it_is_not() {
        let dir = tempfile::tempdir().unwrap();
        Placed::settle(dir.path(), EMBEDDED).unwrap();
        Placed::settle(dir.path(), EMBEDDED).unwrap();
        let error = Placed::settle(dir.path(), SERVER).unwrap_err();
        assert_eq!(error.code(), Code::IndexMismatch);
        assert!(error.hint_text().unwrap().contains("footnote migrate --to qdrant"));
    }

    #[test]
    fn an_index_of_an_earlier_version_is_outdated() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_outdated(dir.path()).unwrap());
        fs_err::create_dir(dir.path().join("vectors")).unwrap();
        assert!(is_outdated(dir.path()).unwrap());
        let error = Placed::settle(dir.path(), EMBEDDED).unwrap_err();
        assert!(error.hint_text().unwrap().contains("footnote ingest"));
        fs_err::write(dir.path().join(FILE), r#"{"format":1,"vectors":"edge","keyword":"tantivy"}"#).unwrap();
        assert!(is_outdated(dir.path()).unwrap());
        fs_err::write(dir.path().join(FILE), "{").unwrap();
        assert_eq!(is_outdated(dir.path()).unwrap_err().code(), Code::DataFolderFormat);
    }

    #[test]
    fn a_migration_that_was_begun_is_forgotten_when_something_is_written() {
        let dir = tempfile::tempdir().unwrap();
        Placed::new(EMBEDDED).moving_to(SERVER).write(dir.path()).unwrap();
        assert_eq!(Placed::read(dir.path()).unwrap().unwrap().moving_to, Some(SERVER));
        Placed::forget_moving(dir.path()).unwrap();
        assert_eq!(Placed::read(dir.path()).unwrap(), Some(Placed::new(EMBEDDED)));
    }
}
