//! What filters can ask of a chunk, in the form that both indexes keep: words such as `tags=report`, and numbers.

use std::collections::BTreeMap;

use crate::catalog::DocumentRecord;
use crate::metadata::Metadata;
use crate::source::file_of_uri;

/// Folders above a file that can be asked for, from the root. A deeper one is found by its file's name or by a
/// folder further up.
pub const MAX_FOLDERS: usize = 32;

/// The fact of a document that everybody may see.
pub(crate) const UNLABELLED: &str = "label=";

/// The facts of a document: the same for each of its chunks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// `field=value`, `under=/a/folder`, `label=…` and `has=field`; sorted, each once.
    pub words: Vec<String>,
    /// Numbers by field, dates as Unix milliseconds. Of several values the list holds each.
    pub numbers: BTreeMap<String, Vec<f64>>,
}

impl Facts {
    /// What is known of the document of `record`.
    #[must_use]
    pub fn of(record: &DocumentRecord) -> Self {
        let mut facts = Self::default();
        facts.say("media_type", &record.media_type);
        if let Some(language) = &record.language {
            facts.say("language", language);
        }
        facts.place(&record.uri);
        if let Some(modified) = record.modified_ms {
            facts.count("modified", modified as f64);
            facts.words.push("has=modified".into());
        }
        facts.metadata(&record.metadata);
        facts.words.sort_unstable();
        facts.words.dedup();
        facts
    }

    fn say(&mut self, field: &str, value: &str) {
        self.words.push(format!("{field}={value}"));
        self.words.push(format!("has={field}"));
    }

    fn count(&mut self, field: &str, value: f64) {
        self.numbers.entry(field.to_owned()).or_default().push(value);
    }

    /// The uri, the file's name, and the folders above it.
    fn place(&mut self, uri: &str) {
        let path = file_of_uri(uri).map_or_else(|| uri.to_owned(), |path| path.display().to_string());
        self.say("path", &path);
        self.say("name", path.rsplit('/').next().unwrap_or(&path));
        let folders = path.match_indices('/').map(|(at, _)| &path[..at.max(1)]);
        self.words.extend(folders.take(MAX_FOLDERS).map(|folder| format!("under={folder}")));
    }

    fn metadata(&mut self, metadata: &Metadata) {
        for tag in &metadata.tags {
            self.say("tags", tag);
        }
        for label in &metadata.labels {
            self.words.push(format!("label={label}"));
        }
        if metadata.labels.is_empty() {
            self.words.push(UNLABELLED.to_owned());
        }
        for (name, value) in &metadata.fields {
            let field = format!("fields.{name}");
            for scalar in value.scalars() {
                if let Some(text) = scalar.text() {
                    self.say(&field, &text);
                }
                if let Some(number) = scalar.number() {
                    self.count(&field, number);
                }
            }
        }
    }

    /// Whether this fact is among them.
    #[must_use]
    pub fn holds(&self, word: &str) -> bool {
        self.words.binary_search_by(|known| known.as_str().cmp(word)).is_ok()
    }
}
