//! Files as those of an encrypted project lie: sealed in chunks, so that they are written and read in one pass, a part at a
//! time, or from any place.
//!
//! ```text
//! head    8 bytes "TRELSEA1", 19 random ones
//! chunks  64 KiB each, the last one shorter or as long, of an empty file empty; with 16 bytes of tag each
//! sum     32 bytes: BLAKE3 of all before it and of the file's name
//! ```
//! Chunks are sealed by XChaCha20-Poly1305 in the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a
//! nonce is the head's random bytes, the chunk's number and whether it is the last. So nothing can be changed, cut off,
//! left out or moved. Each chunk is bound to the head, the last to the file's name too, so that no file stands in for
//! another. The sum needs no key: it tells whoever copies files that one is damaged, and protects from nobody.

use super::key::ProjectKey;
use bytes::{Bytes, BytesMut};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::aead::stream::{NewStream, StreamBE32, StreamPrimitive};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::sync::Arc;

type Chunks = StreamBE32<XChaCha20Poly1305>;

const MARK: &[u8; 8] = b"TRELSEA1";
const RANDOM: usize = 19;
const HEAD: usize = MARK.len() + RANDOM;
pub const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
const SEALED_CHUNK: usize = CHUNK + TAG;
const SUM: usize = 32;

/// What is not as it was written, or was written with another key, or under another name.
fn broken() -> Error {
    Error::new(ErrorKind::InvalidData, "a sealed file is damaged, or was sealed with another key")
}

/// How many bytes a file of so many takes once it is sealed.
pub fn sealed_bytes(plain: u64) -> u64 {
    let tags = TAG as u64 * plain.div_ceil(CHUNK as u64).max(1);
    // Lengths are told by databases that come from elsewhere.
    plain.saturating_add(tags).saturating_add((HEAD + SUM) as u64)
}

/// How many bytes a sealed file holds; `None`: none has that length.
fn plain_bytes(sealed: u64) -> Option<u64> {
    let inner = sealed.checked_sub((HEAD + SUM + TAG) as u64)?;
    // All but the last chunk are whole.
    let plain = inner - TAG as u64 * (inner / SEALED_CHUNK as u64);
    (sealed_bytes(plain) == sealed).then_some(plain)
}

/// Seals or opens single chunks.
struct Chunked {
    chunks: Chunks,
    /// The head, and room for a name.
    bound: Vec<u8>,
}

impl Chunked {
    fn of(key: &ProjectKey, head: &[u8]) -> Result<Self> {
        let Some(random) = head.strip_prefix(MARK).filter(|random| random.len() == RANDOM) else {
            return Err(broken());
        };
        let chunks = Chunks::from_aead(key.contents().clone(), GenericArray::from_slice(random));
        Ok(Self { chunks, bound: head.to_vec() })
    }

    /// What a chunk is bound to; `name`: it is the last one.
    fn bound(&self, name: Option<&str>) -> Vec<u8> {
        [&self.bound, name.unwrap_or_default().as_bytes()].concat()
    }

    fn seal(&self, at: u32, name: Option<&str>, chunk: &mut Vec<u8>) -> Result<()> {
        let done = self.chunks.encrypt_in_place(at, name.is_some(), &self.bound(name), chunk);
        done.map_err(|_| Error::other("a chunk cannot be sealed"))
    }

    fn open(&self, at: u32, name: Option<&str>, chunk: &mut Vec<u8>) -> Result<()> {
        self.chunks.decrypt_in_place(at, name.is_some(), &self.bound(name), chunk).map_err(|_| broken())
    }
}

/// The number after one: files end before there is none.
fn after(at: u32) -> Result<u32> {
    at.checked_add(1).ok_or_else(|| Error::other("a file is too long to be sealed"))
}

/// Seals what comes in parts.
pub struct Sealer {
    chunked: Chunked,
    at: u32,
    /// A chunk that may be the last.
    held: Vec<u8>,
    sum: blake3::Hasher,
}

