//! The secret that a driver and its executors share.

use crate::failure::Failure;
use std::path::Path;

/// Characters of a token at least.
const SHORTEST: usize = 16;

/// A token, as a hash: two of them take as long to compare whatever they are.
pub struct Token(blake3::Hash);

impl Token {
    pub fn new(token: &str) -> Self {
        Self(blake3::hash(token.as_bytes()))
    }

    /// Whether what was given is this token.
    pub fn is(&self, given: &str) -> bool {
        // Hashes are compared in constant time.
        self.0 == blake3::hash(given.as_bytes())
    }
}

/// The token in a file.
///
/// # Errors
/// A file that cannot be read, or that holds no token.
pub fn read(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file("read", path, &e))?;
    let token = text.trim();
    if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::new(
            format!("{} holds no token", path.display()),
            format!("write {SHORTEST} or more random letters and digits into it, without spaces"),
        ));
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token() {
        let token = Token::new("0123456789abcdef");
        assert!(token.is("0123456789abcdef"));
        for other in ["", "0123456789abcdeF", "0123456789abcdef0", "0123456789abcde"] {
            assert!(!token.is(other));
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        for (text, is_good) in [("0123456789abcdef\n", true), ("short", false), ("0123456789 abcdef", false)]
        {
            std::fs::write(&path, text).expect("written");
            assert_eq!(read(&path).is_ok(), is_good, "{text}");
        }
    }
}
