//! What stands on a PDF's pages and is not their text: signs without meaning, and running heads.

use std::collections::{HashMap, HashSet};

use super::pdf_layout::PdfLine;

/// A page of fewer signs is not judged by what they are.
const GIBBERISH_SIGNS: usize = 100;

/// How many lines at the head and at the foot of a page may run through a document.
const RUNNING_LINES: usize = 2;
/// The fewest pages on which a running line stands; it stands on half of all pages, too, or on a row of pages.
const RUNNING_PAGES: usize = 3;

/// So many pages in a row, or every second page of so many (left and right pages), have the same line where a
/// chapter's name runs.
const RUNNING_CHAPTER: usize = 4;

/// Empties the pages whose signs mean nothing, and all of them where three in four are such: pages share their
/// fonts, and the rest are too short to be judged.
pub(super) fn clear_gibberish(pages: &mut [Vec<PdfLine>]) {
    let written = pages.iter().filter(|lines| !lines.is_empty()).count();
    let bad: Vec<bool> = pages.iter().map(|lines| is_gibberish(lines)).collect();
    let all = bad.iter().filter(|&&bad| bad).count() * 4 >= written * 3 && bad.contains(&true);
    for (lines, bad) in pages.iter_mut().zip(bad) {
        if bad || all {
            lines.clear();
        }
    }
}

/// Whether a page's signs mean nothing: its fonts do not say which letters they draw, so that a reader gets
/// `!"#$ &'(` for words. Such a page needs OCR, as a scanned one does.
///
/// It shows in few letters and digits among its signs, and in few letters that stand in words. (Of 121 pages of
/// real filings none is below 0.72 and 0.8; those of one whose fonts are mute are below both.)
fn is_gibberish(lines: &[PdfLine]) -> bool {
    let signs = || lines.iter().flat_map(|line| line.text.chars());
    // Leaders and rules are plentiful in honest pages.
    let counted = signs().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '_' | '-' | '…')).count();
    let meant = signs().filter(|c| c.is_alphanumeric()).count();
    let letters = signs().filter(|c| c.is_alphabetic()).count();
    let runs = lines.iter().flat_map(|line| line.text.split(|c: char| !c.is_alphabetic()));
    let in_words: usize = runs.map(|run| run.chars().count()).filter(|&run| run >= 3).sum();
    counted >= GIBBERISH_SIGNS && meant * 4 < counted * 3 && in_words * 5 < letters * 4
}

/// Drops the lines that stand at the head or the foot of most pages: titles, but for the first time, and page
/// numbers. They would stand in the middle of sentences that go over a page's end.
pub(super) fn drop_running_heads(pages: &mut [Vec<PdfLine>]) {
    let mut seen: HashMap<Key, Vec<usize>> = HashMap::new();
    for (index, lines) in pages.iter().enumerate() {
        let keys: HashSet<Key> = edges(lines).into_iter().flat_map(|at| keys(&lines[at].text, index)).collect();
        for key in keys {
            seen.entry(key).or_default().push(index);
        }
    }
    let enough = RUNNING_PAGES.max(pages.len().div_ceil(2));
    seen.retain(|_, on| on.len() >= enough || longest_row(on) >= RUNNING_CHAPTER);
    let mut kept: HashSet<Key> = HashSet::new();
    for (index, lines) in pages.iter_mut().enumerate() {
        let mut runs = |text: &str| {
            let mut running = keys(text, index).into_iter().filter(|key| seen.contains_key(key));
            running.next().is_some_and(|key| matches!(key, Key::Numbered(_)) || !kept.insert(key))
        };
        let dropped: Vec<usize> = edges(lines).into_iter().filter(|&at| runs(&lines[at].text)).collect();
        let mut at = 0;
        lines.retain(|_| {
            at += 1;
            !dropped.contains(&(at - 1))
        });
    }
}

/// What makes lines of several pages one running line.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// The same words.
    Same(String),
    /// The same words around a figure that counts the pages: here it stands as its distance from the page's own
    /// number. Figures that change otherwise (totals, dates) are content.
    Numbered(String),
}

fn keys(text: &str, index: usize) -> Vec<Key> {
    let text = text.trim();
    let mut keys = vec![Key::Same(text.to_owned())];
    let mut figures = text.split(|c: char| !c.is_ascii_digit()).filter(|figure| !figure.is_empty());
    let (first, last) = (figures.next(), figures.next_back());
    for figure in [first, last].into_iter().flatten() {
        let start = figure.as_ptr() as usize - text.as_ptr() as usize;
        if let (Ok(number), Ok(index)) = (figure.parse::<i64>(), i64::try_from(index)) {
            let (before, after) = (&text[..start], &text[start + figure.len()..]);
            keys.push(Key::Numbered(format!("{before}#{}{after}", number - index)));
        }
    }
    keys
}

