//! Folders that are the trouble: names, links, rights, pipes, and files that do not hold still.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use footnote_tests::{Scenario, binary};
use fs_err::os::unix::fs::symlink;

use super::{nothing_else_suffered, scenario, told};

#[test]
fn model_3000_equal_files_are_a_row_each_and_are_embedded_once() {
    let scenario = scenario();
    for n in 0..3_000 {
        scenario.write(&format!("documents/tiny/{n}.md"), "# Tiny\n\nThe tiny kettle hums.\n");
    }
    let (report, code) = scenario.ingest();
    assert_eq!((code, &report["added"], &report["embedded"]), (0, &3_001.into(), &2.into()), "{report:#}");
    let (report, code) = scenario.ingest();
    assert_eq!((code, &report["unchanged"], &report["embedded"]), (0, &3_001.into(), &0.into()), "{report:#}");
    let rows = scenario.rows();
    assert_eq!(rows.len(), 3_001);
    assert!(rows.values().all(|(status, _)| status == "unchanged"));
    nothing_else_suffered(&scenario);
}

#[test]
fn model_a_path_of_4000_bytes_is_read_and_a_longer_one_than_the_system_takes_is_told() {
    let scenario = scenario();
    let mut folder = scenario.path("documents");
    while folder.as_os_str().len() < 3_700 {
        folder.push("d".repeat(200));
    }
    folder.push("d".repeat(3_990 - folder.as_os_str().len()));
    fs_err::create_dir_all(&folder).unwrap();
    let long = folder.join("long.md");
    assert!((3_990..4_096).contains(&long.as_os_str().len()));
    fs_err::write(&long, "# Long\n\nThe kettle at the end of the path is white.\n").unwrap();
    // Longer than any call takes: made from inside.
    let deeper = Command::new("mkdir").arg("e".repeat(200)).current_dir(&folder).status();
    assert!(deeper.unwrap().success());

    let (report, code) = scenario.ingest();
    assert_eq!(code, 1, "{report:#}");
    let rows = scenario.rows();
    let row = |end: &str| rows.iter().find(|(name, _)| name.ends_with(end)).unwrap().1.clone();
    assert_eq!(row("/long.md").0, "indexed");
    let (status, reason) = row("eee");
    assert!(status == "failed" && reason.contains("name too long"), "{status}: {reason}");
    assert!(scenario.found("end of the path").contains("is white"));
    nothing_else_suffered(&scenario);
}

#[test]
fn model_names_that_are_no_utf8_have_rows_of_their_own() {
    let scenario = scenario();
    for name in [b"bad\xfe.md", b"bad\xff.md"] {
        fs_err::write(scenario.path("documents").join(OsStr::from_bytes(name)), "# Bad\n\nA kettle.\n").unwrap();
    }
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "skipped, not failed: {report:#}");
    let rows = scenario.rows();
    told(&rows, r"bad\xfe.md", "skipped", "not valid UTF-8");
    told(&rows, r"bad\xff.md", "skipped", "not valid UTF-8");
    nothing_else_suffered(&scenario);
}

#[test]
fn model_links_are_followed_only_when_allowed_and_never_in_circles() {
    let scenario = scenario();
    scenario.write("outside/secret.md", "# Outside\n\nThe outside kettle is made of brass.\n");
    let links = [
        ("around", "."),
        ("nowhere", "gone"),
        ("self", "self"),
        ("file.md", "../outside/secret.md"),
        ("folder", "../outside"),
    ];
    for (link, target) in links {
        symlink(target, scenario.path("documents").join(link)).unwrap();
    }
    let not_followed = |scenario: &Scenario| {
        let rows = scenario.rows();
        for (link, _) in links {
            told(&rows, link, "skipped", "a symbolic link");
        }
        assert!(!scenario.found("outside kettle").contains("brass"));
        nothing_else_suffered(scenario);
    };
    assert_eq!(scenario.ingest().1, 0);
    not_followed(&scenario);

    scenario.write("footnote.toml", "[ingest]\nfollow_links = true\n");
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    let rows = scenario.rows();
    told(&rows, "file.md", "indexed", "");
    told(&rows, "folder/secret.md", "indexed", "");
    told(&rows, "around", "skipped", "a symbolic link to a folder around it");
    told(&rows, "nowhere", "skipped", "a symbolic link that leads nowhere");
    told(&rows, "self", "skipped", "a symbolic link that leads nowhere");
    assert!(scenario.found("outside kettle").contains("brass"));
    nothing_else_suffered(&scenario);

    // What came in through links leaves with them.
    fs_err::remove_file(scenario.path("footnote.toml")).unwrap();
    let (report, _) = scenario.ingest();
    assert_eq!(report["removed"], 2, "{report:#}");
    not_followed(&scenario);
}

