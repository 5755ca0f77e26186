//! Qdrant nodes of a test's own, which it may kill.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::repository;

/// A cluster on loopback, started by `scripts/qdrant-nodes`; it ends with this.
pub struct Nodes {
    child: Child,
    says: BufReader<ChildStdout>,
    told: Option<ChildStdin>,
    /// Where its nodes are, joined by commas.
    pub urls: String,
}

impl Nodes {
    /// Starts `count` nodes of the server `binary`, with their data below `folder`.
    ///
    /// # Panics
    /// When they do not get ready.
    #[must_use]
    pub fn start(binary: &Path, count: usize, folder: &Path) -> Self {
        let mut command = Command::new(repository().join("scripts/qdrant-nodes"));
        command.arg(binary).args(["--nodes", &count.to_string(), "--port", "0", "--folder"]).arg(folder);
        Self::run(command)
    }

    /// Starts one node that speaks TLS, with its data below `folder`. Whoever is to trust it has to trust `ca.pem` in
    /// `certificates`.
    ///
    /// # Panics
    /// When it does not get ready.
    #[must_use]
    pub fn start_with_tls(binary: &Path, folder: &Path, certificates: &Path) -> Self {
        let mut command = Command::new(repository().join("scripts/qdrant-nodes"));
        command.arg(binary).args(["--port", "0", "--folder"]).arg(folder).arg("--tls").arg(certificates);
        Self::run(command)
    }

    fn run(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 runs");
        let (told, says) = (child.stdin.take(), child.stdout.take().expect("stdout is piped"));
        let mut nodes = Self { child, says: BufReader::new(says), told, urls: String::new() };
        nodes.urls = nodes.line();
        nodes
    }

    /// Kills the `number`-th node, as a power failure would.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn kill(&mut self, number: usize) {
        self.tell(&format!("kill {number}"));
    }

    /// Starts the `number`-th node again, and waits until it has caught up.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn start_again(&mut self, number: usize) {
        self.tell(&format!("start {number}"));
    }

    fn tell(&mut self, order: &str) {
        let told = self.told.as_mut().expect("it listens until it is dropped");
        writeln!(told, "{order}").and_then(|()| told.flush()).expect("it listens");
        assert_eq!(self.line(), order);
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.says.read_line(&mut line).expect("it speaks UTF-8");
        assert!(read > 0, "the nodes ended; why stands above");
        line.trim_end().to_owned()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        // The end of its input is the end of its nodes.
        self.told = None;
        let _ = self.child.wait();
    }
}
