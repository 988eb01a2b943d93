//! The search: how rows are split, which trials are proposed, which are given up early, and how the best are
//! combined. Executes nothing.
//!
//! Everything here is a function of the request, the data's shape and earlier results, so that one seed proposes
//! one sequence of trials on every machine. Trial *n* depends on the results of trials up to *n* − [`LOOKBACK`]
//! only, so the sequence is the same for any number of workers up to that many.

mod aim;
mod constraints;
mod ensemble;
mod loads;
mod portfolio;
mod propose;
mod prune;
mod range;
mod setting;
mod split;
mod surrogate;

pub use constraints::{Constraints, Direction};
pub use ensemble::{Candidate, Ensemble, select_ensemble, select_ensemble_by_bags};
pub use loads::{Loads, are_amounts};
pub use portfolio::portfolio;
pub use propose::{Past, Proposal, Proposer};
pub use prune::{Contender, should_prune};
pub use setting::Setting;
pub use split::{Split, plan_split, sample_rows};

/// How far back a proposal looks: trials run side by side are at most so many.
pub const LOOKBACK: usize = 8;
