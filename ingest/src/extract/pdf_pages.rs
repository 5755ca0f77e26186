//! What stands on a PDF's pages and is not their text: signs without meaning, and running heads.

use std::collections::{HashMap, HashSet};

use super::pdf_layout::PdfLine;

/// A page of fewer signs is not judged by what they are.
const GIBBERISH_SIGNS: usize = 100;

/// How many lines at the head and at the foot of a page may run through a document.
const RUNNING_LINES: usize = 2;
/// The fewest pages on which a running line stands; it stands on half of all pages, too.
const RUNNING_PAGES: usize = 3;

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
    let mut seen: HashMap<Key, usize> = HashMap::new();
    for (index, lines) in pages.iter().enumerate() {
        let keys: HashSet<Key> = edges(lines.len()).flat_map(|at| keys(&lines[at].text, index)).collect();
        for key in keys {
            *seen.entry(key).or_default() += 1;
        }
    }
    let enough = RUNNING_PAGES.max(pages.len().div_ceil(2));
    let mut kept: HashSet<Key> = HashSet::new();
    for (index, lines) in pages.iter_mut().enumerate() {
        let mut runs = |text: &str| {
            let mut running = keys(text, index).into_iter().filter(|key| seen.get(key).is_some_and(|&n| n >= enough));
            running.next().is_some_and(|key| matches!(key, Key::Numbered(_)) || !kept.insert(key))
        };
        let dropped: Vec<usize> = edges(lines.len()).filter(|&at| runs(&lines[at].text)).collect();
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

/// The places of the first and last lines of a page of `count` lines.
fn edges(count: usize) -> impl Iterator<Item = usize> {
    (0..count).filter(move |&at| at < RUNNING_LINES || at + RUNNING_LINES >= count)
}

#[cfg(test)]
mod tests {
    use super::*;

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
