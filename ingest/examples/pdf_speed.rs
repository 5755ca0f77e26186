//! Pages per second of reading PDFs on one core, and the share of the words of `pdftotext` that are found:
//! `pdf_speed FILE.pdf…`. Each file is read three times; the best counts, as for every figure of speed here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use footnote_core::text::words;
use footnote_ingest::media_type::MediaType;
use footnote_ingest::reader::{Isolation, OcrOptions, Reader, ReaderOptions};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 3;

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let reader = Reader::new(ReaderOptions {
        isolation: Isolation::Thread,
        workers: 1,
        memory_bytes: 4 << 30,
        deadline: Duration::from_secs(600),
        page_deadline: Duration::from_secs(60),
        ocr: OcrOptions::default(),
    });
    let (mut all_pages, mut all_seconds, mut recalls) = (0, 0.0, Vec::new());
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        let Ok(bytes) = fs_err::read(&path).map(Arc::new) else { return ExitCode::FAILURE };
        let (mut best, mut text, mut pages) = (f64::INFINITY, String::new(), 0);
        for _ in 0..ROUNDS {
            let started = Instant::now();
            match reader.extract(&path.display().to_string(), MediaType::Pdf, &bytes, &CancellationToken::new()) {
                Ok(found) => (pages, text) = (found.pages.len(), found.text),
                Err(error) => println!("{error}"),
            }
            best = best.min(started.elapsed().as_secs_f64());
        }
        let recall = recall(&pdftotext(&path), &text);
        println!("{:8.1} pages/s  recall {recall:.4}  {pages} pages  {}", pages as f64 / best, path.display());
        (all_pages, all_seconds) = (all_pages + pages, all_seconds + best);
        if !text.is_empty() {
            recalls.push(recall);
        }
        if let Some(folder) = std::env::var_os("FOOTNOTE_TEXTS") {
            let file = PathBuf::from(folder).join(path.file_name().unwrap_or_default()).with_extension("txt");
            if fs_err::write(file, &text).is_err() {
                return ExitCode::FAILURE;
            }
        }
    }
    let mean = recalls.iter().sum::<f64>() / recalls.len().max(1) as f64;
    println!("{:8.1} pages/s  recall {mean:.4}  {all_pages} pages in all", all_pages as f64 / all_seconds);
    ExitCode::SUCCESS
}

fn pdftotext(path: &std::path::Path) -> String {
    let output = Command::new("pdftotext").arg(path).arg("-").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
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
