//! A section to spans of a bounded number of tokens, cut between paragraphs, lines or sentences.

use footnote_core::Span;
use text_splitter::{ChunkCapacity, ChunkConfig, CodeSplitter, TextSplitter};
use tree_sitter::Language;

use crate::chunk::MIN_TOKENS;
use crate::section::Section;
use crate::syntax::Syntax;
use crate::tokens::{PartSizer, TokenIndex};
use crate::units;

/// Code is parsed in windows of about this many bytes: the splitter looks through all that is left of its
/// input for every chunk, and a parser that mends errors may be slow on garbage.
const WINDOW_BYTES: usize = 64 * 1024;

/// Splits the sections of one text.
pub(crate) struct Splitter<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// Its tokens.
    pub(crate) index: &'a TokenIndex,
    /// Tokens that neighbours share at most, in whole units.
    pub(crate) overlap: usize,
    /// What it may be cut along.
    pub(crate) syntax: &'a Syntax,
}

/// Where a stretch of text may be cut.
struct Bounds {
    /// Where units begin.
    units: Vec<usize>,
    /// The same, and places inside those units that do not fit into a chunk.
    all: Vec<usize>,
}

impl Splitter<'_> {
    /// Spans of at most `room` tokens. The section's headings stay with the first of them: alone they would
    /// be a chunk that says nothing.
    pub(crate) fn split(&self, section: &Section, room: usize) -> Vec<Span> {
        let total = self.index.count(section.span);
        if total <= room {
            return Vec::from_iter(Some(self.trimmed(section.span)).filter(|span| !span.is_empty()));
        }
        let heading_tokens = self.index.count(Span::new(section.span.start, section.body));
        let (from, room) = match heading_tokens {
            many if many * 2 > room => (section.span.start, room),
            few => (section.body, room - few),
        };
        let overlap = self.overlap.min(room / 2);
        let room = room - overlap;
        let body = Span::new(from, section.span.end);
        let bounds = self.bounds(body, room);
        let proposed = match self.syntax {
            Syntax::Code(language) => self.along_syntax(language, body, room),
            _ => {
                // Even parts: not one full chunk and a crumb.
                let parts = total.div_ceil(room).max(1);
                self.cut(body, (total.div_ceil(parts) + room / 10).min(room), room)
            }
        };
        let spans = self.evened(self.settled(body, &proposed, &bounds.all, room), &bounds.all, room);
        let mut spans = self.overlapped(spans, &bounds.units, overlap);
        if let Some(first) = spans.first_mut() {
            *first = self.trimmed(Span::new(section.span.start, first.end));
        }
        spans
    }

    /// Without the white space around it, but for the indentation of code.
    fn trimmed(&self, span: Span) -> Span {
        let trimmed = span.trimmed(self.text);
        match span.of(self.text) {
            Some(part) if self.syntax.is_code() && !trimmed.is_empty() => {
                let before = &part[..trimmed.start - span.start];
                Span::new(span.start + before.rfind('\n').map_or(0, |at| at + 1), trimmed.end)
            }
            _ => trimmed,
        }
    }

    fn bounds(&self, span: Span, room: usize) -> Bounds {
        let units = units::starts(self.text, span, self.syntax.is_code());
        let mut all = Vec::with_capacity(units.len());
        let mut start = span.start;
        for &end in units.iter().chain([&span.end]) {
            let unit = Span::new(start, end);
            if self.index.count(unit) > room {
                all.extend(self.cut(unit, room, room));
            }
            all.push(end);
            start = end;
        }
        all.retain(|&bound| span.start < bound && bound < span.end);
        Bounds { units, all }
    }

    /// Where `span` would be cut into parts of about `desired` and at most `room` tokens.
    fn cut(&self, span: Span, desired: usize, room: usize) -> Vec<usize> {
        let Some(part) = span.of(self.text) else { return Vec::new() };
        let splitter = TextSplitter::new(self.config(desired, room));
        splitter.chunk_indices(part).map(|(at, _)| span.start + at).filter(|&at| at > span.start).collect()
    }

    /// Where `span` would be cut along its syntax tree into parts of at most `room` tokens.
    fn along_syntax(&self, language: &Language, span: Span, room: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut start = span.start;
        while let Some(part) = Span::new(start, span.end).of(self.text).map(window).filter(|part| !part.is_empty()) {
            match CodeSplitter::new(language.clone(), self.config(room, room)) {
                Ok(splitter) => found.extend(splitter.chunk_indices(part).map(|(at, _)| start + at)),
                // A grammar of another age than the parser: a test holds that there is none.
                Err(_) => found.extend(self.cut(Span::new(start, start + part.len()), room, room)),
            }
            start += part.len();
        }
        found.retain(|&at| at > span.start);
        found
    }

    fn config(&self, desired: usize, room: usize) -> ChunkConfig<PartSizer<'_>> {
        let capacity = ChunkCapacity::new(desired).with_max(room).unwrap_or(ChunkCapacity::new(room));
        ChunkConfig::new(capacity).with_sizer(self.index.sizer(self.text))
    }

    /// The parts of `span` between the `proposed` cuts, each moved to the bound before it: a splitter that had
    /// to cut one sentence goes on cutting in the middle of lines.
    fn settled(&self, span: Span, proposed: &[usize], bounds: &[usize], room: usize) -> Vec<Span> {
        let mut parts = Vec::with_capacity(proposed.len() + 1);
        let mut start = span.start;
        for &cut in proposed.iter().chain([&span.end]) {
            let mut wanted = if cut == span.end { cut } else { last_up_to(bounds, cut).unwrap_or(start) };
            if self.syntax.is_code() && wanted < span.end {
                wanted = self.before_comment(wanted, start, bounds);
            }
            while start < wanted {
                let fits = |&bound: &usize| self.index.count(Span::new(start, bound)) <= room;
                let end = if fits(&wanted) {
                    wanted
                } else {
                    let next = bounds.partition_point(|&bound| bound <= start);
                    let beyond = next + bounds[next..].partition_point(fits);
                    let end = bounds.get(if beyond > next { beyond - 1 } else { next }).copied();
                    end.unwrap_or(wanted).min(wanted)
                };
                parts.push(self.trimmed(Span::new(start, end)));
                start = end;
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// Moves a cut before the comment or attributes that stand on the lines right above it: they speak of what
    /// follows.
    fn before_comment(&self, cut: usize, start: usize, bounds: &[usize]) -> usize {
        let signs = ["//", "#", "/*", "*", "@", "--", ";;", "%"];
        let speaks = |line: &str| signs.iter().any(|sign| line.trim_start().starts_with(sign));
        let lines = bounds[..bounds.partition_point(|&bound| bound < cut)].iter().rev().copied();
        let mut moved = cut;
        for line in lines.take_while(|&line| line > start) {
            if !self.text.get(line..moved).is_some_and(speaks) {
                return moved;
            }
            moved = line;
        }
        // The whole part is one comment: it stays where it is.
        cut
    }

    /// Joins crumbs with a neighbour. Where both do not fit into one, the neighbour gives sentences to it: a
    /// short paragraph before a long one is left alone by a cut between paragraphs. A function gives nothing.
    fn evened(&self, spans: Vec<Span>, bounds: &[usize], room: usize) -> Vec<Span> {
        let mut out: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            let crumb = |span: Span| self.index.count(span) < MIN_TOKENS.min(room / 3);
            let Some(last) = out.last().copied().filter(|&last| crumb(last) || crumb(span)) else {
                out.push(span);
                continue;
            };
            out.pop();
            let both = Span::new(last.start, span.end);
            let total = self.index.count(both);
            if total <= room {
                out.push(both);
                continue;
            }
            let half = |&bound: &usize| self.index.count(Span::new(both.start, bound)) <= total.div_ceil(2);
            let middle = bounds.partition_point(half).checked_sub(1).map(|at| bounds[at]);
            let halves = middle
                .filter(|&at| both.start < at && !self.syntax.is_code())
                .map(|at| [self.trimmed(Span::new(both.start, at)), self.trimmed(Span::new(at, both.end))]);
            let fits = |span: &Span| (1..=room).contains(&self.index.count(*span));
            out.extend(halves.filter(|halves| halves.iter().all(fits)).unwrap_or([last, span]));
        }
        out
    }

    /// Lets each span begin with the last units of the one before it, as many as `overlap` tokens hold. A span
    /// that begins inside a unit shares nothing: half a sentence says nothing twice.
    fn overlapped(&self, mut spans: Vec<Span>, units: &[usize], overlap: usize) -> Vec<Span> {
        if overlap == 0 {
            return spans;
        }
        for at in (1..spans.len()).rev() {
            let (before, span) = (spans[at - 1], spans[at]);
            // White space was trimmed off: the unit begins at the last bound that has none but that before it.
            let Some(begins) = last_up_to(units, span.start) else { continue };
            if !self.text[begins..span.start].trim().is_empty() {
                continue;
            }
            let shared = |&unit: &usize| self.index.count(Span::new(unit, begins)) > overlap;
            let first = units.partition_point(shared);
            let first = first.max(units.partition_point(|&unit| unit <= before.start));
            if let Some(&unit) = units.get(first).filter(|&&unit| unit < begins) {
                spans[at] = self.trimmed(Span::new(unit, span.end));
            }
        }
        spans
    }
}

/// The last of `bounds` that is not beyond `at`.
fn last_up_to(bounds: &[usize], at: usize) -> Option<usize> {
    bounds.partition_point(|&bound| bound <= at).checked_sub(1).map(|index| bounds[index])
}

/// The front of `code` that is parsed at once. It ends before a line that begins at the margin after an empty
/// one, where there is such a line: that is between two functions.
fn window(code: &str) -> &str {
    let mut limit = WINDOW_BYTES.min(code.len());
    while !code.is_char_boundary(limit) {
        limit -= 1;
    }
    if limit == code.len() {
        return code;
    }
    let front = &code[..limit];
    let at_margin = front
        .match_indices("\n\n")
        .map(|(at, _)| at + 2)
        .filter(|&at| front[at..].starts_with(|c: char| !c.is_whitespace() && c != '}'))
        .last();
    let at_line = || front.rfind('\n').map(|at| at + 1);
    &front[..at_margin.or_else(at_line).unwrap_or(limit)]
}

#[cfg(test)]
mod tests;
