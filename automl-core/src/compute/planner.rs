//! Whether work pays on a graphics card: seconds by what was measured once of the card and of this machine's processor.
//!
//! The arithmetic knows sizes only and reads no clock, so that the same measures always give the same choice.

use serde::{Deserialize, Serialize};

/// Of what the measures mean; older ones are measured again.
const VERSION: u32 = 2;
/// How many times quicker a card has to be by estimate, which is rough.
const MARGIN: f64 = 1.2;
/// Share of a thread that each one beyond the first adds.
const OF_A_THREAD: f64 = 0.85;
/// Share of a tree's rows that a level sums, since of two leaves the smaller one is summed and the other follows.
const SUMMED: f64 = 0.3;
/// What gradients, scores and routing cost a row of a tree, in cells of a histogram.
const ROW_CELLS: f64 = 25.0;
/// Kernels that are sent a leaf of a tree, and for the tree besides.
const LAUNCHES_A_LEAF: f64 = 5.0;
const LAUNCHES_A_TREE: f64 = 10.0;
/// Kernels that a step of a network's training sends a layer: there, back, the weights, and their step.
const LAUNCHES_A_LAYER: f64 = 4.0;
/// Products of a weight and a row: forward, back, and the gradient.
const PRODUCTS: f64 = 3.0;
/// What a squared difference takes of a row's pair and feature, in products; and what sifting takes of a pair, on a card.
const SQUARES: f64 = 1.5;
const SIFTED: f64 = 40.0;
/// What a row's step down a tree takes in cells of a histogram: the processor makes all tests of a small tree.
const STEP_CELLS: f64 = 6.0;
const CARD_STEP_CELLS: f64 = 2.0;
/// Bytes that come back for a row whose neighbours are sought.
const FOUND_BYTES: f64 = 400.0;

/// Cells of a table, rows × columns, below which nobody asks for a card: that alone takes longer than most fits.
const FEWEST_CELLS: usize = 200_000;

/// Whether a table is large enough for a card to pay, whatever card it is.
pub fn worth_asking(rows: usize, columns: usize) -> bool {
    rows.saturating_mul(columns) >= FEWEST_CELLS
}

/// Something that can be computed here or there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// Boosted trees.
    Trees {
        rows: usize,
        features: usize,
        /// Of a tree at most.
        leaves: usize,
        rounds: usize,
        /// Trees of a round.
        outputs: usize,
        /// Of the processor that could grow them.
        threads: usize,
    },
    /// Networks that train side by side.
    Networks {
        rows: usize,
        /// Columns of the matrix that they see.
        inputs: usize,
        /// Of one network.
        weights: usize,
        layers: usize,
        epochs: usize,
        /// Rows of a step.
        batch: usize,
        networks: usize,
        /// Of the processor that could train them.
        threads: usize,
    },
    /// The nearest of known rows, of rows that are asked about.
    Neighbours { rows: usize, asked: usize, features: usize },
    /// Prediction by an ensemble of trees.
    Ensemble {
        rows: usize,
        /// That some tree tests.
        features: usize,
        trees: usize,
        /// Of all trees.
        leaves: usize,
        /// Scores of a row.
        outputs: usize,
    },
}

impl Work {
    fn rows(&self) -> usize {
        match *self {
            Self::Trees { rows, .. }
            | Self::Networks { rows, .. }
            | Self::Neighbours { rows, .. }
            | Self::Ensemble { rows, .. } => rows,
        }
    }

    /// Whether the card's numbers are the processor's to the last bit: sums of whole numbers are, and what is only sifted
    /// there; products of fractions are not.
    pub fn is_exact(&self) -> bool {
        !matches!(self, Self::Networks { .. })
    }
}

/// What a card and this machine's processor do in a second, measured once a card (`gpu::measure`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    version: u32,
    /// Seconds from sending a small kernel until its answer is there.
    pub answer_secs: f64,
    /// Seconds that one more kernel takes among others that are sent together.
    pub launch_secs: f64,
    /// Bytes a second to the card, and back.
    pub upload: f64,
    pub download: f64,
    /// Cells, rows × features, that are summed into a histogram in a second: by the card, and by one thread.
    pub card_cells: f64,
    pub cpu_cells: f64,
    /// Products of a matrix product that are added up in a second: by the card, and by one thread.
    pub card_products: f64,
    pub cpu_products: f64,
}

/// What was measured, by its name; see [`Costs`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    pub answer_secs: f64,
    pub launch_secs: f64,
    pub upload: f64,
    pub download: f64,
    pub card_cells: f64,
    pub cpu_cells: f64,
    pub card_products: f64,
    pub cpu_products: f64,
}