impl Sealer {
    /// With the head, which is to be written first.
    ///
    /// # Errors
    /// A system without randomness.
    pub fn begin(key: &ProjectKey) -> Result<(Self, Vec<u8>)> {
        let mut head = [0; HEAD];
        head[..MARK.len()].copy_from_slice(MARK);
        getrandom::fill(&mut head[MARK.len()..]).map_err(|e| Error::other(e.to_string()))?;
        let (chunked, mut sum) = (Chunked::of(key, &head)?, blake3::Hasher::new());
        sum.update(&head);
        Ok((Self { chunked, at: 0, held: Vec::with_capacity(SEALED_CHUNK), sum }, head.to_vec()))
    }

    /// Takes from the front of `part`, until nothing is left of it; what it gives is to be written next.
    ///
    /// # Errors
    /// More than 256 TiB.
    pub fn take(&mut self, part: &mut &[u8]) -> Result<Option<Vec<u8>>> {
        let whole = if self.held.len() == CHUNK && !part.is_empty() {
            let at = self.at;
            self.at = after(at)?;
            let mut chunk = std::mem::replace(&mut self.held, Vec::with_capacity(SEALED_CHUNK));
            self.chunked.seal(at, None, &mut chunk)?;
            self.sum.update(&chunk);
            Some(chunk)
        } else {
            None
        };
        let (front, rest) = part.split_at(part.len().min(CHUNK - self.held.len()));
        self.held.extend_from_slice(front);
        *part = rest;
        Ok(whole)
    }

    /// The end of the file of that name.
    ///
    /// # Errors
    /// None that can be told.
    pub fn finish(mut self, name: &str) -> Result<Vec<u8>> {
        self.chunked.seal(self.at, Some(name), &mut self.held)?;
        self.sum.update(&self.held);
        self.sum.update(name.as_bytes());
        self.held.extend_from_slice(self.sum.finalize().as_bytes());
        Ok(self.held)
    }
}

/// Opens what comes in parts.
struct Opener {
    key: Arc<ProjectKey>,
    name: String,
    chunked: Option<Chunked>,
    at: u32,
    held: BytesMut,
    sum: blake3::Hasher,
}

impl Opener {
    fn begin(key: Arc<ProjectKey>, name: &str) -> Self {
        let (held, sum) = (BytesMut::new(), blake3::Hasher::new());
        Self { key, name: name.to_owned(), chunked: None, at: 0, held, sum }
    }

    /// The next chunk, where enough came for one that is not the last.
    fn next(&mut self) -> Result<Option<Bytes>> {
        if self.chunked.is_none() && self.held.len() >= HEAD {
            let head = self.held.split_to(HEAD);
            self.sum.update(&head);
            self.chunked = Some(Chunked::of(&self.key, &head)?);
        }
        let Some(chunked) = self.chunked.as_ref().filter(|_| self.held.len() > SEALED_CHUNK + SUM) else {
            return Ok(None);
        };
        let mut chunk = self.held.split_to(SEALED_CHUNK).to_vec();
        self.sum.update(&chunk);
        chunked.open(self.at, None, &mut chunk)?;
        self.at = after(self.at)?;
        Ok(Some(chunk.into()))
    }

    /// The last chunk, once all has come.
    fn finish(&mut self) -> Result<Bytes> {
        let Some(last) = self.held.len().checked_sub(SUM) else { return Err(broken()) };
        let Some(chunked) = &self.chunked else { return Err(broken()) };
        let mut chunk = self.held.split_to(last).to_vec();
        self.sum.update(&chunk);
        self.sum.update(self.name.as_bytes());
        chunked.open(self.at, Some(&self.name), &mut chunk)?;
        if *self.sum.finalize().as_bytes() != self.held[..] {
            return Err(broken());
        }
        Ok(chunk.into())
    }
}

