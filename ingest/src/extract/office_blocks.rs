//! The blocks of an Office document, rendered: paragraphs, headings, lists, notes.

use std::collections::BTreeMap;

use office_oxide::ir::{Element, InlineContent, List, Note, Paragraph};

use super::canvas::Canvas;
use super::office_numbers::{marker, numeral};
use super::office_table;
use crate::normalize;

/// What stands on every slide and is not its content: date, foot, number, head.
const RUNNING: [&str; 4] = ["dt", "ftr", "sldNum", "hdr"];

/// The style of a text's title. It has no level: Word keeps it out of the table of contents.
pub(crate) const TITLE_STYLE: &str = "Title";

/// Footnotes, endnotes and comments, until the paragraph that calls them is written.
#[derive(Default)]
pub(crate) struct Notes {
    held: BTreeMap<Call, Vec<Held>>,
    /// Called by the block that is being written.
    called: Vec<Call>,
}

/// What calls a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    Footnote(u32),
    Endnote(u32),
    Comment(u32),
}

struct Held {
    /// What stands before a comment: that it is one, and whose.
    label: Option<String>,
    content: Vec<Element>,
}

impl Notes {
    /// Takes the notes out of a section, where they stand behind all else.
    pub(crate) fn take(&mut self, elements: &mut Vec<Element>) {
        elements.retain_mut(|element| {
            let (call, note) = match element {
                Element::Footnote(note) => (Call::Footnote(note.id), note),
                Element::Endnote(note) if is_comment(note) => (Call::Comment(note.id), note),
                Element::Endnote(note) => (Call::Endnote(note.id), note),
                _ => return true,
            };
            let author = note.author.as_deref().filter(|author| !author.trim().is_empty());
            let label = matches!(call, Call::Comment(_))
                .then(|| author.map_or_else(|| "Comment: ".to_owned(), |author| format!("Comment ({author}): ")));
            self.held.entry(call).or_default().push(Held { label, content: std::mem::take(&mut note.content) });
            false
        });
    }

    /// Writes the notes that nothing called.
    pub(crate) fn render_rest(mut self, canvas: &mut Canvas) {
        self.called = self.held.keys().copied().collect();
        self.render_called(canvas);
    }

    /// Writes the notes of the block that was just written, each a paragraph.
    fn render_called(&mut self, canvas: &mut Canvas) {
        for call in std::mem::take(&mut self.called) {
            for held in self.held.remove(&call).unwrap_or_default() {
                canvas.paragraph();
                canvas.words(held.label.as_deref().unwrap_or_default());
                let mut blocks = Blocks { canvas, notes: self, is_tight: true, is_slide: false };
                blocks.elements(&held.content);
                canvas.paragraph();
            }
        }
    }
}

fn is_comment(note: &Note) -> bool {
    note.author.is_some() || note.marker.as_deref().is_some_and(|marker| marker.starts_with("Comment"))
}

/// Writes blocks on a canvas.
pub(crate) struct Blocks<'a> {
    canvas: &'a mut Canvas,
    notes: &'a mut Notes,
    /// Whether a line is enough between paragraphs: in cells, lists, notes and on slides.
    is_tight: bool,
    is_slide: bool,
}

impl<'a> Blocks<'a> {
    /// For running text.
    pub(crate) fn new(canvas: &'a mut Canvas, notes: &'a mut Notes) -> Self {
        Self { canvas, notes, is_tight: false, is_slide: false }
    }

    /// For a slide, where each line is a paragraph and all headings are titles.
    pub(crate) fn on_slide(canvas: &'a mut Canvas, notes: &'a mut Notes) -> Self {
        Self { canvas, notes, is_tight: true, is_slide: true }
    }

    /// Writes `elements` and, after each, the notes that it calls.
    pub(crate) fn render(&mut self, elements: &[Element]) {
        for element in elements {
            self.element(element);
            self.notes.render_called(self.canvas);
        }
    }

    fn elements(&mut self, elements: &[Element]) {
        for element in elements {
            self.element(element);
        }
    }

