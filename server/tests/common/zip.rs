//! Zip archives of entries that are not packed, made and taken apart by hand.

/// Names and bytes.
pub type Files = Vec<(String, Vec<u8>)>;

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// What both heads of an entry have.
fn common(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0].to_vec();
    for value in [crc(bytes), bytes.len() as u32, bytes.len() as u32] {
        out.extend(value.to_le_bytes());
    }
    out.extend((name.len() as u16).to_le_bytes());
    out.extend([0, 0]);
    out
}

pub fn zip(files: &Files) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        list.extend([b'P', b'K', 1, 2, 20, 0]);
        list.extend(common(name, bytes));
        list.extend([0; 10]);
        list.extend((out.len() as u32).to_le_bytes());
        list.extend(name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(common(name, bytes));
        out.extend(name.as_bytes());
        out.extend(bytes);
    }
    let (begin, count) = (out.len() as u32, files.len() as u16);
    out.extend(&list);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    out.extend([(list.len() as u32).to_le_bytes(), begin.to_le_bytes()].concat());
    out.extend([0, 0]);
    out
}

fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    bytes[at..at + length].iter().rev().fold(0, |value, byte| (value << 8) | usize::from(*byte))
}

/// The entries that the list at the end names, in its order.
pub fn unzip(bytes: &[u8]) -> Files {
    let end = bytes.len() - 22;
    assert!(bytes[end..].starts_with(b"PK\x05\x06"), "no archive");
    let (count, mut at) = (number(bytes, end + 10, 2), number(bytes, end + 16, 4));
    let mut out = Vec::new();
    for _ in 0..count {
        let (size, name) = (number(bytes, at + 24, 4), number(bytes, at + 28, 2));
        let begin = number(bytes, at + 42, 4);
        let text = String::from_utf8_lossy(&bytes[at + 46..at + 46 + name]).into_owned();
        let data = begin + 30 + number(bytes, begin + 26, 2) + number(bytes, begin + 28, 2);
        let data = bytes[data..data + size].to_vec();
        assert_eq!(number(bytes, at + 16, 4), crc(&data) as usize, "{text}");
        out.push((text, data));
        at += 46 + name + number(bytes, at + 30, 2) + number(bytes, at + 32, 2);
    }
    out
}
