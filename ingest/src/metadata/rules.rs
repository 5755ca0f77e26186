//! Rules of the settings: which documents get which labels, tags and fields.

use std::collections::BTreeMap;
use std::path::PathBuf;

use footnote_core::Metadata;
use footnote_core::metadata::FieldValue;
use footnote_core::source::file_of_uri;
use serde::Serialize;

use super::glob::Glob;
use super::notes;
use crate::hash::sha256_hex;

/// What the documents get whose path fits.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rule {
    /// A pattern of paths: `*` and `?` within a name, `**` for any folders; below any folder unless it begins with
    /// `/`. Files in archives have the path `/a.zip!/inside.md`.
    pub path: String,
    /// Access labels. They take the place of those that the document gives itself.
    pub labels: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Fields. One that the document has too takes the value given here.
    pub fields: BTreeMap<String, FieldValue>,
}

/// All rules, and where uploads lie with what was said of them.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<(Glob, Rule)>,
    uploads: Option<PathBuf>,
}

impl Rules {
    /// These rules; `uploads` is the folder of uploaded files, where there is one.
    #[must_use]
    pub fn new(rules: Vec<Rule>, uploads: Option<PathBuf>) -> Self {
        let uploads = uploads.map(|folder| fs_err::canonicalize(&folder).unwrap_or(folder));
        Self { rules: rules.into_iter().map(|rule| (Glob::new(&rule.path), rule)).collect(), uploads }
    }

    /// A fingerprint of the rules: another one may give documents other metadata. Empty without rules.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.rules.is_empty() {
            return String::new();
        }
        let rules: Vec<&Rule> = self.rules.iter().map(|(_, rule)| rule).collect();
        sha256_hex(serde_json::to_string(&rules).unwrap_or_default().as_bytes())
    }

    /// The metadata of the document at `uri` that says `own` of itself. Tags add up. Of labels, a rule's count before
    /// those that were uploaded with the file, and both before the document's: it could otherwise open itself to
    /// others. Labels of several rules that fit add up.
    #[must_use]
    pub fn apply(&self, own: &Metadata, uri: &str) -> Metadata {
        let mut told = Metadata { own: None, ..own.clone() };
        let uploaded = self.uploads.as_deref().map(|folder| notes::read(folder, uri)).unwrap_or_default();
        told.tags.extend(uploaded.tags);
        if !uploaded.labels.is_empty() {
            told.labels = uploaded.labels;
        }
        let path = file_of_uri(uri).map_or_else(|| uri.to_owned(), |path| path.display().to_string());
        let fitting: Vec<&Rule> =
            self.rules.iter().filter(|(glob, _)| glob.matches(&path)).map(|(_, rule)| rule).collect();
        if fitting.iter().any(|rule| !rule.labels.is_empty()) {
            told.labels = fitting.iter().flat_map(|rule| rule.labels.clone()).collect();
        }
        for rule in fitting {
            told.tags.extend(rule.tags.iter().cloned());
            told.fields.extend(rule.fields.clone());
        }
        for words in [&mut told.tags, &mut told.labels] {
            words.sort_unstable();
            words.dedup();
        }
        let own = Metadata { own: None, ..own.clone() };
        if told != own {
            told.own = Some(Box::new(own));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn rule(path: &str, labels: &[&str], tags: &[&str]) -> Rule {
        Rule { path: path.into(), labels: words(labels), tags: words(tags), fields: BTreeMap::new() }
    }

    #[test]
    fn what_nothing_fits_stays_as_it_says() {
        let own = Metadata { tags: words(&["a"]), labels: words(&["hr"]), ..Metadata::default() };
        let rules = Rules::new(vec![rule("it/**", &["it"], &["t"])], None);
        assert_eq!(rules.apply(&own, "file:///hr/a.md"), own);
    }

    #[test]
    fn a_document_cannot_open_itself_where_a_rule_speaks() {
        let own = Metadata { labels: words(&["everybody"]), tags: words(&["x"]), ..Metadata::default() };
        let rules = Rules::new(vec![rule("hr/**", &["hr"], &["people"]), rule("*.md", &["board"], &[])], None);
        let told = rules.apply(&own, "file:///docs/hr/a.md");
        assert_eq!(told.labels, ["board", "hr"]);
        assert_eq!(told.tags, ["people", "x"]);
        assert_eq!(told.own(), &own);
        // Applied again, to what it says itself, it is the same.
        assert_eq!(rules.apply(told.own(), "file:///docs/hr/a.md"), told);
        assert_eq!(Rules::default().apply(told.own(), "file:///docs/hr/a.md"), own);
        // A rule without labels leaves the document's.
        let tags = Rules::new(vec![rule("hr/**", &[], &["people"])], None);
        assert_eq!(tags.apply(&own, "file:///hr/a.md").labels, ["everybody"]);
    }

    #[test]
    fn members_of_archives_fit_by_their_place_in_them() {
        let rules = Rules::new(vec![rule("hr/**", &["hr"], &[])], None);
        assert_eq!(rules.apply(&Metadata::default(), "file:///in/pack.zip!/hr/a.md").labels, ["hr"]);
        assert!(rules.apply(&Metadata::default(), "file:///in/pack.zip!/it/a.md").labels.is_empty());
    }

    #[test]
    fn a_rules_field_counts_before_the_documents() {
        let fields = |year: f64| BTreeMap::from([("year".to_owned(), FieldValue::Number(year))]);
        let own = Metadata { fields: fields(2017.0), ..Metadata::default() };
        let rules = Rules::new(vec![Rule { path: "**".into(), fields: fields(2018.0), ..Rule::default() }], None);
        assert_eq!(rules.apply(&own, "file:///a").fields, fields(2018.0));
    }

    #[test]
    fn the_fingerprint_follows_the_rules() {
        let one = Rules::new(vec![rule("hr/**", &["hr"], &[])], None).describe();
        assert_ne!(one, Rules::new(vec![rule("hr/**", &["it"], &[])], None).describe());
        assert_eq!(one, Rules::new(vec![rule("hr/**", &["hr"], &[])], Some("/x".into())).describe());
        assert_eq!(Rules::default().describe(), "");
    }
}
