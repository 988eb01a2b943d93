//! Keys: the server's, which lies in a file and opens those of projects, and a project's, which seals its files.

use crate::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::io::{Read, Write};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a key.
const KEY: usize = 32;
/// Bytes in front of a wrapped key.
const NONCE: usize = 24;
/// What follows from a key is another one for each purpose.
const WRAP: &str = "trellis 2026-11-26 keys of projects";
const CHECK: &str = "trellis 2026-11-26 check of the server's key";
const CONTENTS: &str = "trellis 2026-11-26 contents of files";
const TEXTS: &str = "trellis 2026-11-26 texts in the database";
const NAMES: &str = "trellis 2026-11-26 names of files";

/// How a key comes to be.
const HOW: &str = "make one with `trellis new-key --out FILE`, or `openssl rand -hex 32 > FILE` and `chmod 600 FILE`; keep a \
                   copy elsewhere than the data, for without it nothing can be read";

type Bytes32 = Zeroizing<[u8; KEY]>;

/// A key for one purpose.
fn derived(purpose: &str, key: &[u8; KEY]) -> Bytes32 {
    Zeroizing::new(blake3::derive_key(purpose, key))
}

fn cipher(key: &[u8; KEY]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

/// The server's key. It is forgotten with this.
pub struct ServerKey(Bytes32);

/// The key of a project. It is forgotten with this.
pub struct ProjectKey {
    contents: XChaCha20Poly1305,
    texts: XChaCha20Poly1305,
    names: Bytes32,
}

impl std::fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProjectKey")
    }
}

impl ProjectKey {
    pub(super) fn of(key: &[u8; KEY]) -> Self {
        let [contents, texts] = [CONTENTS, TEXTS].map(|purpose| cipher(&derived(purpose, key)));
        Self { contents, texts, names: derived(NAMES, key) }
    }

    pub(super) fn contents(&self) -> &XChaCha20Poly1305 {
        &self.contents
    }

    /// A text of the database, sealed. `what`: what it is, and what it is opened as.
    ///
    /// # Errors
    /// A system without randomness.
    pub(super) fn seal_text(&self, what: &str, text: &str) -> std::io::Result<String> {
        Ok(STANDARD.encode(sealed(&self.texts, what, text.as_bytes())?))
    }

    /// A text that was sealed so; `None`: with another key, as something else, or it is damaged.
    pub(super) fn open_text(&self, what: &str, text: &str) -> Option<String> {
        String::from_utf8(opened(&self.texts, what, &STANDARD.decode(text).ok()?)?).ok()
    }

    /// The name of the file whose bytes have that BLAKE3 hash. Without the key nobody can tell which bytes it may be of.
    pub(super) fn name(&self, hash: &blake3::Hash) -> String {
        blake3::keyed_hash(&self.names, hash.as_bytes()).to_hex().to_string()
    }
}

/// Seals a few bytes that are bound to what they are: random bytes, and what is sealed.
fn sealed(cipher: &XChaCha20Poly1305, what: &str, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = vec![0; NONCE];
    getrandom::fill(&mut out).map_err(|e| std::io::Error::other(e.to_string()))?;
    let sealed = cipher.encrypt(XNonce::from_slice(&out), Payload { msg: bytes, aad: what.as_bytes() });
    out.extend(sealed.map_err(|_| std::io::Error::other("it cannot be sealed"))?);
    Ok(out)
}

/// What was sealed so; `None`: with another key, or it is damaged.
fn opened(cipher: &XChaCha20Poly1305, what: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
    cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: what.as_bytes() }).ok()
}

impl ServerKey {
    /// Reads a file of 64 hexadecimal digits.
    ///
    /// # Errors
    /// One that is absent, that others may read, or that holds something else.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |e: &std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::new(format!("there is no key in {}", path.display()), HOW)
            }
            _ => Failure::file("read", path, e),
        };
        let file = std::fs::File::open(path).map_err(|e| failed(&e))?;
        not_shared(path, &file)?;
        let mut text = Zeroizing::new(String::with_capacity(256));
        // Longer ones are none.
        file.take(200).read_to_string(&mut text).map_err(|e| failed(&e))?;
        let no_key =
            || Failure::new(format!("{} holds no key, which is 64 hexadecimal digits", path.display()), HOW);
        let digits = text.trim();
        if digits.len() != 2 * KEY || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(no_key());
        }
        let mut key = Bytes32::default();
        for (byte, at) in key.iter_mut().zip((0..2 * KEY).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| no_key())?;
        }
        Ok(Self(key))
    }

    /// What tells this key from another, and nothing else.
    pub fn check(&self) -> [u8; KEY] {
        blake3::derive_key(CHECK, &self.0[..])
    }

    /// A new key for a project, and the same as it is kept.
    ///
    /// # Errors
    /// A system without randomness.
    pub fn fresh(&self, project: &str) -> std::io::Result<(ProjectKey, Vec<u8>)> {
        let mut key = Bytes32::default();
        getrandom::fill(&mut key[..]).map_err(|e| std::io::Error::other(e.to_string()))?;
        let wrapped = sealed(&cipher(&derived(WRAP, &self.0)), project, &key[..])?;
        Ok((ProjectKey::of(&key), wrapped))
    }

    /// The key of a project as it was kept; `None`: it is another's, or damaged.
    pub fn unwrap(&self, project: &str, wrapped: &[u8]) -> Option<ProjectKey> {
        let mut opened = opened(&cipher(&derived(WRAP, &self.0)), project, wrapped)?;
        let key = opened.as_slice().try_into().ok().map(ProjectKey::of);
        opened.zeroize();
        key
    }
}

