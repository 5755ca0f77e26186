//! Measurements in fresh processes of this binary: a line of JSON each.
#![expect(clippy::print_stdout, reason = "a child's measurement goes to its parent over stdout")]

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// `footnote-bench measure …`, to be given its arguments.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("measure").args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    Ok(command)
}

/// Runs a measurement and reads what it says.
pub(crate) fn measured<T: DeserializeOwned>(mut command: Command) -> Result<T> {
    let output = command.output().context("a measurement's process did not start")?;
    ensure!(output.status.success(), "{command:?} failed: {}", output.status);
    // Libraries may print lines of their own before.
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next_back().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("{command:?} printed {line:?}"))
}

/// What the child says.
pub(crate) fn answer(measurement: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(measurement)?);
    Ok(())
}
