//! Uploaded files: `DATA/uploads/COLLECTION/NAME`. The same name again is the next version of the document.

use std::path::{Path, PathBuf};

use footnote_core::{Code, DocumentId, Error, Result, Source};
use footnote_ingest::metadata::notes;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Where files are while they come in. No collection can have this name.
const INCOMING: &str = ".incoming";

/// The longest file name, in bytes: what common file systems take.
const MAX_NAME_BYTES: usize = 255;

/// Names that Windows keeps for devices, whatever the extension: the data folder may be moved there.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The folder of uploads.
#[derive(Debug, Clone)]
pub struct Uploads {
    root: PathBuf,
    max_bytes: u64,
}

/// A file that is coming in. Dropped before it is placed, it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    name: String,
    path: PathBuf,
    file: File,
    bytes: u64,
    max_bytes: u64,
}

/// What a client says of the files that it uploads. What it leaves out stays as it was said of earlier files of the
/// same names; an empty list takes that back.
#[derive(Debug, Clone, Default)]
pub struct SaidOfFiles {
    /// Access labels.
    pub labels: Option<Vec<String>>,
    /// Tags.
    pub tags: Option<Vec<String>>,
}

/// An uploaded file in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its document's id.
    pub id: DocumentId,
    /// Its document's uri.
    pub uri: String,
    /// The name that it was given.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

impl Uploads {
    /// Opens the folder at `root`, making it where it is missing, and drops what never came in whole. Files over
    /// `max_bytes` are refused.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(root: &Path, max_bytes: u64) -> Result<Self> {
        let io = |error| Error::io(root, error);
        fs_err::create_dir_all(root).map_err(io)?;
        // Ingestion names documents by their path without links.
        let root = fs_err::canonicalize(root).map_err(io)?;
        let incoming = root.join(INCOMING);
        match fs_err::remove_dir_all(&incoming) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&incoming, error)),
            _ => {}
        }
        fs_err::create_dir_all(&incoming).map_err(|error| Error::io(&incoming, error))?;
        Ok(Self { root, max_bytes })
    }

    /// Begins to receive a file that a client calls `name`.
    ///
    /// # Errors
    /// [`Code::BadRequest`] for a name with nothing in it that can be used; when it cannot be written.
    pub async fn receive(&self, name: &str) -> Result<Incoming> {
        let name = safe_name(name).ok_or_else(|| {
            Error::new(Code::BadRequest, format!("`{name}` cannot name a file"))
                .hint("send each part `file` with a filename, such as report.pdf")
        })?;
        let path = self.root.join(INCOMING).join(unique());
        let file = File::create_new(&path).await.map_err(|error| Error::io(&path, error))?;
        Ok(Incoming { name, path, file, bytes: 0, max_bytes: self.max_bytes })
    }

    /// Puts files that came in whole into their places in `collection`, over earlier ones of the same names, and notes
    /// what is said of them.
    ///
    /// # Errors
    /// [`Code::CollectionName`]; [`Code::BadRequest`] for two files of one name; when they cannot be written.
    pub async fn place(&self, collection: &str, files: Vec<Incoming>, said: &SaidOfFiles) -> Result<Vec<Placed>> {
        footnote_core::collection::check_name(collection)?;
        if let Some(twice) =
            files.iter().enumerate().find(|(at, file)| files[..*at].iter().any(|before| before.name == file.name))
        {
            return Err(Error::new(Code::BadRequest, format!("`{}` was sent twice", twice.1.name))
                .hint("a name stands for one document: rename one of them"));
        }
        // Before the files are there: none of them may be read without its labels.
        let names = files.iter().map(|file| file.name.clone()).collect();
        self.note(collection, names, said).await?;
        let folder = self.root.join(collection);
        tokio::fs::create_dir_all(&folder).await.map_err(|error| Error::io(&folder, error))?;
        let mut placed = Vec::with_capacity(files.len());
        for mut file in files {
            let path = folder.join(&file.name);
            file.finish().await?;
            tokio::fs::rename(&file.path, &path).await.map_err(|error| Error::io(&path, error))?;
            let uri = Source::File(path.clone()).uri();
            placed.push(Placed { id: DocumentId::of(collection, &uri), uri, name: file.name.clone(), path });
        }
        // So that a power cut after the answer does not take the names back.
        let opened = File::open(&folder).await.map_err(|error| Error::io(&folder, error))?;
        opened.sync_all().await.map_err(|error| Error::io(&folder, error))?;
        Ok(placed)
    }

    async fn note(&self, collection: &str, names: Vec<String>, said: &SaidOfFiles) -> Result<()> {
        if said.labels.is_none() && said.tags.is_none() {
            return Ok(());
        }
        let (root, collection, said) = (self.root.clone(), collection.to_owned(), said.clone());
        let write = move |name: &String| notes::write(&root, &collection, name, said.labels.clone(), said.tags.clone());
        let noted = tokio::task::spawn_blocking(move || names.iter().try_for_each(write)).await;
        noted.map_err(|error| Error::internal(error.to_string()))?
    }

    /// Whether the file at `path` is an upload.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.root) && path.components().all(|part| !matches!(part, std::path::Component::ParentDir))
    }

    /// Removes an uploaded file and what was said of it. One that is gone already is none.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, path: &Path) -> Result<()> {
        match tokio::fs::remove_file(path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(path, error)),
            _ => {}
        }
        let names = path.strip_prefix(&self.root).ok().map(|inside| inside.iter().map(|part| part.to_str()));
        let mut names = names.into_iter().flatten().flatten();
        match (names.next(), names.next(), names.next()) {
            (Some(collection), Some(name), None) => notes::remove(&self.root, collection, name),
            _ => Ok(()),
        }
    }
}

