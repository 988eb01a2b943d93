//! How much memory this machine has for a search.

use std::path::Path;

/// Share of the memory that is available that a search may take.
const SHARE: f64 = 0.8;

/// Bytes that a search may take; `None` where the system does not say.
pub fn available() -> Option<u64> {
    let system = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| in_meminfo(&text));
    let group = in_group(Path::new("/sys/fs/cgroup/memory.max"), Path::new("/sys/fs/cgroup/memory.current"));
    let bytes = [system, group].into_iter().flatten().min()?;
    Some((SHARE * bytes as f64) as u64)
}

/// `MemAvailable:   12345 kB`
fn in_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What is left of a limit on the group of processes; `None` where there is no limit.
fn in_group(most: &Path, current: &Path) -> Option<u64> {
    let number = |path: &Path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    Some(number(most)?.saturating_sub(number(current)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read() {
        let text = "MemTotal:       16384256 kB\nMemAvailable:   11222333 kB\n";
        assert_eq!(in_meminfo(text), Some(11_222_333 * 1024));
        assert_eq!(in_meminfo("MemTotal: 5 kB"), None);
        assert_eq!(in_meminfo("MemAvailable: many kB"), None);
    }
}
