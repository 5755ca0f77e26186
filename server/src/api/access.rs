//! Who calls, and what they may see. Every handler that shows or counts documents takes a [`Caller`].

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use footnote_config::access::EVERYTHING;
use footnote_config::{AccessSettings, KeySettings};
use footnote_core::catalog::{DocumentRecord, DocumentStatus};
use footnote_core::{Code, Error, Grants, Result};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::state::ApiState;

/// The header for keys where another program needs `Authorization` for itself.
const API_KEY: &str = "x-api-key";
/// The shortest key: shorter ones can be guessed from their SHA-256.
const MIN_KEY_CHARS: usize = 16;

/// SHA-256 of a key.
type KeyHash = [u8; 32];

/// The callers that the settings name, and what everybody else may see.
#[derive(Debug)]
pub struct Access {
    keys: Vec<Key>,
    anonymous: Grants,
    /// Collections that a caller was seen to find a document in, so that not every question looks.
    entered: Mutex<HashSet<(Option<Arc<str>>, String)>>,
}

struct Key {
    name: Arc<str>,
    hash: KeyHash,
    grants: Grants,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("name", &self.name).field("grants", &self.grants).finish_non_exhaustive()
    }
}

/// Who sent a request. Taking it as an argument refuses requests with an unknown key.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The name of the key; `None` for a request without one.
    pub name: Option<Arc<str>>,
    /// What they may see.
    pub grants: Grants,
}

impl Access {
    /// The access that `settings` describe; `variable` gives environment variables.
    ///
    /// # Errors
    /// [`Code::SettingsInvalid`] where a key's variable is not set, its value is short, or two names have one key.
    pub fn of(settings: &AccessSettings, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut keys: Vec<Key> = Vec::with_capacity(settings.keys.len());
        for key in &settings.keys {
            let hash = hash_of(key, &variable)?;
            if let Some(twin) = keys.iter().find(|known| known.hash == hash) {
                return Err(invalid(format!("`{}` and `{}` have the same key", twin.name, key.name))
                    .hint("give each caller a key of their own, or one name all the grants"));
            }
            keys.push(Key { name: key.name.as_str().into(), hash, grants: grants(&key.grants) });
        }
        let anonymous = match &settings.anonymous {
            Some(granted) => grants(granted),
            None if keys.is_empty() => Grants::All,
            None => Grants::Only(Vec::new()),
        };
        Ok(Self { keys, anonymous, entered: Mutex::default() })
    }

    /// Who sent a request with these headers. Where the settings name no keys, none is looked at.
    ///
    /// # Errors
    /// [`Code::KeyUnknown`].
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller> {
        if self.keys.is_empty() {
            return Ok(self.nobody());
        }
        match sent_key(headers)? {
            None => Ok(self.nobody()),
            Some(sent) => self.known(&Sha256::digest(sent).into()).ok_or_else(unknown_key),
        }
    }

    fn nobody(&self) -> Caller {
        Caller { name: None, grants: self.anonymous.clone() }
    }

    /// Looks at every key and every byte, so that the time it takes says nothing about how near a guess came.
    fn known(&self, hash: &KeyHash) -> Option<Caller> {
        let mut found = None;
        for key in &self.keys {
            let differing = key.hash.iter().zip(hash).fold(0, |bits, (a, b)| bits | (a ^ b));
            if differing == 0 {
                found = Some(key);
            }
        }
        found.map(|key| Caller { name: Some(Arc::clone(&key.name)), grants: key.grants.clone() })
    }

    /// Whether a caller once found a document in a collection.
    pub(super) fn has_entered(&self, caller: &Caller, collection: &str) -> bool {
        let place = (caller.name.clone(), collection.to_owned());
        self.entered.lock().unwrap_or_else(PoisonError::into_inner).contains(&place)
    }

    pub(super) fn enter(&self, caller: &Caller, collection: &str) {
        let place = (caller.name.clone(), collection.to_owned());
        self.entered.lock().unwrap_or_else(PoisonError::into_inner).insert(place);
    }
}

impl Caller {
    /// Whether they may see the document of this row. While a document is not indexed, its labels may not be known
    /// yet: then only who may see everything sees it.
    #[must_use]
    pub fn may_see(&self, record: &DocumentRecord) -> bool {
        let read = record.status.is_indexed() || record.status == DocumentStatus::Indexing;
        self.grants == Grants::All || (read && self.grants.may_see(&record.metadata.labels))
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        Ok(state.access.caller(&parts.headers)?)
    }
}

/// Lets pass who may see everything: what is ingested, deleted or queued names files.
pub(super) async fn owners_only(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if state.access.caller(request.headers())?.grants == Grants::All {
        return Ok(next.run(request).await);
    }
    let message = "only callers who may see every document may ingest, upload, delete, and look at jobs";
    Err(Error::new(Code::GrantMissing, message)
        .hint("send a key whose grants are [\"*\"] in the setting access.keys: Authorization: Bearer KEY")
        .into())
}

/// SHA-256 of a key in hexadecimal, as the setting `key_sha256` takes it.
///
/// # Errors
/// [`Code::BadRequest`] for a key that is too short to keep a secret.
pub fn hash_in_hex(key: &str) -> Result<String> {
    if key.chars().count() < MIN_KEY_CHARS {
        return Err(Error::new(Code::BadRequest, format!("a key of less than {MIN_KEY_CHARS} characters"))
            .hint("make one with: openssl rand -hex 32"));
    }
    Ok(Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect())
}

fn grants(granted: &[String]) -> Grants {
    match granted.iter().any(|grant| grant == EVERYTHING) {
        true => Grants::All,
        false => Grants::Only(granted.to_vec()),
    }
}

