//! Passages read again, each with the question: what two separate rankings cannot see.
//!
//! * [`sentences`]: no further model. A passage is as good as its best sentence.
//! * [`cross_encoder`]: a model that reads question and passage as one text.

pub mod cross_encoder;
pub mod sentences;

pub use cross_encoder::{CrossEncoder, CrossEncoderOptions};
pub use sentences::SentenceReranker;
