//! Bytes of a file to UTF-8, chunk by chunk.

use crate::table::options::Encoding;

/// The characters of Windows-1252 from 0x80 to 0x9f; the five unused bytes stand for themselves, as in browsers.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

pub(super) fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The encoding of a file that begins with `head`, and the length of its byte-order mark.
pub(super) fn sniff(head: &[u8]) -> (Encoding, usize) {
    if head.starts_with(&[0xef, 0xbb, 0xbf]) {
        return (Encoding::Utf8, 3);
    }
    if head.starts_with(&[0xff, 0xfe]) {
        return (Encoding::Utf16Le, 2);
    }
    if head.starts_with(&[0xfe, 0xff]) {
        return (Encoding::Utf16Be, 2);
    }
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half >= 2 && odd * 10 > half * 4 && even * 10 < odd {
        return (Encoding::Utf16Le, 0);
    }
    if half >= 2 && even * 10 > half * 4 && odd * 10 < even {
        return (Encoding::Utf16Be, 0);
    }
    match std::str::from_utf8(head) {
        Ok(_) => (Encoding::Utf8, 0),
        // A character that the head cuts off is no fault.
        Err(fault) if fault.error_len().is_none() => (Encoding::Utf8, 0),
        Err(_) => (Encoding::Windows1252, 0),
    }
}

/// Length of the byte-order mark of `encoding` at the beginning of `head`.
pub(super) fn mark_len(head: &[u8], encoding: Encoding) -> usize {
    match sniff(head) {
        (found, len) if found == encoding => len,
        _ => 0,
    }
}

/// A decoder that keeps what a chunk's end cuts off.
#[derive(Debug, Clone)]
pub(super) struct Decoder {
    encoding: Encoding,
    /// A lone byte of a UTF-16 unit.
    half: Option<u8>,
    /// The first half of a surrogate pair.
    high: Option<u16>,
    /// Unpaired surrogates met.
    pub faults: u64,
}

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, half: None, high: None, faults: 0 }
    }

    /// Appends `chunk` as UTF-8. Bytes of a UTF-8 file are passed on as they are, valid or not.
    pub(super) fn decode(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Utf8 => out.extend_from_slice(chunk),
            Encoding::Windows1252 => {
                for &byte in chunk {
                    if byte < 0x80 { out.push(byte) } else { push_char(windows_1252(byte), out) }
                }
            }
            Encoding::Utf16Le | Encoding::Utf16Be => {
                for &byte in chunk {
                    match self.half.take() {
                        None => self.half = Some(byte),
                        Some(first) if self.encoding == Encoding::Utf16Le => {
                            self.unit(u16::from_le_bytes([first, byte]), out);
                        }
                        Some(first) => self.unit(u16::from_be_bytes([first, byte]), out),
                    }
                }
            }
        }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                let code = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                push_char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), out);
                return;
            }
            (Some(_), _) => self.replacement(out),
            (None, _) => {}
        }
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            0xdc00..=0xdfff => self.replacement(out),
            _ => push_char(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER), out),
        }
    }

    fn replacement(&mut self, out: &mut Vec<u8>) {
        self.faults += 1;
        push_char(char::REPLACEMENT_CHARACTER, out);
    }

    /// What is left at the end of the file.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.high.take().is_some() || self.half.take().is_some() {
            self.replacement(out);
        }
    }
}

fn push_char(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// `bytes` as text, with every byte that is not valid UTF-8 read as Windows-1252. Also how many such places there
/// are and where the first is.
pub(super) fn repair(bytes: &[u8]) -> (String, u64, usize) {
    let mut out = String::with_capacity(bytes.len() + 16);
    let (mut faults, mut first, mut at) = (0, 0, 0);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            if faults == 0 {
                first = at;
            }
            faults += 1;
            at += chunk.invalid().len();
            out.extend(chunk.invalid().iter().map(|&b| windows_1252(b)));
        }
    }
    (out, faults, first)
}
