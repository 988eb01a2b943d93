//! Kernels as they are in the program: without comments, indentation and empty lines, which a page would have to load.

/// A kernel's text, a constant, without what a compiler does not read.
macro_rules! lean {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const LENGTH: usize = $crate::compute::gpu::lean::write(TEXT.as_bytes(), &mut []);
        const BYTES: [u8; LENGTH] = $crate::compute::gpu::lean::bytes::<LENGTH>(TEXT);
        match core::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("whole characters are left out or kept"),
        }
    }};
}
pub(in crate::compute) use lean;

/// The text in `N` bytes, as many as [`write`] says.
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut out = [0; N];
    write(text.as_bytes(), &mut out);
    out
}

/// Writes as much as there is room for, and returns how many bytes all of it takes. WGSL has no text in quotes, so that `//` always
/// begins a comment.
pub const fn write(text: &[u8], out: &mut [u8]) -> usize {
    let (mut at, mut length) = (0, 0);
    let (mut begun, mut space) = (false, false);
    while at < text.len() {
        let byte = text[at];
        if byte == b'/' && at + 1 < text.len() && text[at + 1] == b'/' {
            while at < text.len() && text[at] != b'\n' {
                at += 1;
            }
            continue;
        }
        assert!(!(byte == b'/' && at + 1 < text.len() && text[at + 1] == b'*'), "comments begin with //");
        at += 1;
        let is_end = byte == b'\n';
        if is_end || byte == b' ' {
            space = !is_end && begun;
            if !is_end || !begun {
                continue;
            }
            begun = false;
        } else {
            if space {
                length = put(b' ', length, out);
            }
            (begun, space) = (true, false);
        }
        length = put(byte, length, out);
    }
    length
}

const fn put(byte: u8, at: usize, out: &mut [u8]) -> usize {
    if at < out.len() {
        out[at] = byte;
    }
    at + 1
}

#[cfg(test)]
mod tests {
    const LEAN: &str = lean!(
        "// needs: a.wgsl\n\nfn f(x: u32) -> u32 {\n    let y = x / 2u;  // half\n\n    // two\n    return  y;\n}"
    );

    #[test]
    fn only_what_a_compiler_reads_is_left() {
        assert_eq!(LEAN, "fn f(x: u32) -> u32 {\nlet y = x / 2u;\nreturn y;\n}");
        assert_eq!(lean!("// nothing"), "");
    }
}
