//! HTML: the main content as text, block by block.

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use footnote_core::Result;
use footnote_core::seam::{Extracted, Extractor};
use scraper::node::Element;
use scraper::{Html as Tree, Node};

use super::canvas::Canvas;
use super::{decode, html_meta, html_table, table};
use crate::normalize;

/// Reads HTML: `main` or `article` where there is one, else the body without its navigation.
pub(crate) struct Html;

impl Extractor for Html {
    fn media_types(&self) -> &'static [&'static str] {
        &["text/html"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, declared_charset(bytes).as_deref())?;
        let tree = Tree::parse_document(&normalize::canonical(&source));
        let mut canvas = Canvas::default();
        render(main_content(&tree), &mut canvas);
        let (text, headings) = canvas.finish();
        let first = headings.iter().find(|heading| heading.level == 1).and_then(|heading| heading.span.of(&text));
        let title = first.map(str::to_owned).or_else(|| head_title(&tree));
        let metadata = html_meta::said(&tree);
        Ok(normalize::settle(Extracted { title, text, headings, metadata, ..Extracted::default() }))
    }
}

/// Renders a piece of HTML, as Markdown may hold one.
pub(crate) fn render_fragment(source: &str, canvas: &mut Canvas) {
    let tree = Tree::parse_fragment(source);
    render(*tree.root_element(), canvas);
}

/// Renders a whole page: a chapter of a book, the body of an e-mail. Nothing in it is a frame around the content.
pub(crate) fn render_document(source: &str, canvas: &mut Canvas) {
    let tree = Tree::parse_document(source);
    render(*tree.root_element(), canvas);
}

/// Renders a node and all below it. The walk keeps no stack of calls: a page may be nested without end.
pub(crate) fn render(root: NodeRef<'_, Node>, canvas: &mut Canvas) {
    let mut skipped = None;
    let mut blocks = Blocks::default();
    for edge in root.traverse() {
        match edge {
            Edge::Open(_) if skipped.is_some() => {}
            Edge::Close(node) if skipped.is_some() => {
                if skipped == Some(node.id()) {
                    skipped = None;
                }
            }
            Edge::Open(node) => match node.value() {
                Node::Text(text) if blocks.pre > 0 => blocks.source.push_str(text),
                Node::Text(text) => canvas.words(text),
                Node::Element(element) if node.id() != root.id() && is_hidden(element) => skipped = Some(node.id()),
                Node::Element(element) if element.name() == "table" && !html_table::is_layout(node) => {
                    skipped = Some(node.id());
                    render_table(node, canvas);
                }
                Node::Element(element) => blocks.open(element, canvas),
                _ => {}
            },
            Edge::Close(node) => {
                if let Node::Element(element) = node.value() {
                    blocks.close(element.name(), canvas);
                }
            }
        }
    }
}

/// The blocks that are open around a place.
#[derive(Default)]
struct Blocks {
    /// The numbers of the lists, outermost first; `None` for a bulleted one.
    lists: Vec<Option<u64>>,
    /// How many `pre` are around.
    pre: usize,
    /// What they held so far.
    source: String,
}

impl Blocks {
    fn open(&mut self, element: &Element, canvas: &mut Canvas) {
        match element.name() {
            "br" if self.pre > 0 => self.source.push('\n'),
            "br" | "tr" => canvas.line(),
            "ul" | "menu" => {
                self.part_lists(canvas);
                self.lists.push(None);
            }
            "ol" => {
                self.part_lists(canvas);
                self.lists.push(Some(element.attr("start").and_then(|start| start.parse().ok()).unwrap_or(1)));
            }
            "li" => self.item(canvas),
            name => {
                self.pre += usize::from(name == "pre");
                match heading_level(name) {
                    Some(level) => canvas.open_heading(level),
                    None => self.part(name, canvas),
                }
            }
        }
    }

    fn item(&mut self, canvas: &mut Canvas) {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                format!("{indent}{}. ", *number - 1)
            }
            _ => format!("{indent}- "),
        };
        canvas.item(bullet);
    }

    fn close(&mut self, name: &str, canvas: &mut Canvas) {
        match name {
            "ul" | "ol" | "menu" => {
                self.lists.pop();
                self.part_lists(canvas);
            }
            "td" | "th" => canvas.space(),
            "pre" => {
                self.pre = self.pre.saturating_sub(1);
                canvas.verbatim(&std::mem::take(&mut self.source));
                self.part(name, canvas);
            }
            name if heading_level(name).is_some() => canvas.close_heading(),
            name => self.part(name, canvas),
        }
    }

    fn part_lists(&self, canvas: &mut Canvas) {
        if self.lists.is_empty() { canvas.paragraph() } else { canvas.line() }
    }

    /// Parts what comes from what was, around a block. Inside lists a line is enough.
    fn part(&self, name: &str, canvas: &mut Canvas) {
        match name {
            "p" | "pre" | "blockquote" | "table" | "dl" | "figure" | "hr" | "section" | "article" | "details" => {
                self.part_lists(canvas);
            }
            "div" | "li" | "dt" | "dd" | "tr" | "caption" | "figcaption" | "summary" | "address" | "main"
            | "header" | "fieldset" | "option" => canvas.line(),
            _ => {}
        }
    }
}

