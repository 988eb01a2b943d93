//! What each row is for.

use crate::numeric::Rng;

/// Rows that decide when to stop, and as many that say how good the result is, at most.
const HELD: f64 = 25_000.0;
/// No more than this share of all rows is held for either.
const MOST_HELD: f64 = 0.025;

/// What a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Searched on, and trained on.
    Search,
    /// Decides when to stop.
    Stop,
    /// Seen by nobody before the end.
    Test,
    Train,
}

/// Deals rows by their numbers: every reading of the source deals alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deal {
    rows: u64,
    seed: u64,
    /// Ends of the shares of the first three roles.
    ends: [f64; 3],
}

impl Deal {
    /// Of `rows` rows about `searched` are searched on.
    pub fn new(rows: u64, searched: u64, seed: u64) -> Self {
        let of = (rows as f64).max(1.0);
        let held = (HELD / of).min(MOST_HELD);
        let search = (searched as f64 / of).min(1.0 - 2.0 * held);
        Self { rows, seed, ends: [search, search + held, search + 2.0 * held] }
    }

    /// Rows that there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the search sees the row of this 0-based number.
    pub fn is_searched(&self, row: u64) -> bool {
        self.role(row) == Role::Search
    }

    pub(super) fn role(&self, row: u64) -> Role {
        let at = Rng::for_stream(self.seed, &[0xDEA1, row]).uniform();
        let roles = [Role::Search, Role::Stop, Role::Test];
        let of = self.ends.iter().zip(roles).find(|(end, _)| at < **end);
        of.map_or(Role::Train, |(_, role)| role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_about_as_asked_and_the_same_every_time() {
        let deal = Deal::new(1_000_000, 200_000, 7);
        let roles: Vec<Role> = (0..100_000).map(|row| deal.role(row)).collect();
        let of = |role: Role| roles.iter().filter(|r| **r == role).count();
        assert!((19_000..21_000).contains(&of(Role::Search)), "{}", of(Role::Search));
        assert!((2_200..2_800).contains(&of(Role::Stop)) && (2_200..2_800).contains(&of(Role::Test)));
        assert!(roles.iter().zip(0..).all(|(role, row)| Deal::new(1_000_000, 200_000, 7).role(row) == *role));
        assert!((0..1000).any(|row| Deal::new(1_000_000, 200_000, 8).role(row) != deal.role(row)));
    }

    #[test]
    fn some_are_held_however_many_are_searched() {
        let deal = Deal::new(1_000, 5_000, 1);
        let held = (0..1_000).filter(|&row| deal.role(row) != Role::Search).count();
        assert!((20..100).contains(&held), "{held}");
    }
}
