//! Runs an extractor where neither a panic nor a hang can take the program down.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use footnote_core::{Code, Error, Result};

const THREAD: &str = "footnote-extract";

/// Parsers recurse into what the file nests; an overflow would abort the process.
const STACK_BYTES: usize = 64 << 20;

/// Runs `work` on a thread of its own for at most `deadline`. `name` is the file's, for messages.
///
/// A thread that hangs cannot be ended; it is left behind, and said so in the log.
///
/// # Errors
/// Those of `work`; [`Code::FileDamaged`] when it panics, [`Code::Deadline`] when it is not done in time.
pub(crate) fn run<T: Send + 'static>(
    name: &str,
    deadline: Duration,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    quiet_panics();
    let (sender, receiver) = sync_channel(1);
    let body = move || {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        // Nobody listens any more when the deadline has passed.
        let _ = sender.send(outcome);
    };
    let spawned = std::thread::Builder::new().name(THREAD.to_owned()).stack_size(STACK_BYTES).spawn(body);
    spawned.map_err(|error| {
        Error::new(Code::Io, format!("{name}: no thread to read it with"))
            .hint("raise the limit on processes (ulimit -u)")
            .caused_by(error)
    })?;
    match receiver.recv_timeout(deadline) {
        Ok(Ok(result)) => result,
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(Error::new(
            Code::FileDamaged,
            format!("{name}: reading it failed: the file is broken in a way that its parser did not expect"),
        )
        .hint("open it in a viewer and save it again")),
        Err(RecvTimeoutError::Timeout) => {
            tracing::warn!(file = name, "a reader hangs; its thread is left behind");
            let seconds = deadline.as_secs_f32();
            Err(Error::new(Code::Deadline, format!("{name}: not read within {seconds} s"))
                .hint("raise ingest.extract_deadline_seconds, or split the file"))
        }
    }
}

/// A parser's panic is an outcome here, told with the file's name: the default report is for bugs of ours.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some(THREAD) {
                tracing::debug!(%panic, "a reader panicked");
            } else {
                report(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_names_the_file() {
        let error = run::<()>("a.pdf", Duration::from_secs(5), || panic!("index out of bounds")).unwrap_err();
        assert_eq!(error.code(), Code::FileDamaged);
        assert!(error.message().starts_with("a.pdf: "));
    }

    #[test]
    fn a_hang_ends_at_the_deadline() {
        let error = run::<()>("a.pdf", Duration::from_millis(20), || {
            std::thread::sleep(Duration::from_secs(5));
            Ok(())
        })
        .unwrap_err();
        assert_eq!(error.code(), Code::Deadline);
    }

    #[test]
    fn deep_recursion_fits() {
        fn down(n: usize) -> usize {
            let pad = std::hint::black_box([0u8; 512]);
            if n == 0 { pad[0].into() } else { down(n - 1) + 1 }
        }
        assert_eq!(run("a", Duration::from_secs(5), || Ok(down(20_000))).unwrap(), 20_000);
    }
}
