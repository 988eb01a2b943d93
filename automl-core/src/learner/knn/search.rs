//! Brute-force search. Training rows are laid out in tiles, feature by feature, so that a tile's distances to a row
//! are summed side by side; each distance still adds its terms in the features' order.

/// Training rows of a tile.
const TILE: usize = 128;

/// Training rows, laid out for the search.
pub struct Tiles {
    /// Tile × feature × [`TILE`] rows; the last tile is filled up.
    cells: Vec<f32>,
    rows: usize,
    features: usize,
}

/// A row's nearest, nearest first.
pub struct Nearest {
    k: usize,
    /// Squared distance and training row.
    pub found: Vec<(f32, u32)>,
}

impl Tiles {
    /// Of `cells`, rows × features, row-major; `features` is at least 1.
    pub fn new(cells: &[f32], features: usize) -> Self {
        let rows = cells.len() / features;
        let mut tiled = vec![0.0; rows.div_ceil(TILE) * TILE * features];
        for (i, row) in cells.chunks_exact(features).enumerate() {
            let start = i / TILE * TILE * features + i % TILE;
            for (place, &x) in tiled[start..].iter_mut().step_by(TILE).zip(row) {
                *place = x;
            }
        }
        Self { cells: tiled, rows, features }
    }

    /// Looks for the nearest of each row of `block`, rows × features.
    pub fn search(&self, block: &[f32], nearest: &mut [Nearest]) {
        nearest.iter_mut().for_each(|n| n.found.clear());
        for (t, tile) in self.cells.chunks_exact(TILE * self.features).enumerate() {
            let first = t * TILE;
            let rows = TILE.min(self.rows - first);
            for (x, nearest) in block.chunks_exact(self.features).zip(nearest.iter_mut()) {
                let mut distances = [0.0f32; TILE];
                for (column, &x) in tile.chunks_exact(TILE).zip(x) {
                    for (d, &y) in distances.iter_mut().zip(column) {
                        *d += (x - y) * (x - y);
                    }
                }
                for (i, &d) in distances[..rows].iter().enumerate() {
                    nearest.offer(d, (first + i) as u32);
                }
            }
        }
    }
}

impl Nearest {
    pub fn new(k: usize) -> Self {
        Self { k, found: Vec::new() }
    }

    /// The nearest among some rows of `cells`, rows × features: their numbers ascend, and none of the nearest is missing.
    #[cfg(feature = "gpu")]
    pub fn search_among(&mut self, some: &[u32], cells: &[f32], asked: &[f32]) {
        self.found.clear();
        for &row in some {
            let from = row as usize * asked.len();
            let known = cells.get(from..from + asked.len()).unwrap_or(&[]);
            // As a tile adds it up.
            let distance = asked.iter().zip(known).fold(0.0f32, |sum, (x, y)| sum + (x - y) * (x - y));
            self.offer(distance, row);
        }
    }

    /// Keeps a row where it is among the nearest so far; of rows equally far, the first.
    #[inline(always)]
    fn offer(&mut self, distance: f32, row: u32) {
        if self.found.len() == self.k {
            if self.found.last().is_none_or(|last| distance >= last.0) {
                return;
            }
            self.found.pop();
        }
        let at = self.found.partition_point(|f| f.0 <= distance);
        self.found.insert(at, (distance, row));
    }
}
