//! Counts what is read from an archive and what comes out of it.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};

use super::ArchiveLimits;

/// No honest text is compressed more than this…
pub(super) const MAX_RATIO: u64 = 200;
/// …and below so many bytes it does no harm.
const RATIO_FROM_BYTES: u64 = 16 << 20;

/// A limit on the whole archive that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Files,
    Bytes,
    Ratio,
}

/// The counters of one archive. Cells, because readers that count are stacked on each other.
pub(super) struct Meter {
    limits: ArchiveLimits,
    size: u64,
    read: Cell<u64>,
    inflated: Cell<u64>,
    files: Cell<usize>,
    passed: Cell<Option<Limit>>,
}

impl Meter {
    /// A meter for an archive of `size` bytes.
    pub(super) fn new(limits: ArchiveLimits, size: u64) -> Self {
        let (read, inflated) = (Cell::new(0), Cell::new(0));
        Self { limits, size, read, inflated, files: Cell::new(0), passed: Cell::new(None) }
    }

    /// The first limit that was passed.
    pub(super) fn passed(&self) -> Option<Limit> {
        self.passed.get()
    }

    /// Counts an entry.
    pub(super) fn file(&self) {
        self.files.set(self.files.get() + 1);
        if self.files.get() > self.limits.max_files {
            self.pass(Limit::Files);
        }
    }

    /// A reader of inflated bytes that fails once a limit is passed.
    pub(super) fn inflated<R: Read>(&self, source: R) -> Inflated<'_, R> {
        Inflated { source, meter: self }
    }

    fn pass(&self, limit: Limit) {
        self.passed.set(self.passed.get().or(Some(limit)));
    }

    fn add(&self, bytes: usize) {
        let inflated = self.inflated.get().saturating_add(bytes as u64);
        self.inflated.set(inflated);
        // The same compressed bytes may be read for many members: they count once.
        let compressed = self.read.get().min(self.size).max(1);
        if inflated > self.limits.max_bytes {
            self.pass(Limit::Bytes);
        } else if inflated > RATIO_FROM_BYTES && inflated / MAX_RATIO > compressed {
            self.pass(Limit::Ratio);
        }
    }
}

/// See [`Meter::inflated`].
pub(super) struct Inflated<'a, R> {
    source: R,
    meter: &'a Meter,
}

impl<R: Read> Read for Inflated<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.meter.add(read);
        if self.meter.passed().is_some() { Err(io::Error::other("a limit was passed")) } else { Ok(read) }
    }
}

/// Counts what is really read of the archive's own bytes.
pub(super) struct Counted<'a, R> {
    source: R,
    meter: &'a Meter,
}

impl<'a, R> Counted<'a, R> {
    /// Counts for `meter`.
    pub(super) fn new(source: R, meter: &'a Meter) -> Self {
        Self { source, meter }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.meter.read.set(self.meter.read.get().saturating_add(read as u64));
        Ok(read)
    }
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}
