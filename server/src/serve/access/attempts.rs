//! How often somebody may try: buckets of tokens that fill again with time, by whoever tries.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Buckets that may be there.
const MOST: usize = 10_000;

/// What is left, and when it was counted.
type Bucket = (f64, Instant);

/// See the module.
pub struct Attempts {
    burst: f64,
    per_second: f64,
    /// By the hash of who tries, since that may be a text of any length.
    buckets: Mutex<BTreeMap<[u8; 32], Bucket>>,
}

impl Attempts {
    /// `burst` at once, and `per_second` in the long run.
    pub fn new(burst: f64, per_second: f64) -> Self {
        Self { burst, per_second, buckets: Mutex::default() }
    }

    /// Takes a token; whether there was one.
    pub fn allow(&self, who: &str) -> bool {
        self.allow_at(who, Instant::now())
    }

    fn allow_at(&self, who: &str, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            self.forget(&mut buckets, now);
        }
        let who = *blake3::hash(who.as_bytes()).as_bytes();
        let left = buckets.get(&who).map_or(self.burst, |bucket| self.left(bucket, now));
        let allowed = left >= 1.0;
        buckets.insert(who, (if allowed { left - 1.0 } else { left }, now));
        allowed
    }

    fn left(&self, (left, since): &Bucket, now: Instant) -> f64 {
        (left + self.per_second * now.saturating_duration_since(*since).as_secs_f64()).min(self.burst)
    }

    /// Forgets the fuller half: whoever tries many names once does not make forgotten whom somebody tries often.
    fn forget(&self, buckets: &mut BTreeMap<[u8; 32], Bucket>, now: Instant) {
        let mut all: Vec<f64> = buckets.values().map(|bucket| self.left(bucket, now)).collect();
        all.sort_by(f64::total_cmp);
        let middle = all.get(all.len() / 2).copied().unwrap_or_default();
        let (mut fuller, half) = (0, all.len() / 2);
        buckets.retain(|_, bucket| {
            // Many may be equally full; at most half go.
            let goes = self.left(bucket, now) >= middle && fuller < half;
            fuller += usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn buckets_empty_and_fill() {
        let attempts = Attempts::new(2.0, 0.5);
        let (a, b) = ("a", "b");
        let start = Instant::now();
        let at = |who: &str, secs: f64| attempts.allow_at(who, start + Duration::from_secs_f64(secs));
        assert_eq!([at(a, 0.0), at(a, 0.0), at(a, 0.0), at(b, 0.0)], [true, true, false, true]);
        assert_eq!([at(a, 1.0), at(a, 2.5), at(a, 2.6)], [false, true, false]);
        assert_eq!([at(a, 100.0), at(a, 100.0), at(a, 100.0)], [true, true, false]);
    }

    #[test]
    fn many_names_make_no_guessed_one_forgotten() {
        let attempts = Attempts::new(10.0, 0.1);
        let now = Instant::now();
        let guessed = (0..12).filter(|_| attempts.allow_at("guessed", now)).count();
        assert_eq!(guessed, 10);
        for name in 0..3 * MOST {
            assert!(attempts.allow_at(&format!("{name}{}", "x".repeat(100)), now));
        }
        let held = attempts.buckets.lock().map_or(0, |b| b.len());
        assert!(held <= MOST, "{held}");
        assert!(!attempts.allow_at("guessed", now));
    }
}