/// How many of `pages` (sorted) follow each other, at most one other page between them.
fn longest_row(pages: &[usize]) -> usize {
    pages.chunk_by(|before, after| after - before <= 2).map(<[usize]>::len).max().unwrap_or(0)
}

/// The places of a page's first and last lines: by height where lines have places, for the last line of the left
/// column stands in the middle of the text.
fn edges(lines: &[PdfLine]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    let top = |&at: &usize| lines[at].place.map(|place| place.y0);
    if order.iter().all(|at| top(at).is_some()) {
        order.sort_by(|a, b| top(a).unwrap_or(0.0).total_cmp(&top(b).unwrap_or(0.0)));
    }
    let count = order.len();
    let mut edges: Vec<usize> = order
        .into_iter()
        .enumerate()
        .filter(|&(rank, _)| rank < RUNNING_LINES || rank + RUNNING_LINES >= count)
        .map(|(_, at)| at)
        .collect();
    edges.sort_unstable();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use footnote_core::document::PageBox;

    fn page(lines: &[&str]) -> Vec<PdfLine> {
        let line = |text: &&str| PdfLine {
            text: (*text).to_owned(),
            place: None,
            size: 0.0,
            columns: false,
            bold: false,
            apart: false,
        };
        lines.iter().map(line).collect()
    }

    fn texts(pages: &[Vec<PdfLine>]) -> Vec<Vec<&str>> {
        pages.iter().map(|lines| lines.iter().map(|line| line.text.as_str()).collect()).collect()
    }

    #[test]
    fn running_heads_stand_once_and_page_numbers_go() {
        let sheet =
            |n: u32| page(&["Handbook 2025", &format!("Total {}", n * n), "Text", &format!("Page {} of 9", n + 5)]);
        let mut pages: Vec<_> = (1..=4).map(sheet).collect();
        drop_running_heads(&mut pages);
        assert_eq!(texts(&pages)[0], ["Handbook 2025", "Total 1", "Text"]);
        assert_eq!(texts(&pages)[3], ["Total 16"], "figures that do not count pages are content");
    }

    #[test]
    fn a_chapter_name_that_runs_over_some_pages_stands_once() {
        let sheet =
            |n: usize| page(&[["Part I", "Part II"][n / 10], &format!("Words of page {}", n * n), "a", "b", "c"]);
        let mut pages: Vec<_> =
            (0..30).map(|n| if n < 20 { sheet(n) } else { page(&[&format!("{}", n * n)]) }).collect();
        drop_running_heads(&mut pages);
        let heads = pages.iter().flatten().filter(|line| line.text.starts_with("Part")).count();
        assert_eq!(heads, 2);
        assert_eq!(texts(&pages)[10][0], "Part II");
    }

    #[test]
    fn a_foot_under_the_left_column_is_found() {
        let column = |text: String, x0: f32, y0: f32| PdfLine {
            place: Some(PageBox { page: 1, x0, y0, x1: x0 + 50.0, y1: y0 + 10.0 }),
            ..page(&[&text]).remove(0)
        };
        let sheet = |n: usize| {
            let left = (0..5).map(|row| column(format!("left {n} {row}"), 50.0, 20.0 * row as f32));
            let right = (0..5).map(|row| column(format!("right {n} {row}"), 200.0, 20.0 * row as f32));
            left.chain([column("The foot".into(), 50.0, 300.0)]).chain(right).collect::<Vec<_>>()
        };
        let mut pages: Vec<_> = (0..4).map(sheet).collect();
        drop_running_heads(&mut pages);
        assert_eq!(pages.iter().flatten().filter(|line| line.text == "The foot").count(), 1);
    }

    #[test]
    fn two_pages_have_no_running_heads() {
        let mut pages = vec![page(&["Same", "a"]), page(&["Same", "b"])];
        drop_running_heads(&mut pages);
        assert_eq!(texts(&pages), [["Same", "a"], ["Same", "b"]]);
    }

    #[test]
    fn pages_of_signs_that_mean_nothing_are_emptied() {
        let noise = "!\"#$ &'( )a*+ ".repeat(20);
        let mut pages = vec![page(&[&noise]), page(&["Real words (100%), and $5."])];
        clear_gibberish(&mut pages);
        assert_eq!(texts(&pages), [vec![], vec!["Real words (100%), and $5."]]);
        let mut pages = vec![page(&[&noise]), page(&[&noise]), page(&[&noise]), page(&["!&"])];
        clear_gibberish(&mut pages);
        assert!(pages.iter().all(Vec::is_empty), "the last page has the same fonts");
    }
}
