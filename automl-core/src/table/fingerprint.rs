//! One hash of a table's content: equal for equal columns in equal order, whatever the platform and however the
//! numbers are stored.

use super::{Column, MISSING_CODE, Table, Values};

/// BLAKE3 of names, types and values, as 64 hexadecimal digits. Numbers enter as little-endian doubles, texts with
/// their length before them, missing values as one mark.
pub fn fingerprint(table: &Table) -> String {
    let mut whole = Fingerprint::new(table.rows, table.columns.len());
    table.columns.iter().for_each(|column| whole.column(column));
    whole.finish()
}

/// The [`fingerprint`] of a table whose columns come one after the other, so that they need not be held together.
pub struct Fingerprint {
    hasher: Hasher,
}

impl Fingerprint {
    /// Begins with a table of so many rows and columns; each of the columns has to come, in the table's order.
    pub fn new(rows: usize, columns: usize) -> Self {
        let inner = blake3::Hasher::new();
        let mut hasher = Hasher { inner, buffer: Vec::with_capacity(BUFFER + 64) };
        hasher.text("trellis table 1");
        hasher.count(rows);
        hasher.count(columns);
        Self { hasher }
    }

    /// Takes in the next column.
    pub fn column(&mut self, column: &Column) {
        let hasher = &mut self.hasher;
        hasher.text(&column.name);
        hasher.text(column.ty.name());
        hasher.count(column.len());
        match &column.values {
            Values::F32(v) => {
                hasher.bytes(b"n");
                v.iter().for_each(|&x| hasher.number(f64::from(x)));
            }
            Values::F64(v) => {
                hasher.bytes(b"n");
                v.iter().for_each(|&x| hasher.number(x));
            }
            Values::Bool { values, missing, labels } => {
                hasher.bytes(b"b");
                labels.iter().for_each(|label| hasher.text(label));
                (0..values.len()).for_each(|row| {
                    hasher.bytes(&[if missing.get(row) { 2 } else { u8::from(values.get(row)) }]);
                });
            }
            Values::Dict { codes, levels } => {
                hasher.bytes(b"d");
                hasher.count(levels.len());
                levels.iter().for_each(|level| hasher.text(level));
                codes.iter().for_each(|&code| hasher.bytes(&code.to_le_bytes()));
            }
            Values::Time(v) => {
                hasher.bytes(b"t");
                v.iter().for_each(|&ms| hasher.bytes(&ms.to_le_bytes()));
            }
            Values::Text(v) => {
                hasher.bytes(b"s");
                (0..v.len()).for_each(|row| match v.get(row) {
                    Some(text) => hasher.text(text),
                    None => hasher.bytes(&u64::from(MISSING_CODE).wrapping_neg().to_le_bytes()),
                });
            }
        }
    }

    /// The digits, once all columns came.
    pub fn finish(self) -> String {
        self.hasher.finish()
    }
}

const BUFFER: usize = 16 << 10;

/// Gathers small pieces, as BLAKE3 is fast on large ones only.
struct Hasher {
    inner: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Hasher {
    fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() >= BUFFER {
            self.flush();
            self.inner.update(bytes);
            return;
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.inner.update(&self.buffer);
        self.buffer.clear();
    }

    fn count(&mut self, n: usize) {
        self.bytes(&(n as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, x: f64) {
        let bits = if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
        self.bytes(&bits.to_le_bytes());
    }

    fn finish(mut self) -> String {
        self.flush();
        self.inner.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Format, ReadOptions, read};

    fn of(csv: &str) -> String {
        fingerprint(&read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0)
    }

    #[test]
    fn content_decides_and_writing_does_not() {
        let base = of("a,b,c\n1,x,2024-01-01\n2,y,2024-01-02\n3,x,\n");
        assert_eq!(base, of("\u{feff}\"a\";b;c\r\n1;x;2024-01-01\r\n2;\"y\";2024-01-02\r\n3;x;\r\n"));
        for other in [
            "a,b,d\n1,x,2024-01-01\n2,y,2024-01-02\n3,x,\n",
            "a,b,c\n1,x,2024-01-01\n2,y,2024-01-02\n4,x,\n",
            "a,b,c\n1,x,2024-01-01\n2,y,2024-01-02\n,x,\n",
            "a,b,c\n1,x,2024-01-01\n2,x,2024-01-02\n3,y,\n",
            "b,a,c\n1,x,2024-01-01\n2,y,2024-01-02\n3,x,\n",
            "a,b,c\n1,x,2024-01-01\n2,y,2024-01-02\n",
        ] {
            assert_ne!(base, of(other), "{other:?}");
        }
    }

    #[test]
    fn it_is_the_same_on_every_platform() {
        let golden = "88eaee170866c25b80e973f415b9e4bcc578d7d1471ac1b45d04673d2fa99c3a";
        assert_eq!(of("a,b,c,d\n1,x,2024-01-01,yes\n2.5,y,2024-01-02,no\n3,x,,\n"), golden);
    }

    #[test]
    fn width_of_storage_does_not_matter() {
        let (table, _) = read(b"a\n1\n2\n\n3\n", Format::Csv, &ReadOptions::default());
        let mut wide = table.clone();
        if let Values::F32(v) = &table.columns[0].values {
            wide.columns[0].values = Values::F64(v.iter().map(|&x| f64::from(x)).collect());
        }
        assert_ne!(table.columns[0].values, wide.columns[0].values);
        assert_eq!(fingerprint(&table), fingerprint(&wide));
    }
}