fn hash_of(key: &KeySettings, variable: &impl Fn(&str) -> Option<String>) -> Result<KeyHash> {
    if let Some(hex) = &key.key_sha256 {
        let digits = (0..32).map(|at| hex.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
        let bytes: Option<Vec<u8>> = digits.collect();
        return bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Error::internal("a key's SHA-256 was checked with the settings"));
    }
    let name = key.key_env.as_deref().unwrap_or_default();
    let value = variable(name).unwrap_or_default();
    if value.chars().count() < MIN_KEY_CHARS {
        return Err(invalid(format!("`{}`: the variable {name} holds no key of {MIN_KEY_CHARS} characters", key.name))
            .hint("make a key with: openssl rand -hex 32"));
    }
    Ok(Sha256::digest(value).into())
}

fn invalid(what: String) -> Error {
    Error::new(Code::SettingsInvalid, format!("access.keys: {what}"))
}

/// The key that a request brings, if it does.
fn sent_key(headers: &HeaderMap) -> Result<Option<&[u8]>> {
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    if let Some((scheme, key)) = authorization.and_then(|value| value.split_at_checked(b"bearer ".len()))
        && scheme.eq_ignore_ascii_case(b"bearer ")
    {
        return Ok(Some(key.trim_ascii()));
    }
    match headers.get(API_KEY) {
        Some(key) => Ok(Some(key.as_bytes().trim_ascii())),
        // Whoever meant to say who they are is told that it did not work.
        None if authorization.is_some() => Err(unknown_key()),
        None => Ok(None),
    }
}

fn unknown_key() -> Error {
    Error::new(Code::KeyUnknown, "the access key is not known here")
        .hint("send Authorization: Bearer KEY, or X-Api-Key: KEY, with a key of the setting access.keys, or none")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    fn key(name: &str, secret: &str, grants: &[&str]) -> KeySettings {
        KeySettings {
            name: name.into(),
            key_sha256: Some(hash_in_hex(secret).unwrap()),
            key_env: None,
            grants: grants.iter().map(|grant| (*grant).to_owned()).collect(),
        }
    }

    fn access(keys: Vec<KeySettings>, anonymous: Option<Vec<String>>) -> Access {
        Access::of(&AccessSettings { keys, anonymous }, |_| None).unwrap()
    }

    fn called(access: &Access, header: Option<(&'static str, &str)>) -> Result<Caller, Code> {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        access.caller(&headers).map_err(|error| error.code())
    }

    #[test]
    fn a_key_is_known_in_either_header_and_nothing_else_is() {
        let access = access(vec![key("hr", KEY, &["hr"]), key("boss", &KEY.repeat(2), &["x", "*"])], None);
        let hr = Caller { name: Some("hr".into()), grants: Grants::Only(vec!["hr".into()]) };
        for header in [("authorization", "Bearer 0123456789abcdef"), ("authorization", "bearer  0123456789abcdef ")] {
            assert_eq!(called(&access, Some(header)), Ok(hr.clone()), "{header:?}");
        }
        assert_eq!(called(&access, Some((API_KEY, KEY))), Ok(hr));
        assert_eq!(called(&access, Some((API_KEY, &KEY.repeat(2)))).unwrap().grants, Grants::All);
        assert_eq!(called(&access, None), Ok(Caller { name: None, grants: Grants::Only(vec![]) }));
        for wrong in [
            ("authorization", "Bearer 0123456789abcdeg"),
            ("authorization", "Bearer "),
            ("authorization", "Basic YTpi"),
            ("authorization", KEY),
            (API_KEY, ""),
            (API_KEY, "0123456789ABCDEF"),
        ] {
            assert_eq!(called(&access, Some(wrong)), Err(Code::KeyUnknown), "{wrong:?}");
        }
    }

    #[test]
    fn without_keys_everybody_sees_everything_unless_told_otherwise() {
        assert_eq!(called(&access(vec![], None), Some((API_KEY, "x"))).unwrap().grants, Grants::All);
        let public = vec!["public".to_owned()];
        let nobody = called(&access(vec![], Some(public.clone())), None).unwrap();
        assert_eq!(nobody.grants, Grants::Only(public.clone()));
        let access = access(vec![key("hr", KEY, &["hr"])], Some(public.clone()));
        assert_eq!(called(&access, None).unwrap().grants, Grants::Only(public));
    }

    #[test]
    fn a_key_from_the_environment_must_be_there_and_no_two_are_the_same() {
        let from_variable = KeySettings { key_sha256: None, key_env: Some("HR_KEY".into()), ..key("hr", KEY, &["hr"]) };
        let settings = AccessSettings { keys: vec![from_variable.clone()], anonymous: None };
        let access = Access::of(&settings, |name| (name == "HR_KEY").then(|| KEY.to_owned())).unwrap();
        assert_eq!(called(&access, Some((API_KEY, KEY))).unwrap().name.as_deref(), Some("hr"));
        assert!(!format!("{access:?}").contains(KEY));
        for missing in [None, Some(String::new()), Some("short".to_owned())] {
            let error = Access::of(&settings, |_| missing.clone()).unwrap_err();
            assert_eq!(error.code(), Code::SettingsInvalid);
            assert!(error.message().contains("HR_KEY") && !error.message().contains("short"), "{error}");
        }
        let twice = AccessSettings { keys: vec![from_variable, key("other", KEY, &[])], anonymous: None };
        let error = Access::of(&twice, |_| Some(KEY.to_owned())).unwrap_err();
        assert!(error.message().contains("the same key"), "{error}");
    }

    #[test]
    fn a_hash_is_what_sha256sum_prints() {
        assert_eq!(hash_in_hex(KEY).unwrap(), "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f");
        assert!(hash_in_hex("secret").is_err());
    }
}
