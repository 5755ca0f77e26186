//! The example handbook, ingested once per build and copied for each scenario that needs it.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::{Scenario, binary, repository};

/// The collection that it is ingested into: the default one.
pub const COLLECTION: &str = "default";

/// The handbook's folder.
#[must_use]
pub fn folder() -> PathBuf {
    repository().join("examples/handbook")
}

/// A scenario whose data folder holds the handbook.
///
/// # Panics
/// When it cannot be ingested.
#[must_use]
pub fn scenario() -> Scenario {
    let scenario = Scenario::new();
    copy(&ingested(), &scenario.data());
    scenario
}

/// The data folder that every scenario starts from. Another build of the binary makes another one.
fn ingested() -> PathBuf {
    let built = fs_err::metadata(binary()).and_then(|meta| meta.modified()).expect("the binary is there");
    let stamp = built.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let root = binary().with_file_name("footnote-test-handbook");
    fs_err::create_dir_all(&root).expect("the build's temporary folder");
    // Tests are processes of their own: one ingests, the others wait.
    let lock = fs_err::File::create(root.join("lock")).expect("a lock file");
    lock.file().lock().expect("a lock");
    let data = root.join(stamp.to_string());
    if !data.join("done").is_file() {
        for old in fs_err::read_dir(&root).expect("the folder").flatten().filter(|entry| entry.path().is_dir()) {
            fs_err::remove_dir_all(old.path()).expect("an old copy goes");
        }
        let scenario = Scenario::new();
        let mut command = scenario.command();
        let output = crate::scenario::finish(command.env("FOOTNOTE_DATA", &data).arg("ingest").arg(folder()));
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        fs_err::write(data.join("done"), "").expect("the mark");
    }
    data
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).expect("a folder");
    for entry in fs_err::read_dir(from).expect("a folder").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs_err::copy(&source, &target).expect("a file");
        }
    }
}
