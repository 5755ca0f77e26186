//! Programs of others (tesseract, pdftoppm), run with a deadline and ended when it has passed.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a running program is asked whether it is done.
const POLL: Duration = Duration::from_millis(5);

/// More than this is no page: what a program writes is held in memory.
const MAX_OUTPUT_BYTES: u64 = 1 << 30;

/// The programs that run now, so that they can be ended with this process.
static RUNNING: LazyLock<Mutex<HashMap<u32, Arc<Mutex<Child>>>>> = LazyLock::new(Mutex::default);

/// Runs `program` with `input` on its stdin and gives what it wrote to stdout.
///
/// # Errors
/// `TimedOut` when it is not done by `until`, `Other` with its last words when it fails, and those of starting it.
pub(crate) fn run(program: &Path, arguments: &[&OsStr], input: &[u8], until: Instant) -> io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Pages are read side by side already; more threads for one would only stand in each other's way.
    command.env("OMP_THREAD_LIMIT", "1");
    let mut child = command.spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let id = child.id();
    let child = Arc::new(Mutex::new(child));
    lock(&RUNNING).insert(id, Arc::clone(&child));
    let outcome = std::thread::scope(|scope| {
        // A program that wants no more input closes its end: that is no failure of its own.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        let output = scope.spawn(move || read_all(stdout));
        let words = scope.spawn(move || read_all(stderr));
        let status = wait(&child, until);
        let (output, words) = (output.join(), words.join());
        let gone = || io::Error::other("its output was lost");
        match status? {
            status if status.success() => output.map_err(|_| gone())?,
            status => {
                let words = words.ok().and_then(Result::ok).unwrap_or_default();
                let words = String::from_utf8_lossy(&words);
                Err(io::Error::other(format!("{status}: {}", words.trim())))
            }
        }
    });
    lock(&RUNNING).remove(&id);
    outcome
}

/// Ends every program that runs: this process is about to end.
pub(crate) fn stop_all() {
    for child in lock(&RUNNING).values() {
        let _ = lock(child).kill();
    }
}

/// Where `program` lies: itself if it is a path, else in the first folder of PATH that has it.
pub(crate) fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn wait(child: &Mutex<Child>, until: Instant) -> io::Result<std::process::ExitStatus> {
    loop {
        if let Some(status) = lock(child).try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= until {
            let mut child = lock(child);
            child.kill()?;
            child.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(POLL);
    }
}

fn read_all(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
        run(Path::new("/bin/sh"), &["-c".as_ref(), script.as_ref()], input, Instant::now() + patience)
    }

    #[test]
    fn input_goes_in_and_output_comes_out() {
        let input = vec![b'x'; 1 << 20];
        assert_eq!(shell("cat", &input, Duration::from_secs(60)).unwrap(), input);
        assert_eq!(shell("echo done", &input, Duration::from_secs(60)).unwrap(), b"done\n");
    }

    #[test]
    fn a_failure_brings_its_last_words() {
        let error = shell("echo no such language >&2; exit 3", b"", Duration::from_secs(60)).unwrap_err();
        assert!(error.to_string().contains("no such language") && error.to_string().contains('3'), "{error}");
    }

    #[test]
    fn a_hang_is_ended() {
        let error = shell("exec sleep 600", b"", Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find(Path::new("sh")).is_some_and(|path| path.is_absolute()));
        assert!(find(Path::new("/bin/sh")).is_some());
        assert!(find(Path::new("no-such-program-here")).is_none());
    }
}