/// Seconds that work takes here and there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub cpu_secs: f64,
    pub card_secs: f64,
    /// Those of the card that are not spent on computing: the way there and back, and waiting for answers.
    pub way_secs: f64,
}

fn threads(threads: usize) -> f64 {
    1.0 + OF_A_THREAD * (threads.max(1) - 1) as f64
}

/// Cells that a tree sums, and what it does a row besides in the same unit.
pub(super) fn tree_cells(rows: f64, features: f64, leaves: f64) -> f64 {
    rows * (features * SUMMED * (1.0 + crate::numeric::math::log2(leaves)) + ROW_CELLS)
}

/// Kernels that a tree sends.
pub(super) fn tree_launches(leaves: f64) -> f64 {
    LAUNCHES_A_LEAF * leaves + LAUNCHES_A_TREE
}

impl From<Measured> for Costs {
    fn from(m: Measured) -> Self {
        // A clock that is too coarse says nothing took any time.
        let speed = |speed: f64| if speed.is_finite() { speed.clamp(1.0, 1e15) } else { 1e15 };
        let secs = |secs: f64| if secs.is_finite() { secs.clamp(1e-9, 10.0) } else { 10.0 };
        Self {
            version: VERSION,
            answer_secs: secs(m.answer_secs),
            launch_secs: secs(m.launch_secs),
            upload: speed(m.upload),
            download: speed(m.download),
            card_cells: speed(m.card_cells),
            cpu_cells: speed(m.cpu_cells),
            card_products: speed(m.card_products),
            cpu_products: speed(m.cpu_products),
        }
    }
}

