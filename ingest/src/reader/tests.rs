//! Readers that misbehave on purpose, in real processes: this test program calls itself.

use std::io::{BufRead, BufReader, IsTerminal};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::channel;

use super::*;

const GENEROUS: Duration = Duration::from_secs(30);

/// This program as a reader process: [`child_process`] under another name.
pub(crate) fn isolation() -> Isolation {
    let child = "reader::tests::child_process";
    let args = [child, "--exact", "--ignored", "--nocapture", "--skip", "called-by-a-pool"];
    Isolation::Process { program: std::env::current_exe().unwrap(), args: args.map(OsString::from).to_vec() }
}

pub(crate) fn options() -> ReaderOptions {
    ReaderOptions {
        isolation: isolation(),
        workers: 1,
        memory_bytes: 1 << 30,
        deadline: GENEROUS,
        page_deadline: GENEROUS,
        ocr: OcrOptions::default(),
    }
}

fn is_called_by_a_pool() -> bool {
    std::env::args().any(|argument| argument == "called-by-a-pool") && !std::io::stdin().is_terminal()
}

#[test]
#[ignore = "the other side of these tests: they start it"]
fn child_process() {
    if is_called_by_a_pool() {
        let _: ExitCode = serve::serve_with(Arc::new(misbehave));
    }
}

#[expect(clippy::print_stdout, reason = "a parser that prints must do no harm, and a worker says who its process is")]
fn print(words: &str) {
    println!("{words}");
}

/// Does what the file says. PDFs have two readers: `first:` and `second:` say what each does.
fn misbehave(name: &str, media_type: MediaType, reader: usize, bytes: &[u8], done: &dyn Fn(u32)) -> Result<Extracted> {
    let order = String::from_utf8_lossy(bytes).into_owned();
    let order = order.split('\n').nth(reader).unwrap_or(&order);
    let text = |text: String| Ok(Extracted { text, ..Extracted::default() });
    match order.split_once(' ').unwrap_or((order, "")) {
        ("say", words) => text(words.to_owned()),
        ("print", words) => {
            print(words);
            text("printed".to_owned())
        }
        ("pid", _) => text(std::process::id().to_string()),
        ("panic", _) => panic!("on purpose"),
        ("abort", _) => std::process::abort(),
        ("overflow", _) => text(deeper(u64::MAX).to_string()),
        ("hang", pages) => {
            (1..=pages.parse().unwrap()).for_each(done);
            loop {
                std::thread::sleep(GENEROUS);
            }
        }
        ("crawl", pages) => {
            for page in 1..=pages.parse().unwrap() {
                std::thread::sleep(Duration::from_millis(20));
                done(page);
            }
            text("arrived".to_owned())
        }
        ("eat", _) => text(std::hint::black_box(vec![1_u8; 2 << 30]).len().to_string()),
        ("fail", words) => Err(Error::new(Code::FileEncrypted, words).hint("a key")),
        _ => extract_here(name, media_type, reader, bytes, done),
    }
}

#[expect(unconditional_recursion, reason = "on purpose")]
fn deeper(n: u64) -> u64 {
    std::hint::black_box(deeper(std::hint::black_box(n - 1)) + 1)
}

fn read(reader: &Reader, order: &str) -> Result<String> {
    let bytes = Arc::new(order.as_bytes().to_vec());
    reader.extract("a.pdf", MediaType::Pdf, &bytes, &CancellationToken::new()).map(|found| found.text)
}

#[test]
fn a_file_is_read_in_a_process_that_is_used_again() {
    let reader = Reader::new(options());
    let first = read(&reader, "pid").unwrap();
    assert_ne!(first, std::process::id().to_string());
    assert_eq!(read(&reader, "pid").unwrap(), first);
    assert_eq!(read(&reader, "print noise on stdout").unwrap(), "printed");
    assert_eq!(read(&reader, "say ünïcode").unwrap(), "ünïcode");
    assert_eq!(read(&reader, "pid").unwrap(), first);
    reader.rest();
    assert_ne!(read(&reader, "pid").unwrap(), first);
    let error = read(&reader, "fail a.pdf: locked").unwrap_err();
    assert_eq!((error.code(), error.hint_text()), (Code::FileEncrypted, Some("a key")));
}

#[test]
fn a_panic_an_abort_and_an_overflow_are_outcomes() {
    let reader = Reader::new(options());
    for (order, told) in [("panic", "a.pdf: reading it failed"), ("abort", "signal"), ("overflow", "(stack overflow)")]
    {
        let error = read(&reader, order).unwrap_err();
        assert_eq!(error.code(), Code::FileDamaged, "{order}");
        assert!(error.message().starts_with("a.pdf: ") && error.message().contains(told), "{error}");
        assert_eq!(read(&reader, "say still here").unwrap(), "still here");
    }
}

#[test]
fn a_crash_of_the_first_reader_is_a_case_for_the_second() {
    let reader = Reader::new(options());
    assert_eq!(read(&reader, "abort\nsay second").unwrap(), "second");
    let hasty = Reader::new(ReaderOptions { page_deadline: Duration::from_millis(300), ..options() });
    assert_eq!(read(&hasty, "hang 2\nsay second").unwrap(), "second");
    let error = read(&hasty, "hang 2\nabort").unwrap_err();
    assert!(error.message().contains("page 3 took longer than 0.3 s"), "{error}");
}

