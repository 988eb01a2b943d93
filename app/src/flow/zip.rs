//! Zip archives (APPNOTE 6.3.10), as little of them as a project file needs: entries that are stored or deflated, no
//! more than 4 GB, no encryption, no directories.
//!
//! Nothing here holds an entry's bytes: whoever writes or reads puts heads and directory around them. An archive may
//! come from anywhere: names, sizes and counts are checked before anything is read.

use automl_core::diagnostic::Diagnostic;

/// Most entries of an archive that is read.
pub const MOST_ENTRIES: usize = 1_024;
/// Most bytes of all entries together.
pub const MOST_BYTES: u64 = 2_000_000_000;
/// Most characters of an entry's name.
const MOST_NAME: usize = 200;
/// Bytes of the end of an archive in which its directory's place is looked for: the record and the longest comment.
pub const END_BYTES: u64 = 22 + 65_535;
/// Bytes of an entry's head without its name.
pub const HEAD_BYTES: u64 = 30;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// The first of January 1980, as archives count: no clock is read.
const DATE: u16 = 0x21;

/// An entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub crc: u32,
    /// Bytes in the archive, and once inflated.
    pub packed: u32,
    pub size: u32,
    pub is_deflated: bool,
    /// Where its head begins.
    pub offset: u32,
}

/// CRC-32 (IEEE 802.3) of `bytes`, after what gave `before`; 0 at the beginning.
pub fn crc32(before: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(!before, |crc, byte| (crc >> 8) ^ TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize])
}

const fn table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

fn put16(out: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
}

fn put32(out: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
}

/// What both heads of an entry have: version, flags, method, time, date, sums, and the name's length.
fn put_common(out: &mut Vec<u8>, entry: &Entry) {
    put16(out, &[20, UTF8, if entry.is_deflated { 8 } else { 0 }, 0, DATE]);
    put32(out, &[entry.crc, entry.packed, entry.size]);
    // Names are at most 200 characters, of at most 4 bytes.
    put16(out, &[entry.name.len() as u16, 0]);
}

/// What stands before an entry's bytes.
pub fn head(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::new();
    put32(&mut out, &[LOCAL]);
    put_common(&mut out, entry);
    out.extend_from_slice(entry.name.as_bytes());
    out
}

/// What stands after all entries, the first of which begins the archive.
pub fn directory(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        put32(&mut out, &[CENTRAL]);
        put16(&mut out, &[20]);
        put_common(&mut out, entry);
        put16(&mut out, &[0, 0, 0]);
        put32(&mut out, &[0, entry.offset]);
        out.extend_from_slice(entry.name.as_bytes());
    }
    let size = out.len() as u32;
    let begin = entries.last().map_or(0, |e| e.offset + head(e).len() as u32 + e.packed);
    put32(&mut out, &[END]);
    let count = entries.len() as u16;
    put16(&mut out, &[0, 0, count, count]);
    put32(&mut out, &[size, begin]);
    put16(&mut out, &[0]);
    out
}

fn damaged(what: &str) -> Diagnostic {
    Diagnostic::error(
        "project.damaged",
        format!("The file cannot be read: {what}."),
        "Save the project again and use that file, or ask for it again.",
    )
}

/// Reads numbers from the front of bytes.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Diagnostic> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| damaged("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, Diagnostic> {
        Ok(self.take(2)?.iter().rev().fold(0, |v, b| (v << 8) | u16::from(*b)))
    }

    fn u32(&mut self) -> Result<u32, Diagnostic> {
        Ok(self.take(4)?.iter().rev().fold(0, |v, b| (v << 8) | u32::from(*b)))
    }
}

/// Where the directory lies: its first byte and its length. `tail`: the last [`END_BYTES`] bytes of an archive of
/// `size` bytes, or all of a shorter one.
///
/// # Errors
/// No archive, or one that is not read here.
pub fn find_directory(tail: &[u8], size: u64) -> Result<(u64, u64), Diagnostic> {
    let is_end = |at: &usize| tail[*at..].starts_with(&END.to_le_bytes());
    let at =
        (0..tail.len()).rev().find(is_end).ok_or_else(|| damaged("it is no archive, or is cut short"))?;
    let mut cursor = Cursor(&tail[at + 4..]);
    let (disk, first_disk) = (cursor.u16()?, cursor.u16()?);
    let (here, count) = (cursor.u16()?, cursor.u16()?);
    let (length, begin) = (u64::from(cursor.u32()?), u64::from(cursor.u32()?));
    if disk != 0 || first_disk != 0 || here != count {
        return Err(damaged("it is one of several parts"));
    }
    if usize::from(count) > MOST_ENTRIES {
        return Err(damaged("it holds more files than a project has"));
    }
    let end = size - tail.len() as u64 + at as u64;
    if begin + length > end || length > MOST_ENTRIES as u64 * 2_000 {
        return Err(damaged("its list of files is not where it should be"));
    }
    Ok((begin, length))
}

/// Whether a name is a plain path below where it is put.
fn is_plain(name: &str) -> bool {
    let is_part = |p: &str| !p.is_empty() && p != "." && p != "..";
    name.chars().count() <= MOST_NAME
        && !name.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'))
        && name.split('/').all(is_part)
}

