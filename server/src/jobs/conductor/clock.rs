//! The clock of a run: seconds that it was driven, by whoever did. Time that passes while nobody drives it, or while it
//! pauses, does not count, so a budget goes on from what was spent.

use std::time::Instant;

/// See the module.
pub struct Clock {
    at: f64,
    /// Since when it goes on from there; `None`: it stands.
    since: Option<Instant>,
}

impl Clock {
    /// From 0 on.
    pub fn begin() -> Self {
        Self { at: 0.0, since: Some(Instant::now()) }
    }

    pub fn now(&self) -> f64 {
        self.at + self.since.map_or(0.0, |since| since.elapsed().as_secs_f64())
    }

    /// Goes forward to `to`, never back.
    pub fn forward(&mut self, to: f64) {
        // What a database holds may be no number; it is never smaller then, nor taken.
        if to > self.now() {
            self.at = to;
            self.since = self.since.map(|_| Instant::now());
        }
    }

    pub fn stop(&mut self) {
        self.at = self.now();
        self.since = None;
    }

    pub fn go_on(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back_and_stands_while_stopped() {
        let mut clock = Clock::begin();
        clock.forward(10.0);
        let first = clock.now();
        assert!(first >= 10.0);
        clock.forward(5.0);
        clock.forward(f64::NAN);
        assert!(clock.now() >= first);
        clock.stop();
        let stopped = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert_eq!(clock.now(), stopped);
        clock.forward(stopped + 1.0);
        assert_eq!(clock.now(), stopped + 1.0);
        clock.go_on();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.now() > stopped + 1.0);
    }
}
