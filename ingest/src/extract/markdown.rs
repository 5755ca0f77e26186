//! Markdown, rendered to plain text: the markup goes, the words and their order stay.

use footnote_core::Result;
use footnote_core::seam::{Extracted, Extractor};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::canvas::Canvas;
use super::front_matter::{self, Custom};
use super::{decode, html, table};
use crate::normalize;

/// Reads CommonMark with GitHub's tables, task lists, footnotes and notes, and a front matter.
pub(crate) struct Markdown;

impl Extractor for Markdown {
    fn media_types(&self) -> &'static [&'static str] {
        &["text/markdown"]
    }

    fn extract(&self, name: &str, bytes: &[u8], _: &dyn Fn(u32)) -> Result<Extracted> {
        let source = decode::utf8(name, bytes, None)?;
        let source = normalize::canonical(&source);
        let (mut said, body) = front_matter::cut(name, &source, Custom::Usual);
        let mut renderer = Renderer::default();
        for event in Parser::new_ext(body, options()) {
            renderer.event(event);
        }
        let (text, headings) = renderer.canvas.finish();
        let first = headings.iter().find(|heading| heading.level == 1).and_then(|heading| heading.span.of(&text));
        let title = said.title.take().or_else(|| first.map(str::to_owned));
        Ok(normalize::settle(Extracted { title, text, headings, metadata: said.metadata(), ..Extracted::default() }))
    }
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
}

#[derive(Default)]
struct Renderer {
    canvas: Canvas,
    /// The numbers of the lists that are open, outermost first; `None` for a bulleted one.
    lists: Vec<Option<u64>>,
    table: Option<Table>,
    /// Whether a block of code is open.
    code: bool,
    /// The source of the block of code or raw HTML that is open.
    raw: String,
}

#[derive(Default)]
struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    row: Vec<String>,
    cell: Canvas,
}

