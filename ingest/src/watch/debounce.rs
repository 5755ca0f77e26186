//! When a path that changes is left alone for long enough to be read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A path that never gets quiet is reported after so many times the quiet that is waited for.
const LATEST: u32 = 10;

/// Paths that changed and may go on changing. It knows no clock: it is told what time it is.
pub(super) struct Debounce {
    quiet: Duration,
    waiting: HashMap<PathBuf, Waiting>,
    /// Nothing is due before; something may be due then.
    next: Option<Instant>,
}

struct Waiting {
    first: Instant,
    last: Instant,
    born: bool,
}

impl Debounce {
    pub(super) fn new(quiet: Duration) -> Self {
        Self { quiet, waiting: HashMap::new(), next: None }
    }

    /// Something happened at `path`. `born`: it came to exist, and was not there before.
    pub(super) fn note(&mut self, path: PathBuf, born: bool, now: Instant) {
        let waiting = self.waiting.entry(path).or_insert(Waiting { first: now, last: now, born });
        waiting.last = now;
        self.next.get_or_insert(now + self.quiet);
    }

    /// When to ask [`Self::due`] next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Takes out the paths that are quiet, or have waited for it too long, each with whether it was not there
    /// before the first thing that happened to it.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(PathBuf, bool)> {
        if self.next.is_none_or(|next| now < next) {
            return Vec::new();
        }
        let quiet = self.quiet;
        let ends = |waiting: &Waiting| (waiting.last + quiet).min(waiting.first + quiet * LATEST);
        let due: Vec<_> = self.waiting.extract_if(|_, waiting| ends(waiting) <= now).collect();
        // Not at every path's own instant: of ten thousand, each look would cost ten thousand.
        self.next = self.waiting.values().map(ends).min().map(|next| next.max(now + quiet / 4));
        due.into_iter().map(|(path, waiting)| (path, waiting.born)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(4);

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn names(due: Vec<(PathBuf, bool)>) -> Vec<(String, bool)> {
        let mut names: Vec<_> = due.into_iter().map(|(path, born)| (path.display().to_string(), born)).collect();
        names.sort();
        names
    }

    #[test]
    fn a_path_is_due_when_it_was_quiet_for_long_enough() {
        let (mut debounce, start) = (Debounce::new(QUIET), Instant::now());
        assert_eq!(debounce.next(), None);
        debounce.note("a".into(), true, start);
        debounce.note("a".into(), false, after(start, 3));
        debounce.note("b".into(), false, after(start, 1));
        debounce.note("b".into(), true, after(start, 1));
        assert_eq!(debounce.next(), Some(after(start, 4)));
        assert_eq!(debounce.due(after(start, 4)), []);
        assert_eq!(debounce.next(), Some(after(start, 5)));
        assert_eq!(names(debounce.due(after(start, 5))), [("b".to_owned(), false)]);
        assert_eq!(names(debounce.due(after(start, 7))), [("a".to_owned(), true)]);
        assert_eq!((debounce.next(), debounce.due(after(start, 99))), (None, vec![]));
    }

    #[test]
    fn a_path_that_never_gets_quiet_is_due_all_the_same() {
        let (mut debounce, start) = (Debounce::new(QUIET), Instant::now());
        for second in 0..40 {
            debounce.note("log".into(), false, after(start, second));
            assert_eq!(debounce.due(after(start, second)), [], "second {second}");
        }
        assert_eq!(debounce.due(after(start, 40)).len(), 1);
    }

    #[test]
    fn many_paths_are_not_looked_at_one_by_one() {
        let (mut debounce, start) = (Debounce::new(QUIET), Instant::now());
        for n in 0..1_000 {
            debounce.note(format!("{n}").into(), false, start + Duration::from_millis(n));
        }
        let mut looks = 0;
        while let Some(next) = debounce.next() {
            debounce.due(next);
            looks += 1;
        }
        assert!(looks <= 3, "{looks}");
    }
}