/// What a sealed file of that name holds, as its bytes come; the last part is an error where it is not whole.
pub fn opened(
    key: Arc<ProjectKey>,
    name: &str,
    sealed: BoxStream<'static, Result<Bytes>>,
) -> BoxStream<'static, Result<Bytes>> {
    let begin = Some((Opener::begin(key, name), sealed));
    let parts = futures_util::stream::unfold(begin, async |state| {
        let (mut opener, mut sealed) = state?;
        loop {
            match opener.next() {
                Ok(Some(chunk)) => return Some((Ok(chunk), Some((opener, sealed)))),
                Ok(None) => {}
                Err(error) => return Some((Err(error), None)),
            }
            match sealed.next().await {
                Some(Ok(part)) => opener.held.extend_from_slice(&part),
                Some(Err(error)) => return Some((Err(error), None)),
                None => return Some((opener.finish(), None)),
            }
        }
    });
    parts.boxed()
}

/// A sealed file that is read from any place.
pub struct Reader<R> {
    sealed: R,
    chunked: Chunked,
    name: String,
    /// Bytes that it holds.
    bytes: u64,
    at: u64,
    /// The chunk that was opened last, with its number.
    held: Option<(u64, Vec<u8>)>,
}

impl<R: Read + Seek> Reader<R> {
    /// # Errors
    /// A file that cannot be read, or that is none.
    pub fn open(mut sealed: R, key: &ProjectKey, name: &str) -> Result<Self> {
        let bytes = plain_bytes(sealed.seek(SeekFrom::End(0))?).ok_or_else(broken)?;
        let mut head = [0; HEAD];
        sealed.rewind()?;
        sealed.read_exact(&mut head)?;
        let chunked = Chunked::of(key, &head)?;
        Ok(Self { sealed, chunked, name: name.to_owned(), bytes, at: 0, held: None })
    }

    /// Opens a chunk, unless it is open.
    fn hold(&mut self, number: u64) -> Result<&[u8]> {
        if self.held.as_ref().is_none_or(|(held, _)| *held != number) {
            let begin = number * CHUNK as u64;
            let plain = self.bytes.saturating_sub(begin).min(CHUNK as u64);
            let is_last = begin + plain == self.bytes;
            let mut chunk = vec![0; plain as usize + TAG];
            self.sealed.seek(SeekFrom::Start(HEAD as u64 + number * SEALED_CHUNK as u64))?;
            self.sealed.read_exact(&mut chunk)?;
            let at = u32::try_from(number).map_err(|_| broken())?;
            self.chunked.open(at, is_last.then_some(self.name.as_str()), &mut chunk)?;
            self.held = Some((number, chunk));
        }
        Ok(self.held.as_ref().map_or(&[], |(_, chunk)| chunk))
    }
}

impl<R: Read + Seek> Read for Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if self.at >= self.bytes || into.is_empty() {
            return Ok(0);
        }
        let (number, from) = (self.at / CHUNK as u64, (self.at % CHUNK as u64) as usize);
        let found = self.hold(number)?.get(from..).unwrap_or_default();
        let count = found.len().min(into.len());
        into[..count].copy_from_slice(&found[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Reader<R> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.at)
    }
}

