//! Threads for a moment: several parts of one piece of work at once, where the target has threads.

/// Calls `work(place, part)` once for each of `parts`, on up to `threads` threads, this one among them; returns when
/// all are done. Which thread does which part is chance, so that a part's result must not hang on it. A thread takes
/// some 20 to 50 µs to start: not worth it for less work than that. In WebAssembly, and where the system has no
/// thread left, this one does everything.
pub fn each<T: Send>(threads: usize, parts: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
    let threads = if cfg!(target_arch = "wasm32") { 1 } else { threads.min(parts.len()) };
    if threads <= 1 {
        parts.iter_mut().enumerate().for_each(|(place, part)| work(place, part));
        return;
    }
    let waiting = std::sync::Mutex::new(parts.iter_mut().enumerate());
    let next = || waiting.lock().map_or(None, |mut parts| parts.next());
    let help = || {
        while let Some((place, part)) = next() {
            work(place, part);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Where it does not start, the others do its parts.
            let _ = std::thread::Builder::new().spawn_scoped(scope, help);
        }
        help();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once() {
        for (threads, count) in [(0, 3), (1, 3), (2, 1), (2, 5), (8, 3), (3, 0)] {
            let mut parts: Vec<usize> = vec![0; count];
            each(threads, &mut parts, |place, part| *part += place + 1);
            assert_eq!(parts, (1..=count).collect::<Vec<_>>());
        }
    }
}
