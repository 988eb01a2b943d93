//! Where a span stands in a trace, as W3C Trace Context writes it.

use std::fmt::{Display, Formatter};

/// The bit of the flags that says that a trace is recorded.
const SAMPLED: u8 = 1;

/// See the module. Its text is a `traceparent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub trace: [u8; 16],
    pub span: [u8; 8],
    /// Whether it is recorded; what belongs to it is where it is.
    pub sampled: bool,
}

/// Hexadecimal digits in lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of hexadecimal digits in lower case, as many as there are to be.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |d: u8| match d {
        b'0'..=b'9' => Some(d - b'0'),
        b'a'..=b'f' => Some(d - b'a' + 10),
        _ => None,
    };
    let (digits, mut bytes) = (text.as_bytes(), [0; N]);
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(bytes)
}

/// Chance bytes; none where the system has none.
fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// Bytes that follow from a run's id.
fn derived<const N: usize>(what: &str, run: &str) -> [u8; N] {
    let mut bytes = [0; N];
    blake3::Hasher::new().update(what.as_bytes()).update(run.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

impl Context {
    /// A trace of its own.
    pub fn root() -> Option<Self> {
        Some(Self { trace: random()?, span: random()?, sampled: true })
    }

    /// Another span of the same trace.
    pub fn child(&self) -> Option<Self> {
        Some(Self { span: random()?, ..self.clone() })
    }

    /// The span of a run, the same whoever asks.
    pub fn of_run(run: &str, parent: Option<&Self>) -> Self {
        let trace = parent.map_or_else(|| derived("trace of ", run), |parent| parent.trace);
        let sampled = parent.is_none_or(|parent| parent.sampled);
        Self { trace, span: derived("span of ", run), sampled }
    }

    /// `None`: it is none, or is forbidden.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let [version] = unhex::<1>(parts.next()?)?;
        let (trace, span) = (unhex(parts.next()?)?, unhex(parts.next()?)?);
        let [flags] = unhex::<1>(parts.next()?)?;
        // Later versions may say more.
        let ends = version > 0 || parts.next().is_none();
        let valid = version != 0xff && ends && trace != [0; 16] && span != [0; 8];
        valid.then_some(Self { trace, span, sampled: flags & SAMPLED != 0 })
    }
}

impl Display for Context {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 };
        write!(f, "00-{}-{}-{flags:02x}", hex(&self.trace), hex(&self.span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_written_is_read() {
        let context = Context::parse(TEXT).expect("a context");
        assert_eq!((context.to_string().as_str(), context.sampled), (TEXT, true));
        let off = Context::parse(&TEXT.replace("-01", "-00")).expect("a context");
        assert!(!off.sampled && off.to_string().ends_with("-00"));
        assert_eq!(Context::parse(&TEXT.replace("00-4b", "01-4b").replace("-01", "-01-more")), Some(context));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "00",
            &TEXT.replace("00-4b", "ff-4b"),
            &TEXT.replace("4bf9", "4BF9"),
            &TEXT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &TEXT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &TEXT.replace("-01", "-1"),
            &format!("{TEXT}-more"),
            &TEXT.replace("4b", "é"),
        ] {
            assert_eq!(Context::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_runs_span_is_the_same_whoever_asks() {
        let parent = Context::parse(TEXT).expect("a context");
        let (one, again) = (Context::of_run("a", Some(&parent)), Context::of_run("a", Some(&parent)));
        assert_eq!(one, again);
        assert_eq!(one.trace, parent.trace);
        assert_ne!(one.span, parent.span);
        let alone = Context::of_run("a", None);
        assert_eq!((alone.span, alone.trace == one.trace), (one.span, false));
        assert_ne!(Context::of_run("b", None).trace, alone.trace);
    }
}
