//! The HTTP API, the command line, and the one file that names every adapter.
//!
//! * [`checksum`]: SHA-256 of files.
//! * [`data`]: the data folder: its layout, its lock, its format.
//! * [`wire`]: settings in, a running footnote out: every adapter is named there and nowhere else.
//! * [`api`]: the axum router over core's seams.
//! * [`sessions`]: conversations, kept.
//! * [`uploads`]: uploaded files on disk.
//! * [`worker`]: the queue's runner, and the followed folders.
//! * [`models`]: fetching and checking model files.
//! * [`cli`]: the commands, and all that is printed.

pub mod api;
pub mod checksum;
pub mod cli;
pub mod data;
pub mod models;
pub mod sessions;
pub mod uploads;
pub mod wire;
pub mod worker;
