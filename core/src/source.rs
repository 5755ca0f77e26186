//! What is to be ingested, before anything was read.

use std::path::PathBuf;

/// Where a document's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file on this machine. Its uri is `file://` and the absolute path.
    File(PathBuf),
    /// A text that is already at hand: a row of a data set, for example.
    Text {
        /// A stable name of its own, such as `scifact:4983`: the document's identity.
        uri: String,
        /// Title; may be empty.
        title: String,
        /// The text, UTF-8.
        text: String,
    },
}

impl Source {
    /// The source's uri: the identity of the document within its collection.
    #[must_use]
    pub fn uri(&self) -> String {
        match self {
            Self::File(path) => format!("file://{}", path.display()),
            Self::Text { uri, .. } => uri.clone(),
        }
    }
}

/// The path behind a `file://` uri, or `None` for any other.
#[must_use]
pub fn file_of_uri(uri: &str) -> Option<PathBuf> {
    uri.strip_prefix("file://").map(PathBuf::from)
}
