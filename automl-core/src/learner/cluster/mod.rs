//! Trees grown on rows whose bins lie in the memory of several machines.
//!
//! Rows are cut, in their order, into shards of a fixed number of rows. A shard lies on the driver's shelf and in the memory
//! of one executor, which sums words over the rows of a leaf, parts leaves, and says in the end in which leaf each row is:
//! whole numbers, whose sums do not depend on who adds them up. Gradients, scores, the choice of splits and the values of
//! leaves are the driver's. So the model is the same, byte for byte, for any number of executors, whatever becomes of them.
//!
//! [`message`] is what is said; [`executor`] answers, and [`spread`] asks: [`crew`] gives the shards of an executor that does not
//! answer to others, and these are told of the tree so far and asked again. Neither does I/O: a [`Cluster`] carries messages.

mod crew;
mod executor;
mod message;
mod shard;
mod spread;

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use crew::Cut;
pub use executor::{Executor, Holds, Refused};
pub use message::VERSION;
pub use spread::Spread;

/// Bytes of a message at most, either way.
pub const LARGEST: usize = 96 << 20;

/// Executors, by their numbers from 0, and a way to them.
pub trait Cluster {
    /// How many executors there are.
    fn count(&self) -> usize;

    /// A number that no other fit has.
    fn fit_id(&mut self) -> u128;

    /// Sends each message to its executor, all at once, no two to the same: their answers in the order of the messages.
    fn ask(&mut self, messages: Vec<(usize, Vec<u8>)>) -> Vec<Result<Vec<u8>, Refusal>>;

    /// Called where no executor is left, before those that were lost are asked again: waits a little, the `attempt`-th
    /// time from 0 since one has answered. `false` gives up.
    fn wait(&mut self, attempt: usize) -> bool;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be reached, does not answer in time, or breaks down.
    Gone(String),
    /// It has no room for more.
    Full,
    /// It does not know the rows that it is asked of, for it was started anew or has forgotten them.
    Unknown,
}

/// Executors that cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Lost {
    pub reason: String,
}

impl From<Lost> for super::FitError {
    fn from(lost: Lost) -> Self {
        Self::Executors { reason: lost.reason }
    }
}
