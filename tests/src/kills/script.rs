//! What happens to the folder: files are added, changed, renamed and deleted, the same for the same seed.
//!
//! The files are small and many, so that a run writes several batches and not one at its end.

use std::path::{Path, PathBuf};

use super::random::Random;

const KINDS: [&str; 5] = ["md", "md", "txt", "html", "csv"];
const FOLDERS: [&str; 4] = ["", "a", "b", "b/c"];
const WORDS: [&str; 24] = [
    "kettle", "lid", "steam", "copper", "handle", "spout", "whistle", "boils", "rests", "cools", "slowly", "seldom",
    "before", "after", "noon", "winter", "kitchen", "shelf", "ledger", "counts", "the", "a", "every", "no",
];

/// How many changes of each kind there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that came.
    pub adds: u32,
    /// Files that got another content.
    pub changes: u32,
    /// Files that got another name, some in another folder.
    pub renames: u32,
    /// Files that went.
    pub deletes: u32,
}

/// The folder and what is in it.
pub(super) struct Script {
    root: PathBuf,
    random: Random,
    /// In a fixed order, so that the same seed does the same.
    files: Vec<PathBuf>,
    fewest: usize,
    named: u32,
    pub(super) changes: Changes,
}

impl Script {
    /// A folder of `files` files.
    pub(super) fn begin(root: PathBuf, files: u32, random: Random) -> Self {
        let fewest = files as usize / 2;
        let mut script = Self { root, random, files: Vec::new(), fewest, named: 0, changes: Changes::default() };
        for folder in FOLDERS {
            fs_err::create_dir_all(script.root.join(folder)).expect("a folder");
        }
        (0..files).for_each(|_| script.add());
        script.changes = Changes::default();
        script
    }

    pub(super) fn folder(&self) -> &Path {
        &self.root
    }

    /// One change.
    pub(super) fn change(&mut self) {
        match self.random.below(100) {
            _ if self.files.len() < self.fewest => self.add(),
            0..30 => self.add(),
            30..65 => self.edit(),
            65..85 => self.rename(),
            _ => self.delete(),
        }
    }

    fn add(&mut self) {
        let kind = self.random.one_of(&KINDS);
        let path = self.name(kind);
        let content = self.content(kind);
        fs_err::write(&path, content).expect("a file");
        self.files.push(path);
        self.changes.adds += 1;
    }

    /// In place, or as editors do it: written beside it and moved over it.
    fn edit(&mut self) {
        let path = self.any();
        let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let content = match kind.as_str() {
            "md" | "txt" => {
                let old = fs_err::read_to_string(&path).expect("a file");
                let mut paragraphs: Vec<String> = old.split("\n\n").map(str::to_owned).collect();
                let at = self.random.below(paragraphs.len() as u64) as usize;
                paragraphs[at] = self.paragraph();
                paragraphs.join("\n\n")
            }
            _ => self.content(&kind),
        };
        if self.random.below(2) == 0 {
            fs_err::write(&path, content).expect("a file");
        } else {
            let beside = self.root.with_extension("new");
            fs_err::write(&beside, content).expect("a file");
            fs_err::rename(&beside, &path).expect("a file");
        }
        self.changes.changes += 1;
    }

    fn rename(&mut self) {
        let at = self.random.below(self.files.len() as u64) as usize;
        let kind = self.files[at].extension().unwrap_or_default().to_string_lossy().into_owned();
        let to = self.name(&kind);
        fs_err::rename(&self.files[at], &to).expect("a file");
        self.files[at] = to;
        self.changes.renames += 1;
    }

    fn delete(&mut self) {
        let at = self.random.below(self.files.len() as u64) as usize;
        fs_err::remove_file(self.files.swap_remove(at)).expect("a file");
        self.changes.deletes += 1;
    }

    fn any(&mut self) -> PathBuf {
        let at = self.random.below(self.files.len() as u64) as usize;
        self.files[at].clone()
    }

    fn name(&mut self, kind: &str) -> PathBuf {
        self.named += 1;
        let folder = self.random.one_of(&FOLDERS);
        self.root.join(folder).join(format!("{}.{kind}", self.named))
    }

    fn content(&mut self, kind: &str) -> String {
        let lines = 1 + self.random.below(3);
        let paragraphs: Vec<String> = (0..lines).map(|_| self.paragraph()).collect();
        match kind {
            "html" => format!("<html><body><main><p>{}</p></main></body></html>", paragraphs.join("</p><p>")),
            "csv" => format!("number,note\n1,{}\n", paragraphs.join("\n2,")),
            "md" => format!("# Note {}\n\n{}\n", self.named, paragraphs.join("\n\n")),
            _ => paragraphs.join("\n\n"),
        }
    }

    fn paragraph(&mut self) -> String {
        let words = 4 + self.random.below(12);
        let words: Vec<&str> = (0..words).map(|_| self.random.one_of(&WORDS)).collect();
        let number = self.random.below(1_000_000);
        format!("Entry {number}: {}.", words.join(" "))
    }
}
