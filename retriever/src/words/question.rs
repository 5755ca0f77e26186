//! The groups of terms that a question asks for.

use std::collections::HashSet;

use super::language::Analyzer;
use super::pieces::{Piece, pieces};
use super::{UNTOLD, fold, stop};

/// Per word of a question, in order, the terms that it may stand as in texts of the `languages` (BCP 47 tags of the
/// collection's documents, [`UNTOLD`] among them where there are such; none means English). A document is scored once
/// per group, by the best of its terms.
///
/// No group is empty or comes twice. Words that carry no meaning of their own are left out, unless there are no
/// others.
#[must_use]
pub fn query_terms(question: &str, languages: &[&str]) -> Vec<Vec<String>> {
    let languages: &[&str] = if languages.is_empty() { &[UNTOLD] } else { languages };
    let text = fold::clean(question);
    let mut found = Vec::new();
    pieces(&text, &mut |piece| found.push(piece));
    let stop_lists = stop::lists_for(&text, &found, languages);
    let analyzers = analyzers(languages);

    let (mut content, mut hollow) = (Groups::default(), Groups::default());
    for (at, piece) in found.iter().enumerate() {
        let says_nothing = stop_lists.iter().any(|list| list.covers(&found[at..]));
        let groups = if says_nothing { &mut hollow } else { &mut content };
        groups.add(group(piece, &analyzers));
    }
    if content.groups.is_empty() { hollow.groups } else { content.groups }
}

/// The different rules of `languages`; many share them.
fn analyzers(languages: &[&str]) -> Vec<&'static Analyzer> {
    let mut analyzers: Vec<&Analyzer> = Vec::new();
    for analyzer in languages.iter().map(|language| Analyzer::of(language)) {
        if !analyzers.iter().any(|known| std::ptr::eq(*known, analyzer)) {
            analyzers.push(analyzer);
        }
    }
    analyzers
}

fn group(piece: &Piece, analyzers: &[&Analyzer]) -> Vec<String> {
    let mut group = Vec::new();
    let mut batch = String::new();
    for analyzer in analyzers {
        batch.clear();
        analyzer.write(piece, &mut batch);
        for term in analyzer.finish(&batch) {
            if !group.contains(&term) {
                group.push(term);
            }
        }
    }
    group
}

#[derive(Default)]
struct Groups {
    groups: Vec<Vec<String>>,
    seen: HashSet<Vec<String>>,
}

impl Groups {
    fn add(&mut self, group: Vec<String>) {
        if !group.is_empty() && self.seen.insert(group.clone()) {
            self.groups.push(group);
        }
    }
}
