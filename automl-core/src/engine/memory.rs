//! How much memory a study takes, estimated before it is taken: from the table's columns and the learners' own word.
//!
//! One formula for all places, so that a request that names its limit is the same study everywhere. It is of one executor;
//! whoever starts more of them asks [`Prepared::executors_within`] first, as their number changes no model. A page's
//! workers share nothing: there the limit is each worker's.

use super::prepare::Prepared;
use super::protocol::LeftOut;
use crate::diagnostic::Diagnostic;
use crate::learner::{FeatureNeeds, Learner, Load, Params};
use crate::node::{DenseOptions, NativeOptions, Recipe};
use crate::numeric::count;
use crate::table::Column;
use serde::{Deserialize, Serialize};

/// What a tab's worker may take where nobody says: with four of them and the conductor some 2 GB.
pub(super) const TAB_BYTES: u64 = 512 << 20;
/// Bytes of a megabyte, as limits are given.
const MEGABYTE: u64 = 1_000_000;
/// What is taken whatever the table.
const FIXED_BYTES: f64 = 32e6;
/// Trials whose out-of-fold and locked predictions are kept: the best, and the best of each learner.
const KEPT_PREDICTIONS: f64 = 20.0;
/// Blends and other copies of predictions at the end.
const BLENDS: f64 = 4.0;
/// Frames of an executor: the one in use and one that is made.
const FRAMES: f64 = 2.0;
/// Most bytes of frames that an executor keeps for the next trial.
const CACHE_BYTES: f64 = (256u64 << 20) as f64;
/// Fewer rows are not worth having.
const FEWEST_ROWS: usize = 1_000;

/// What memory decided.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// Bytes that all executors share, and that each needs, at the rows that are learned from.
    shared: f64,
    executor: f64,
    /// Bytes of frames of other folds that an executor may keep.
    pub cache: u64,
    /// Rows with a target of which these are a sample; `None` where they are all.
    pub sampled_from: Option<u64>,
    pub too_large: Vec<LeftOut>,
    /// The limit in megabytes where it decided something.
    pub decided_by_mb: Option<u64>,
}

/// What is to be held: the table's columns, those that are learned from, numbers that the target takes a row, and rows
/// with a target.
pub(super) struct Wanted<'a> {
    pub held: &'a [&'a Column],
    pub columns: &'a [&'a Column],
    /// Whether steps make `columns` of `held` in each fold.
    pub chained: bool,
    pub outputs: usize,
    pub rows: usize,
    pub learners: &'a [&'static dyn Learner],
}

impl Wanted<'_> {
    /// Bytes a row that all executors share: the table, the target and the split, and predictions.
    fn shared_a_row(&self) -> f64 {
        let table = bytes_a_row(self.held);
        let predictions = (KEPT_PREDICTIONS + BLENDS) * 8.0 * self.outputs as f64;
        table + 17.0 + predictions
    }

    /// Bytes that an executor takes to fit a learner on so many rows: frames, and what the learner says.
    fn executor(&self, learner: &dyn Learner, rows: usize) -> f64 {
        let spec = learner.spec();
        let recipe = match spec.needs {
            FeatureNeeds::Native => Recipe::Native(NativeOptions::default()),
            FeatureNeeds::Dense => Recipe::Dense(DenseOptions::default()),
        };
        let features = recipe.features_of(self.columns.iter().copied());
        // No learner's memory depends on the levels.
        let load = Load { rows, features, few_levels: 0, outputs: self.outputs };
        let params = Params::complete(spec.params, &Params::default());
        let tables = if self.chained { FRAMES * bytes_a_row(self.columns) * rows as f64 } else { 0.0 };
        FRAMES * 4.0 * load.cells() + learner.memory(&params, &load) + tables
    }

    /// How many rows fit into `limit` bytes, which learners do not, and what the others take.
    fn within(&self, limit: f64) -> (usize, Memory) {
        let shared_a_row = self.shared_a_row();
        // The smallest, which always has room.
        let least = |rows: usize| {
            let all = self.learners.iter().map(|l| self.executor(*l, rows));
            all.min_by(f64::total_cmp).unwrap_or(0.0)
        };
        let whole = FIXED_BYTES + shared_a_row * self.rows as f64 + least(self.rows);
        let mut rows = self.rows;
        if whole > limit {
            // What learners need grows about as the rows do.
            let share = (limit - FIXED_BYTES).max(0.0) / (whole - FIXED_BYTES);
            rows = ((self.rows as f64 * share) as usize).max(FEWEST_ROWS).min(self.rows);
        }
        let shared = FIXED_BYTES + shared_a_row * rows as f64;
        let mut memory = Memory { shared, ..Memory::default() };
        for learner in self.learners {
            let needs = self.executor(*learner, rows);
            if shared + needs > limit.max(shared + least(rows)) {
                let spec = learner.spec();
                let reason =
                    format!("would take some {} of the {} of memory", size(shared + needs), size(limit));
                memory.too_large.push(LeftOut {
                    learner: spec.id.to_owned(),
                    title: spec.title.to_owned(),
                    reason,
                });
            } else {
                memory.executor = memory.executor.max(needs);
            }
        }
        (rows, memory)
    }
}

