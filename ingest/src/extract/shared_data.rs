//! Extraction tried on the shared PDFs: run with `FOOTNOTE_SHARED_DATA=… cargo nextest run --run-ignored all`.
//! Figures go to `footnote-extract.tsv` in the folder for temporary files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use footnote_core::text::words;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::media_type::sniff;
use crate::reader::tests::options;
use crate::reader::{Reader, ReaderOptions};
use crate::{ChunkOptions, Chunker};

fn pdfs(folder: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("FOOTNOTE_SHARED_DATA").expect("FOOTNOTE_SHARED_DATA names the shared data's folder");
    let entries = fs_err::read_dir(Path::new(&root).join("pdfs").join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn note(name: &str, lines: &[String]) {
    fs_err::write(std::env::temp_dir().join(format!("footnote-{name}.tsv")), lines.join("\n") + "\n").unwrap();
}

/// Reads a file in a process of its own, as the product does.
fn read(reader: &Reader, path: &Path) -> Result<Extracted> {
    let bytes = fs_err::read(path).unwrap();
    let media_type = sniff(path, &bytes[..bytes.len().min(crate::media_type::HEAD_BYTES)])?;
    reader.extract(&path.display().to_string(), media_type, &Arc::new(bytes), &CancellationToken::new())
}

#[test]
#[ignore = "needs FOOTNOTE_SHARED_DATA"]
fn every_broken_pdf_ends_with_text_or_a_reason() {
    const DEADLINE: Duration = Duration::from_secs(60);
    let reader = Reader::new(ReaderOptions { deadline: DEADLINE, page_deadline: DEADLINE / 3, ..options() });
    let mut lines = Vec::new();
    for path in pdfs("regression") {
        let started = Instant::now();
        let told = match read(&reader, &path) {
            Ok(found) => {
                let bad = found.pages.iter().filter(|page| page.span.of(&found.text).is_none()).count();
                assert_eq!(bad, 0, "{}", path.display());
                let title = found.title.unwrap_or_default();
                format!("text\t{}\t{}\t{}\t{title}", found.text.len(), found.pages.len(), found.headings.len())
            }
            Err(error) => {
                assert!(
                    error.hint_text().is_some() && error.message().contains(&path.display().to_string()),
                    "{error:?}"
                );
                format!("{}\t{}", error.code().as_str(), error.message())
            }
        };
        let taken = started.elapsed();
        assert!(taken < DEADLINE + Duration::from_secs(10), "{} took {taken:?}", path.display());
        let seconds = taken.as_secs_f32();
        lines.push(format!("{}\t{seconds:.2}\t{told}", path.file_name().unwrap().display()));
    }
    assert_eq!(lines.len(), 150, "the whole suite");
    note("extract", &lines);
}

#[test]
#[ignore = "needs FOOTNOTE_SHARED_DATA and pdftotext"]
fn model_the_words_of_filings_are_found() {
    let chunker = Chunker::new(&crate::models::tokenizer_path(), ChunkOptions::default()).unwrap();
    let mut lines = Vec::new();
    let mut recalls = Vec::new();
    let reader = Reader::new(options());
    for path in pdfs("filings") {
        let started = Instant::now();
        let found = read(&reader, &path).unwrap();
        let extracting = started.elapsed().as_secs_f64();
        let output = Command::new("pdftotext").arg(&path).arg("-").output().unwrap();
        let expected = String::from_utf8_lossy(&output.stdout).into_owned();
        let recall = recall(&expected, &found.text);
        // One of them has fonts that do not name their letters; pdftotext finds no words in it either.
        if !found.text.is_empty() {
            recalls.push(recall);
        }
        let mut document = crate::section::tests::document("");
        document.title = found.title.clone().unwrap_or_default();
        (document.text, document.headings, document.pages) = (found.text, found.headings, found.pages);
        let started = Instant::now();
        let chunks = chunker.chunk(&document).unwrap().len();
        let cutting = started.elapsed().as_secs_f64();
        lines.push(format!(
            "{}\trecall {recall:.4}\t{} pages {extracting:.2} s\t{} bytes\t{} headings\t{chunks} chunks {cutting:.3} s ({:.0}/s)\t{}",
            path.file_name().unwrap().display(),
            document.pages.len(),
            document.text.len(),
            document.headings.len(),
            chunks as f64 / cutting,
            document.title
        ));
        fs_err::write(std::env::temp_dir().join(path.file_name().unwrap()).with_extension("txt"), &document.text)
            .unwrap();
    }
    note("filings", &lines);
    // Running heads and page numbers are left out on purpose: up to a hundredth of the words.
    assert!(recalls.iter().sum::<f64>() / recalls.len() as f64 > 0.985, "{recalls:?}");
}

/// The share of the words of `expected`, each as often as it occurs, that `found` has.
fn recall(expected: &str, found: &str) -> f64 {
    let count = |text: &str| {
        words(text).fold(HashMap::<String, usize>::new(), |mut counts, word| {
            *counts.entry(word).or_default() += 1;
            counts
        })
    };
    let (expected, found) = (count(expected), count(found));
    let hit: usize = expected.iter().map(|(word, n)| (*n).min(found.get(word).copied().unwrap_or(0))).sum();
    hit as f64 / expected.values().sum::<usize>().max(1) as f64
}