impl Costs {
    /// To be kept for the next time, by the card's `gpu::Device::key`.
    pub fn to_json(&self) -> String {
        // Plain numbers cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What was kept; `None` where it is damaged, or was measured by an older version.
    pub fn from_json(text: &str) -> Option<Self> {
        let kept: Self = serde_json::from_str(text).ok()?;
        let measured = Measured {
            answer_secs: kept.answer_secs,
            launch_secs: kept.launch_secs,
            upload: kept.upload,
            download: kept.download,
            card_cells: kept.card_cells,
            cpu_cells: kept.cpu_cells,
            card_products: kept.card_products,
            cpu_products: kept.cpu_products,
        };
        // What was kept is what could have been measured.
        (kept.version == VERSION && Self::from(measured) == kept).then_some(kept)
    }

    /// Seconds here and there.
    pub fn estimate(&self, work: &Work) -> Estimate {
        match *work {
            Work::Trees { rows, features, leaves, rounds, outputs, threads: on } => {
                let (rows, features, leaves) = (rows as f64, features as f64, leaves.max(2) as f64);
                let (trees, threads) = ((rounds * outputs.max(1)) as f64, threads(on));
                let cells = tree_cells(rows, features, leaves);
                // Bins, targets and scores go there once; trees come back while others grow.
                let way_secs = rows * (features + 16.0) / self.upload
                    + trees * tree_launches(leaves) * self.launch_secs
                    + self.answer_secs;
                Estimate {
                    cpu_secs: trees * cells / (self.cpu_cells * threads),
                    card_secs: way_secs + trees * cells / self.card_cells,
                    way_secs,
                }
            }
            Work::Networks { rows, inputs, weights, layers, epochs, batch, networks, threads: on } => {
                let steps = (rows.div_ceil(batch.max(1)) * epochs) as f64;
                let products = PRODUCTS * weights as f64 * (rows * networks.max(1)) as f64 * epochs as f64;
                // Once an epoch the loss comes back.
                let way_secs = (rows * inputs) as f64 * 4.0 / self.upload
                    + steps * layers.max(1) as f64 * LAUNCHES_A_LAYER * self.launch_secs
                    + epochs as f64 * self.answer_secs;
                Estimate {
                    cpu_secs: products / (self.cpu_products * threads(on)),
                    card_secs: way_secs + products / self.card_products,
                    way_secs,
                }
            }
            Work::Neighbours { rows, asked, features } => {
                let (rows, asked, features) = (rows as f64, asked as f64, features as f64);
                // A few numbers come back for each row that is asked about.
                let way_secs = (rows + asked) * features * 4.0 / self.upload
                    + asked * FOUND_BYTES / self.download
                    + self.answer_secs;
                let pairs = rows * asked;
                Estimate {
                    cpu_secs: pairs * features * SQUARES / self.cpu_products,
                    card_secs: way_secs + pairs * (features * SQUARES + SIFTED) / self.card_products,
                    way_secs,
                }
            }
            Work::Ensemble { rows, features, trees, leaves, outputs } => {
                let (rows, trees, scores) = (rows as f64, trees.max(1) as f64, outputs.max(1) as f64);
                let depth = 1.0 + crate::numeric::math::log2(leaves.max(1) as f64 / trees).max(0.0);
                let way_secs = rows * (features as f64 * 4.0 + scores * 8.0) / self.upload
                    + rows * scores * 8.0 / self.download
                    + self.answer_secs;
                let steps = rows * trees * depth;
                Estimate {
                    cpu_secs: steps * STEP_CELLS / self.cpu_cells,
                    card_secs: way_secs + steps * CARD_STEP_CELLS / self.card_cells,
                    way_secs,
                }
            }
        }
    }

    /// Whether work pays on the card while `others` fits compute there, and why, in words that follow a colon.
    ///
    /// # Errors
    /// Why the processor is the better place, in words of the same kind.
    pub fn pays(&self, work: &Work, others: usize) -> Result<String, String> {
        let Estimate { cpu_secs, card_secs, way_secs } = self.estimate(work);
        let (here, there) = (told(cpu_secs), told(card_secs));
        // What is not exact must not hang on what else is under way.
        let queue = if work.is_exact() { 1.0 + others as f64 } else { 1.0 };
        if card_secs * MARGIN * queue <= cpu_secs {
            return Ok(format!("some {there} there, {here} on the processor"));
        }
        let both = format!("some {here} here, {there} there");
        if card_secs * MARGIN <= cpu_secs {
            let fits = if others == 1 { "another fit".to_owned() } else { format!("{others} other fits") };
            return Err(format!("the graphics card is busy with {fits} ({both})"));
        }
        let rows = crate::numeric::count(work.rows() as u64);
        if 2.0 * way_secs > card_secs {
            return Err(format!("{rows} rows are too few to be worth the way to the graphics card ({both})"));
        }
        Err(format!("the graphics card is no quicker with {rows} rows ({both})"))
    }
}

/// Seconds with about two digits that count.
fn told(secs: f64) -> String {
    match secs {
        s if s < 0.095 => format!("{} ms", (s * 1e3).round().max(1.0)),
        s if s < 0.95 => format!("{s:.2} s"),
        s if s < 9.5 => format!("{s:.1} s"),
        s => format!("{s:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card that sums twenty times as fast as a thread and multiplies a thousand times as fast.
    fn measured() -> Measured {
        Measured {
            answer_secs: 1e-4,
            launch_secs: 5e-6,
            upload: 5e9,
            download: 2.5e9,
            card_cells: 2e10,
            cpu_cells: 1e9,
            card_products: 5e12,
            cpu_products: 5e9,
        }
    }

    fn costs() -> Costs {
        measured().into()
    }

    fn trees(rows: usize) -> Work {
        Work::Trees { rows, features: 28, leaves: 32, rounds: 100, outputs: 1, threads: 1 }
    }

    #[test]
    fn seconds_of_trees_are_sums_of_parts() {
        let found = costs().estimate(&trees(1_000_000));
        // 1e6 × 28 × 0.3 × 6 = 50.4e6 cells and 25e6 for the rows, a tree.
        assert!((found.cpu_secs - 100.0 * (0.0504 + 0.025)).abs() < 1e-9, "{found:?}");
        // Bins and scores once, and 170 kernels a tree.
        let way = 44e6 / 5e9 + 100.0 * 170.0 * 5e-6 + 1e-4;
        assert!((found.way_secs - way).abs() < 1e-9, "{found:?}");
        assert!((found.card_secs - way - 100.0 * 75.4e6 / 2e10).abs() < 1e-9, "{found:?}");
        let four =
            Work::Trees { rows: 1_000_000, features: 28, leaves: 32, rounds: 25, outputs: 4, threads: 1 };
        assert_eq!(costs().estimate(&four), found);
        let Work::Trees { rows, features, leaves, rounds, outputs, .. } = four else { unreachable!() };
        let threads = Work::Trees { rows, features, leaves, rounds, outputs, threads: 3 };
        assert!((costs().estimate(&threads).cpu_secs - found.cpu_secs / 2.7).abs() < 1e-9);
    }

    #[test]
    fn many_rows_pay_and_few_do_not() {
        let costs = costs();
        let yes = costs.pays(&trees(1_000_000), 0).expect("many rows");
        assert_eq!(yes, "some 0.47 s there, 7.5 s on the processor");
        let no = costs.pays(&trees(5_000), 0).expect_err("few rows");
        let words = "5,000 rows are too few to be worth the way to the graphics card (some ";
        assert!(no.starts_with(words), "{no}");
        let slow = Costs { card_cells: 1e8, ..costs };
        let no = slow.pays(&trees(1_000_000), 0).expect_err("a slow card");
        assert!(no.starts_with("the graphics card is no quicker with 1,000,000 rows"), "{no}");
    }

    #[test]
    fn a_busy_card_is_left_alone_by_what_is_exact() {
        let costs = costs();
        assert!(costs.pays(&trees(1_000_000), 0).is_ok());
        let no = costs.pays(&trees(1_000_000), 20).expect_err("a busy card");
        assert!(no.starts_with("the graphics card is busy with 20 other fits"), "{no}");
        let networks = Work::Networks {
            rows: 100_000,
            inputs: 50,
            weights: 10_000,
            layers: 3,
            epochs: 10,
            batch: 256,
            networks: 64,
            threads: 1,
        };
        assert_eq!(costs.pays(&networks, 0), costs.pays(&networks, 50));
        let found = costs.estimate(&networks);
        // 3 × 10⁴ × 10⁵ × 64 × 10 products.
        assert!((found.cpu_secs - 1.92e12 / 5e9).abs() < 1e-6, "{found:?}");
        let way = 0.004 + 3910.0 * 3.0 * 4.0 * 5e-6 + 10.0 * 1e-4;
        assert!((found.card_secs - way - 1.92e12 / 5e12).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn predictions_of_many_rows_pay() {
        let costs = costs();
        let trees = |rows| Work::Ensemble { rows, features: 28, trees: 100, leaves: 3_200, outputs: 1 };
        let found = costs.estimate(&trees(1_000_000));
        // Five levels and the leaf.
        assert!((found.cpu_secs - 6e8 * 6.0 / 1e9).abs() < 1e-9, "{found:?}");
        let way = 1e6 * 120.0 / 5e9 + 8e6 / 2.5e9 + 1e-4;
        assert!((found.card_secs - way - 6e8 * 2.0 / 2e10).abs() < 1e-9, "{found:?}");
        assert!(costs.pays(&trees(1_000_000), 0).is_ok() && costs.pays(&trees(10), 0).is_err());
    }

    #[test]
    fn many_pairs_of_rows_pay_and_few_do_not() {
        let costs = costs();
        let pairs = |rows, asked| Work::Neighbours { rows, asked, features: 20 };
        let found = costs.estimate(&pairs(100_000, 20_000));
        assert!((found.cpu_secs - 2e9 * 20.0 * 1.5 / 5e9).abs() < 1e-9, "{found:?}");
        let way = 120_000.0 * 80.0 / 5e9 + 20_000.0 * 400.0 / 2.5e9 + 1e-4;
        assert!((found.card_secs - way - 2e9 * 70.0 / 5e12).abs() < 1e-9, "{found:?}");
        assert!(costs.pays(&pairs(100_000, 20_000), 0).is_ok() && costs.pays(&pairs(100, 10), 0).is_err());
        assert!(pairs(1, 1).is_exact());
    }

    #[test]
    fn what_was_measured_is_kept_and_nothing_else_is_taken_for_it() {
        let costs = costs();
        assert_eq!(Costs::from_json(&costs.to_json()), Some(costs));
        for wrong in ["", "{}", "[1]", "{\"version\":2}"] {
            assert_eq!(Costs::from_json(wrong), None, "{wrong}");
        }
        assert_eq!(Costs::from_json(&costs.to_json().replace("\"version\":2", "\"version\":0")), None);
        let negative = Costs { upload: -1.0, ..costs };
        assert_eq!(Costs::from_json(&negative.to_json()), None);
        // A clock that stands still.
        let none = Measured { card_cells: f64::INFINITY, answer_secs: 0.0, upload: f64::NAN, ..measured() };
        let still = Costs::from(none);
        assert!(still.card_cells == 1e15 && still.answer_secs > 0.0);
        assert!(still.pays(&trees(1_000_000), 0).is_ok());
    }

    #[test]
    fn seconds_have_two_digits() {
        let all = [0.0, 0.0021, 0.05, 0.949, 1.04, 9.4, 13.6].map(told);
        assert_eq!(all, ["1 ms", "2 ms", "50 ms", "0.95 s", "1.0 s", "9.4 s", "14 s"]);
    }
}
