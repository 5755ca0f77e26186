//! Stories over the real binary.

#![expect(clippy::unwrap_used, reason = "a story that breaks off says where")]

mod ask;
mod attacks;
mod bad_input;
mod bad_models;
mod browser;
mod cluster;
mod commands;
mod crash;
mod engine_process;
mod engines_elsewhere;
mod evaluation;
mod hostile;
mod http;
mod ingest;
mod postgres;
mod qdrant;
mod qdrant_tls;
mod query_servers;
mod questions;
mod renewal;
mod repair;
mod worker;
