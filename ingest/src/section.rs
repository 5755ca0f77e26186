//! Sections: the stretches of a document between its headings.

use footnote_core::{Document, Span};

/// A stretch of text under one heading path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// From its heading to the next.
    pub(crate) span: Span,
    /// Where its body begins, after its headings; the end of `span` where it has none.
    pub(crate) body: usize,
    /// Titles of the sections around it, its own included, outermost first.
    pub(crate) path: Vec<String>,
}

impl Section {
    fn is_bare(&self) -> bool {
        self.body == self.span.end
    }

    /// Takes in the section that follows.
    fn absorb(&mut self, next: Self) {
        let common = common(&self.path, &next.path);
        if self.is_bare() {
            self.body = next.body;
            // Headings alone are named by what they head.
            self.path = if common == self.path.len() { next.path } else { next.path[..common].to_vec() };
        } else {
            self.path.truncate(common);
        }
        self.span.end = next.span.end;
    }
}

/// Cuts `document` at its headings.
///
/// A section without a body is joined to what follows. Neighbours of fewer than `min_tokens` under one parent
/// are joined under the parent's path: a chunk of one line says too little. `tokens` counts those of a span.
pub(crate) fn sections(document: &Document, min_tokens: usize, tokens: impl Fn(Span) -> usize) -> Vec<Section> {
    let mut joined: Vec<Section> = Vec::new();
    for next in between_headings(document) {
        match joined.last_mut() {
            Some(group) if group.is_bare() => group.absorb(next),
            Some(group) if !next.is_bare() && are_kin(group, &next) && small(group, &next, min_tokens, &tokens) => {
                group.absorb(next);
            }
            _ => joined.push(next),
        }
    }
    if joined.len() > 1 && joined.last().is_some_and(Section::is_bare) {
        // Headings at the very end head nothing.
        if let (Some(last), Some(before)) = (joined.pop(), joined.last_mut()) {
            before.span.end = last.span.end;
        }
    }
    joined
}

fn small(group: &Section, next: &Section, min_tokens: usize, tokens: impl Fn(Span) -> usize) -> bool {
    tokens(group.span) < min_tokens && tokens(next.span) < min_tokens
}

/// Whether two sections are children of one parent, or parent and child.
fn are_kin(group: &Section, next: &Section) -> bool {
    common(&group.path, &next.path) + 1 >= group.path.len().max(next.path.len())
}

fn common(a: &[String], b: &[String]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn between_headings(document: &Document) -> Vec<Section> {
    let text = &document.text;
    let ends = document.headings.iter().skip(1).map(|heading| heading.span.start).chain([text.len()]);
    let mut found = Vec::new();
    let first = document.headings.first().map_or(text.len(), |heading| heading.span.start);
    if !text[..first].trim().is_empty() {
        found.push(Section { span: Span::new(0, first), body: 0, path: Vec::new() });
    }
    let mut around: Vec<(u8, &str)> = Vec::new();
    for (heading, end) in document.headings.iter().zip(ends) {
        around.retain(|(level, _)| *level < heading.level);
        around.push((heading.level, heading.span.of(text).unwrap_or_default()));
        let span = Span::new(heading.span.start, end);
        let body = &text[heading.span.end..span.end];
        let body = span.end - body.trim_start().len();
        found.push(Section { span, body, path: around.iter().map(|(_, title)| (*title).to_owned()).collect() });
    }
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use footnote_core::DocumentId;
    use footnote_core::document::Heading;

    /// A document of lines; those that begin with `#` are headings.
    pub(crate) fn document(lines: &str) -> Document {
        let (mut text, mut headings) = (String::new(), Vec::new());
        for line in lines.lines() {
            let title = line.trim_start_matches('#');
            let start = text.len();
            text.push_str(title);
            let level = u8::try_from(line.len() - title.len()).unwrap();
            if level > 0 {
                headings.push(Heading { level, span: Span::new(start, text.len()) });
            }
            text.push('\n');
        }
        Document {
            id: DocumentId::of("c", "u"),
            collection: "c".into(),
            uri: "u".into(),
            title: "Title".into(),
            media_type: "text/markdown".into(),
            language: None,
            text,
            pages: vec![],
            headings,
            lines: vec![],
        }
    }

    fn found(lines: &str, min_tokens: usize) -> Vec<(String, String)> {
        let document = document(lines);
        let words = |span: Span| span.of(&document.text).unwrap().split_whitespace().count();
        let sections = sections(&document, min_tokens, words);
        let told = sections.iter().map(|s| (s.path.join(">"), s.span.of(&document.text).unwrap().replace('\n', " ")));
        told.map(|(path, text)| (path, text.trim().to_owned())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_heading_without_a_body_joins_what_it_heads() {
        let expected = [("", "before"), ("A>B", "A B one two"), ("C", "C three D")];
        assert_eq!(found("before\n#A\n##B\none two\n#C\nthree\n#D", 0), pairs(&expected));
    }

    #[test]
    fn small_siblings_join_under_their_parent() {
        let expected = [("A", "A intro B one C two"), ("A>D", "D a b c d e f g"), ("E", "E three")];
        assert_eq!(found("#A\nintro\n##B\none\n##C\ntwo\n##D\na b c d e f g\n#E\nthree", 5), pairs(&expected));
    }

    #[test]
    fn the_sections_tile_the_text() {
        let document = document("before\n#A\n##B\none\n###C\n#D\ntwo");
        let sections = sections(&document, 3, |span| span.len() / 4);
        let mut at = 0;
        for section in &sections {
            assert_eq!(section.span.start, at);
            at = section.span.end;
        }
        assert_eq!(at, document.text.len());
    }
}
