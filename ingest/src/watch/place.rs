//! What a change at a path means: which file or folder is to be looked at.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// Whether nothing at `path` is ever ingested: it is hidden somewhere below `root`, or an editor's own.
pub(super) fn is_passed_over(path: &Path, root: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else { return true };
    let hidden = inside.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    hidden || path.file_name().is_some_and(|name| is_editors(name.as_encoded_bytes()))
}

/// Names that editors and office programs give to files of a moment.
fn is_editors(name: &[u8]) -> bool {
    let ends = [&b"~"[..], b".swp", b".swx", b".swo", b".tmp"].iter().any(|end| name.ends_with(end));
    // Vim's try whether it may write; Emacs's copies; locks of office programs.
    ends || name == b"4913" || (name.starts_with(b"#") && name.ends_with(b"#")) || name.starts_with(b"~$")
}

/// Whether an entry below a folder is hidden.
pub(super) fn is_hidden(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// What to look at when something happened at `path` inside the followed folder `root`: the path itself; the
/// nearest folder around it, when it is gone, so that what was there is missed; nothing, when it was `born` and
/// went again, as the files do from which editors rename.
pub(super) fn place(path: &Path, root: &Path, born: bool, follow_links: bool) -> Option<PathBuf> {
    let gone = || if born { None } else { around(path, root, follow_links) };
    let Ok(metadata) = fs_err::symlink_metadata(path) else { return gone() };
    if metadata.is_symlink() && !follow_links {
        // It may stand where a file was.
        return gone();
    }
    if !is_real(path) {
        // Behind a link. Its documents have the link's path, which only a search from above the link gives.
        return if follow_links { around(path, root, follow_links) } else { None };
    }
    if path.to_str().is_none() {
        return around(path, root, follow_links);
    }
    if metadata.is_dir() && !holds_file(path, follow_links) {
        return None;
    }
    Some(path.to_owned())
}

/// The nearest folder around `path` that holds a file, `root` at the furthest. Ingesting an empty folder removes
/// nothing: it could be a lost mount.
fn around(path: &Path, root: &Path, follow_links: bool) -> Option<PathBuf> {
    let fits = |folder: &Path| folder.to_str().is_some() && is_real(folder) && holds_file(folder, follow_links);
    let inside = path.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    inside.into_iter().find(|folder| (*folder == root && folder.is_dir()) || fits(folder)).map(Path::to_owned)
}

fn is_real(path: &Path) -> bool {
    fs_err::canonicalize(path).is_ok_and(|real| real == path)
}

fn holds_file(folder: &Path, follow_links: bool) -> bool {
    let entries = WalkDir::new(folder).follow_links(follow_links).into_iter();
    entries.filter_entry(|entry| !is_hidden(entry)).flatten().any(|entry| entry.file_type().is_file())
}

/// Tells a folder from another that takes its place: device and inode.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let of = |metadata: Metadata| (metadata.dev(), metadata.ino());
    fs_err::metadata(path).ok().map(of)
}

/// The paths in order, without those inside another of them.
pub(super) fn outermost(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.sort();
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in paths {
        if kept.last().is_none_or(|outer| !path.starts_with(outer)) {
            kept.push(path);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = fs_err::canonicalize(folder.path()).unwrap();
        for name in files {
            let path = root.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, name).unwrap();
        }
        (folder, root)
    }

    #[test]
    fn hidden_files_and_editors_own_are_passed_over() {
        let root = Path::new("/home/me/.notes");
        let kept = ["a.md", "sub/b.pdf", "4913.txt", "a~b.md", "#channel.md"];
        let dropped =
            [".a.md.swp", "a.md~", "a.swx", "4913", ".#a.md", "#a.md#", "~$report.docx", ".git/x.md", "s/.h/x.md"];
        for name in kept {
            assert!(!is_passed_over(&root.join(name), root), "{name}");
        }
        for name in dropped {
            assert!(is_passed_over(&root.join(name), root), "{name}");
        }
        assert!(is_passed_over(Path::new("/home/me/other.md"), root));
    }

    #[test]
    fn what_is_there_is_looked_at_itself() {
        let (_folder, root) = root(&["a.md", "sub/b.md"]);
        fs_err::create_dir(root.join("empty")).unwrap();
        for name in ["a.md", "sub", "sub/b.md"] {
            assert_eq!(place(&root.join(name), &root, true, false), Some(root.join(name)), "{name}");
        }
        assert_eq!(place(&root.join("empty"), &root, true, false), None);
    }

    #[test]
    fn what_is_gone_is_missed_by_the_nearest_folder_that_holds_a_file() {
        let (_folder, root) = root(&["a.md", "sub/b.md"]);
        fs_err::create_dir_all(root.join("empty/deeper")).unwrap();
        assert_eq!(place(&root.join("sub/gone.md"), &root, false, false), Some(root.join("sub")));
        assert_eq!(place(&root.join("sub/no/such/gone.md"), &root, false, false), Some(root.join("sub")));
        assert_eq!(place(&root.join("empty/deeper/gone.md"), &root, false, false), Some(root.clone()));
        assert_eq!(place(&root.join("sub/gone.md"), &root, true, false), None, "it came and went");
        fs_err::remove_dir_all(&root).unwrap();
        assert_eq!(place(&root.join("a.md"), &root, false, false), None, "never above the followed folder");
    }

    #[test]
    fn links_are_looked_at_from_above_and_only_when_they_are_followed() {
        let (_folder, root) = root(&["a.md", "sub/b.md"]);
        let (_other, outside) = self::root(&["c.md", "d/e.md"]);
        fs_err::os::unix::fs::symlink(outside.join("c.md"), root.join("sub/c.md")).unwrap();
        fs_err::os::unix::fs::symlink(outside.join("d"), root.join("sub/d")).unwrap();
        for name in ["sub/c.md", "sub/d", "sub/d/e.md"] {
            assert_eq!(place(&root.join(name), &root, true, false), None, "{name}");
            assert_eq!(place(&root.join(name), &root, true, true), Some(root.join("sub")), "{name}");
        }
    }

    #[test]
    fn a_path_inside_another_is_named_once() {
        let paths = ["/w/b", "/w/a/x", "/w/a", "/w/b", "/w/ab"].map(PathBuf::from).to_vec();
        assert_eq!(outermost(paths), ["/w/a", "/w/ab", "/w/b"].map(PathBuf::from));
    }
}
