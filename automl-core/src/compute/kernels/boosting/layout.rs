//! What `layout.wgsl` says, as it is written and read here.

/// Features of a word of bins.
pub const PACKED: usize = 4;
/// Bins of a feature, whether it has so many or not.
pub const BINS: usize = 256;
/// Bytes of a histogram of four features.
pub const GROUP_BYTES: usize = PACKED * BINS * 8;
pub const STATE_WORDS: usize = 72;
pub const LEAF_WORDS: usize = 20;
pub const FOUND_WORDS: usize = 16;
pub const NODE_WORDS: usize = 18;
/// Where in the state the leaves and the nodes are counted.
pub const LEAVES_AT: usize = 44;
pub const NODES_AT: usize = 45;

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    Squared = 0,
    Logistic = 1,
    Softmax = 2,
    Poisson = 3,
    Tweedie = 4,
}

/// What does not change from tree to tree.
#[derive(Debug, Clone, Copy)]
pub struct Fit {
    pub rows: u32,
    /// Rows that a tree is grown on, or at most where these are drawn by their gradients.
    pub listed: u32,
    /// Scores a row.
    pub outputs: u32,
    pub objective: Objective,
    /// Bits of a word that count rows, and those of its hessian; 0 without one.
    pub count_bits: u32,
    pub hessian_bits: u32,
    pub max_leaves: u32,
    /// 0 for no limit.
    pub max_depth: u32,
    pub by_depth: bool,
    /// Of trees whose leaves of a level share a test, else 0.
    pub levels: u32,
    pub min_rows: u32,
    pub weighted: bool,
    /// Whether one cut of a feature is tried, a random one.
    pub random_cuts: bool,
    /// Fewest rows of a level that is grouped, and of the levels between two tried groupings.
    pub level_rows: u32,
    pub group_rows: u32,
    /// Where the rows of a round are drawn by their gradients, in how many steps at most it is found with what probabilities;
    /// else 0.
    pub bar_steps: u32,
    pub l1: f64,
    pub l2: f64,
    pub rate: f64,
    pub min_gain: f64,
    pub min_hessian: f64,
    /// Largest step before the rate, 0 for none, and after it.
    pub max_delta: f64,
    pub most: f64,
    pub factor: f64,
    pub gradient_room: f64,
    pub hessian_room: f64,
    pub bar: f64,
    /// Of groups of levels: the penalty in place of `l2`, and what their order is shrunk by.
    pub cat_l2: f64,
    pub cat_smooth: f64,
    /// Of Tweedie's loss: the powers of its terms.
    pub powers: [f64; 2],
    /// How many rows are to be drawn by their gradients.
    pub wanted: f64,
}

/// A split that the card has made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// The leaf that was split; the new leaf, on the right, has the number of leaves before it.
    pub leaf: u32,
    pub gain: f64,
    /// The sums of the rows that go left.
    pub left: i64,
    pub feature: u32,
    /// Of a number, the last bin that goes left.
    pub last: u8,
    pub missing_left: bool,
    /// All bins that go left, a bit a bin.
    pub set: [u64; 4],
}

fn double(x: f64) -> [u32; 2] {
    let bits = x.to_bits();
    [bits as u32, (bits >> 32) as u32]
}

impl Fit {
    pub fn words(&self, features: u32) -> Vec<u32> {
        let mut words = vec![
            self.rows,
            self.listed,
            self.outputs,
            self.objective as u32,
            self.count_bits,
            self.hessian_bits,
            self.max_leaves,
            self.max_depth,
            u32::from(self.by_depth),
            self.min_rows,
            u32::from(self.hessian_bits > 0),
            u32::from(self.weighted),
            features,
            u32::from(self.random_cuts),
            self.level_rows,
            self.group_rows,
            u32::from(self.bar_steps > 0),
            self.levels,
        ];
        let doubles = [
            self.l1,
            self.l2,
            self.rate,
            self.min_gain,
            self.min_hessian,
            self.max_delta,
            self.most,
            self.factor,
            self.gradient_room,
            self.hessian_room,
            self.bar,
            self.cat_l2,
            self.cat_smooth,
            self.powers[0],
            self.powers[1],
            self.wanted,
        ];
        words.extend(doubles.into_iter().flat_map(double));
        words
    }
}

impl Node {
    /// Of [`NODE_WORDS`] words.
    pub fn read(words: &[u32]) -> Self {
        let wide = |low: usize| u64::from(words[low + 1]) << 32 | u64::from(words[low]);
        Self {
            gain: f64::from_bits(wide(0)),
            left: wide(2).cast_signed(),
            feature: words[4],
            last: words[5] as u8,
            missing_left: words[6] == 1,
            set: [8, 10, 12, 14].map(wide),
            leaf: words[16],
        }
    }
}
