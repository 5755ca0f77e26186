//! The catalog: what was ingested, from what, and how it went. In a file of the data folder, or in PostgreSQL, where
//! query servers on other machines read it.

mod postgres;
mod sqlite;
mod stored;

pub use postgres::{Postgres, PostgresCatalog, PostgresOptions};
pub use sqlite::SqliteCatalog;

#[cfg(test)]
mod tests;
