//! XML, tag by tag: enough for spreadsheets of OpenDocument and for the small files inside an EPUB.
//!
//! Nothing is looked up: a document type is skipped with all that it declares, and of the entities only those
//! that XML itself defines have a meaning.

use std::borrow::Cow;

/// A piece of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A start tag, or an empty element.
    Open(Tag<'a>),
    /// An end tag: its name.
    Close(&'a str),
    /// Characters between tags, references not yet replaced.
    Text(&'a str),
    /// Characters of a CDATA section, to be taken as they are.
    Raw(&'a str),
}

/// A start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// Its name with its prefix, such as `table:table-cell`.
    pub(crate) name: &'a str,
    /// What follows the name.
    pub(crate) attributes: &'a str,
    /// Whether it is an empty element: no end tag follows.
    pub(crate) is_empty: bool,
}

impl<'a> Tag<'a> {
    /// The value of an attribute; `name` with its prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut rest = self.attributes;
        loop {
            let (key, after) = rest.split_once('=')?;
            let after = after.trim_start();
            let quote = after.chars().next().filter(|&c| c == '"' || c == '\'')?;
            let (value, after) = after[1..].split_once(quote)?;
            if key.trim() == name {
                return Some(unescape(value));
            }
            rest = after;
        }
    }
}

/// Reads the pieces of `source` in order. What is no markup after all is text; a file that breaks off ends.
pub(crate) fn pieces(source: &str) -> Pieces<'_> {
    Pieces { rest: source.trim_start_matches('\u{feff}') }
}

/// See [`pieces`].
pub(crate) struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = self.rest;
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') {
                return Some(Piece::Text(self.take(rest.find('<').unwrap_or(rest.len()))));
            }
            if rest.starts_with("<!--") {
                self.skip("-->");
            } else if let Some(inside) = rest.strip_prefix("<![CDATA[") {
                let end = inside.find("]]>").unwrap_or(inside.len());
                self.rest = inside.get(end + 3..).unwrap_or_default();
                return Some(Piece::Raw(&inside[..end]));
            } else if rest.starts_with("<?") {
                self.skip("?>");
            } else if rest.starts_with("<!") {
                self.take(declaration_end(rest));
            } else {
                return self.tag();
            }
        }
    }
}

impl<'a> Pieces<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn skip(&mut self, end: &str) {
        let at = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.take(at);
    }

    fn tag(&mut self) -> Option<Piece<'a>> {
        let Some(end) = tag_end(self.rest) else {
            // The file breaks off inside a tag.
            self.rest = "";
            return None;
        };
        let inside = &self.take(end + 1)[1..end];
        if let Some(name) = inside.strip_prefix('/') {
            return Some(Piece::Close(name.trim()));
        }
        let is_empty = inside.ends_with('/');
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let (name, attributes) = inside.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((inside, ""));
        Some(Piece::Open(Tag { name, attributes, is_empty }))
    }
}

/// The place of the `>` that ends a tag: one in a quoted value does not.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    rest.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        quote.is_none() && byte == b'>'
    })
}

/// The length of a declaration, with the declarations in brackets inside it.
fn declaration_end(rest: &str) -> usize {
    let (mut quote, mut depth) = (None, 0usize);
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'[') => depth += 1,
            (None, b']') => depth = depth.saturating_sub(1),
            (None, b'>') if depth == 0 => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Text with its references replaced. One that XML does not define stays as it is written.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let named = rest[1..].find(';').and_then(|end| Some((reference(&rest[1..=end])?, end + 2)));
        let (c, length) = named.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn reference(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_text_and_attributes_are_found() {
        let source =
            "<?xml version='1.0'?><!-- <no> --><a b=\"1 > 0\" c:d='x &amp; y'>t &lt;<e/><![CDATA[<raw>]]></a >";
        let found: Vec<_> = pieces(source).collect();
        let Piece::Open(tag) = found[0] else { panic!("{found:?}") };
        assert_eq!((tag.name, tag.is_empty), ("a", false));
        assert_eq!(tag.attribute("b").unwrap(), "1 > 0");
        assert_eq!(tag.attribute("c:d").unwrap(), "x & y");
        assert_eq!(tag.attribute("d"), None);
        assert_eq!(found[1], Piece::Text("t &lt;"));
        assert!(matches!(found[2], Piece::Open(Tag { name: "e", is_empty: true, .. })));
        assert_eq!(found[3..], [Piece::Raw("<raw>"), Piece::Close("a")]);
    }

    #[test]
    fn what_a_document_type_declares_has_no_meaning() {
        let source = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY y \"]>\">]><a>&x;&#65;</a>";
        let found: Vec<_> = pieces(source).collect();
        assert_eq!(found[1], Piece::Text("&x;&#65;"));
        assert_eq!(unescape("&x;&#65;&#x42; & &;"), "&x;AB & &;");
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(source in "[<>/!?=\"'a&;#x\\[\\]\\-é ]{0,60}") {
            for piece in pieces(&source) {
                if let Piece::Open(tag) = piece {
                    let _ = tag.attribute("a");
                }
            }
            let _ = unescape(&source);
        }
    }
}
