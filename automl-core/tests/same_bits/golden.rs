//! Golden hashes: kept in a text file beside this one, compared on every target, renewed natively.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Hashes by their name.
pub type Hashes = BTreeMap<String, String>;

const KEPT: &str = include_str!("goldens.txt");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/same_bits/goldens.txt");
/// Says that the file is to be written instead of compared. Targets without variables never renew it.
const RENEW: &str = "TRELLIS_RENEW_GOLDENS";

/// Tests run side by side, and each renews its own lines of the one file.
static WRITING: Mutex<()> = Mutex::new(());

pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The bits of numbers. Which NaN it is, a target may choose, so all of them count as one.
pub fn bits(numbers: impl IntoIterator<Item = f64>) -> Vec<u8> {
    let one_nan = |x: f64| if x.is_nan() { f64::NAN } else { x };
    numbers.into_iter().flat_map(|x| one_nan(x).to_bits().to_le_bytes()).collect()
}

/// Fails where the kept hashes of `family` are not exactly `found`.
pub fn check(family: &str, found: &Hashes) {
    if std::env::var_os(RENEW).is_some() {
        return renew(family, found);
    }
    let kept = lines(KEPT, family);
    let names: std::collections::BTreeSet<&String> = kept.keys().chain(found.keys()).collect();
    let told =
        |hashes: &Hashes, name: &str| hashes.get(name).cloned().unwrap_or_else(|| "nothing".to_owned());
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| kept.get(*name) != found.get(*name))
        .map(|name| format!("{family} {name}: kept {}, found {}", told(&kept, name), told(found, name)))
        .collect();
    assert!(differing.is_empty(), "not the same bits:\n{}", differing.join("\n"));
}

fn lines(text: &str, family: &str) -> Hashes {
    let words = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        Some((words.next()?, words.next()?, words.next()?))
    };
    let of_family = text.lines().filter_map(words).filter(|(first, ..)| first == family);
    of_family.map(|(_, name, hash)| (name, hash)).collect()
}

/// Writes the lines of `family` anew and leaves the others.
fn renew(family: &str, found: &Hashes) {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let old = std::fs::read_to_string(FILE).expect("the goldens can be read");
    let ours = format!("{family} ");
    let (heading, kept): (Vec<&str>, Vec<&str>) = old.lines().partition(|line| line.starts_with('#'));
    let kept = kept.into_iter().filter(|line| !line.starts_with(&ours)).map(str::to_owned);
    let mut lines: Vec<String> =
        kept.chain(found.iter().map(|(name, hash)| format!("{ours}{name} {hash}"))).collect();
    lines.sort_unstable();
    let text = format!("{}\n{}\n", heading.join("\n"), lines.join("\n"));
    std::fs::write(FILE, text).expect("the goldens can be written");
}
