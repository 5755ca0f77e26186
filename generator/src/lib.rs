//! Generation and grounding, in the order in which a question passes:
//!
//! ```text
//! passages → evidence (sentences) → prompt → engine → draft → verify → write (cite) → answer
//! ```
//!
//! * [`condense`]: follow-up questions made to stand alone, before anything is retrieved.
//! * [`lexical`]: the words that two texts share. Units that can be quoted: `footnote_core::text::sentence`.
//! * `sought`, `evidence`: what a unit would bring to the question; the few units that carry the answer.
//! * `abstain`, `confidence`, `opposites`: how sure it is that the evidence answers, by what the question says and the text does not.
//! * `command`: what in a document addresses the model and is no evidence. `plain`: a document's words as plain words.
//! * [`prompt`]: numbered evidence, question last; short for small models.
//! * [`engine`]: mistral.rs and llama.cpp in this process, behind core's `Generator`.
//! * [`quantize`]: a smaller model file out of a larger one.
//! * [`draft`], [`cite`]: tokens to sentences, marks to evidence.
//! * `asked`, `claims`, `check`, `support`, [`verify`]: what the question asks for; figures, units, dates, names, denials
//!   and words of a sentence, held against its quotes.
//! * `write`: verified sentences and their footnotes.
//! * `stage`: the steps as types; [`answerer`]: all of it behind core's `Answerer`.

pub mod answerer;
pub mod cite;
pub mod condense;
pub mod draft;
pub mod engine;
pub mod grammar;
pub mod lexical;
pub mod prompt;
pub mod quantize;
pub mod verify;

mod abstain;
mod asked;
mod check;
mod claims;
mod command;
mod confidence;
mod decline;
mod evidence;
mod kinds;
mod opposites;
mod plain;
mod sought;
mod stage;
mod support;
mod write;
mod writing;

#[cfg(test)]
mod testing;

pub use answerer::{AnswererParts, GroundedAnswerer, GroundingOptions, Unsupported};
pub use engine::{EngineChoice, EngineOptions, load};
pub use prompt::PromptStyle;