/// The entries that a directory lists, for an archive whose directory begins at `begin`.
///
/// # Errors
/// What is wrong with it, or is not read here.
pub fn read_directory(bytes: &[u8], begin: u64) -> Result<Vec<Entry>, Diagnostic> {
    let (mut cursor, mut out, mut total) = (Cursor(bytes), Vec::<Entry>::new(), 0u64);
    while !cursor.0.is_empty() {
        if cursor.u32()? != CENTRAL {
            return Err(damaged("its list of files is damaged"));
        }
        cursor.take(4)?;
        let (flags, method) = (cursor.u16()?, cursor.u16()?);
        cursor.take(4)?;
        let (crc, packed, size) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let (name, extra, comment) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
        cursor.take(8)?;
        let offset = cursor.u32()?;
        let name = std::str::from_utf8(cursor.take(usize::from(name))?).map(str::to_owned);
        cursor.take(usize::from(extra) + usize::from(comment))?;
        let name = name.map_err(|_| damaged("a file in it has no readable name"))?;
        if name.ends_with('/') && size == 0 {
            continue;
        }
        if flags & 1 != 0 || !matches!(method, 0 | 8) {
            return Err(damaged("it is locked, or packed in a way that is not read here"));
        }
        if !is_plain(&name) || out.iter().any(|e| e.name == name) {
            return Err(damaged("a file in it has a name that leads elsewhere, or stands there twice"));
        }
        total += u64::from(size);
        let is_stored = method == 0;
        if u64::from(offset) + HEAD_BYTES + u64::from(packed) > begin || (is_stored && packed != size) {
            return Err(damaged("a file in it is not where it should be"));
        }
        if total > MOST_BYTES || out.len() == MOST_ENTRIES {
            return Err(damaged("it holds more than a project has"));
        }
        out.push(Entry { name, crc, packed, size, is_deflated: !is_stored, offset });
    }
    Ok(out)
}

/// Where an entry's bytes begin. `head`: the [`HEAD_BYTES`] bytes at its offset.
///
/// # Errors
/// No head.
pub fn data_start(entry: &Entry, head: &[u8]) -> Result<u64, Diagnostic> {
    let mut cursor = Cursor(head);
    if cursor.u32()? != LOCAL {
        return Err(damaged("a file in it is not where it should be"));
    }
    cursor.take(22)?;
    let (name, extra) = (cursor.u16()?, cursor.u16()?);
    Ok(u64::from(entry.offset) + HEAD_BYTES + u64::from(name) + u64::from(extra))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut entries) = (Vec::new(), Vec::new());
        for (name, bytes) in files {
            let size = bytes.len() as u32;
            let entry = Entry {
                name: (*name).to_owned(),
                crc: crc32(0, bytes),
                packed: size,
                size,
                is_deflated: false,
                offset: out.len() as u32,
            };
            out.extend(head(&entry));
            out.extend_from_slice(bytes);
            entries.push(entry);
        }
        out.extend(directory(&entries));
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Diagnostic> {
        let tail = &bytes[bytes.len().saturating_sub(END_BYTES as usize)..];
        let (begin, length) = find_directory(tail, bytes.len() as u64)?;
        let entries = read_directory(&bytes[begin as usize..(begin + length) as usize], begin)?;
        let file = |e: Entry| {
            let head = &bytes[e.offset as usize..][..HEAD_BYTES as usize];
            let start = data_start(&e, head)? as usize;
            let data = bytes.get(start..start + e.packed as usize).ok_or_else(|| damaged("short"))?;
            Ok((e.name, data.to_vec()))
        };
        entries.into_iter().map(file).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), 0xcbf4_3926);
        let files: [(&str, &[u8]); 3] = [("a.json", b"{}"), ("data/x/é.csv", b"a\n1\n"), ("empty", b"")];
        let read = read(&archive(&files)).expect("an archive");
        let expected: Vec<(String, Vec<u8>)> =
            files.iter().map(|(n, b)| ((*n).to_owned(), b.to_vec())).collect();
        assert_eq!(read, expected);
        assert!(super::tests::read(&archive(&[])).expect("an archive").is_empty());
    }

    #[test]
    fn hostile_archives_are_refused() {
        let check = |files: &[(&str, &[u8])]| {
            let told = read(&archive(files)).expect_err("refused");
            assert_eq!(told.code, "project.damaged");
        };
        for name in ["../a", "/a", "a//b", "a\\b", "c:a", "a/./b", "", "a\nb", "x/.."] {
            check(&[(name, b"1")]);
        }
        check(&[("a", b"1"), ("a", b"2")]);
        let many: Vec<(String, &[u8])> = (0..=MOST_ENTRIES).map(|i| (i.to_string(), &b""[..])).collect();
        check(&many.iter().map(|(n, b)| (n.as_str(), *b)).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn damage_never_panics(at in 0usize..400, to in any::<u8>(), cut in 0usize..400) {
            let mut bytes = archive(&[("a.json", b"{}"), ("data/x.csv", b"a,b\n1,2\n")]);
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = read(&bytes);
            bytes.truncate(cut);
            let _ = read(&bytes);
        }
    }
}
