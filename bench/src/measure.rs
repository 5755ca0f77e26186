//! Medians, peak memory, and the machine that the figures are from.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

/// The middle of the sorted values, and their ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Result<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = values.first().zip(values.last()).context("nothing was measured")?;
        let half = values.len() / 2;
        let median = if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 };
        Ok(Self { median, min: *min, max: *max })
    }

    /// `123 (118–130)`
    pub(crate) fn show(&self, decimals: usize) -> String {
        let Self { median, min, max } = self;
        format!("{median:.decimals$} ({min:.decimals$}–{max:.decimals$})")
    }
}

/// Of milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Percentiles {
    pub(crate) fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        let at = |share: f64| ms[((ms.len() - 1) as f64 * share).round() as usize];
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

/// The most memory that a process ever held, in MiB: `VmHWM` of `/proc/PID/status`, which counts
/// the mapped pages of model files too.
pub(crate) fn peak_mib(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/status");
    let status = fs_err::read_to_string(&path)?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    let kib: f64 = kib.with_context(|| format!("{path}: no VmHWM line"))?.trim().parse()?;
    Ok(kib / 1024.0)
}

/// The processor time of this process so far and of its children, in seconds. Other programs on the machine stretch
/// the time of the clock; this one they hardly touch.
pub(crate) fn cpu_seconds() -> Result<f64> {
    // Fields 14 to 17 of proc(5), in ticks of a hundredth of a second: its own time, and that of children that ended.
    let own: u64 = stat("self")?[11..15].iter().sum();
    let children: u64 =
        children()?.iter().map(|child| stat(child).map_or(0, |fields| fields[11..15].iter().sum())).sum();
    Ok((own + children) as f64 / 100.0)
}

/// The most memory that the processes held that this one has started and that still run, in MiB, added up.
pub(crate) fn children_peak_mib() -> Result<f64> {
    let peaks = children()?.into_iter().filter_map(|child| peak_mib(child.parse().ok()?).ok());
    // No child at all would add up to -0.
    Ok(peaks.sum::<f64>() + 0.0)
}

/// Ids of the running children of this process.
fn children() -> Result<Vec<String>> {
    let own = u64::from(std::process::id());
    let names = fs_err::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let processes = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    // A process may end while it is looked at; then it is none.
    Ok(processes.filter(|process| stat(process).is_ok_and(|fields| fields[1] == own)).collect())
}

/// The numbers of `/proc/PROCESS/stat` from the third field on; 0 for what is no number. At least 15.
fn stat(process: &str) -> Result<Vec<u64>> {
    let path = format!("/proc/{process}/stat");
    let stat = fs_err::read_to_string(&path)?;
    // The name before them may hold anything.
    let (_, fields) = stat.rsplit_once(')').with_context(|| format!("{path}: no name"))?;
    let fields: Vec<u64> = fields.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
    ensure!(fields.len() >= 15, "{path}: {} fields", fields.len());
    Ok(fields)
}

/// The memory of this process that is not a mapped file, in MiB: `RssAnon`.
pub(crate) fn anonymous_mib() -> Result<f64> {
    own_status("RssAnon:")
}

/// The pages of mapped files that this process has in memory, in MiB: `RssFile`.
pub(crate) fn mapped_mib() -> Result<f64> {
    own_status("RssFile:")
}

fn own_status(name: &str) -> Result<f64> {
    let status = fs_err::read_to_string("/proc/self/status")?;
    let kib = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB"));
    let kib: f64 = kib.with_context(|| format!("/proc/self/status: no {name} line"))?.trim().parse()?;
    Ok(kib / 1024.0)
}

/// A thread that looks at a figure again and again, and remembers the largest.
pub(crate) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Result<f64>>,
}

impl Watch {
    /// Looks at `figure` every `ms` milliseconds.
    pub(crate) fn begin(ms: u64, figure: fn() -> Result<f64>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut most: f64 = 0.0;
            while !told.load(Ordering::Relaxed) {
                most = most.max(figure()?);
                std::thread::sleep(Duration::from_millis(ms));
            }
            Ok(most)
        });
        Self { over, thread }
    }

    /// The largest so far.
    pub(crate) fn most(self) -> Result<f64> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the thread that watched a figure panicked"))?
    }
}

/// What the figures are from.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// Processes that were running on average over the minute before.
    pub(crate) load: Option<f64>,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let read = |path: &str| fs_err::read_to_string(path).unwrap_or_default();
        let cpus = read("/proc/cpuinfo");
        let name = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            processor: name.map_or("unknown processor", |(_, name)| name.trim()).to_owned(),
            cores: cores(),
            load: read("/proc/loadavg").split(' ').next().and_then(|word| word.parse().ok()),
        }
    }

    /// Whether nothing else was running that could be in the figures.
    pub(crate) fn is_quiet(&self) -> bool {
        self.load.is_some_and(|load| load < 0.5)
    }
}

/// Cores of this machine.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_outlier_does_not_move_the_median() {
        let spread = Spread::of([10.0, 11.0, 900.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (11.0, 10.0, 900.0));
        assert_eq!(Spread::of([1.0, 3.0]).unwrap().median, 2.0);
        assert!(Spread::of([]).is_err());
    }

    #[test]
    fn children_are_counted_while_they_run() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        // A process that has only just begun has touched hardly any of its pages: it is given time to.
        let mut held = 0.0;
        for _ in 0..500 {
            held = children_peak_mib().unwrap();
            if held > 0.1 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(held > 0.1, "{held}");
    }

    #[test]
    fn work_costs_processor_time() {
        let before = cpu_seconds().unwrap();
        let started = std::time::Instant::now();
        while started.elapsed().as_millis() < 60 {
            std::hint::black_box(cores());
        }
        assert!(cpu_seconds().unwrap() > before);
    }

    #[test]
    fn peak_memory_remembers_what_was_given_back() {
        let before = peak_mib(std::process::id()).unwrap();
        drop(std::hint::black_box(vec![1u8; 64 << 20]));
        assert!(peak_mib(std::process::id()).unwrap() >= before.max(64.0));
    }
}