impl Incoming {
    /// Adds what came next.
    ///
    /// # Errors
    /// [`Code::BodyTooLarge`]; when it cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.max_bytes {
            let message = format!("{}: over the limit of {} bytes for an upload", self.name, self.max_bytes);
            return Err(Error::new(Code::BodyTooLarge, message)
                .hint("the limit is the setting server.max_upload_bytes; larger files can be ingested from a folder"));
        }
        self.file.write_all(bytes).await.map_err(|error| Error::io(&self.path, error))
    }

    async fn finish(&mut self) -> Result<()> {
        let io = |error| Error::io(&self.path, error);
        self.file.flush().await.map_err(io)?;
        self.file.sync_all().await.map_err(io)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Placed, it is not there any more.
        let _ = fs_err::remove_file(&self.path);
    }
}

/// A name that no other file that comes in has.
fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// The last part of a client's name for a file, without what no file's name should hold: control characters,
/// what some file systems keep for themselves, dots in front, which would hide it.
fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|c| !c.is_control())
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    let kept = kept.trim_start_matches(|c: char| c == '.' || c.is_whitespace());
    let kept = kept.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if kept.is_empty() {
        return None;
    }
    let stem = kept.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let stem = if stem.len() == 4 { stem.trim_end_matches(|c: char| c.is_ascii_digit()) } else { &stem };
    let kept = if DEVICES.contains(&stem) { format!("_{kept}") } else { kept.to_owned() };
    Some(shortened(kept))
}

/// At most so many bytes that a file system takes it, the extension kept.
fn shortened(name: String) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    let extension = name.rfind('.').map(|at| &name[at..]).filter(|extension| extension.len() <= 16).unwrap_or_default();
    let mut end = MAX_NAME_BYTES - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_no_path() {
        for (given, kept) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            (r"C:\Users\me\report.pdf", "report.pdf"),
            (".hidden.md", "hidden.md"),
            ("a\0b\n.md", "ab.md"),
            ("what? is: it*.md", "what_ is_ it_.md"),
            ("naïve 文書.txt", "naïve 文書.txt"),
            ("nul.txt", "_nul.txt"),
            ("COM1", "_COM1"),
            ("common.txt", "common.txt"),
            (" spaced .", "spaced"),
        ] {
            assert_eq!(safe_name(given).as_deref(), Some(kept), "{given:?}");
        }
        for nothing in ["", ".", "..", "a/", "/", "\0", "...", " "] {
            assert_eq!(safe_name(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension_and_its_characters() {
        let name = safe_name(&format!("{}.pdf", "文".repeat(200))).unwrap();
        assert!(name.len() <= 255 && name.ends_with("文.pdf"), "{name}");
        assert_eq!(safe_name(&"x".repeat(300)).unwrap().len(), 255);
    }

    #[tokio::test]
    async fn what_never_came_in_whole_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path(), 4).unwrap();
        let incoming = || fs_err::read_dir(folder.path().join(INCOMING)).unwrap().count();
        let mut file = uploads.receive("a.md").await.unwrap();
        file.write(b"1234").await.unwrap();
        assert_eq!(file.write(b"5").await.unwrap_err().code(), Code::BodyTooLarge);
        assert_eq!(incoming(), 1);
        drop(file);
        assert_eq!(incoming(), 0);
        // As after kill -9.
        fs_err::write(folder.path().join(INCOMING).join("0"), "half").unwrap();
        Uploads::open(folder.path(), 4).unwrap();
        assert_eq!(incoming(), 0);
    }

    #[tokio::test]
    async fn the_same_name_again_replaces_the_file_and_keeps_the_document() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path(), 100).unwrap();
        let mut ids = Vec::new();
        for text in ["one", "two"] {
            let mut file = uploads.receive("a.md").await.unwrap();
            file.write(text.as_bytes()).await.unwrap();
            let placed = uploads.place("default", vec![file], &SaidOfFiles::default()).await.unwrap();
            assert_eq!(fs_err::read_to_string(&placed[0].path).unwrap(), text);
            assert!(uploads.holds(&placed[0].path));
            ids.push(placed[0].id);
        }
        assert_eq!(ids[0], ids[1]);
        assert!(!uploads.holds(Path::new("/etc/passwd")));
        assert!(!uploads.holds(&folder.path().join("x/../../etc/passwd")));
    }
}
