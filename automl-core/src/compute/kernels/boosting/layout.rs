//! What `layout.wgsl` says, as it is written and read here.

/// Features of a word of bins, and of one of half bytes.
pub const PACKED: usize = 4;
const NARROW_PACKED: usize = 8;
/// Bins that half a byte tells apart.
const NARROW_BINS: usize = 16;
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

/// Where the bins of features lie: in which word of a row, and at which bit. Words of bytes come before those of half bytes, which
/// hold features of few bins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    /// One a feature.
    pub seats: Vec<Seat>,
    pub groups: u32,
    /// The first word of half bytes.
    pub narrow: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    pub group: u32,
    pub shift: u32,
}

impl Packing {
    /// Of features with so many bins each.
    pub fn new(bin_counts: impl Iterator<Item = usize>) -> Self {
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        for (feature, bins) in bin_counts.enumerate() {
            if bins > NARROW_BINS { wide.push(feature) } else { narrow.push(feature) }
        }
        // What is left of the last word of bytes is used up first.
        let spare = (wide.len().next_multiple_of(PACKED) - wide.len()).min(narrow.len());
        wide.extend(narrow.drain(..spare));
        let first_narrow = wide.len().div_ceil(PACKED);
        let mut seats = vec![Seat { group: 0, shift: 0 }; wide.len() + narrow.len()];
        for (features, first, each) in [(&wide, 0, PACKED), (&narrow, first_narrow, NARROW_PACKED)] {
            for (place, &feature) in features.iter().enumerate() {
                let shift = (place % each * (32 / each)) as u32;
                seats[feature] = Seat { group: (first + place / each) as u32, shift };
            }
        }
        let groups = first_narrow + narrow.len().div_ceil(NARROW_PACKED);
        Self { seats, groups: groups as u32, narrow: first_narrow as u32 }
    }

    /// Bytes of a leaf's histogram of so many words from `first` on.
    pub fn histogram_bytes(&self, first: u32, groups: u32) -> usize {
        let before = |group: u32| {
            let wide = group.min(self.narrow);
            (wide as usize * PACKED * BINS + (group - wide) as usize * NARROW_PACKED * NARROW_BINS) * 8
        };
        before(first + groups) - before(first)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn few_bins_take_half_a_byte() {
        let all_narrow = Packing::new(std::iter::repeat_n(16, 9));
        assert_eq!((all_narrow.groups, all_narrow.narrow), (2, 0));
        assert_eq!(all_narrow.histogram_bytes(0, 2), 2 * 8 * 16 * 8);
        // The free bytes of a word are used up before a word of half bytes is begun.
        let mixed = Packing::new([3, 17, 2, 256].into_iter());
        assert_eq!((mixed.groups, mixed.narrow), (1, 1));
        assert_eq!(Packing::new([3, 17, 2, 256, 2].into_iter()).groups, 2);
    }

    proptest! {
        /// No two features share bits of a row, and each has as many as its bins need.
        #[test]
        fn features_do_not_overlap(bin_counts in proptest::collection::vec(1..257usize, 0..70), few in 0..70usize) {
            let narrowed = |(place, bins): (usize, &usize)| if place < few { bins % 16 + 1 } else { *bins };
            let counts: Vec<usize> = bin_counts.iter().enumerate().map(narrowed).collect();
            let packing = Packing::new(counts.iter().copied());
            let mut taken = vec![0u32; packing.groups as usize];
            for (seat, bins) in packing.seats.iter().zip(&counts) {
                let bits = if seat.group < packing.narrow { 8 } else { 4 };
                prop_assert!(*bins <= 1 << bits && seat.shift.is_multiple_of(bits));
                let mask = ((1u32 << bits) - 1) << seat.shift;
                prop_assert_eq!(taken[seat.group as usize] & mask, 0);
                taken[seat.group as usize] |= mask;
            }
            prop_assert!(taken.iter().all(|&word| word != 0));
        }
    }
}
