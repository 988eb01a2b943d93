//! What the split of a forest's node is scored with: the sums of its rows, a bin at a time.
//!
//! Score of a split: Σ over both sides of Σₖ Sₖ² / n, where Sₖ is the sum of output k over a side and n its rows; its
//! growth is the fall in variance for numbers and the fall in Gini impurity for classes (Breiman, Friedman, Olshen and
//! Stone, "Classification and regression trees", 1984). All sums are integers, so the order of rows decides nothing.

/// Rows of a node from which on all bins are looked at for whether a row is in them.
const DENSE_ROWS: usize = 1024;

/// Sums by bin of one feature in one node, and a frontier that moves bins from right to left.
pub trait Impurity {
    /// Takes up a node. Whether its rows differ in what is predicted.
    fn begin(&mut self, rows: &[u32]) -> bool;
    /// Rows of the node, each as often as it was drawn.
    fn rows(&self) -> i64;
    /// Sums the node's rows by bin, and lists the bins that have rows, ascending. All are on the right.
    fn fill(&mut self, rows: &[u32], bins: &[u8], bin_count: usize, occupied: &mut Vec<u8>);
    /// Forgets the sums of these bins.
    fn clear(&mut self, occupied: &[u8]);
    /// All bins are on the right again.
    fn rewind(&mut self);
    /// Moves a bin to the left.
    fn move_left(&mut self, bin: u8);
    /// Rows on the left.
    fn left_rows(&self) -> i64;
    /// The split's score; there are rows on both sides.
    fn score(&self) -> f64;
    /// The score of the node unsplit.
    fn node_score(&self) -> f64;
    /// By what levels of a category are put in order.
    fn rank(&self, bin: u8) -> f64;
}

/// Bins that have rows, ascending: by their marks in small nodes, by their sums in large ones.
fn list_occupied(
    rows: &[u32],
    bins: &[u8],
    bin_count: usize,
    occupied: &mut Vec<u8>,
    has_rows: impl Fn(usize) -> bool,
) {
    occupied.clear();
    if rows.len() >= DENSE_ROWS {
        occupied.extend((0..bin_count).filter(|&b| has_rows(b)).map(|b| b as u8));
        return;
    }
    let mut marks = [0u64; 4];
    for &row in rows {
        let bin = bins[row as usize];
        marks[usize::from(bin >> 6)] |= 1 << (bin & 63);
    }
    for (word, mut mark) in marks.into_iter().enumerate() {
        while mark != 0 {
            occupied.push((word * 64) as u8 + mark.trailing_zeros() as u8);
            mark &= mark - 1;
        }
    }
}

/// One number a row: a target's value as an integer, or 1 for the second of two classes.
pub struct Scalar {
    /// Value · 2^`count_bits` + weight, of each row of the data.
    pub words: Vec<i64>,
    count_bits: u32,
    /// The words of the node's rows, in their order.
    here: Vec<i64>,
    table: [i64; 256],
    total: i64,
    left: i64,
}

impl Scalar {
    /// For sums of at most `weight` rows.
    pub fn new(weight: u64) -> Self {
        let count_bits = (64 - weight.leading_zeros()).clamp(1, 33);
        Self { words: Vec::new(), count_bits, here: Vec::new(), table: [0; 256], total: 0, left: 0 }
    }

    /// The largest integer value that so many rows can have.
    pub fn largest_value(&self) -> f64 {
        // Sums of values fit above the counts and in an `f64`, and their products with counts in an `i64`.
        let bits = (62 - self.count_bits).min(52) - self.count_bits.min(30);
        (1u64 << bits) as f64
    }

    pub fn word(&self, value: i64, weight: i64) -> i64 {
        ((value << self.count_bits) + 1) * weight
    }

    fn value(&self, word: i64) -> f64 {
        (word >> self.count_bits) as f64
    }

    fn count(&self, word: i64) -> i64 {
        word & ((1 << self.count_bits) - 1)
    }

    fn part(&self, word: i64) -> f64 {
        let sum = self.value(word);
        sum * sum / self.count(word) as f64
    }
}

impl Impurity for Scalar {
    fn begin(&mut self, rows: &[u32]) -> bool {
        self.here.clear();
        self.here.extend(rows.iter().map(|&r| self.words[r as usize]));
        self.total = self.here.iter().sum();
        let Some(&first) = self.here.first() else { return false };
        let (value, count) = (first >> self.count_bits, self.count(first));
        // Equal values have sums in the ratio of their weights. `largest_value` leaves room for the products.
        let differs = |&word: &i64| (word >> self.count_bits) * count != value * self.count(word);
        self.here.iter().any(differs)
    }

    fn rows(&self) -> i64 {
        self.count(self.total)
    }