/// # Errors
/// A file that others than its owner may read or write.
fn not_shared(path: &Path, file: &std::fs::File) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(|e| Failure::file("read", path, &e))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure::new(
                format!("others may use the key in {} (mode {:03o})", path.display(), mode & 0o777),
                format!("let its owner alone read it: `chmod 600 {}`", path.display()),
            ));
        }
    }
    // Elsewhere there is no such mode.
    let _ = (path, file);
    Ok(())
}

#[derive(Debug, clap::Args)]
pub struct NewKeyArgs {
    /// File for the key, which is not there yet. Keep a copy elsewhere than the data: without it nothing can be read
    #[arg(long, value_name = "FILE")]
    pub out: std::path::PathBuf,
}

/// `trellis new-key`.
///
/// # Errors
/// A file that is there already, or that cannot be written.
pub fn new_key(args: &NewKeyArgs) -> crate::Done {
    let path = &args.out;
    let mut key = Bytes32::default();
    getrandom::fill(&mut key[..]).map_err(|e| {
        crate::failure::because("cannot make a key", e, "check this machine's source of random numbers")
    })?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::new(
            format!("{} is there already", path.display()),
            "choose another --out; what a key has sealed cannot be read without it, so none is written over",
        ),
        _ => Failure::file("write", path, &e),
    };
    let mut file = options.open(path).map_err(failed)?;
    let digits: Zeroizing<String> =
        Zeroizing::new(key.iter().fold(String::with_capacity(66), |mut text, byte| {
            text.extend(
                [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
            );
            text
        }));
    file.write_all(digits.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    println!(
        "wrote {}; keep a copy elsewhere than the data, for without it nothing can be read",
        path.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ServerKey {
        ServerKey(Zeroizing::new([byte; KEY]))
    }

    #[test]
    fn a_project_has_its_own_key_and_only_the_server_opens_it() {
        let (mine, other) = (key(1), key(2));
        let (fresh, wrapped) = mine.fresh("a").expect("a key");
        let hash = blake3::hash(b"abc");
        let opened = mine.unwrap("a", &wrapped).expect("opened");
        assert_eq!(opened.name(&hash), fresh.name(&hash));
        assert_ne!(fresh.name(&hash), hash.to_hex().to_string());
        assert_ne!(mine.fresh("a").expect("a key").0.name(&hash), fresh.name(&hash));
        assert!(mine.unwrap("b", &wrapped).is_none(), "it is bound to its project");
        assert!(other.unwrap("a", &wrapped).is_none());
        for at in 0..wrapped.len() {
            let mut damaged = wrapped.clone();
            damaged[at] ^= 1;
            assert!(
                mine.unwrap("a", &damaged).is_none() && mine.unwrap("a", &wrapped[..at]).is_none(),
                "{at}"
            );
        }
        assert_ne!(mine.check(), other.check());
        // Texts likewise.
        let sealed = fresh.seal_text("a board", "abc").expect("sealed");
        assert_eq!(opened.open_text("a board", &sealed).as_deref(), Some("abc"));
        assert_eq!(opened.open_text("another", &sealed), None);
        assert_eq!(opened.open_text("a board", "abc"), None);
        assert_ne!(fresh.seal_text("a board", "abc").expect("sealed"), sealed);
    }

    #[test]
    fn only_keys_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        new_key(&NewKeyArgs { out: path.clone() }).expect("a key");
        let read = ServerKey::read(&path).expect("read");
        assert_eq!(read.check(), ServerKey::read(&path).expect("read").check());
        let before = std::fs::read(&path).expect("the file");
        assert!(new_key(&NewKeyArgs { out: path.clone() }).is_err(), "none is written over");
        assert_eq!(std::fs::read(&path).expect("the file"), before);
        assert!(ServerKey::read(&folder.path().join("none")).is_err());
        let digits = "0123456789abcdefABCDEF".repeat(3);
        for (text, is_key) in [
            (&digits[..64], true),
            (&digits[..63], false),
            (&digits[..65], false),
            ("", false),
            (&"é".repeat(32), false),
            (&"+1".repeat(32), false),
            (&"0".repeat(300), false),
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(ServerKey::read(&path).is_ok(), is_key, "{text:?}");
            std::fs::write(&path, format!(" {text}\r\n")).expect("written");
            assert_eq!(ServerKey::read(&path).is_ok(), is_key, "{text:?} in white space");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_others_may_read_is_no_secret() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        new_key(&NewKeyArgs { out: path.clone() }).expect("a key");
        for (mode, is_read) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
            assert_eq!(ServerKey::read(&path).is_ok(), is_read, "{mode:o}");
        }
    }
}