impl Renderer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => self.raw.push_str(&text),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.sheet().words(&text);
            }
            Event::Html(text) => self.raw.push_str(&text),
            Event::InlineHtml(tag) if tag.to_ascii_lowercase().starts_with("<br") => self.sheet().line(),
            Event::SoftBreak => self.sheet().space(),
            Event::HardBreak => self.sheet().line(),
            Event::Rule => self.canvas.paragraph(),
            Event::TaskListMarker(done) => self.canvas.words(if done { "[x] " } else { "[ ] " }),
            Event::InlineHtml(_) | Event::FootnoteReference(_) => {}
        }
    }

    /// Where words go: the cell that is open, or the page.
    fn sheet(&mut self) -> &mut Canvas {
        match &mut self.table {
            Some(table) => &mut table.cell,
            None => &mut self.canvas,
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => self.canvas.open_heading(*level as u8),
            Tag::Paragraph if self.lists.is_empty() => self.canvas.paragraph(),
            Tag::Paragraph => self.canvas.line(),
            Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) | Tag::HtmlBlock => self.canvas.paragraph(),
            Tag::CodeBlock(_) => {
                self.canvas.paragraph();
                self.code = true;
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.canvas.paragraph();
                }
                self.lists.push(*first);
            }
            Tag::Item => self.item(),
            Tag::Table(_) => {
                self.canvas.paragraph();
                self.table = Some(Table::default());
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{indent}{}. ", *number - 1)
            }
            _ => format!("{indent}- "),
        };
        self.canvas.item(bullet);
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.canvas.close_heading(),
            TagEnd::Paragraph if !self.lists.is_empty() => self.canvas.line(),
            TagEnd::Paragraph | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => self.canvas.paragraph(),
            TagEnd::CodeBlock => {
                self.code = false;
                self.canvas.verbatim(&std::mem::take(&mut self.raw));
                self.canvas.paragraph();
            }
            TagEnd::HtmlBlock => {
                html::render_fragment(&std::mem::take(&mut self.raw), &mut self.canvas);
                self.canvas.paragraph();
            }
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.canvas.paragraph();
                }
            }
            TagEnd::TableCell | TagEnd::TableHead | TagEnd::TableRow | TagEnd::Table => self.end_in_table(tag),
            _ => {}
        }
    }

    fn end_in_table(&mut self, tag: TagEnd) {
        let Some(table) = &mut self.table else { return };
        match tag {
            TagEnd::TableCell => table.row.push(std::mem::take(&mut table.cell).into_line()),
            TagEnd::TableHead => table.headers = std::mem::take(&mut table.row),
            TagEnd::TableRow => table.rows.push(std::mem::take(&mut table.row)),
            _ => {
                for line in table::lines(&table.headers, &table.rows) {
                    self.canvas.line();
                    self.canvas.words(&line);
                }
                self.canvas.paragraph();
                self.table = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extract(source: &str) -> Extracted {
        Markdown.extract("a.md", source.as_bytes(), &|_| {}).unwrap()
    }

    #[test]
    fn markup_goes_and_words_stay() {
        let found = extract(
            "---\ntitle: \"The guide\"\ntags: [x]\n---\n# Head *ing*\n\nSome **bold** and [a link](http://x) \nover `two` \
             lines.<br>Next <b>line</b>. ![alt words](i.png)\n\n1. one\n2. two\n   - inner\n\n   more of two\n3. three\n\n\
             ```sh\n  run --it\n\ndone\n```\n\n> A quote[^1].\n\n[^1]: The note.\n\n<div align=\"center\">A\n<!-- not this --> \
             <b>block</b></div>\n\n## Second\n",
        );
        insta::assert_snapshot!(found.text, @r"
        Head ing

        Some bold and a link over two lines.
        Next line. alt words

        1. one
        2. two
          - inner
        more of two
        3. three

          run --it

        done

        A quote.

        The note.

        A block

        Second
        ");
        assert_eq!(found.title.as_deref(), Some("The guide"));
        let headings: Vec<_> = found.headings.iter().map(|h| (h.level, h.span.of(&found.text).unwrap())).collect();
        assert_eq!(headings, [(1, "Head ing"), (2, "Second")]);
    }

    #[test]
    fn a_table_row_can_be_quoted_by_itself() {
        let found = extract("| Model | **Context** |\n|---|---|\n| Llama 3 | 8192 [x](y) |\n| Phi | |\n\nAfter.");
        assert_eq!(found.text, "Model: Llama 3; Context: 8192 x\nModel: Phi\n\nAfter.");
    }

    #[test]
    fn a_rule_is_not_a_front_matter() {
        let found = extract("Before.\n\n---\n\ntitle: not this\n\n---\n\nAfter.");
        assert_eq!(found.text, "Before.\n\ntitle: not this\n\nAfter.");
        assert_eq!(found.title, None);
        assert_eq!(extract("--- \nunclosed").title, None);
    }

    #[test]
    fn a_front_matter_is_never_quoted_and_a_broken_one_is_text() {
        let found = extract("---\ntitle: T\ntags: [x]\nsecret: word\n---\n# Head\n\nWords.\n");
        assert_eq!(found.text, "Head\n\nWords.");
        assert_eq!(found.headings[0].span.of(&found.text), Some("Head"));
        assert_eq!((found.metadata.tags.as_slice(), found.metadata.fields.len()), (["x".to_owned()].as_slice(), 1));
        let broken = extract("---\ntitle: T: x\nsecret: [word\n---\n# Head\n");
        assert_eq!(broken.title.as_deref(), Some("T: x"));
        assert!(broken.text.contains("secret: [word") && broken.text.ends_with("Head"), "{}", broken.text);
    }

    #[test]
    fn the_first_level_one_heading_is_the_title() {
        assert_eq!(extract("## Minor\n\n# Major\n\ntext").title.as_deref(), Some("Major"));
    }

    #[test]
    fn task_lists_and_notes_read_as_written() {
        assert_eq!(
            extract("> [!NOTE]\n> Mind it.\n\n- [x] done\n- [ ] open").text,
            "Mind it.\n\n- [x] done\n- [ ] open"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_renders_with_headings_in_place(source in "[#*_`|<>&\\[\\]()!\\-+0-9a-zé\u{301} \n]{0,120}") {
            let found = extract(&source);
            for heading in &found.headings {
                proptest::prop_assert!(heading.span.of(&found.text).is_some_and(|text| !text.contains('\n')));
            }
        }
    }
}
