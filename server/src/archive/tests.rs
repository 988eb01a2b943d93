use super::write::{end as end_of, head as head_of, listed as listed_of};
use super::*;
use std::path::Path;

const BOUNDS: Bounds = Bounds { entries: 100, bytes: 1 << 20, deflated: true };

/// A sink in memory.
impl Sink for Vec<u8> {
    async fn put(&mut self, bytes: bytes::Bytes) -> std::io::Result<()> {
        self.extend_from_slice(&bytes);
        Ok(())
    }
}

async fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, bytes) in files {
        let (hash, size) = writer.add_bytes(name, bytes.to_vec()).await.expect("added");
        assert_eq!((hash, size), (blake3::hash(bytes).to_hex().to_string(), bytes.len() as u64));
    }
    writer.finish().await.expect("finished")
}

fn read(folder: &Path, bytes: &[u8], bounds: Bounds) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let path = folder.join("a.zip");
    std::fs::write(&path, bytes).expect("written");
    let archive = Archive::open(&path, bounds)?;
    archive
        .entries()?
        .map(|entry| entry.and_then(|e| Ok((e.name.clone(), archive.bytes(&e, 1 << 20)?))))
        .collect()
}

fn owned(files: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    files.iter().map(|(n, b)| ((*n).to_owned(), b.to_vec())).collect()
}

#[tokio::test]
async fn what_is_written_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let files: [(&str, &[u8]); 3] = [("a.json", b"{}"), ("data/x/é.csv", b"a\n1\n"), ("empty", b"")];
    let bytes = archive(&files).await;
    assert_eq!(read(folder.path(), &bytes, BOUNDS).expect("an archive"), owned(&files));
    assert_eq!(read(folder.path(), &archive(&[]).await, BOUNDS).expect("an archive"), []);
    for cut in 0..bytes.len() {
        assert!(read(folder.path(), &bytes[..cut], BOUNDS).is_err(), "cut at {cut}");
    }
    for bounds in [Bounds { entries: 2, ..BOUNDS }, Bounds { bytes: 5, ..BOUNDS }] {
        assert!(read(folder.path(), &bytes, bounds).is_err(), "{bounds:?}");
    }
}

#[tokio::test]
async fn damage_is_found_and_never_panics() {
    let folder = tempfile::tempdir().expect("a folder");
    let files: [(&str, &[u8]); 2] = [("a.json", b"{}"), ("b/c.csv", b"a,b\n1,2\n")];
    let bytes = archive(&files).await;
    for at in 0..bytes.len() {
        for to in [0, 1, 0x7f, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = to;
            // Some fields are read by nobody, such as dates; what is read is what was written.
            if let Ok(read) = read(folder.path(), &changed, BOUNDS) {
                assert_eq!(read, owned(&files), "{at} {to}");
            }
        }
    }
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["../a", "/a", "a//b", "a\\b", "c:a", "a/./b", "a\nb", "x/..", "a\0b"] {
        let bytes = archive(&[(name, b"1")]).await;
        assert!(matches!(read(folder.path(), &bytes, BOUNDS), Err(Fault::Bad(_))), "{name:?}");
    }
    let long = "a".repeat(LONGEST_NAME + 1);
    assert!(Writer::new(Vec::new()).add_bytes(&long, &b""[..]).await.is_err());
}

/// An archive by hand of one entry that is packed, and of which anything can be said.
fn packed(name: &str, packed: &[u8], entry: Entry) -> Vec<u8> {
    let mut out = head_of(name);
    out.extend_from_slice(packed);
    let begin = out.len() as u64;
    let mut list = listed_of(&entry);
    // The method, and how many bytes it takes packed.
    list[10..12].copy_from_slice(&8_u16.to_le_bytes());
    list[20..24].copy_from_slice(&(packed.len() as u32).to_le_bytes());
    out.extend(&list);
    out.extend(end_of(1, begin, list.len() as u64));
    out
}

#[test]
fn what_unpacks_to_more_than_it_says_is_refused() {
    use std::io::Write;
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = vec![7; 100_000];
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&bytes).expect("packed");
    let small = encoder.finish().expect("packed");
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    let entry = |size: u64, crc: u32| Entry {
        name: "a".to_owned(),
        crc,
        packed: size,
        size,
        is_deflated: true,
        offset: 0,
    };
    let sound = packed("a", &small, entry(100_000, crc.sum()));
    assert_eq!(read(folder.path(), &sound, BOUNDS).expect("an archive"), [("a".to_owned(), bytes)]);
    let stored = Bounds { deflated: false, ..BOUNDS };
    assert!(read(folder.path(), &sound, stored).is_err());
    for wrong in
        [entry(99_999, crc.sum()), entry(100_001, crc.sum()), entry(100_000, 1), entry(2 << 20, crc.sum())]
    {
        assert!(read(folder.path(), &packed("a", &small, wrong), BOUNDS).is_err());
    }
    // The name before the bytes and the one in the list differ.
    assert!(read(folder.path(), &packed("b", &small, entry(100_000, crc.sum())), BOUNDS).is_err());
}

/// Wider fields where they are needed: the places and sizes are said, the bytes need not be there.
#[test]
fn large_archives_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let large = |name: &str, size: u64, offset: u64| Entry {
        name: name.to_owned(),
        crc: 1,
        packed: size,
        size,
        is_deflated: false,
        offset,
    };
    let all = [large("a", 5 << 30, 0), large("b", 3, 6 << 30), large("c", 5 << 30, 7 << 30)];
    let begin = 13_u64 << 30;
    let path = folder.path().join("large.zip");
    let file = std::fs::File::create(&path).expect("a file");
    file.set_len(begin).expect("a hole");
    let list: Vec<u8> = all.iter().flat_map(listed_of).collect();
    let end = end_of(3, begin, list.len() as u64);
    use std::io::{Seek, Write};
    let mut file = file;
    file.seek(std::io::SeekFrom::Start(begin)).expect("the end");
    file.write_all(&[list, end].concat()).expect("written");
    let bounds = Bounds { entries: 3, bytes: 11 << 30, deflated: false };
    let archive = Archive::open(&path, bounds).expect("an archive");
    let listed: Vec<Entry> = archive.entries().expect("a list").map(|e| e.expect("an entry")).collect();
    assert_eq!(listed, all);
    assert!(Archive::open(&path, Bounds { entries: 2, ..bounds }).is_err());
}
