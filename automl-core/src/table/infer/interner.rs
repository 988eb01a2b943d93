//! Distinct texts, numbered in order of first appearance.
//!
//! An open-addressing hash table with linear probing and a fixed hash. The hash decides no order and no result:
//! codes come from first appearance. A file made to collide only makes the table give up ([`Interner::intern`]
//! returns `None`), and the column is then kept as text.

use super::builder::{NEARLY_FULL, soon};

/// Longest run of occupied slots that is searched.
const LONGEST_PROBE: usize = 128;

#[derive(Debug, Default, Clone)]
pub(crate) struct Interner {
    bytes: String,
    /// Level `i` ends at `ends[i]` and begins where the one before ends.
    ends: Vec<u32>,
    hashes: Vec<u32>,
    /// Code + 1, or 0 for a free slot; a power of two long.
    slots: Vec<u32>,
}

#[inline]
fn hash(text: &[u8]) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = text.len() as u64;
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        h = (h.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(K);
        h ^= h >> 32;
    }
    let mut last = 0u64;
    for &b in rest {
        last = last << 8 | u64::from(b);
    }
    h = (h.rotate_left(23) ^ last).wrapping_mul(K);
    h ^= h >> 29;
    (h.wrapping_mul(K) >> 32) as u32
}

impl Interner {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all levels together.
    pub(crate) fn text_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of memory that the table takes, or will once it has a few levels more.
    pub(super) fn bytes(&self) -> usize {
        let slots = if (self.len() + NEARLY_FULL) * 2 > self.slots.len() {
            self.slots.len() * 2
        } else {
            self.slots.len()
        };
        self.bytes.capacity() + soon(&self.ends) + soon(&self.hashes) + 4 * slots
    }

    #[inline]
    pub(crate) fn level(&self, code: usize) -> &str {
        let start = if code == 0 { 0 } else { self.ends.get(code - 1).map_or(0, |&e| e as usize) };
        let end = self.ends.get(code).map_or(start, |&e| e as usize);
        self.bytes.get(start..end).unwrap_or("")
    }

    pub(crate) fn levels(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|code| self.level(code))
    }

    /// The code of `text`, new or old; `None` when the table can take no more.
    #[inline]
    pub(crate) fn intern(&mut self, text: &str) -> Option<u32> {
        if self.slots.len() < (self.len() + 1) * 2 {
            self.grow();
        }
        let h = hash(text.as_bytes());
        let mask = self.slots.len() - 1;
        let mut at = h as usize & mask;
        for _ in 0..LONGEST_PROBE {
            match self.slots[at] {
                0 => return self.insert(at, h, text),
                slot => {
                    let code = slot as usize - 1;
                    if self.hashes[code] == h && self.level(code) == text {
                        return Some(code as u32);
                    }
                }
            }
            at = (at + 1) & mask;
        }
        None
    }

    fn insert(&mut self, at: usize, h: u32, text: &str) -> Option<u32> {
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        let code = u32::try_from(self.len()).ok().filter(|&c| c < u32::MAX - 1)?;
        self.bytes.push_str(text);
        self.ends.push(end);
        self.hashes.push(h);
        self.slots[at] = code + 1;
        Some(code)
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        self.slots = vec![0; size];
        let mask = size - 1;
        for (code, &h) in self.hashes.iter().enumerate() {
            let mut at = h as usize & mask;
            while self.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = code as u32 + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_first_appearance() {
        let mut interner = Interner::default();
        let codes: Vec<_> =
            ["b", "a", "", "b", "long text of many bytes", "a"].map(|t| interner.intern(t)).into();
        assert_eq!(codes, [0, 1, 2, 0, 3, 1].map(Some));
        assert_eq!(interner.levels().collect::<Vec<_>>(), ["b", "a", "", "long text of many bytes"]);
    }

    #[test]
    fn a_hundred_thousand_levels_are_told_apart() {
        let mut interner = Interner::default();
        for i in 0..100_000u32 {
            assert_eq!(interner.intern(&format!("level {i}")), Some(i));
        }
        assert_eq!(interner.intern("level 77777"), Some(77_777));
        assert_eq!(interner.level(99_999), "level 99999");
    }
}
