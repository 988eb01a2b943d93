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
    use super::write;
    use std::path::{Path, PathBuf};
    use wgpu::naga::front::wgsl::parse_str;

    const LEAN: &str = lean!(
        "// needs: a.wgsl\n\nfn f(x: u32) -> u32 {\n    let y = x / 2u;  // half\n\n    // two\n    return  y;\n}"
    );

    #[test]
    fn only_what_a_compiler_reads_is_left() {
        assert_eq!(LEAN, "fn f(x: u32) -> u32 {\nlet y = x / 2u;\nreturn y;\n}");
        assert_eq!(lean!("// nothing"), "");
    }

    fn shaders(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => shaders(&path, found),
                Some(ending) if ending == "wgsl" => found.push(path),
                _ => {}
            }
        }
    }

    /// A kernel behind the files that its first line names.
    fn whole(path: &Path, kernels: &Path) -> String {
        let text = std::fs::read_to_string(path).expect("a shader");
        let first = text.lines().next().unwrap_or_default();
        let needed = first.strip_prefix("// needs:").unwrap_or_default().split(',').map(str::trim);
        let needed = needed.filter(|name| !name.is_empty());
        let mut parts: Vec<String> = needed
            .map(|name| std::fs::read_to_string(kernels.join(name)).expect("a file that it needs"))
            .collect();
        parts.push(text);
        parts.join("\n")
    }

    #[test]
    fn every_kernel_is_the_same_program_without_the_rest() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/compute");
        let mut all = Vec::new();
        shaders(&source, &mut all);
        assert!(all.len() > 10, "{all:?}");
        for path in all {
            let text = whole(&path, &source.join("kernels"));
            let mut lean = vec![0; write(text.as_bytes(), &mut [])];
            write(text.as_bytes(), &mut lean);
            let lean = String::from_utf8(lean).expect("text");
            let without_comments = text.lines().filter_map(|line| line.split("//").next());
            let words = without_comments.flat_map(str::split_whitespace);
            assert!(words.eq(lean.split_whitespace()), "{}", path.display());
            if let Err(wrong) = parse_str(&lean) {
                panic!("{}: {}", path.display(), wrong.emit_to_string(&lean));
            }
        }
    }
}
