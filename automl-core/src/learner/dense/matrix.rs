//! Frames as matrices. A cell that is missing, not finite, or of a column that is not numeric counts as 0, the mean.

use crate::node::Frame;
use crate::numeric::mean;
use std::borrow::Cow;

/// Rows that prediction lays out at a time.
pub const BLOCK: usize = 256;

fn cell(x: f32) -> f32 {
    if x.is_finite() { x } else { 0.0 }
}

/// Lays rows `start .. start + rows` of the first `features` columns out in `out`, row by row.
pub fn load<T: Copy + From<f32>>(
    frame: &Frame,
    features: usize,
    start: usize,
    rows: usize,
    out: &mut Vec<T>,
) {
    out.clear();
    out.resize(rows * features, T::from(0.0));
    for j in 0..features {
        let values = frame.numeric(j).and_then(|v| v.get(start..)).unwrap_or(&[]);
        for (place, &x) in out.iter_mut().skip(j).step_by(features).zip(values) {
            *place = T::from(cell(x));
        }
    }
}

/// The whole frame, row by row.
pub fn row_major<T: Copy + From<f32>>(frame: &Frame, features: usize) -> Vec<T> {
    let mut out = Vec::new();
    load(frame, features, 0, frame.rows, &mut out);
    out
}

/// Calls `each` with the first row and the cells of every block of rows.
pub fn for_blocks<T: Copy + From<f32>>(
    frame: &Frame,
    features: usize,
    mut each: impl FnMut(usize, usize, &[T]),
) {
    let mut block = Vec::new();
    for start in (0..frame.rows).step_by(BLOCK) {
        let rows = BLOCK.min(frame.rows - start);
        load(frame, features, start, rows, &mut block);
        each(start, rows, &block);
    }
}

/// The squared width of a Gaussian kernel between rows × features, row-major: `width` times the sum of the features' variances.
pub fn squared_width<T: Copy + Into<f64>>(cells: &[T], features: usize, width: f64) -> f64 {
    let variance = |j: usize| {
        let column: Vec<f64> = cells.iter().skip(j).step_by(features).map(|&x| x.into()).collect();
        let center = mean(&column);
        mean(&column.iter().map(|x| (x - center) * (x - center)).collect::<Vec<f64>>())
    };
    let squared = (0..features).map(variance).sum::<f64>() * width;
    // Rows that are all alike have no spread, and rows at the ends of the range have one that overflows.
    if squared > 1e-12 && squared < 1e200 { squared } else { 1.0 }
}

/// The columns, each with `frame.rows` finite values; not copied where they are so already.
pub fn columns(frame: &Frame) -> Vec<Cow<'_, [f32]>> {
    let column = |j| match frame.numeric(j) {
        Some(v) if v.len() == frame.rows && v.iter().all(|x| x.is_finite()) => Cow::Borrowed(v),
        other => {
            let mut copy: Vec<f32> = other.unwrap_or(&[]).iter().map(|&x| cell(x)).collect();
            copy.resize(frame.rows, 0.0);
            Cow::Owned(copy)
        }
    };
    (0..frame.columns.len()).map(column).collect()
}
