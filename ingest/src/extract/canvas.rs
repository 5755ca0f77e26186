//! The sheet that markup is rendered on: text with stable gaps, and the headings in it.

use footnote_core::Span;
use footnote_core::document::Heading;

/// What stands between what was written and what will be written next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

/// Collects rendered text. Gaps are remembered, not written, so that none is doubled and none is left at an
/// end.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    text: String,
    headings: Vec<Heading>,
    gap: Gap,
    /// Written before the next words of a line: a list's bullet.
    bullet: String,
    /// The heading that is open: its level, and where it begins.
    open: Option<(u8, Option<usize>)>,
}

impl Canvas {
    /// Writes words; white space collapses to single spaces.
    pub(crate) fn words(&mut self, words: &str) {
        if words.starts_with(char::is_whitespace) {
            self.space();
        }
        for (index, word) in words.split_whitespace().enumerate() {
            if index > 0 {
                self.space();
            }
            self.write(word);
        }
        if words.ends_with(char::is_whitespace) {
            self.space();
        }
    }

    /// Writes text as it is, line breaks and indentation included.
    pub(crate) fn verbatim(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.write(text.trim_end().trim_start_matches('\n'));
        }
    }

    /// Parts words by a space.
    pub(crate) fn space(&mut self) {
        self.part(Gap::Space);
    }

    /// Begins a new line. Inside a heading it is a space: a heading is one line.
    pub(crate) fn line(&mut self) {
        self.part(if self.open.is_some() { Gap::Space } else { Gap::Line });
    }

    /// Begins a new paragraph.
    pub(crate) fn paragraph(&mut self) {
        self.part(if self.open.is_some() { Gap::Space } else { Gap::Paragraph });
    }

    /// Begins a list item on a line of its own.
    pub(crate) fn item(&mut self, bullet: String) {
        self.line();
        self.bullet = bullet;
    }

    /// Begins a heading; [`Self::close_heading`] ends it.
    pub(crate) fn open_heading(&mut self, level: u8) {
        self.close_heading();
        self.paragraph();
        self.open = Some((level, None));
    }

    /// Ends the heading that is open.
    pub(crate) fn close_heading(&mut self) {
        if let Some((level, Some(start))) = self.open.take() {
            self.headings.push(Heading { level, span: Span::new(start, self.text.len()) });
        }
        self.paragraph();
    }

    /// Bytes written so far.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether a heading was written.
    pub(crate) fn has_heading(&self) -> bool {
        !self.headings.is_empty()
    }

    /// The text and its headings.
    pub(crate) fn finish(mut self) -> (String, Vec<Heading>) {
        self.close_heading();
        (self.text, self.headings)
    }

    /// What was written, on one line.
    pub(crate) fn into_line(self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn part(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn write(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push_str(match self.gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Paragraph => "\n\n",
            });
        }
        self.gap = Gap::None;
        self.text.push_str(&std::mem::take(&mut self.bullet));
        if let Some((_, start @ None)) = &mut self.open {
            *start = Some(self.text.len());
        }
        self.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_never_doubled_and_never_left_at_an_end() {
        let mut canvas = Canvas::default();
        canvas.paragraph();
        canvas.open_heading(2);
        canvas.words(" The \n heading ");
        canvas.close_heading();
        canvas.paragraph();
        canvas.words("one");
        canvas.line();
        canvas.item("- ".into());
        canvas.words("two");
        canvas.paragraph();
        let (text, headings) = canvas.finish();
        assert_eq!(text, "The heading\n\none\n- two");
        assert_eq!(headings.len(), 1);
        assert_eq!(headings[0].span.of(&text), Some("The heading"));
    }
}