#[test]
fn a_hang_is_told_from_a_long_file() {
    let reader = Reader::new(ReaderOptions { page_deadline: Duration::from_millis(600), ..options() });
    assert_eq!(read(&reader, "crawl 60").unwrap(), "arrived", "60 pages of 20 ms are longer than one page may take");
    let error = read(&reader, "hang 16").unwrap_err();
    assert_eq!(error.code(), Code::Deadline);
    assert!(error.message().contains("page 17 took longer than 0.6 s"), "{error}");
    assert!(error.hint_text().is_some_and(|hint| hint.contains("ingest.page_deadline_seconds")));
}

#[test]
fn a_file_that_takes_too_long_in_all_is_ended() {
    let reader = Reader::new(ReaderOptions { deadline: Duration::from_millis(400), ..options() });
    let error = read(&reader, "crawl 100000").unwrap_err();
    assert_eq!(error.code(), Code::Deadline);
    assert!(error.hint_text().is_some_and(|hint| hint.contains("ingest.extract_deadline_seconds")), "{error:?}");
}

#[test]
fn memory_has_a_limit() {
    let reader = Reader::new(options());
    let error = read(&reader, "eat").unwrap_err();
    assert_eq!(error.code(), Code::MemoryLimit);
    assert!(error.message().contains("ingest.extract_memory_bytes"), "{error}");
    assert_eq!(read(&reader, "say still here").unwrap(), "still here");
}

#[test]
fn a_request_is_cancelled_and_its_process_with_it() {
    let reader = Arc::new(Reader::new(options()));
    let cancel = CancellationToken::new();
    let (there, token) = (Arc::clone(&reader), cancel.clone());
    let bytes = Arc::new(b"hang 0".to_vec());
    let working = std::thread::spawn(move || there.extract("a.pdf", MediaType::Pdf, &bytes, &token));
    std::thread::sleep(Duration::from_millis(100));
    cancel.cancel();
    assert_eq!(working.join().unwrap().unwrap_err().code(), Code::Cancelled);
    assert!(reader.pool.as_ref().unwrap().idle().is_empty());
}

#[test]
fn text_is_read_here() {
    let reader = Reader::new(ReaderOptions {
        isolation: Isolation::Process { program: PathBuf::from("/no/such/program"), args: Vec::new() },
        ..options()
    });
    let bytes = Arc::new(b"plain words".to_vec());
    let found = reader.extract("a.txt", MediaType::Plain, &bytes, &CancellationToken::new()).unwrap();
    assert_eq!(found.text, "plain words");
    let error = read(&reader, "say x").unwrap_err();
    assert_eq!(error.code(), Code::Io);
    assert!(error.message().contains("/no/such/program") && error.hint_text().is_some());
}

#[test]
fn as_many_files_are_read_side_by_side_as_there_are_workers() {
    let reader = Arc::new(Reader::new(ReaderOptions { workers: 3, ..options() }));
    let threads: Vec<_> = (0..9)
        .map(|_| {
            let reader = Arc::clone(&reader);
            std::thread::spawn(move || read(&reader, "crawl 3").unwrap())
        })
        .collect();
    threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), "arrived"));
    let idle = reader.pool.as_ref().unwrap().idle().len();
    assert!((1..=3).contains(&idle), "{idle}");
}

/// Whether a process runs: it is neither gone nor a zombie.
#[cfg(target_os = "linux")]
fn runs(pid: u32) -> bool {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_behind() {
    let reader = Reader::new(options());
    let pid: u32 = read(&reader, "pid").unwrap().parse().unwrap();
    assert!(runs(pid));
    read(&reader, "abort").unwrap_err();
    let second: u32 = read(&reader, "pid").unwrap().parse().unwrap();
    drop(reader);
    for pid in [pid, second] {
        assert!(!PathBuf::from(format!("/proc/{pid}")).exists(), "{pid} is left behind");
    }
}

/// A worker that is killed while its process hangs; the process' number goes to stdout.
#[test]
#[ignore = "the worker that a test kills: it starts it"]
fn doomed_worker() {
    if !is_called_by_a_pool() {
        return;
    }
    let reader = Reader::new(options());
    print(&format!("\npid={}", read(&reader, "pid").unwrap()));
    let _ = read(&reader, "hang 1");
}

#[cfg(target_os = "linux")]
#[test]
fn processes_end_with_their_worker_even_when_it_is_killed() {
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .args(["reader::tests::doomed_worker", "--exact", "--ignored", "--nocapture", "--skip", "called-by-a-pool"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    let pid: u32 =
        lines.map_while(std::io::Result::ok).find_map(|line| line.strip_prefix("pid=")?.parse().ok()).unwrap();
    // It hangs by now, or soon: it is the same process that answered.
    std::thread::sleep(Duration::from_millis(200));
    assert!(runs(pid));
    worker.kill().unwrap();
    worker.wait().unwrap();
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        while runs(pid) {
            std::thread::sleep(Duration::from_millis(10));
        }
        sender.send(()).unwrap();
    });
    ended.recv_timeout(GENEROUS).expect("the process outlived its worker");
}
