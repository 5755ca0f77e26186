//! Changes one value in a settings file and leaves everything else in it, comments too, as it is.

use std::io::Write as _;
use std::path::Path;

use footnote_core::{Code, Error, Result};
use toml_edit::{DocumentMut, Item, Table, value};

/// Sets `section.key` in the file, which comes to exist if it does not.
///
/// # Errors
/// [`Code::SettingsInvalid`] where the file is not TOML or has something else in the section's place; when it cannot be
/// read or written. The file is replaced as a whole or not at all.
pub fn set(file: &Path, key: &str, number: f64) -> Result<()> {
    let text = match fs_err::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io(file, error)),
    };
    let changed = with(&text, key, number).map_err(|error| error.context(file.display()))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = folder.join(format!(".footnote-{}.toml", std::process::id()));
    let written = fs_err::File::create(&beside).and_then(|mut new| {
        new.write_all(changed.as_bytes())?;
        new.sync_all()?;
        fs_err::rename(&beside, file)
    });
    written.map_err(|error| Error::io(file, error))
}

fn with(text: &str, key: &str, number: f64) -> Result<String> {
    let invalid = |reason: String| Error::new(Code::SettingsInvalid, reason).hint("mend the file, then run it again");
    let mut document: DocumentMut = text.parse().map_err(|error| invalid(format!("it is not TOML: {error}")))?;
    let (section, name) = key.split_once('.').ok_or_else(|| Error::internal(format!("`{key}` has no section")))?;
    let table = document.entry(section).or_insert_with(|| Item::Table(Table::new()));
    let table = table.as_table_like_mut().ok_or_else(|| invalid(format!("`{section}` is not a section")))?;
    // A comment behind the value belongs to the line, not to the value.
    let mut new = value(number);
    if let (Some(old), Some(new)) = (table.get(name).and_then(Item::as_value), new.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    table.insert(name, new);
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_changes_and_the_comments_stay() {
        let text =
            "# mine\n[grounding]\nmin_confidence = 0.5 # too shy\nmode = \"quoted\"\n\n[server]\nlisten = \"x\"\n";
        let expected = text.replace("0.5", "0.25");
        assert_eq!(with(text, "grounding.min_confidence", 0.25).unwrap(), expected);
    }

    #[test]
    fn a_section_that_is_missing_is_added() {
        assert_eq!(with("", "grounding.min_confidence", 0.25).unwrap(), "[grounding]\nmin_confidence = 0.25\n");
        let inline = with("grounding = { mode = \"quoted\" }\n", "grounding.min_confidence", 0.25).unwrap();
        assert!(inline.contains("min_confidence = 0.25"), "{inline}");
    }

    #[test]
    fn a_file_that_is_no_settings_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("footnote.toml");
        for text in ["[grounding", "grounding = 3\n"] {
            fs_err::write(&file, text).unwrap();
            let error = set(&file, "grounding.min_confidence", 0.25).unwrap_err();
            assert_eq!(error.code(), Code::SettingsInvalid);
            assert!(error.message().contains("footnote.toml"), "{error}");
            assert_eq!(fs_err::read_to_string(&file).unwrap(), text);
        }
        fs_err::remove_file(&file).unwrap();
        set(&file, "grounding.min_confidence", 0.25).unwrap();
        assert!(fs_err::read_to_string(&file).unwrap().contains("0.25"));
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }
}
