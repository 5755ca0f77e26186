//! A section to spans of a bounded number of tokens, cut between paragraphs, lines or sentences.

use footnote_core::Span;
use text_splitter::{ChunkCapacity, ChunkConfig, TextSplitter};

use crate::chunk::MIN_TOKENS;
use crate::section::Section;
use crate::tokens::TokenIndex;

/// Splits the sections of one text.
pub(crate) struct Splitter<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// Its tokens.
    pub(crate) index: &'a TokenIndex,
    /// Tokens that neighbours share.
    pub(crate) overlap: usize,
}

impl Splitter<'_> {
    /// Spans of at most `room` tokens. The section's headings stay with the first of them: alone they would
    /// be a chunk that says nothing.
    pub(crate) fn split(&self, section: &Section, room: usize) -> Vec<Span> {
        let total = self.index.count(section.span);
        if total <= room {
            return Vec::from_iter(Some(section.span.trimmed(self.text)).filter(|span| !span.is_empty()));
        }
        let heading_tokens = self.index.count(Span::new(section.span.start, section.body));
        let (from, room) = match heading_tokens {
            many if many * 2 > room => (section.span.start, room),
            few => (section.body, room - few),
        };
        // Even parts: not one full chunk and a crumb.
        let parts = total.div_ceil(room).max(1);
        let even = (total.div_ceil(parts) + room / 10).min(room);
        let body = Span::new(from, section.span.end);
        let mut spans = self.cut(body, if self.overlap == 0 { even } else { room }, room);
        if self.overlap == 0 {
            spans = self.evened(spans, room);
        }
        if let Some(first) = spans.first_mut() {
            *first = Span::new(section.span.start, first.end).trimmed(self.text);
        }
        spans
    }

    /// Parts of `span` of about `desired` and at most `room` tokens.
    fn cut(&self, span: Span, desired: usize, room: usize) -> Vec<Span> {
        let capacity = ChunkCapacity::new(desired).with_max(room).unwrap_or(ChunkCapacity::new(room));
        let config = ChunkConfig::new(capacity).with_sizer(self.index.sizer(self.text));
        // The options keep the overlap below any room; were it not, there would be one part.
        let Ok(config) = config.with_overlap(self.overlap.min(desired.saturating_sub(1))) else { return vec![span] };
        let Some(part) = span.of(self.text) else { return Vec::new() };
        let splitter = TextSplitter::new(config);
        let parts = splitter.chunk_indices(part).map(|(at, words)| Span::new(at, at + words.len()));
        parts.map(|part| part.shifted(span.start).trimmed(self.text)).filter(|part| !part.is_empty()).collect()
    }

    /// Joins crumbs with a neighbour. Where both do not fit into one, the neighbour gives sentences to it: a
    /// short paragraph before a long one is left alone by a cut between paragraphs.
    fn evened(&self, spans: Vec<Span>, room: usize) -> Vec<Span> {
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
            // The first half ends where a sentence of the longer one does.
            let (long, given) = if crumb(last) { (span, self.index.count(last)) } else { (last, 0) };
            let half = total.div_ceil(2).saturating_sub(given).max(1);
            let halves = self
                .cut(long, half, half)
                .first()
                .map(|part| [Span::new(last.start, part.end), Span::new(part.end, both.end).trimmed(self.text)]);
            let fits = |span: &Span| (1..=room).contains(&self.index.count(*span));
            out.extend(halves.filter(|halves| halves.iter().all(fits)).unwrap_or([last, span]));
        }
        out
    }
}
