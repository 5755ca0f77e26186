//! Synthetic documents: as many chunks as are asked for, no two of them equal.

use std::path::Path;

use anyhow::Result;

const CHUNKS_PER_FILE: u32 = 20;
const FILES_PER_FOLDER: u32 = 500;
/// Words of a section, which makes a chunk.
const WORDS: u32 = 90;
const SYLLABLES: [&str; 16] =
    ["ka", "ro", "mi", "ten", "sol", "ba", "lu", "per", "vin", "do", "ga", "ne", "tri", "qua", "fe", "sho"];

/// Writes files of 20 sections each. Every section is long enough to be a chunk of its own and short enough to be one.
pub(crate) fn write(folder: &Path, chunks: u32) -> Result<()> {
    let mut random = 1u64;
    for file in 0..chunks.div_ceil(CHUNKS_PER_FILE) {
        let folder = folder.join(format!("{:03}", file / FILES_PER_FOLDER));
        if file % FILES_PER_FOLDER == 0 {
            fs_err::create_dir_all(&folder)?;
        }
        let sections = (chunks - file * CHUNKS_PER_FILE).min(CHUNKS_PER_FILE);
        let mut text = format!("# Ledger {file}\n\n");
        for section in 0..sections {
            text.push_str(&format!("## Part {section}\n\n"));
            for word in 0..WORDS {
                // Numerical Recipes' generator: quick, and good enough for words.
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) & 0xffff_ffff;
                // Short words come up often and long ones seldom, as in a language.
                let syllables = 1 + (random >> 29) % 3;
                for syllable in 0..syllables {
                    text.push_str(SYLLABLES[((random >> (8 + 4 * syllable)) & 15) as usize]);
                }
                text.push_str(if word % 12 == 11 { ".\n" } else { " " });
            }
            text.push('\n');
        }
        fs_err::write(folder.join(format!("{file:06}.md")), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_sections_as_were_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 50).unwrap();
        let texts: String = fs_err::read_dir(folder.path().join("000"))
            .unwrap()
            .map(|file| fs_err::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        assert_eq!(texts.matches("## Part").count(), 50);
    }
}
