//! Names of collections.

use crate::error::{Code, Error, Result};

/// The longest name.
const MAX_LENGTH: usize = 64;

/// Whether `name` can name a collection: it becomes a folder and a Qdrant collection.
///
/// # Errors
/// [`Code::CollectionName`].
pub fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if begins_well && name.chars().all(plain) && name.len() <= MAX_LENGTH {
        return Ok(());
    }
    Err(Error::new(Code::CollectionName, format!("`{name}` cannot name a collection"))
        .hint(format!("use up to {MAX_LENGTH} lower-case letters, digits, - and _, beginning with a letter or digit")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_data_folder_are_refused() {
        for bad in ["", "..", "../x", "a/b", "A", ".hidden", "-x", &"x".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        for good in ["default", "scifact-1a2b", "2024_reports"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
    }
}
