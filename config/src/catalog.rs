//! `[catalog]`: where the record of what was ingested is kept.

use serde::{Deserialize, Serialize};

use crate::check::Problem;
use crate::qdrant::Secret;
use crate::settings::Settings;

/// The longest name that PostgreSQL keeps whole.
const MAX_SCHEMA: usize = 63;

/// `[catalog]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogSettings {
    /// Which store.
    pub store: CatalogKind,
    /// The database's address. It may hold a password.
    pub url: Secret,
    /// The schema with footnote's tables.
    pub schema: String,
    /// Connections that are kept for questions.
    pub connections: usize,
    /// Seconds that one question may take.
    pub timeout_seconds: u64,
}

/// The catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatalogKind {
    /// A file in the data folder.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
}

/// The first thing wrong with `[catalog]`.
pub(crate) fn check(settings: &Settings) -> Result<(), Problem> {
    let problem = |key, message: &str, hint| Err(Problem { key, message: message.to_owned(), hint });
    let catalog = &settings.catalog;
    let url = catalog.url.reveal();
    if catalog.store == CatalogKind::Postgres && url.is_none() {
        return problem(
            "catalog.url",
            "no database is named",
            "for example postgresql://footnote:PASSWORD@db.example.org:5432/footnote, better in FOOTNOTE_CATALOG__URL",
        );
    }
    if url.is_some_and(|url| !url.starts_with("postgresql://") && !url.starts_with("postgres://")) {
        return problem(
            "catalog.url",
            "an address begins with postgresql://",
            "for example postgresql://db.example.org/footnote",
        );
    }
    let schema = &catalog.schema;
    let named = schema.starts_with(|c: char| c.is_ascii_lowercase())
        && schema.len() <= MAX_SCHEMA
        && schema.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_');
    if !named || schema.starts_with("pg_") {
        return problem(
            "catalog.schema",
            "not the name of a schema",
            "use a lower-case letter, then lower-case letters, digits and _",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::of_text as with;

    #[test]
    fn a_database_is_named_where_one_is_used_and_its_password_is_never_printed() {
        assert_eq!(with("").unwrap().catalog.store, CatalogKind::Sqlite);
        let said = with("[catalog]\nstore = \"postgres\"").unwrap_err();
        assert!(said.message().contains("catalog.url") && said.hint_text().unwrap().contains("FOOTNOTE_CATALOG__URL"));
        let settings = with("[catalog]\nstore = \"postgres\"\nurl = \"postgresql://me:s3cret@db/x\"").unwrap();
        let printed = format!("{settings:?} {}", toml::to_string(&settings).unwrap());
        assert!(!printed.contains("s3cret"), "{printed}");
        let said = with("[catalog]\nurl = \"mysql://me:s3cret@db/x\"").unwrap_err();
        assert!(said.message().contains("postgresql://") && !format!("{said:?}").contains("s3cret"), "{said:?}");
    }

    #[test]
    fn a_schema_needs_no_quotes() {
        for wrong in ["", "Foot", "1a", "a-b", "a b", "pg_x", "a\\\"; DROP"] {
            let said = with(&format!("[catalog]\nschema = \"{wrong}\"")).unwrap_err();
            assert!(said.message().contains("catalog.schema"), "{said}");
        }
        assert!(with("[catalog]\nschema = \"footnote_2\"").is_ok());
        assert!(with("[catalog]\nconnections = 0").unwrap_err().message().contains("catalog.connections"));
    }
}
