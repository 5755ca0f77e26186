//! Settings of vector stores: how vectors are kept, and where Qdrant is.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::check::Problem;
use crate::settings::{KeywordKind, Settings, VectorKind};

/// `[vectors]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorSettings {
    /// Which store.
    pub store: VectorKind,
    /// Smaller copies that searches compare first.
    pub quantization: QuantizationKind,
    /// Whether what the smaller copies propose is compared again with the vectors.
    pub rescore: bool,
    /// Times as many candidates as asked for that the smaller copies propose.
    pub oversampling: f64,
    /// Whether vectors are read from disk.
    pub on_disk: bool,
    /// Edges of each vector in the graph.
    pub hnsw_m: usize,
    /// Candidates for each edge while the graph is built.
    pub hnsw_ef_construct: usize,
    /// Candidates that a search keeps.
    pub hnsw_ef: usize,
    /// Kilobytes of vectors from which on a graph is built.
    pub indexing_threshold_kb: usize,
}

/// Smaller copies of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuantizationKind {
    /// None.
    None,
    /// A byte per dimension.
    Scalar,
    /// A bit per dimension.
    Binary,
}

/// `[qdrant]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QdrantSettings {
    /// gRPC addresses, joined by commas.
    pub url: String,
    /// The API key.
    pub api_key: Secret,
    /// Names of collections begin with it.
    pub prefix: String,
    /// Shards of a new collection.
    pub shards: u32,
    /// Nodes that hold each shard.
    pub replication_factor: u32,
    /// Nodes that must have written before a write counts.
    pub write_consistency: u32,
    /// Seconds that a request may take.
    pub timeout_seconds: u64,
    /// Repetitions of a request.
    pub retries: u32,
    /// Points per request.
    pub batch: usize,
}

impl QdrantSettings {
    /// The addresses, one by one.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let urls = self.url.split(',').map(|url| url.trim().trim_end_matches('/'));
        urls.filter(|url| !url.is_empty()).map(str::to_owned).collect()
    }
}

/// A word that is never printed: not in messages, not in reports.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The word itself, to be sent to whom it is for; `None` where there is none.
    #[must_use]
    pub fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    fn in_public(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "(secret)" }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.in_public())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.in_public())
    }
}

/// The first thing wrong with `[vectors]`, `[keyword]` and `[qdrant]`.
pub(crate) fn check(settings: &Settings) -> Result<(), Problem> {
    let problem = |key, message: &str, hint| Err(Problem { key, message: message.to_owned(), hint });
    if settings.keyword.index == KeywordKind::Qdrant && settings.vectors.store != VectorKind::Qdrant {
        return problem(
            "keyword.index",
            "words cannot be on a Qdrant server while vectors are elsewhere: both are one point there",
            "set vectors.store = \"qdrant\" too, or keyword.index = \"tantivy\"",
        );
    }
    if !(1.0..=100.0).contains(&settings.vectors.oversampling) {
        return problem("vectors.oversampling", "not within 1 to 100", "2.0 is usual");
    }
    let qdrant = &settings.qdrant;
    if settings.vectors.store == VectorKind::Qdrant {
        let urls = qdrant.urls();
        if urls.is_empty() || !urls.iter().all(|url| url.starts_with("http://") || url.starts_with("https://")) {
            return problem(
                "qdrant.url",
                "an address begins with http:// or https://",
                "for example http://127.0.0.1:6334 (gRPC: not 6333, which is the REST port)",
            );
        }
    }
    if !qdrant.api_key.0.chars().all(|c| c.is_ascii_graphic()) {
        return problem("qdrant.api_key", "an API key has no spaces and only ASCII characters", "copy it again");
    }
    if footnote_core::collection::check_name(&qdrant.prefix).is_err() {
        return problem(
            "qdrant.prefix",
            "it begins the names of collections",
            "use lower-case letters, digits, - and _",
        );
    }
    if qdrant.write_consistency > qdrant.replication_factor {
        return problem(
            "qdrant.write_consistency",
            "more nodes must have written than hold a shard",
            "give at most qdrant.replication_factor",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Layer;
    use crate::load::{DefaultFolders, load, of_text as with};

    fn said(text: &str) -> String {
        with(text).expect_err("these settings are wrong").message().to_owned()
    }

    #[test]
    fn a_key_is_never_printed() {
        let settings = with("[qdrant]\napi_key = \"s3cret-key\"").unwrap();
        assert_eq!(settings.qdrant.api_key.reveal(), Some("s3cret-key"));
        let printed = format!("{settings:?} {}", toml::to_string(&settings).unwrap());
        assert!(!printed.contains("s3cret") && printed.contains("(secret)"), "{printed}");
        assert!(!said("[qdrant]\napi_key = \"s3cret key\"").contains("s3cret"));
        assert_eq!(with("").unwrap().qdrant.api_key.reveal(), None);
    }

    #[test]
    fn a_key_may_come_from_the_environment() {
        let env = Layer::from_variables([("FOOTNOTE_QDRANT__API_KEY".to_owned(), "k-1".to_owned())]);
        let settings = load(vec![env], None, DefaultFolders::of(None, None, None)).unwrap().settings;
        assert_eq!(settings.qdrant.api_key.reveal(), Some("k-1"));
    }

    #[test]
    fn words_go_to_a_server_only_with_the_vectors() {
        let said = said("[keyword]\nindex = \"qdrant\"");
        assert!(said.starts_with("footnote.toml:2: keyword.index:"), "{said}");
        assert!(with("[vectors]\nstore = \"qdrant\"\n[keyword]\nindex = \"qdrant\"").is_ok());
        assert!(with("[vectors]\nstore = \"qdrant\"").is_ok());
    }

    #[test]
    fn addresses_are_checked_where_they_are_used() {
        assert!(with("[qdrant]\nurl = \"localhost\"").is_ok());
        let said = said("[vectors]\nstore = \"qdrant\"\n[qdrant]\nurl = \"localhost:6334\"");
        assert!(said.starts_with("footnote.toml:4: qdrant.url:"), "{said}");
        let two = with("[qdrant]\nurl = \"https://a:6334/, http://b:6334\"").unwrap();
        assert_eq!(two.qdrant.urls(), ["https://a:6334", "http://b:6334"]);
    }

    #[test]
    fn no_more_nodes_are_waited_for_than_there_are() {
        assert!(said("[qdrant]\nwrite_consistency = 2").contains("qdrant.write_consistency"));
        assert!(with("[qdrant]\nreplication_factor = 2\nwrite_consistency = 2").is_ok());
        assert!(said("[vectors]\noversampling = 0.5").contains("vectors.oversampling"));
    }
}
