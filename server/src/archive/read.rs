//! Reading an archive that may come from anywhere: names, sizes, places, counts and sums are checked before anything is
//! believed, and what is unpacked is bounded by what was said of it.

use super::{
    CENTRAL, CENTRAL_BYTES, END, END_BYTES, END64, END64_BYTES, Entry, LOCAL, LOCAL_BYTES, LOCATOR,
    LOCATOR_BYTES, LONGEST_NAME, MANY, WIDE,
};
use crate::blobs::{Input, Origin};
use bytes::Bytes;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use futures_util::Stream;
use std::io::{BufReader, Error, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

/// Bytes that are handed on at once.
const PART: usize = 256 << 10;

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// In words that end a sentence.
    #[error("{0}")]
    Bad(String),
    #[error("it cannot be read: {0}")]
    Disk(#[from] Error),
}

type Result<T> = std::result::Result<T, Fault>;

fn bad<T>(what: impl Into<String>) -> Result<T> {
    Err(Fault::Bad(what.into()))
}

/// How much an archive may hold.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub entries: u64,
    /// Bytes of all entries together, unpacked.
    pub bytes: u64,
    /// Whether entries may be deflated.
    pub deflated: bool,
}

/// An archive's file, and where its list of entries lies.
#[derive(Debug, Clone)]
pub struct Archive {
    origin: Arc<dyn Origin>,
    bounds: Bounds,
    begin: u64,
    length: u64,
}

/// Numbers at the front of bytes, the little end first; 0 where they end too early, which sizes have ruled out.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&mut self, bytes: usize) -> u64 {
        let (front, rest) = self.0.split_at_checked(bytes).unwrap_or((&[], &[]));
        self.0 = rest;
        front.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte))
    }

    fn u16(&mut self) -> u16 {
        self.number(2) as u16
    }

    fn u32(&mut self) -> u32 {
        self.number(4) as u32
    }

    fn u64(&mut self) -> u64 {
        self.number(8)
    }
}

/// Exactly so many bytes.
fn exact(from: &mut impl Read, bytes: usize) -> Result<Vec<u8>> {
    let mut out = vec![0; bytes];
    match from.read_exact(&mut out) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => bad("it ends too early"),
        read => Ok(read.map(|()| out)?),
    }
}

fn at(file: &mut Box<dyn Input>, from: u64, bytes: u64) -> Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    exact(file, bytes as usize)
}

/// Whether a name is a plain path below where it is put.
fn is_plain(name: &str) -> bool {
    let is_part = |p: &str| !p.is_empty() && p != "." && p != "..";
    !name.chars().any(|c| c.is_control() || matches!(c, '\\' | ':')) && name.split('/').all(is_part)
}

impl Archive {
    /// Finds the list of entries.
    ///
    /// # Errors
    /// A file that is no archive, or is cut short, or too much for the bounds.
    pub fn open(path: &Path, bounds: Bounds) -> Result<Self> {
        Self::of(Arc::new(path.to_owned()), bounds)
    }

