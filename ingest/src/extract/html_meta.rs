//! What the head of a page says of it: its `meta` elements.

use footnote_core::Metadata;
use scraper::Html as Tree;

use crate::metadata::Said;

/// Names of `meta` elements (in lower case) and the fields that they fill; the first element of a field counts, but
/// for authors, of whom each does.
const FIELDS: [(&str, &str); 14] = [
    ("author", "author"),
    ("article:author", "author"),
    ("dc.creator", "author"),
    ("dcterms.creator", "author"),
    ("subject", "subject"),
    ("dc.subject", "subject"),
    ("description", "description"),
    ("date", "created"),
    ("created", "created"),
    ("dc.date", "created"),
    ("dcterms.created", "created"),
    ("dcterms.date", "created"),
    ("article:published_time", "created"),
    ("citation_publication_date", "created"),
];

/// What `tree` says of itself.
pub(super) fn said(tree: &Tree) -> Metadata {
    let mut said = Said::default();
    let mut authors: Vec<String> = Vec::new();
    let mut filled: Vec<&str> = Vec::new();
    for element in tree.root_element().descendent_elements().filter(|element| element.value().name() == "meta") {
        let name = element.attr("name").or_else(|| element.attr("property")).unwrap_or_default().to_lowercase();
        let content = element.attr("content").unwrap_or_default().trim();
        match FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field) {
            _ if content.is_empty() => {}
            Some("author") if !authors.iter().any(|author| author == content) => authors.push(content.to_owned()),
            Some(field) if field != "author" && !filled.contains(&field) => {
                said.field(field, content);
                filled.push(field);
            }
            None if name == "keywords" => said.keywords(content),
            None if name == "article:tag" => said.keywords(content),
            _ => {}
        }
    }
    said.fields("author", authors);
    said.metadata()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_head_of_a_page_names_author_date_and_keywords() {
        let found = said(&Tree::parse_document(
            "<meta charset=utf-8><meta name=Author content='Ada'><meta name=author content='Bert'>\
             <meta name=keywords content='lamps, halls'><meta property='article:tag' content='attic'>\
             <meta name=date content='2024-05-01 10:00:00 +0200'><meta name='dc.date' content='1999-01-01'>\
             <meta name=viewport content='width=device-width'><meta name=labels content=hr><p>Text",
        ));
        assert_eq!(found.tags, ["lamps", "halls", "attic"]);
        assert!(found.labels.is_empty(), "a page from anywhere says nothing of access");
        let fields = json!({"author": ["Ada", "Bert"], "created": "2024-05-01T08:00:00Z"});
        assert_eq!(serde_json::to_value(&found.fields).unwrap(), fields);
    }
}
