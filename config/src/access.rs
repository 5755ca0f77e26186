//! `[access]`: who may see which documents.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::check::Problem;

/// The grant that lets every document be seen.
pub const EVERYTHING: &str = "*";
/// Digits of a SHA-256 in hexadecimal.
const HASH_DIGITS: usize = 64;

/// `[access]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessSettings {
    /// Who is known.
    pub keys: Vec<KeySettings>,
    /// Grants of requests without a key. Left out: everything where there are no keys, and nothing but documents
    /// without labels where there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<Vec<String>>,
}

/// A key and what it opens: an entry of `access.keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// Whose it is: for logs, and to tell sessions apart.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal. Settings are shown in reports; this is not.
    #[serde(default, skip_serializing)]
    pub key_sha256: Option<String>,
    /// The environment variable that holds the key itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Labels whose documents it lets be seen; [`EVERYTHING`] for all.
    pub grants: Vec<String>,
}

/// The first thing wrong with `access`.
pub(crate) fn check(access: &AccessSettings) -> Result<(), Problem> {
    let mut names = HashSet::new();
    for key in &access.keys {
        let said = |message: String, hint: &'static str| Err(Problem { key: "access.keys", message, hint });
        if key.name.trim().is_empty() {
            return said("a key without a name".into(), "name it after whoever holds it: name = \"hr-team\"");
        }
        if !names.insert(&key.name) {
            return said(format!("two keys are named `{}`", key.name), "give each a name of its own");
        }
        match (&key.key_sha256, &key.key_env) {
            (Some(hash), None) if is_hash(hash) => {}
            (Some(_), None) => {
                return said(
                    format!("`{}`: key_sha256 is not {HASH_DIGITS} hexadecimal digits", key.name),
                    "footnote access hash reads a key and prints its SHA-256",
                );
            }
            (None, Some(variable)) if !variable.is_empty() => {}
            _ => {
                return said(
                    format!("`{}` needs one of key_sha256 and key_env", key.name),
                    "key_sha256 = \"…\" as footnote access hash prints it, or key_env = \"VARIABLE\"",
                );
            }
        }
        grants("access.keys", &key.grants)?;
    }
    grants("access.anonymous", access.anonymous.as_deref().unwrap_or_default())
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_DIGITS && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn grants(key: &'static str, grants: &[String]) -> Result<(), Problem> {
    if grants.iter().any(|grant| grant.trim().is_empty()) {
        return Err(Problem {
            key,
            message: "an empty grant".into(),
            hint: "a grant is a label, or \"*\" for every document; documents without labels need none",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &str) -> Result<AccessSettings, String> {
        let access: AccessSettings = toml::from_str(lines).map_err(|error| error.message().to_owned())?;
        check(&access).map_err(|problem| format!("{}: {}", problem.key, problem.message))?;
        Ok(access)
    }

    #[test]
    fn a_key_has_a_name_of_its_own_one_secret_and_grants() {
        let hash = "a".repeat(64);
        let good = format!(
            "keys = [{{ name = \"hr\", key_sha256 = \"{hash}\", grants = [\"hr\"] }}, \
             {{ name = \"boss\", key_env = \"BOSS_KEY\", grants = [\"*\"] }}]\nanonymous = []"
        );
        assert_eq!(with(&good).unwrap().anonymous, Some(vec![]));
        for (bad, said) in [
            (r#"keys = [{ name = "a", grants = [] }]"#.to_owned(), "needs one of"),
            (
                format!(r#"keys = [{{ name = "a", key_sha256 = "{hash}", key_env = "A", grants = [] }}]"#),
                "needs one of",
            ),
            (r#"keys = [{ name = "a", key_env = "", grants = [] }]"#.into(), "needs one of"),
            (r#"keys = [{ name = "a", key_sha256 = "secret", grants = [] }]"#.into(), "64 hexadecimal digits"),
            (r#"keys = [{ name = " ", key_env = "A", grants = [] }]"#.into(), "without a name"),
            (r#"keys = [{ name = "a", key_env = "A", grants = [""] }]"#.into(), "an empty grant"),
            (r#"keys = [{ name = "a", key_env = "A" }]"#.into(), "grants"),
            (r#"keys = [{ name = "a", key = "A", grants = [] }]"#.into(), "unknown field"),
            ("keys = []\nanonymous = [\"\"]".into(), "access.anonymous"),
            (
                r#"keys = [{ name = "a", key_env = "A", grants = [] }, { name = "a", key_env = "B", grants = [] }]"#
                    .into(),
                "two keys",
            ),
        ] {
            let error = with(&bad).unwrap_err();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }

    #[test]
    fn a_report_of_the_settings_does_not_show_hashes() {
        let hash = "b".repeat(64);
        let access = with(&format!(r#"keys = [{{ name = "a", key_sha256 = "{hash}", grants = [] }}]"#)).unwrap();
        assert!(!toml::to_string(&access).unwrap().contains(&hash));
    }
}
