//! A schema of its own for each test, where `FOOTNOTE_POSTGRES_URL` names a database. `scripts/with-postgres` makes one.

use std::io::Write;
use std::time::Duration;

use super::{Postgres, PostgresOptions};

/// A schema that a test fills.
pub(in crate::catalog) struct Schema {
    url: String,
    name: String,
}

/// One that nobody else uses; `None`, said loudly, where there is no database.
pub(in crate::catalog) fn schema() -> Option<Schema> {
    let Ok(url) = std::env::var("FOOTNOTE_POSTGRES_URL") else {
        let thread = std::thread::current();
        let mut out = std::io::stderr().lock();
        writeln!(out, "SKIPPED: {}: FOOTNOTE_POSTGRES_URL names no database", thread.name().unwrap_or("a test"))
            .unwrap();
        return None;
    };
    Some(Schema { url, name: format!("test_{}", uuid::Uuid::new_v4().simple()) })
}

impl Schema {
    pub(in crate::catalog) fn postgres(&self) -> Postgres {
        self.at(&self.url)
    }

    /// The same, with another address.
    pub(super) fn at(&self, url: &str) -> Postgres {
        let timeout = Duration::from_secs(20);
        Postgres::new(PostgresOptions { url: url.into(), schema: self.name.clone(), timeout, connections: 2 }).unwrap()
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(in crate::catalog) async fn remove(self) {
        self.postgres().batch(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name)).await.unwrap();
    }
}
