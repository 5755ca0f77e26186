use super::*;
use std::os::unix::ffi::OsStrExt;

fn names(found: &Discovered) -> Vec<String> {
    found.files.iter().map(|file| file.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn folders_are_searched_in_order_and_each_file_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.md", "a.md", "sub/c.md"] {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, name).unwrap();
    }
    let twice = [folder.path().to_owned(), folder.path().join("sub"), folder.path().join("a.md")];
    let found = discover(&twice, false).unwrap();
    assert_eq!(names(&found), ["a.md", "b.md", "c.md"]);
    assert_eq!(found.files[0].bytes, 4);
    assert!(found.files[0].modified_ms.is_some());
    let root = fs_err::canonicalize(folder.path()).unwrap();
    assert!(found.covers(&format!("file://{}/old.md", root.display())));
    assert!(!found.covers(&format!("file://{}x/old.md", root.display())));
}

#[test]
fn hidden_files_links_and_pipes_are_passed_over_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir(folder.path().join(".git")).unwrap();
    fs_err::write(folder.path().join(".git/x.md"), "x").unwrap();
    fs_err::write(folder.path().join("a.md"), "a").unwrap();
    fs_err::os::unix::fs::symlink(folder.path().join("a.md"), folder.path().join("link.md")).unwrap();
    let pipe = folder.path().join("pipe.md");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs_err::write(folder.path().join(std::ffi::OsStr::from_bytes(b"bad\xff.md")), "x").unwrap();

    let found = discover(&[folder.path().to_owned()], false).unwrap();
    assert_eq!(names(&found), ["a.md"]);
    let reasons: Vec<&str> = found.passed_over.iter().map(|passed| passed.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "hidden: its name begins with a dot",
            "its name is not valid UTF-8",
            "a symbolic link",
            "not a regular file (a pipe, socket or device)",
        ]
    );
    assert_eq!(names(&discover(&[folder.path().to_owned()], true).unwrap()), ["a.md", "link.md"]);
}

#[test]
fn names_that_differ_in_bytes_that_are_no_utf8_have_uris_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    for name in [b"bad\xfe.md", b"bad\xff.md"] {
        fs_err::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    fs_err::write(folder.path().join("a.md"), "a").unwrap();
    let found = discover(&[folder.path().to_owned()], false).unwrap();
    let uris: Vec<&str> = found.passed_over.iter().map(|passed| passed.uri.as_str()).collect();
    assert!(uris[0].ends_with(r"/bad\xfe.md") && uris[1].ends_with(r"/bad\xff.md"), "{uris:?}");
}

#[test]
fn links_that_lead_nowhere_or_in_circles_are_passed_over_when_followed() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.md"), "a").unwrap();
    for (link, target) in [("around", "."), ("nowhere", "gone"), ("self", "self")] {
        fs_err::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
    }
    let found = discover(&[folder.path().to_owned()], true).unwrap();
    assert_eq!(names(&found), ["a.md"]);
    let told: Vec<(bool, &str)> =
        found.passed_over.iter().map(|passed| (passed.failed, passed.reason.as_str())).collect();
    let nowhere = (false, "a symbolic link that leads nowhere");
    assert_eq!(told, [(false, "a symbolic link to a folder around it"), nowhere, nowhere]);
    assert!(found.unseen.is_empty());
}

#[test]
fn what_cannot_be_looked_at_hides_itself_and_what_is_below_it_and_nothing_else() {
    let found =
        Discovered { folders: vec!["file:///d/".into()], unseen: vec!["file:///d/a".into()], ..Discovered::default() };
    let covered = |uri: &str| found.covers(uri);
    assert!(!covered("file:///d/a") && !covered("file:///d/a/x.md") && !covered("file:///d/a!/x.md"));
    assert!(covered("file:///d/ab.md"));
}

#[test]
fn a_missing_path_and_an_empty_folder_stop_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let missing = discover(&[folder.path().join("nope")], false).unwrap_err();
    assert_eq!(missing.code(), Code::PathMissing);
    let empty = discover(&[folder.path().to_owned()], false).unwrap_err();
    assert_eq!(empty.code(), Code::NothingToIngest);
    assert!(empty.hint_text().is_some());
}

#[test]
fn an_empty_folder_beside_a_full_one_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (full, empty) = (folder.path().join("full"), folder.path().join("empty"));
    fs_err::create_dir(&full).unwrap();
    fs_err::create_dir(&empty).unwrap();
    fs_err::write(full.join("a.md"), "a").unwrap();
    let found = discover(&[full, empty.clone()], false).unwrap();
    let empty = fs_err::canonicalize(empty).unwrap();
    assert!(!found.covers(&format!("file://{}/a.md", empty.display())));
}
