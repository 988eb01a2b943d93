//! The same on the processor, a cell after the other.

use super::super::nets::Turn;
use super::{Column, View};

const FARTHEST: f32 = 10.0;

pub fn load(turn: &Turn, view: &View, columns: &[Column], order: &[u32], cells: &[f32], scratch: &mut [f32]) {
    let (width, features) = (view.width as usize, view.features as usize);
    let columns = &columns[view.columns as usize..][..width];
    for row in 0..turn.rows as usize {
        let from = order[turn.start as usize + row] as usize * features;
        for (place, column) in columns.iter().enumerate() {
            let mut x = cells[from + column.feature as usize].clamp(-FARTHEST, FARTHEST);
            if column.is_piece == 1 {
                x = (column.low + column.slope * (x - column.start)).max(column.low).min(column.high);
            }
            scratch[view.out_at as usize + row * width + place] = x;
        }
    }
}
