//! Model files: where they are, fetching them, checking them.

pub mod locate;
pub mod pull;
pub mod verify;

pub use locate::locate;
