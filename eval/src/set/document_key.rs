//! How a set names a document: by path, id or uri.

use footnote_core::DocumentId;
use footnote_core::passage::DocumentRef;

/// An entry of a question's `documents`. It names a document by its id, by its uri, by the absolute
/// path of its file, or by the end of that path: `runtimes/llama-cpp.md` is
/// `file:///home/me/handbook/runtimes/llama-cpp.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentKey {
    text: String,
    id: Option<DocumentId>,
}

impl DocumentKey {
    /// A key of `text`; `None` where nothing is left of it without white space and `./`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("./").unwrap_or(text);
        (!text.is_empty()).then(|| Self { id: text.parse().ok(), text: text.to_owned() })
    }

    /// As the set has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it names `document`. The end of a path counts from a `/` on: `a.md` is not `ba.md`.
    #[must_use]
    pub fn names(&self, document: &DocumentRef) -> bool {
        if self.id == Some(document.id) || self.text == document.uri {
            return true;
        }
        let path = document.uri.strip_prefix("file://").unwrap_or(&document.uri);
        match path.strip_suffix(self.text.as_str()) {
            Some("") => true,
            // An absolute path names one file, not every path that ends like it.
            Some(before) => before.ends_with('/') && !self.text.starts_with('/'),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(uri: &str) -> DocumentRef {
        DocumentRef {
            id: DocumentId::of("c", uri),
            title: String::new(),
            uri: uri.to_owned(),
            media_type: "text/plain".to_owned(),
        }
    }

    fn names(key: &str, uri: &str) -> bool {
        DocumentKey::new(key).unwrap().names(&document(uri))
    }

    #[test]
    fn a_document_is_named_by_the_end_of_its_path() {
        let uri = "file:///home/me/handbook/runtimes/llama-cpp.md";
        for key in
            ["llama-cpp.md", "runtimes/llama-cpp.md", "./runtimes/llama-cpp.md", "handbook/runtimes/llama-cpp.md"]
        {
            assert!(names(key, uri), "{key}");
        }
        for key in ["cpp.md", "times/llama-cpp.md", "/llama-cpp.md", "/runtimes/llama-cpp.md", "runtimes", "llama-cpp"]
        {
            assert!(!names(key, uri), "{key}");
        }
        assert!(!names("a.md", "file:///x/ba.md"));
    }

    #[test]
    fn a_document_is_named_by_its_uri_its_absolute_path_and_its_id() {
        let uri = "file:///home/me/a.md";
        assert!(names(uri, uri));
        assert!(names("/home/me/a.md", uri));
        assert!(names(&DocumentId::of("c", uri).to_string(), uri));
        assert!(!names(&DocumentId::of("other", uri).to_string(), uri));
        assert!(names("scifact:4983", "scifact:4983"));
        assert!(!names("4983", "scifact:14983"));
    }

    #[test]
    fn nothing_names_nothing() {
        assert_eq!(DocumentKey::new("  "), None);
        assert_eq!(DocumentKey::new("./"), None);
    }
}