/// `footnote ingest documents` without root's right to read everything; `None` where that cannot be given up.
fn ingest_as_anybody(scenario: &Scenario) -> Option<i32> {
    let probe = scenario.write("probe", "");
    set_mode(&probe, 0o000);
    let command = if fs_err::read(&probe).is_err() {
        scenario.command()
    } else {
        let without = "--bounding-set=-dac_override,-dac_read_search";
        let refused = Command::new("setpriv").arg(without).arg("cat").arg(&probe).output().ok()?;
        if !String::from_utf8_lossy(&refused.stderr).contains("Permission denied") {
            return None;
        }
        let inner = scenario.command();
        let mut command = Command::new("setpriv");
        command.arg(without).arg(binary()).current_dir(inner.get_current_dir()?);
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    };
    let mut command = command;
    command.arg("--quiet").arg("ingest").arg(scenario.path("documents")).output().unwrap().status.code()
}

fn set_mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn model_what_may_not_be_read_is_told_and_what_was_known_of_it_stays() {
    let scenario = scenario();
    scenario.write("documents/locked/known.md", "# Known\n\nThe known kettle is old.\n");
    assert_eq!(scenario.ingest().1, 0);
    let file = scenario.write("documents/file.md", "# File\n\nThe unread kettle is new.\n");
    set_mode(&file, 0o000);
    let folder = scenario.path("documents/locked");
    set_mode(&folder, 0o000);
    let code = ingest_as_anybody(&scenario);
    set_mode(&folder, 0o755);
    let Some(code) = code else {
        std::io::stderr().write_all(b"SKIPPED: root could not give up its right to read everything\n").unwrap();
        return;
    };
    assert_eq!(code, 1);
    let rows = scenario.rows();
    told(&rows, "file.md", "failed", "permission denied");
    told(&rows, "locked", "failed", "permission denied");
    assert!(rows["locked/known.md"].0 == "indexed" && scenario.found("known kettle").contains("is old"));
    nothing_else_suffered(&scenario);

    set_mode(&file, 0o644);
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    let rows = scenario.rows();
    told(&rows, "file.md", "indexed", "");
    assert!(!rows.contains_key("locked"), "a folder that can be read again is no document: {rows:#?}");
    nothing_else_suffered(&scenario);
}

#[test]
fn model_a_pipe_is_not_waited_for_and_takes_the_place_of_the_file_it_replaced() {
    let scenario = scenario();
    let pipe = |name: &str| assert!(Command::new("mkfifo").arg(scenario.path(name)).status().unwrap().success());
    pipe("documents/pipe.md");
    let replaced = scenario.write("documents/replaced.md", "# Replaced\n\nThe replaced kettle leaks.\n");
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    told(&scenario.rows(), "pipe.md", "skipped", "a pipe");
    assert!(scenario.found("replaced kettle").contains("leaks"));

    fs_err::remove_file(&replaced).unwrap();
    pipe("documents/replaced.md");
    let (report, code) = scenario.ingest();
    assert_eq!((code, &report["removed"]), (0, &1.into()), "{report:#}");
    told(&scenario.rows(), "replaced.md", "skipped", "a pipe");
    assert!(!scenario.found("replaced kettle").contains("leaks"));
    nothing_else_suffered(&scenario);
}

#[test]
fn model_files_that_change_or_vanish_while_they_are_read_end_as_they_ended() {
    let scenario = scenario();
    let live = scenario.write("documents/live.md", "");
    // Long enough to be met in the middle of a change, with little to embed.
    let content = |n: u32| format!("# Live\n\nThe live kettle was seen {n} times.\n{}", "\n".repeat(4 << 20));
    let stop = AtomicBool::new(false);
    let codes: Vec<i32> = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                fs_err::write(&live, content(n)).unwrap();
                n += 1;
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for n in 0..200 {
                    scenario.write(&format!("documents/fleeting/{n}.md"), "# Fleeting\n\nThe kettle is gone.\n");
                }
                fs_err::remove_dir_all(scenario.path("documents/fleeting")).unwrap();
            }
        });
        let codes = (0..3).map(|_| scenario.run(["ingest".as_ref(), scenario.path("documents").as_os_str()]).code);
        let codes = codes.collect();
        stop.store(true, Ordering::Relaxed);
        codes
    });
    assert!(codes.iter().all(|code| [0, 1].contains(code)), "{codes:?}");
    for (name, (status, reason)) in scenario.rows() {
        let sound = match status.as_str() {
            "indexed" | "unchanged" => true,
            "skipped" => reason.contains("empty"),
            "failed" | "quarantined" => reason.contains("changed") || reason.contains("no longer"),
            _ => false,
        };
        assert!(sound, "{name}: {status}: {reason}");
    }
    nothing_else_suffered(&scenario);

    fs_err::write(&live, content(1_000_000)).unwrap();
    let (report, code) = scenario.ingest();
    assert_eq!(code, 0, "{report:#}");
    let rows = scenario.rows();
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let found = scenario.found("live kettle");
    assert!(found.contains("seen 1000000 times") && !found.contains("is gone"), "{found}");
    nothing_else_suffered(&scenario);
}