fn render_table(node: NodeRef<'_, Node>, canvas: &mut Canvas) {
    canvas.paragraph();
    let found = html_table::read(node);
    if !found.caption.is_empty() {
        canvas.words(&found.caption);
    }
    for line in table::lines(&found.headers, &found.rows) {
        canvas.line();
        canvas.words(&line);
    }
    canvas.paragraph();
}

fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}

/// Whether an element holds nothing that a reader of the content sees.
fn is_hidden(element: &Element) -> bool {
    let named = matches!(
        element.name(),
        "script"
            | "style"
            | "template"
            | "noscript"
            | "nav"
            | "aside"
            | "form"
            | "footer"
            | "svg"
            | "iframe"
            | "button"
            | "select"
            | "textarea"
            | "object"
            | "head"
            | "canvas"
            | "audio"
            | "video"
    );
    let style = || element.attr("style").is_some_and(|style| style.replace(' ', "").contains("display:none"));
    named || element.attr("hidden").is_some() || element.attr("aria-hidden") == Some("true") || style()
}

/// `main` (or its role), else the only `article`, else the body.
fn main_content(tree: &Tree) -> NodeRef<'_, Node> {
    let root = tree.root_element();
    let named = |name: &'static str| root.descendent_elements().filter(move |e| e.value().name() == name);
    let by_role = || root.descendent_elements().find(|element| element.attr("role") == Some("main"));
    let only_article = || named("article").next().filter(|_| named("article").nth(1).is_none());
    let main = named("main").next().or_else(by_role).or_else(only_article);
    main.map(|element| *element).filter(has_text).unwrap_or(*root)
}

fn has_text(node: &NodeRef<'_, Node>) -> bool {
    node.descendants().any(|node| node.value().as_text().is_some_and(|text| !text.trim().is_empty()))
}

fn head_title(tree: &Tree) -> Option<String> {
    let title = tree.root_element().descendent_elements().find(|element| element.value().name() == "title")?;
    Some(title.text().collect::<String>()).filter(|title| !title.trim().is_empty())
}

/// The `charset` that the first kilobyte names.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_lowercase();
    let rest = &head[head.find("charset=")? + "charset=".len()..];
    let name: String = rest.trim_start_matches(['"', '\'']).chars().take_while(|&c| is_name(c)).collect();
    (!name.is_empty() && name != "utf-8").then_some(name)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extract(source: &str) -> Extracted {
        Html.extract("a.html", source.as_bytes(), &|_| {}).unwrap()
    }

    #[test]
    fn the_content_stays_and_the_frame_goes() {
        let found = extract(
            "<!doctype html><html><head><title>Site</title><style>p{}</style></head><body><nav>Home</nav>\
             <h1>The   <em>guide</em></h1><p>Fish &amp; chips<br>two</p><ul><li>one<ul><li>inner</li></ul></li>\
             <li><p>two</p></li></ul><ol start=3><li>three</li></ol><pre>  a\n    b</pre><p hidden>no</p>\
             <script>x()</script><dl><dt>Term</dt><dd>Meaning</dd></dl><div>A</div><div>B</div><footer>c</footer>",
        );
        insta::assert_snapshot!(found.text, @r"
        The guide

        Fish & chips
        two

        - one
          - inner
        - two

        3. three

          a
            b

        Term
        Meaning

        A
        B
        ");
        assert_eq!(found.title.as_deref(), Some("The guide"));
        assert_eq!(found.headings[0].span.of(&found.text), Some("The guide"));
    }

    #[test]
    fn main_is_preferred_and_the_title_is_found() {
        let found = extract("<title>T &mdash; x</title><div>frame</div><main><header><h2>H</h2></header>body</main>");
        assert_eq!(found.text, "H\n\nbody");
        assert_eq!(found.title.as_deref(), Some("T — x"));
    }

    #[test]
    fn rows_of_a_table_stand_alone() {
        let found = extract(
            "<table><caption>Sizes</caption><thead><tr><th>Model<th>VRAM</thead><tr><td rowspan=2>7B<td>6 GB\
             <tr><td>8 GB</table><p>after",
        );
        assert_eq!(found.text, "Sizes\nModel: 7B; VRAM: 6 GB\nModel: 7B; VRAM: 8 GB\n\nafter");
    }

    #[test]
    fn a_table_for_layout_is_not_data() {
        let found =
            extract("<table><tr><td><h1>Title</h1><p>one</p></td><td><table><tr><td>x</table></td></tr></table>");
        assert_eq!(found.text, "Title\n\none\n\nx");
    }

    #[test]
    fn endless_nesting_does_not_overflow() {
        let found = extract(&format!("{}deep{}", "<div>".repeat(20_000), "</div>".repeat(20_000)));
        assert_eq!(found.text, "deep");
    }

    #[test]
    fn a_declared_encoding_is_believed() {
        let found = Html.extract("a.html", b"<meta charset=\"iso-8859-15\"><p>caf\xe9 10 \xa4", &|_| {}).unwrap();
        assert_eq!(found.text, "café 10 €");
        let error = Html.extract("a.html", b"<meta charset=\"iso-8859-1\">\xe9\x01\x02", &|_| {}).unwrap_err();
        assert!(error.hint_text().unwrap().contains("-f iso-8859-1"));
    }
}
