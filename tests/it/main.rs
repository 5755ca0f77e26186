//! Stories over the real binary.

mod ask;
mod bad_input;
mod bad_models;
mod browser;
mod commands;
mod crash;
mod evaluation;
mod http;
mod ingest;