    fn element(&mut self, element: &Element) {
        match element {
            Element::Heading(heading) => {
                self.canvas.open_heading(if self.is_slide { 1 } else { heading.clamped_level() });
                self.inline(&heading.content);
                self.canvas.close_heading();
            }
            Element::Paragraph(paragraph) => self.paragraph(paragraph),
            Element::Table(table) => self.table(table),
            Element::List(list) => {
                self.part();
                self.list(list, &mut Vec::new());
                self.part();
            }
            Element::TextBox(text_box) => {
                self.canvas.paragraph();
                self.elements(&text_box.content);
                self.canvas.paragraph();
            }
            Element::Footnote(note) | Element::Endnote(note) => {
                self.canvas.paragraph();
                self.elements(&note.content);
                self.canvas.paragraph();
            }
            Element::CodeBlock(code) => {
                self.canvas.paragraph();
                self.canvas.verbatim(&normalize::canonical(&code.content));
                self.canvas.paragraph();
            }
            Element::Image(image) => {
                // What programs put there by themselves is a file's name or a guess.
                let told = image.alt_text.as_deref().filter(|alt| alt.split_whitespace().nth(2).is_some());
                if let Some(alt) = told.filter(|alt| !alt.contains("generated")) {
                    self.part();
                    self.words(alt);
                    self.part();
                }
            }
            // Breaks and rules.
            _ => self.part(),
        }
    }

    fn paragraph(&mut self, paragraph: &Paragraph) {
        if paragraph.style.as_deref() == Some(TITLE_STYLE) && !self.is_slide {
            self.canvas.open_heading(1);
            self.inline(&paragraph.content);
            return self.canvas.close_heading();
        }
        let role = paragraph.placeholder_role.as_deref();
        if self.is_slide && role.is_some_and(|role| RUNNING.contains(&role)) {
            return;
        }
        self.part();
        self.inline(&paragraph.content);
        self.part();
    }

    fn table(&mut self, table: &office_oxide::ir::Table) {
        self.canvas.paragraph();
        if office_table::is_layout(table) {
            for cell in table.rows.iter().flat_map(|row| &row.cells) {
                self.elements(&cell.content);
                self.canvas.paragraph();
            }
        } else {
            if let Some(caption) = &table.caption {
                self.words(caption);
            }
            for line in office_table::lines(table, |content| self.cell(content)) {
                self.canvas.line();
                self.canvas.words(&line);
            }
        }
        self.canvas.paragraph();
    }

    /// The words of a cell, on one line.
    fn cell(&mut self, content: &[Element]) -> String {
        let mut canvas = Canvas::default();
        let mut blocks = Blocks { canvas: &mut canvas, notes: self.notes, is_tight: true, is_slide: self.is_slide };
        blocks.elements(content);
        canvas.into_line()
    }

    /// Writes the items of a list; `counters` are the numbers of the lists around it.
    fn list(&mut self, list: &List, counters: &mut Vec<String>) {
        let indent = "  ".repeat(counters.len());
        let mut number = list.start_number.unwrap_or(1);
        for item in &list.items {
            counters.push(numeral(number, list.style.as_ref()));
            let marker = if list.ordered { marker(list, counters) } else { "-".to_owned() };
            number = number.saturating_add(1);
            if has_words(&item.content) {
                self.canvas.item(format!("{indent}{marker} "));
                let is_tight = std::mem::replace(&mut self.is_tight, true);
                self.elements(&item.content);
                self.is_tight = is_tight;
            }
            if let Some(nested) = &item.nested {
                self.list(nested, counters);
            }
            counters.pop();
        }
    }

    fn inline(&mut self, content: &[InlineContent]) {
        for piece in content {
            match piece {
                InlineContent::Text(span) => self.words(&span.text),
                InlineContent::LineBreak => self.canvas.line(),
                InlineContent::FootnoteRef(call) => self.notes.called.push(Call::Footnote(call.note_id)),
                InlineContent::EndnoteRef(call) => self.notes.called.push(Call::Endnote(call.note_id)),
                InlineContent::CommentRef(call) => self.notes.called.push(Call::Comment(call.comment_id)),
                _ => {}
            }
        }
    }

    fn words(&mut self, words: &str) {
        self.canvas.words(&normalize::canonical(words));
    }

    fn part(&mut self) {
        if self.is_tight { self.canvas.line() } else { self.canvas.paragraph() }
    }
}

/// Whether an item would write anything: its mark must not be left to the next words.
fn has_words(content: &[Element]) -> bool {
    content.iter().any(|element| match element {
        Element::Paragraph(paragraph) => has_text(&paragraph.content),
        Element::Heading(heading) => has_text(&heading.content),
        _ => true,
    })
}

fn has_text(content: &[InlineContent]) -> bool {
    content.iter().any(|piece| matches!(piece, InlineContent::Text(span) if !span.text.trim().is_empty()))
}
