use serde::{Deserialize, Serialize};

use crate::document::{Heading, LineBox, Page};
use crate::error::Result;
use crate::metadata::Metadata;

/// What an extractor gives: the parts of a document that the file itself holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Extracted {
    /// The title that the document gives itself.
    pub title: Option<String>,
    /// The canonical text: UTF-8, NFC, `\n` between lines.
    pub text: String,
    /// Pages, where the format has them.
    pub pages: Vec<Page>,
    /// Headings, in order.
    pub headings: Vec<Heading>,
    /// Boxes of lines, where the format has them.
    pub lines: Vec<LineBox>,
    /// What the file says of itself, as it says it: not yet checked against any limit.
    #[serde(default)]
    pub metadata: Metadata,
}

/// Reads one format.
pub trait Extractor: Send + Sync {
    /// The media types it reads.
    fn media_types(&self) -> &'static [&'static str];

    /// Turns a file's bytes into text and places. `name` is for messages only; `done` hears the number of each
    /// page (sheet, slide, chapter) that is read, so that a hang is told from a long file.
    ///
    /// # Errors
    /// [`Code::FileDamaged`](crate::Code::FileDamaged), [`Code::FileEncrypted`](crate::Code::FileEncrypted),
    /// [`Code::NotUtf8`](crate::Code::NotUtf8): the message names the file and the reason.
    fn extract(&self, name: &str, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted>;
}