    /// The same, of what is not simply a file.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn of(origin: Arc<dyn Origin>, bounds: Bounds) -> Result<Self> {
        let mut file = origin.open()?;
        let size = file.seek(SeekFrom::End(0))?;
        let from = size.saturating_sub(END_BYTES + u64::from(u16::MAX));
        let tail = at(&mut file, from, size - from)?;
        let is_end =
            |i: &usize| tail[*i..].starts_with(&END.to_le_bytes()) && tail.len() - i >= END_BYTES as usize;
        let Some(place) = (0..tail.len()).rev().find(is_end) else {
            return bad("it is no archive, or is cut short");
        };
        let mut fields = Fields(&tail[place + 4..]);
        let disks = [fields.u16(), fields.u16()];
        let (here, count) = (fields.u16(), fields.u16());
        let (length, begin) = (fields.u32(), fields.u32());
        if disks != [0, 0] || here != count {
            return bad("it is one of several parts");
        }
        let mut end = from + place as u64;
        let (mut count, mut length, mut begin) = (u64::from(count), u64::from(length), u64::from(begin));
        if count == u64::from(MANY) || [length, begin].contains(&u64::from(WIDE)) {
            (end, count, length, begin) = wide_end(&mut file, end)?;
        }
        if begin.checked_add(length) != Some(end) {
            return bad("its list of files is not where it should be");
        }
        if count > bounds.entries {
            return bad(format!("it holds more than {} files", bounds.entries));
        }
        Ok(Self { origin, bounds, begin, length })
    }

    /// The entries, in the order of the list; none after one that is wrong.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn entries(&self) -> Result<impl Iterator<Item = Result<Entry>> + use<>> {
        let mut file = self.origin.open()?;
        file.seek(SeekFrom::Start(self.begin))?;
        let mut list = BufReader::new(file.take(self.length));
        let (begin, bounds) = (self.begin, self.bounds);
        let (mut left, mut count, mut total, mut over) = (self.length, 0, 0_u64, false);
        Ok(std::iter::from_fn(move || {
            if left == 0 || over {
                return None;
            }
            let entry = next(&mut list, &mut left, begin).and_then(|entry| {
                count += 1;
                total = total.saturating_add(entry.size);
                if count > bounds.entries || total > bounds.bytes {
                    return bad("it holds more than it may");
                }
                if entry.is_deflated && !bounds.deflated {
                    return bad("it is packed in a way that is not read here");
                }
                Ok(entry)
            });
            over = entry.is_err();
            Some(entry)
        }))
    }

    /// The bytes of an entry in parts; the last is an error where they are not what the list says.
    pub fn stream(&self, entry: &Entry) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        let (origin, entry) = (self.origin.clone(), entry.clone());
        tokio::task::spawn_blocking(move || {
            let sent = unpack(&*origin, &entry, |part| sender.blocking_send(Ok(part)).is_ok());
            if let Err(fault) = sent {
                // Whoever wanted it may be gone.
                let _ = sender.blocking_send(Err(Error::other(fault.to_string())));
            }
        });
        futures_util::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
    }

    /// All bytes of an entry that has `most` at most.
    ///
    /// # Errors
    /// A larger one, or one that is damaged.
    pub fn bytes(&self, entry: &Entry, most: u64) -> Result<Vec<u8>> {
        if entry.size > most {
            return bad(format!("\"{}\" is larger than {most} bytes", entry.name));
        }
        let mut out = Vec::new();
        unpack(&*self.origin, entry, |part| {
            out.extend_from_slice(&part);
            true
        })?;
        Ok(out)
    }
}

/// The end with wider fields, before the one at `end`: where it begins, the count, and the list's length and place.
fn wide_end(file: &mut Box<dyn Input>, end: u64) -> Result<(u64, u64, u64, u64)> {
    let Some(place) = end.checked_sub(LOCATOR_BYTES) else { return bad("it ends too early") };
    let locator = at(file, place, LOCATOR_BYTES)?;
    let mut fields = Fields(&locator);
    let (mark, disk, place) = (fields.u32(), fields.u32(), fields.u64());
    if mark != LOCATOR || disk != 0 || place.checked_add(END64_BYTES + LOCATOR_BYTES) != Some(end) {
        return bad("its end is damaged");
    }
    let wide = at(file, place, END64_BYTES)?;
    let mut fields = Fields(&wide);
    let mark = fields.u32();
    fields.number(8);
    fields.u32();
    let disks = [fields.u32(), fields.u32()];
    let (here, count, length, begin) = (fields.u64(), fields.u64(), fields.u64(), fields.u64());
    if mark != END64 || disks != [0, 0] || here != count {
        return bad("its end is damaged");
    }
    Ok((place, count, length, begin))
}

