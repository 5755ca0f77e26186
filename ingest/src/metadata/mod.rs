//! What is known of a document beside its text: what it says of itself, what the settings and its uploader add.
//!
//! ```text
//! extract (front_matter, document information) → said → bounds → rules (glob), notes → core::Metadata
//! ```

mod bounds;
mod glob;
pub mod notes;
mod rules;
mod said;

pub(crate) use bounds::bounded;
pub use bounds::{MAX_NAME_BYTES, MAX_VALUE_BYTES};
pub use rules::{Rule, Rules};
pub(crate) use said::Said;

/// A label that nobody is granted: what says that not everybody may see it, but not in words that can be used, is
/// shown to no one but the owner of the data folder.
pub const UNREADABLE: &str = "(unreadable)";