fn bytes_a_row(columns: &[&Column]) -> f64 {
    columns.iter().map(|c| c.bytes() as f64 / c.len().max(1) as f64).sum()
}

/// How many of the rows fit, and what else memory decides. `asked_mb`: the request's limit; `machine`: the bytes of
/// memory that there are, where the request names none.
pub(super) fn plan(wanted: &Wanted<'_>, asked_mb: Option<u64>, machine: Option<u64>) -> (usize, Memory) {
    // In whole megabytes, so that the limit that a model file tells gives the same model again.
    let limit_mb = asked_mb.or(machine.map(|bytes| bytes / MEGABYTE));
    let limit = limit_mb.map_or(f64::INFINITY, |mb| mb as f64 * MEGABYTE as f64);
    let (rows, mut memory) = wanted.within(limit);
    memory.cache = (limit - memory.shared - memory.executor).clamp(0.0, CACHE_BYTES) as u64;
    if rows < wanted.rows {
        memory.sampled_from = Some(wanted.rows as u64);
    }
    if rows < wanted.rows || !memory.too_large.is_empty() {
        memory.decided_by_mb = limit_mb;
    }
    (rows, memory)
}

impl Memory {
    /// Why only some of the rows are learned from, where it is so.
    pub fn sampled(&self, rows: usize) -> Option<Diagnostic> {
        let of = self.sampled_from?;
        let limit = size(self.decided_by_mb? as f64 * MEGABYTE as f64);
        Some(Diagnostic::warning(
            "data.sampled",
            format!(
                "Learned from {} of {} rows, drawn with the same mix of target values: all would take more than the {limit} of memory that may be used.",
                count(rows as u64),
                count(of)
            ),
            "Allow more memory, or ignore columns that are of no use.",
        ))
    }
}

impl Prepared {
    /// How many of `asked` executors fit into `bytes` of memory, at least one. Their number changes no model.
    pub fn executors_within(&self, bytes: u64, asked: usize) -> usize {
        let left = (bytes as f64 - self.memory.shared).max(0.0);
        let each = self.memory.executor + self.memory.cache as f64;
        let fit = if each > 0.0 { left / each } else { f64::MAX };
        // As a float beyond the range of an integer is its end, this is at most `asked`.
        (fit as usize).clamp(1, asked.max(1))
    }
}

/// `2.1 GB`, `350 MB`.
fn size(bytes: f64) -> String {
    if bytes >= 1e9 { format!("{:.1} GB", bytes / 1e9) } else { format!("{:.0} MB", bytes / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner;
    use crate::table::{ColumnType, Values};

    fn check(rows: usize, limit_mb: Option<u64>) -> (usize, Memory) {
        let number = |name: &str| Column {
            name: name.to_owned(),
            ty: ColumnType::Numeric,
            values: Values::F32(vec![0.0; 10]),
            spellings: Vec::new(),
        };
        let mut columns: Vec<Column> = ["a", "b", "c", "d"].map(number).to_vec();
        // As many columns of a matrix as it has levels.
        let levels = (0..30).map(|i| format!("l{i}")).collect();
        columns.push(Column {
            ty: ColumnType::Categorical,
            values: Values::Dict { codes: vec![0; 10], levels },
            ..number("e")
        });
        let columns: Vec<&Column> = columns.iter().collect();
        let learners: Vec<&'static dyn Learner> =
            ["gbt", "logistic", "random_forest"].iter().filter_map(|id| learner::find(id)).collect();
        let wanted = Wanted {
            held: &columns,
            columns: &columns,
            chained: false,
            outputs: 2,
            rows,
            learners: &learners,
        };
        plan(&wanted, limit_mb, None)
    }

    #[test]
    fn what_fits_is_taken_whole() {
        for limit in [None, Some(100_000)] {
            let (rows, memory) = check(1_000_000, limit);
            assert!(rows == 1_000_000 && memory.too_large.is_empty() && memory.decided_by_mb.is_none());
            assert!(memory.sampled(rows).is_none() && memory.cache == 256 << 20);
        }
    }

    #[test]
    fn first_learners_are_left_out_and_then_rows() {
        let learners = |m: &Memory| m.too_large.iter().map(|l| l.learner.clone()).collect::<Vec<_>>();
        let (rows, memory) = check(1_000_000, Some(700));
        assert_eq!((rows, learners(&memory)), (1_000_000, vec!["logistic".to_owned()]));
        assert_eq!(memory.decided_by_mb, Some(700));
        assert!(memory.shared + memory.executor + memory.cache as f64 <= 700e6 && memory.cache > 0);
        let (rows, memory) = check(1_000_000, Some(200));
        assert!((100_000..900_000).contains(&rows), "{rows}");
        let told = memory.sampled(rows).expect("a sample").message;
        assert!(told.contains("of 1,000,000 rows") && told.contains("200 MB"), "{told}");
        // Half the memory is less than half the rows, and there is always something to learn from.
        assert!(check(1_000_000, Some(100)).0 < rows / 2);
        let (rows, memory) = check(1_000_000, Some(1));
        assert!(rows == FEWEST_ROWS && memory.too_large.len() < 3, "{memory:?}");
        assert_eq!(check(500, Some(1)).0, 500);
    }
}
