//! Where what is dragged comes to rest: in line with others, or on the grid.

use super::geometry::{Rect, on_grid};
use automl_core::document::Place;

/// A line that shows what is aligned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guide {
    pub from: Place,
    pub to: Place,
}

/// Edges and centre along one axis.
fn marks(low: f64, size: f64) -> [f64; 3] {
    [low, low + size / 2.0, low + size]
}

/// The shift, and the mark of the others that is met, of the least shift within `reach`.
fn nearest(of: [f64; 3], others: impl Iterator<Item = [f64; 3]>, reach: f64) -> Option<(f64, f64)> {
    let pairs = others.flat_map(|marks| marks.map(|to| of.map(|from| (to - from, to))).concat());
    pairs.filter(|(by, _)| by.abs() <= reach).min_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
}

/// What is added to `moving` so that an edge or its centre is in line with one of `others` no farther than `reach`, or
/// else its upper left corner is on the grid; and lines that show it.
pub fn snap(moving: Rect, others: &[Rect], reach: f64) -> (Place, Vec<Guide>) {
    let across = nearest(marks(moving.x, moving.width), others.iter().map(|r| marks(r.x, r.width)), reach);
    let down = nearest(marks(moving.y, moving.height), others.iter().map(|r| marks(r.y, r.height)), reach);
    let grid = on_grid(moving.place());
    let by = Place {
        x: across.map_or(grid.x - moving.x, |(by, _)| by),
        y: down.map_or(grid.y - moving.y, |(by, _)| by),
    };
    let rest = moving.moved(by);
    let mut guides = Vec::new();
    let is_on = |low: f64, size: f64, at: f64| marks(low, size).iter().any(|m| (m - at).abs() < 0.01);
    if let Some((_, x)) = across {
        let met = others.iter().filter(|r| is_on(r.x, r.width, x)).copied();
        if let Some(all) = Rect::around_all(met.chain([rest])) {
            guides.push(Guide { from: Place { x, y: all.y }, to: Place { x, y: all.bottom() } });
        }
    }
    if let Some((_, y)) = down {
        let met = others.iter().filter(|r| is_on(r.y, r.height, y)).copied();
        if let Some(all) = Rect::around_all(met.chain([rest])) {
            guides.push(Guide { from: Place { x: all.x, y }, to: Place { x: all.right(), y } });
        }
    }
    (by, guides)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f64, y: f64) -> Rect {
        Rect { x, y, width: 208.0, height: 80.0 }
    }

    #[test]
    fn edges_and_centres_attract_and_the_grid_takes_the_rest() {
        let check = |moving: Rect, others: &[Rect], by: (f64, f64), guides: usize| {
            let (found, lines) = snap(moving, others, 6.0);
            assert_eq!(((found.x, found.y), lines.len()), (by, guides), "{moving:?}");
        };
        check(rect(13.0, 5.0), &[], (3.0, 3.0), 0);
        check(rect(303.0, 13.0), &[rect(0.0, 16.0)], (1.0, 3.0), 1);
        check(rect(4.0, 205.0), &[rect(0.0, 0.0)], (-4.0, 3.0), 1);
        check(rect(5.0, 3.0), &[rect(0.0, 0.0)], (-5.0, -3.0), 2);
        // The centre of a taller one.
        let tall = Rect { x: 500.0, y: 0.0, width: 208.0, height: 120.0 };
        check(rect(0.0, 22.0), &[tall], (0.0, -2.0), 1);
    }

    #[test]
    fn the_line_runs_along_all_that_it_meets() {
        let (_, lines) = snap(rect(3.0, 400.0), &[rect(0.0, 0.0), rect(900.0, 700.0)], 6.0);
        assert_eq!(lines, [Guide { from: Place { x: 0.0, y: 0.0 }, to: Place { x: 0.0, y: 480.0 } }]);
    }
}
