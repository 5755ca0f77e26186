//! The arithmetic: pure functions, each with its formula and source, and the names of the metrics.

pub mod abstain;
pub mod answer;
pub mod coverage;
mod name;
pub mod ranking;
pub mod spread;

pub use name::{Metric, Unit};
