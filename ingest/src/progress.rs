//! What happens during a run, as it happens.

use footnote_core::catalog::DocumentStatus;

use crate::report::Outcome;

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The search for files is over.
    Discovered {
        /// Files that will be looked at.
        documents: usize,
    },
    /// A document has come so far.
    Stage {
        /// Which.
        uri: &'a str,
        /// How far.
        status: DocumentStatus,
    },
    /// It is settled what becomes of a document; those added and changed are in the indexes.
    Document {
        /// Which.
        uri: &'a str,
        /// How it went.
        outcome: Outcome,
    },
    /// More chunks were cut or embedded.
    Chunks {
        /// Embedded so far.
        embedded: usize,
        /// To be embedded, as far as is known by now.
        known: usize,
    },
}

/// Watches a run. Called from the run's task: it must not block.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event<'_>);
}

/// Watches nothing.
impl Progress for () {
    fn event(&self, _: Event<'_>) {}
}