/// The next entry of the list.
fn next(list: &mut impl Read, left: &mut u64, begin: u64) -> Result<Entry> {
    let fixed = exact(list, CENTRAL_BYTES as usize)?;
    let mut fields = Fields(&fixed);
    if fields.u32() != CENTRAL {
        return bad("its list of files is damaged");
    }
    fields.u32();
    let (flags, method) = (fields.u16(), fields.u16());
    fields.u32();
    let (crc, packed, size) = (fields.u32(), fields.u32(), fields.u32());
    let (name, extra, comment) = (fields.u16(), fields.u16(), fields.u16());
    fields.u64();
    let offset = fields.u32();
    let variable = u64::from(name) + u64::from(extra) + u64::from(comment);
    *left = left.saturating_sub(CENTRAL_BYTES + variable);
    if usize::from(name) > LONGEST_NAME {
        return bad("a file in it has too long a name");
    }
    let Ok(name) = String::from_utf8(exact(list, usize::from(name))?) else {
        return bad("a file in it has no readable name");
    };
    let extra = exact(list, usize::from(extra))?;
    exact(list, usize::from(comment))?;
    if flags & 1 != 0 || !matches!(method, 0 | 8) {
        return bad("it is locked, or packed in a way that is not read here");
    }
    let is_folder = name.ends_with('/') && size == 0;
    if !is_plain(if is_folder { name.trim_end_matches('/') } else { &name }) {
        return bad("a file in it has a name that leads elsewhere");
    }
    let [size, packed, offset] = widened(&extra, [size, packed, offset]);
    let entry = Entry { name, crc, packed, size, is_deflated: method == 8, offset };
    let inside =
        offset.checked_add(LOCAL_BYTES).and_then(|o| o.checked_add(packed)).is_some_and(|o| o <= begin);
    if !inside || (!entry.is_deflated && packed != size) {
        return bad("a file in it is not where it should be");
    }
    Ok(entry)
}

/// Numbers of which those that are all ones stand in the extra field of number 1, in this order.
fn widened(extra: &[u8], narrow: [u32; 3]) -> [u64; 3] {
    let mut fields = Fields(extra);
    let mut wide: &[u8] = &[];
    while fields.0.len() >= 4 {
        let (id, length) = (fields.u16(), usize::from(fields.u16()));
        let (field, rest) = fields.0.split_at_checked(length).unwrap_or((&[], &[]));
        if id == 1 {
            wide = field;
        }
        fields.0 = rest;
    }
    let mut wide = Fields(wide);
    // One that is said to be there and is not becomes 0, and leads to what is no head, or is too short.
    narrow.map(|value| if value == WIDE { wide.u64() } else { u64::from(value) })
}

/// Hands on an entry's bytes until `take` says `false`.
fn unpack(origin: &dyn Origin, entry: &Entry, mut take: impl FnMut(Bytes) -> bool) -> Result<()> {
    let mut file = origin.open()?;
    let head = at(&mut file, entry.offset, LOCAL_BYTES)?;
    let mut fields = Fields(&head);
    let mark = fields.u32();
    fields.0 = &head[26..];
    let (name, extra) = (fields.u16(), fields.u16());
    let named = exact(&mut file, usize::from(name))?;
    // Programs that read front to back would see another name there.
    if mark != LOCAL || named != entry.name.as_bytes() {
        return bad("a file in it is not where it should be");
    }
    file.seek(SeekFrom::Current(i64::from(extra)))?;
    let packed = BufReader::with_capacity(PART, file.take(entry.packed));
    // One byte more than was said tells that there is more.
    let mut bytes: Box<dyn Read> = if entry.is_deflated {
        Box::new(DeflateDecoder::new(packed).take(entry.size.saturating_add(1)))
    } else {
        Box::new(packed)
    };
    let (mut crc, mut size) = (Crc::new(), 0_u64);
    loop {
        let mut part = vec![0; PART];
        let read = match bytes.read(&mut part) {
            Err(e) if entry.is_deflated => return bad(format!("\"{}\" is damaged: {e}", entry.name)),
            read => read?,
        };
        if read == 0 {
            break;
        }
        part.truncate(read);
        crc.update(&part);
        size += read as u64;
        if size > entry.size {
            break;
        }
        if !take(part.into()) {
            return Ok(());
        }
    }
    if size != entry.size || crc.sum() != entry.crc {
        return bad(format!("\"{}\" is damaged", entry.name));
    }
    Ok(())
}