    fn fill(&mut self, rows: &[u32], bins: &[u8], bin_count: usize, occupied: &mut Vec<u8>) {
        for (&row, &word) in rows.iter().zip(&self.here) {
            self.table[usize::from(bins[row as usize])] += word;
        }
        list_occupied(rows, bins, bin_count, occupied, |b| self.table[b] != 0);
        self.left = 0;
    }

    fn clear(&mut self, occupied: &[u8]) {
        for &bin in occupied {
            self.table[usize::from(bin)] = 0;
        }
    }

    fn rewind(&mut self) {
        self.left = 0;
    }

    fn move_left(&mut self, bin: u8) {
        self.left += self.table[usize::from(bin)];
    }

    fn left_rows(&self) -> i64 {
        self.count(self.left)
    }

    fn score(&self) -> f64 {
        self.part(self.left) + self.part(self.total - self.left)
    }

    fn node_score(&self) -> f64 {
        self.part(self.total)
    }

    fn rank(&self, bin: u8) -> f64 {
        let word = self.table[usize::from(bin)];
        self.value(word) / (self.count(word) as f64).max(1.0)
    }
}

/// Three classes or more: a count a class and bin.
pub struct Classes {
    pub codes: Vec<u32>,
    /// How often each row was drawn.
    pub weights: Vec<u32>,
    classes: usize,
    /// Bins × classes.
    table: Vec<u64>,
    total: Vec<u64>,
    left: Vec<u64>,
    total_rows: u64,
    total_squares: f64,
    left_rows: u64,
    left_squares: u64,
    right_squares: u64,
    /// The node's most frequent class.
    foremost: usize,
}

impl Classes {
    pub fn new(codes: Vec<u32>, classes: usize) -> Self {
        Self {
            codes,
            weights: Vec::new(),
            classes,
            table: vec![0; 256 * classes],
            total: vec![0; classes],
            left: vec![0; classes],
            total_rows: 0,
            total_squares: 0.0,
            left_rows: 0,
            left_squares: 0,
            right_squares: 0,
            foremost: 0,
        }
    }

    /// Counts of the node last begun.
    pub fn counts(&self) -> &[u64] {
        &self.total
    }

    fn squares(&self) -> u64 {
        self.total.iter().map(|n| n * n).sum()
    }
}

impl Impurity for Classes {
    fn begin(&mut self, rows: &[u32]) -> bool {
        self.total.fill(0);
        for &row in rows {
            self.total[self.codes[row as usize] as usize] += u64::from(self.weights[row as usize]);
        }
        self.total_rows = self.total.iter().sum();
        self.total_squares = self.squares() as f64;
        let highest = self.total.iter().copied().max().unwrap_or(0);
        self.foremost = self.total.iter().position(|&n| n == highest).unwrap_or(0);
        highest < self.total_rows
    }

    fn rows(&self) -> i64 {
        self.total_rows as i64
    }

    fn fill(&mut self, rows: &[u32], bins: &[u8], bin_count: usize, occupied: &mut Vec<u8>) {
        let k = self.classes;
        for &row in rows {
            let place = usize::from(bins[row as usize]) * k + self.codes[row as usize] as usize;
            self.table[place] += u64::from(self.weights[row as usize]);
        }
        let table = &self.table;
        list_occupied(rows, bins, bin_count, occupied, |b| table[b * k..(b + 1) * k].iter().any(|&n| n != 0));
        self.rewind();
    }

    fn clear(&mut self, occupied: &[u8]) {
        for &bin in occupied {
            self.table[usize::from(bin) * self.classes..(usize::from(bin) + 1) * self.classes].fill(0);
        }
    }

    fn rewind(&mut self) {
        self.left.fill(0);
        self.left_rows = 0;
        self.left_squares = 0;
        self.right_squares = self.squares();
    }

    fn move_left(&mut self, bin: u8) {
        let k = self.classes;
        let moved = &self.table[usize::from(bin) * k..(usize::from(bin) + 1) * k];
        for ((left, total), &n) in self.left.iter_mut().zip(&self.total).zip(moved) {
            if n != 0 {
                // (a + n)² − a² = n (2a + n), and likewise on the right.
                self.left_squares += n * (2 * *left + n);
                self.right_squares -= n * (2 * (total - *left) - n);
                *left += n;
                self.left_rows += n;
            }
        }
    }

    fn left_rows(&self) -> i64 {
        self.left_rows as i64
    }

    fn score(&self) -> f64 {
        let right = self.total_rows - self.left_rows;
        self.left_squares as f64 / self.left_rows as f64 + self.right_squares as f64 / right as f64
    }

    fn node_score(&self) -> f64 {
        self.total_squares / self.total_rows as f64
    }

    fn rank(&self, bin: u8) -> f64 {
        let counts = &self.table[usize::from(bin) * self.classes..(usize::from(bin) + 1) * self.classes];
        counts[self.foremost] as f64 / (counts.iter().sum::<u64>() as f64).max(1.0)
    }
}
