//! Small files for tests: zip archives, and OLE files that hold one stream.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A zip archive of `entries`: names and contents.
pub(crate) fn zip_of(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An OLE file (version 3, sectors of 512 bytes) with one stream of 4,096 zero bytes named `stream`.
pub(crate) fn ole(stream: &str) -> Vec<u8> {
    const FREE: u32 = 0xffff_ffff;
    const END: u32 = 0xffff_fffe;
    const FAT: u32 = 0xffff_fffd;
    let mut out = Vec::new();
    out.extend(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    out.extend([0u8; 16]);
    for short in [0x3e_u16, 3, 0xfffe, 9, 6, 0, 0, 0] {
        out.extend(short.to_le_bytes());
    }
    // Directory sectors (0 in version 3), FAT sectors, first directory sector, …, cutoff, no mini FAT, no DIFAT.
    for word in [0, 1, 1, 0, 4096, END, 0, END, 0, 0] {
        out.extend(u32::to_le_bytes(word));
    }
    out.resize(512, 0xff);
    // Sector 0: the FAT. 0 is itself, 1 the directory, 2 to 9 the stream.
    let chain = [FAT, END, 3, 4, 5, 6, 7, 8, 9, END];
    for at in 0..128 {
        out.extend(chain.get(at).copied().unwrap_or(FREE).to_le_bytes());
    }
    // Sector 1: the directory.
    for (name, kind, child, start, size) in
        [("Root Entry", 5u8, 1, END, 0), (stream, 2, FREE, 2, 4096), ("", 0, FREE, 0, 0), ("", 0, FREE, 0, 0)]
    {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = if name.is_empty() { 0 } else { u16::try_from(entry.len() + 2).unwrap() };
        entry.resize(64, 0);
        entry.extend(length.to_le_bytes());
        entry.extend([kind, 1]);
        for link in [FREE, FREE, child] {
            entry.extend(u32::to_le_bytes(link));
        }
        entry.resize(116, 0);
        entry.extend(u32::to_le_bytes(start));
        entry.extend(u64::to_le_bytes(size));
        out.extend(entry);
    }
    out.resize(out.len() + 4096, 0);
    out
}
