//! Sound bytes made unsound, the same for the same seed.

use serde_json::{Value, json};

/// Numbers that look like chance.
pub struct Chance(u64);

/// What readers stumble over.
const PARTS: [&[u8]; 30] = [
    b"\0",
    b"\"",
    b"\"\"\"",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b",",
    b";",
    b"\t",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80\xae",
    b"1e999999",
    b"-1e-999999",
    b"-0",
    b"NaN",
    b"-inf",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"99999999999999999999999999999999999999999999999999",
    b"null",
    b"{}",
    b"[]",
    b"{\"a\":",
    b"\\u0000",
    b"\\ud800",
    b"0000-00-00T99:99:99Z",
];

impl Chance {
    pub fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below another.
    pub fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % most.max(1) as u64) as usize
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Where a part begins and ends.
    fn part(&mut self, bytes: &[u8], longest: usize) -> (usize, usize) {
        let from = self.below(bytes.len() + 1);
        (from, from + self.below((bytes.len() - from).min(longest) + 1))
    }

    /// Bytes with one to four things wrong; `other`: what a part may be taken from.
    pub fn wrong(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, other);
        }
        bytes
    }

    /// JSON that is still JSON, with a value or two that are others.
    pub fn wrong_json(&mut self, sound: &Value) -> Vec<u8> {
        let mut value = sound.clone();
        for _ in 0..=self.below(2) {
            self.change_json(&mut value, 0);
        }
        value.to_string().into_bytes()
    }

    fn change_json(&mut self, value: &mut Value, depth: usize) {
        let goes_on = depth == 0 || self.below(4) > 0;
        match value {
            Value::Object(fields) if goes_on && !fields.is_empty() => {
                let name = fields.keys().nth(self.below(fields.len())).cloned().unwrap_or_default();
                match self.below(8) {
                    0 => _ = fields.remove(&name),
                    1 => {
                        let odd = self.odd_text();
                        let moved = fields.remove(&name).unwrap_or_default();
                        fields.insert(odd, moved);
                    }
                    _ => self.change_json(&mut fields[&name], depth + 1),
                }
            }
            Value::Array(items) if goes_on && !items.is_empty() => {
                let at = self.below(items.len());
                match self.below(8) {
                    0 => _ = items.remove(at),
                    1 => {
                        let again = vec![items[at].clone(); 1 + self.below(1_000)];
                        items.extend(again);
                    }
                    _ => self.change_json(&mut items[at], depth + 1),
                }
            }
            // Of the same kind it may be taken, and goes further.
            Value::String(text) if self.below(3) > 0 => *text = self.odd_text(),
            Value::Number(_) if self.below(3) > 0 => {
                *value = [json!(0), json!(2), json!(-1), json!(3.5), json!(u64::MAX)][self.below(5)].take();
            }
            _ => *value = self.odd(),
        }
    }

    fn odd_text(&mut self) -> String {
        match self.below(6) {
            0 => "x".repeat(self.below(100_000)),
            1 => String::new(),
            2 => "../../etc/passwd".to_owned(),
            3 => "\u{202e}\u{0}\u{ffff}\u{1f468}\u{200d}\u{1f469}".to_owned(),
            _ => String::from_utf8_lossy(PARTS[self.below(PARTS.len())]).into_owned(),
        }
    }

    fn odd(&mut self) -> Value {
        match self.below(10) {
            0 => Value::Null,
            1 => json!([]),
            2 => json!({}),
            3 => json!([true, false]),
            4 => json!(-1),
            5 => json!(u64::MAX),
            6 => json!(1e308),
            7 => (0..self.below(120)).fold(json!(0), |inner, _| json!([inner])),
            8 => json!(i64::MIN),
            _ => self.odd_text().into(),
        }
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let (from, to) = self.part(bytes, 400);
        match self.below(16) {
            0 | 1 => {
                for _ in 0..=self.below(8) {
                    let at = self.below(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
            2 => bytes.truncate(from),
            3 => _ = bytes.drain(..from),
            4 => _ = bytes.drain(from..to),
            5 => {
                let again = bytes[from..to].repeat(1 + self.below(300));
                _ = bytes.splice(to..to, again);
            }
            6 | 7 => {
                let (begin, end) = self.part(other, 400);
                _ = bytes.splice(from..to, other[begin..end].iter().copied());
            }
            8..=11 => {
                let part = self.of(&PARTS).repeat(1 + self.below(3));
                let to = from + self.below(2) * (to - from);
                _ = bytes.splice(from..to, part);
            }
            12 => self.number(bytes),
            13 => {
                let deep = [b"[".as_slice(), b"{\"a\":", b"\"", b"("][self.below(4)];
                _ = bytes.splice(from..from, deep.repeat(1 + self.below(20_000)));
            }
            14 if self.below(8) == 0 => {
                // One quoted field that is the most of a file.
                let field = [b"\"".as_slice(), &vec![b'x'; self.below(2 << 20)]].concat();
                _ = bytes.splice(from..from, field);
            }
            14 if self.below(4) == 0 => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                *bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            }
            _ => {
                let value = [0, 0xff, 0x80, b'"', b'\n'][self.below(5)];
                bytes[from..to].fill(value);
            }
        }
    }

    /// Puts another number in the place of one.
    fn number(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let is = |byte: &u8| byte.is_ascii_digit();
        let Some(from) = bytes.iter().skip(at).position(is).map(|found| at + found) else { return };
        let length = bytes[from..].iter().take_while(|b| is(b)).count();
        const NUMBERS: [&str; 8] = [
            "-1",
            "0",
            "4294967296",
            "9223372036854775807",
            "18446744073709551615",
            "1e308",
            "0.1",
            "1e-320",
        ];
        let number = self.of(&NUMBERS).bytes();
        _ = bytes.splice(from..from + length, number);
    }
}