/// Sealed bytes as they come, with an error at the end where their sum is not that of a file of that name.
pub fn checked(
    name: &str,
    sealed: impl Stream<Item = Result<Bytes>> + Send + 'static,
) -> BoxStream<'static, Result<Bytes>> {
    let begin = Some((sealed.boxed(), blake3::Hasher::new(), Vec::new(), name.to_owned()));
    let parts = futures_util::stream::unfold(begin, async |state| {
        let (mut sealed, mut sum, mut end, name) = state?;
        match sealed.next().await {
            Some(Ok(part)) => {
                // The last bytes that came may be the sum.
                end.extend_from_slice(&part);
                let inner = end.len().saturating_sub(SUM);
                sum.update(&end[..inner]);
                end.drain(..inner);
                Some((Ok(part), Some((sealed, sum, end, name))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => {
                sum.update(name.as_bytes());
                let is_whole = sum.finalize().as_bytes()[..] == end[..];
                (!is_whole).then(|| (Err(broken()), None))
            }
        }
    });
    parts.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    const NAME: &str = "00000000000000000000000000000000000000000000000000000000000000ab";

    fn key() -> Arc<ProjectKey> {
        Arc::new(ProjectKey::of(&[7; 32]))
    }

    fn sealed(key: &ProjectKey, bytes: &[u8], part: usize) -> Vec<u8> {
        let (mut sealer, mut out) = Sealer::begin(key).expect("begun");
        for mut part in bytes.chunks(part.max(1)) {
            while !part.is_empty() {
                out.extend(sealer.take(&mut part).expect("taken").into_iter().flatten());
            }
        }
        out.extend(sealer.finish(NAME).expect("finished"));
        out
    }

    fn parts(bytes: &[u8], part: usize) -> BoxStream<'static, Result<Bytes>> {
        let parts: Vec<_> = bytes.chunks(part.max(1)).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
        futures_util::stream::iter(parts).boxed()
    }

    fn all(stream: BoxStream<'static, Result<Bytes>>) -> Result<Vec<u8>> {
        futures_util::FutureExt::now_or_never(stream.collect::<Vec<_>>())
            .expect("nothing is waited for")
            .into_iter()
            .try_fold(Vec::new(), |all, part| Ok([all, part?.to_vec()].concat()))
    }

    fn open(key: &Arc<ProjectKey>, name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        all(opened(key.clone(), name, parts(bytes, 100_000)))
    }

    /// Lengths about the edges of chunks, and any.
    fn length() -> impl Strategy<Value = usize> {
        prop_oneof![
            0..40_usize,
            (0..4_usize, 0..3_usize).prop_map(|(chunks, off)| (chunks * CHUNK + off).saturating_sub(1)),
            0..3 * CHUNK,
        ]
    }

    /// Bytes that differ from place to place.
    fn told(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i % 251) as u8 ^ (i >> 16) as u8).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn what_is_sealed_is_opened(length in length(), sent in 1..200_000_usize, read in 1..200_000_usize) {
            let (key, bytes) = (key(), told(length));
            let sealed = sealed(&key, &bytes, sent);
            prop_assert_eq!(sealed.len() as u64, sealed_bytes(length as u64));
            prop_assert_eq!(plain_bytes(sealed.len() as u64), Some(length as u64));
            prop_assert!(all(opened(key, NAME, parts(&sealed, read))).expect("opened") == bytes);
            prop_assert!(all(checked(NAME, parts(&sealed, read))).expect("whole") == sealed);
        }

        #[test]
        fn it_is_read_from_any_place(length in length(), places in prop::collection::vec((0.0..1.1, 0..150_000_usize), 1..8)) {
            let (key, bytes) = (key(), told(length));
            let sealed = sealed(&key, &bytes, CHUNK);
            let mut reader = Reader::open(Cursor::new(&sealed), &key, NAME).expect("opened");
            for (share, count) in places {
                let from = (share * length as f64) as usize;
                reader.seek(SeekFrom::Start(from as u64)).expect("a place");
                let mut found = Vec::new();
                reader.by_ref().take(count as u64).read_to_end(&mut found).expect("read");
                let from = from.min(length);
                prop_assert!(found == bytes[from..(from + count).min(length)]);
            }
        }

        #[test]
        fn one_bit_that_differs_is_found(length in length(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let key = key();
            let mut sealed = sealed(&key, &told(length), CHUNK);
            let place = place.index(sealed.len());
            sealed[place] ^= 1 << bit;
            prop_assert!(open(&key, NAME, &sealed).is_err(), "{place}");
            prop_assert!(all(checked(NAME, parts(&sealed, CHUNK))).is_err(), "{place}");
        }

        #[test]
        fn what_is_cut_or_longer_is_found(length in length(), place in any::<prop::sample::Index>(), more in 1..100_usize) {
            let key = key();
            let sealed = sealed(&key, &told(length), CHUNK);
            let cut = &sealed[..place.index(sealed.len())];
            prop_assert!(open(&key, NAME, cut).is_err() && all(checked(NAME, parts(cut, CHUNK))).is_err());
            let longer = [sealed.clone(), vec![0; more]].concat();
            prop_assert!(open(&key, NAME, &longer).is_err() && all(checked(NAME, parts(&longer, CHUNK))).is_err());
        }

        #[test]
        fn chunks_stay_where_they_were(chunks in 2..5_usize, rest in 1..CHUNK, which in any::<(prop::sample::Index, prop::sample::Index)>()) {
            let key = key();
            let sealed = sealed(&key, &told(chunks * CHUNK + rest), CHUNK);
            let (a, b) = (which.0.index(chunks), which.1.index(chunks));
            let chunk = |i: usize| HEAD + i * SEALED_CHUNK..HEAD + (i + 1) * SEALED_CHUNK;
            // Whoever moves chunks can make the sum fit again.
            let summed = |mut bytes: Vec<u8>| {
                bytes.truncate(bytes.len() - SUM);
                let sum = blake3::Hasher::new().update(&bytes).update(NAME.as_bytes()).finalize();
                bytes.extend_from_slice(sum.as_bytes());
                bytes
            };
            prop_assert!(open(&key, NAME, &summed(sealed.clone())).is_ok());
            if a != b {
                let mut moved = sealed.clone();
                moved[chunk(a)].copy_from_slice(&sealed[chunk(b)]);
                moved[chunk(b)].copy_from_slice(&sealed[chunk(a)]);
                prop_assert!(open(&key, NAME, &summed(moved)).is_err());
            }
            let mut fewer = sealed.clone();
            fewer.drain(chunk(a));
            prop_assert!(open(&key, NAME, &summed(fewer)).is_err(), "one was left out");
            let mut cut = sealed[..chunk(a).end].to_vec();
            cut.extend_from_slice(&[0; SUM]);
            prop_assert!(open(&key, NAME, &summed(cut)).is_err(), "the last ones were cut off");
        }
    }

    /// Each place of a small file: every bit, every length.
    #[test]
    fn every_bit_counts() {
        let key = key();
        let sealed = sealed(&key, b"a,b\n1,2\n", 3);
        for bit in 0..8 * sealed.len() {
            let mut other = sealed.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, NAME, &other).is_err(), "bit {bit}");
        }
        for cut in 0..sealed.len() {
            assert!(open(&key, NAME, &sealed[..cut]).is_err(), "cut at {cut}");
            let read = Reader::open(Cursor::new(&sealed[..cut]), &key, NAME)
                .and_then(|mut reader| reader.read_to_end(&mut Vec::new()));
            assert!(read.is_err() || cut >= sealed.len() - SUM, "cut at {cut}");
        }
    }

    #[test]
    fn another_key_or_name_opens_nothing() {
        let (mine, other) = (key(), Arc::new(ProjectKey::of(&[8; 32])));
        let bytes = told(CHUNK + 9);
        let sealed_twice = [sealed(&mine, &bytes, CHUNK), sealed(&mine, &bytes, CHUNK)];
        assert_ne!(sealed_twice[0], sealed_twice[1], "the same bytes are never sealed alike");
        let name = NAME.replace('b', "c");
        assert!(open(&mine, NAME, &sealed_twice[0]).is_ok());
        assert!(open(&other, NAME, &sealed_twice[0]).is_err());
        assert!(open(&mine, &name, &sealed_twice[0]).is_err());
        assert!(all(checked(&name, parts(&sealed_twice[0], CHUNK))).is_err());
        // A chunk of one file does not fit the other.
        let mut mixed = sealed_twice[0].clone();
        mixed[HEAD..HEAD + SEALED_CHUNK].copy_from_slice(&sealed_twice[1][HEAD..HEAD + SEALED_CHUNK]);
        assert!(open(&mine, NAME, &mixed).is_err());
    }
}
