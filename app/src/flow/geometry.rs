//! Rectangles and curves on the canvas, in units of a pixel at 100 %; y grows downward.

use automl_core::document::Place;
use std::fmt::Write;

/// What places are rounded to.
pub const GRID: f64 = 8.0;
/// How far a wire leaves its port sideways, at least and at most.
const LEAST_BEND: f64 = 32.0;
const MOST_BEND: f64 = 160.0;
/// Straight pieces that stand for a curve where distances are taken.
const PIECES: u32 = 24;

/// The place rounded to the grid.
pub fn on_grid(place: Place) -> Place {
    Place { x: (place.x / GRID).round() * GRID, y: (place.y / GRID).round() * GRID }
}

/// The place moved.
pub fn moved(place: Place, by: Place) -> Place {
    Place { x: place.x + by.x, y: place.y + by.y }
}

/// From `from` to `to`.
pub fn between(from: Place, to: Place) -> Place {
    Place { x: to.x - from.x, y: to.y - from.y }
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub fn new(place: Place, width: f64, height: f64) -> Self {
        Self { x: place.x, y: place.y, width, height }
    }

    /// The rectangle with these two opposite corners.
    pub fn spanned(a: Place, b: Place) -> Self {
        let (x, y) = (a.x.min(b.x), a.y.min(b.y));
        Self { x, y, width: (a.x - b.x).abs(), height: (a.y - b.y).abs() }
    }

    pub fn place(self) -> Place {
        Place { x: self.x, y: self.y }
    }

    pub fn right(self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(self) -> f64 {
        self.y + self.height
    }

    pub fn centre(self) -> Place {
        Place { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    pub fn moved(self, by: Place) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y, ..self }
    }

    /// Larger by `margin` on every side.
    pub fn grown(self, margin: f64) -> Self {
        Self {
            x: self.x - margin,
            y: self.y - margin,
            width: self.width + 2.0 * margin,
            height: self.height + 2.0 * margin,
        }
    }

    pub fn contains(self, p: Place) -> bool {
        p.x >= self.x && p.x <= self.right() && p.y >= self.y && p.y <= self.bottom()
    }

    pub fn touches(self, other: Self) -> bool {
        self.x <= other.right()
            && other.x <= self.right()
            && self.y <= other.bottom()
            && other.y <= self.bottom()
    }

    /// Whether all of the other lies in it.
    pub fn holds(self, other: Self) -> bool {
        self.contains(other.place()) && self.contains(Place { x: other.right(), y: other.bottom() })
    }

    /// The smallest rectangle around both.
    pub fn around(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// The smallest rectangle around all of them.
    pub fn around_all(rects: impl IntoIterator<Item = Self>) -> Option<Self> {
        rects.into_iter().reduce(Self::around)
    }
}

/// A wire as it is drawn: a cubic Bézier curve that leaves its output rightward and reaches its input rightward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    pub from: Place,
    pub to: Place,
}

impl Curve {
    fn bend(self) -> f64 {
        let (dx, dy) = ((self.to.x - self.from.x).abs(), (self.to.y - self.from.y).abs());
        (dx / 2.0).max(dy.min(80.0) / 2.0).clamp(LEAST_BEND, MOST_BEND)
    }

    /// The `d` of an SVG path.
    pub fn path(self) -> String {
        let (Place { x: x1, y: y1 }, Place { x: x2, y: y2 }, bend) = (self.from, self.to, self.bend());
        let mut out = String::with_capacity(64);
        // Writing into memory cannot fail.
        let _ =
            write!(out, "M{x1:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}", x1 + bend, x2 - bend);
        out
    }

    /// The point at `t` in [0, 1].
    pub fn at(self, t: f64) -> Place {
        let (u, bend) = (1.0 - t, self.bend());
        let (a, b, c, d) = (u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t);
        Place {
            x: a * self.from.x + b * (self.from.x + bend) + c * (self.to.x - bend) + d * self.to.x,
            y: (a + b) * self.from.y + (c + d) * self.to.y,
        }
    }

    /// How far a point is from the curve, nearly.
    pub fn distance(self, p: Place) -> f64 {
        let mut last = self.from;
        let mut least = f64::INFINITY;
        for i in 1..=PIECES {
            let next = self.at(f64::from(i) / f64::from(PIECES));
            least = least.min(to_segment(p, last, next));
            last = next;
        }
        least
    }

    /// Which end a point on it is near: `Some(true)` the one at the input. Ends reach no farther than `reach`, and no
    /// farther than a third of a short wire.
    pub fn end_near(self, p: Place, reach: f64) -> Option<bool> {
        let length = |a: Place, b: Place| {
            let d = between(a, b);
            (d.x * d.x + d.y * d.y).sqrt()
        };
        let reach = reach.min(length(self.from, self.to) / 3.0);
        let (from, to) = (length(self.from, p), length(self.to, p));
        (from.min(to) <= reach).then_some(to <= from)
    }

    /// Whether it passes through a rectangle, nearly.
    pub fn crosses(self, rect: Rect) -> bool {
        (0..=PIECES).any(|i| rect.contains(self.at(f64::from(i) / f64::from(PIECES))))
    }
}

/// Distance of a point from the straight piece between two others.
fn to_segment(p: Place, a: Place, b: Place) -> f64 {
    let (along, to) = (between(a, b), between(a, p));
    let length = along.x * along.x + along.y * along.y;
    let t = if length > 0.0 { ((to.x * along.x + to.y * along.y) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (to.x - t * along.x, to.y - t * along.y);
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Place {
        Place { x, y }
    }

    #[test]
    fn rectangles_touch_hold_and_join() {
        let a = Rect::spanned(at(10.0, 40.0), at(0.0, 0.0));
        assert_eq!(a, Rect { x: 0.0, y: 0.0, width: 10.0, height: 40.0 });
        let b = Rect { x: 20.0, y: 10.0, width: 5.0, height: 5.0 };
        assert!(!a.holds(b) && a.grown(30.0).holds(b));
        assert!(!a.touches(b) && a.grown(10.0).touches(b) && a.contains(at(10.0, 40.0)));
        assert_eq!(Rect::around_all([a, b]), Some(Rect { x: 0.0, y: 0.0, width: 25.0, height: 40.0 }));
        assert_eq!(Rect::around_all([]), None);
        assert_eq!(on_grid(at(11.9, -13.0)), at(8.0, -16.0));
    }

    #[test]
    fn a_curve_begins_and_ends_at_its_ports_and_is_near_itself() {
        for (from, to) in [(at(0.0, 0.0), at(300.0, 80.0)), (at(50.0, 0.0), at(-200.0, -40.0))] {
            let curve = Curve { from, to };
            assert_eq!((curve.at(0.0), curve.at(1.0)), (from, to));
            for i in 0..=10 {
                assert!(curve.distance(curve.at(f64::from(i) / 10.0)) < 1.5);
            }
            assert!(curve.distance(at(0.0, 500.0)) > 100.0);
            assert!(curve.crosses(Rect::new(curve.at(0.5), 1.0, 1.0).grown(10.0)));
            assert!(!curve.crosses(Rect::new(at(0.0, 900.0), 50.0, 50.0)));
        }
        let check = |to: f64, at: f64, expected: Option<bool>| {
            let curve = Curve { from: Place { x: 0.0, y: 0.0 }, to: Place { x: to, y: 0.0 } };
            assert_eq!(curve.end_near(Place { x: at, y: 3.0 }, 30.0), expected, "{to} {at}");
        };
        check(300.0, 20.0, Some(false));
        check(300.0, 280.0, Some(true));
        check(300.0, 150.0, None);
        check(60.0, 30.0, None);
        check(60.0, 45.0, Some(true));
        let straight = Curve { from: at(0.0, 0.0), to: at(100.0, 0.0) };
        assert_eq!(straight.path(), "M0.0 0.0C50.0 0.0 50.0 0.0 100.0 0.0");
        assert!((straight.distance(at(50.0, 7.0)) - 7.0).abs() < 1e-9);
    }
}
