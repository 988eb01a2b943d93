//! Which part of the canvas is seen, and how large. `screen` is pixels from the canvas's upper left corner.

use super::geometry::Rect;
use automl_core::document::Place;
use automl_core::numeric::math;

pub const LEAST_ZOOM: f64 = 0.1;
pub const MOST_ZOOM: f64 = 3.0;
/// A step of the keys + and −.
pub const ZOOM_STEP: f64 = 1.25;
/// What a pipeline opens at, at least: smaller is hard to read.
pub const READABLE_ZOOM: f64 = 0.6;
/// Pixels left free around what is made to fit.
const FIT_MARGIN: f64 = 40.0;
/// A wheel's click is some 100 pixels; this many zoom by e.
const WHEEL_PIXELS: f64 = 500.0;
/// Pinches come as wheels of few pixels.
const PINCH_PIXELS: f64 = 100.0;
/// Pixels of a line, where a browser counts lines.
const LINE: f64 = 16.0;
/// A wheel turns by no less at a time; less comes of two fingers on a pad.
const LEAST_CLICK: f64 = 50.0;

/// screen = world × `zoom` + (`x`, `y`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    pub x: f64,
    pub y: f64,
    pub zoom: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { x: 0.0, y: 0.0, zoom: 1.0 }
    }
}

/// What a turn of the wheel means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Turn {
    /// By so many pixels of the screen.
    Pan(f64, f64),
    /// By a factor, at the cursor.
    Zoom(f64),
}

/// `mode`: 0 pixels, 1 lines, 2 pages, as browsers tell it. A wheel zooms; with shift it pans sideways, and two fingers
/// on a pad pan; with ctrl, which browsers also tell of a pinch, it always zooms.
pub fn turn(dx: f64, dy: f64, mode: u32, ctrl: bool, shift: bool) -> Turn {
    let unit = match mode {
        0 => 1.0,
        1 => LINE,
        _ => LINE * 20.0,
    };
    let (dx, dy) = (dx * unit, dy * unit);
    let is_wheel = mode > 0 || (dx == 0.0 && dy.abs() >= LEAST_CLICK);
    if ctrl {
        let pixels = if is_wheel { WHEEL_PIXELS } else { PINCH_PIXELS };
        Turn::Zoom(math::exp((-dy / pixels).clamp(-1.0, 1.0)))
    } else if shift {
        Turn::Pan(if dx == 0.0 { -dy } else { -dx }, 0.0)
    } else if is_wheel {
        Turn::Zoom(math::exp((-dy / WHEEL_PIXELS).clamp(-1.0, 1.0)))
    } else {
        Turn::Pan(-dx, -dy)
    }
}

impl Viewport {
    pub fn to_world(self, screen: Place) -> Place {
        Place { x: (screen.x - self.x) / self.zoom, y: (screen.y - self.y) / self.zoom }
    }

    pub fn to_screen(self, world: Place) -> Place {
        Place { x: world.x * self.zoom + self.x, y: world.y * self.zoom + self.y }
    }

    pub fn panned(self, dx: f64, dy: f64) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..self }
    }

    /// Zoomed by a factor; what is under `at` (screen) stays there.
    pub fn zoomed(self, factor: f64, at: Place) -> Self {
        let zoom = (self.zoom * factor).clamp(LEAST_ZOOM, MOST_ZOOM);
        let world = self.to_world(at);
        Self { x: at.x - world.x * zoom, y: at.y - world.y * zoom, zoom }
    }

    /// All of `world` in the middle of a canvas of this size, at no more than 100 %.
    pub fn fitting(world: Rect, width: f64, height: f64) -> Self {
        let room = |size: f64| (size - 2.0 * FIT_MARGIN).max(size / 2.0).max(1.0);
        let zoom = (room(width) / world.width.max(1.0)).min(room(height) / world.height.max(1.0));
        let zoom = zoom.clamp(LEAST_ZOOM, 1.0);
        let centre = world.centre();
        Self { x: width / 2.0 - centre.x * zoom, y: height / 2.0 - centre.y * zoom, zoom }
    }

    /// As [`Self::fitting`], or, where that would be too small to read, the beginning of `world` at `least`.
    pub fn opening(world: Rect, width: f64, height: f64, least: f64) -> Self {
        let whole = Self::fitting(world, width, height);
        if whole.zoom >= least {
            return whole;
        }
        let tall = world.height * least > height - 2.0 * FIT_MARGIN;
        let y = if tall { FIT_MARGIN - world.y * least } else { height / 2.0 - world.centre().y * least };
        Self { x: FIT_MARGIN - world.x * least, y, zoom: least }
    }

    /// What of the world is seen on a canvas of this size.
    pub fn seen(self, width: f64, height: f64) -> Rect {
        Rect::new(self.to_world(Place::default()), width.max(1.0) / self.zoom, height.max(1.0) / self.zoom)
    }

    /// Panned no farther than needed to see `world`.
    pub fn showing(self, world: Rect, width: f64, height: f64) -> Self {
        let seen = self.seen(width, height);
        let margin = 16.0 / self.zoom;
        let shift = |from: f64, to: f64, low: f64, high: f64| {
            if from - margin < low || to - from > high - low {
                low - (from - margin)
            } else if to + margin > high {
                high - (to + margin)
            } else {
                0.0
            }
        };
        let dx = shift(world.x, world.right(), seen.x, seen.right());
        let dy = shift(world.y, world.bottom(), seen.y, seen.bottom());
        self.panned(dx * self.zoom, dy * self.zoom)
    }

    /// The point `world` in the middle.
    pub fn centred(self, world: Place, width: f64, height: f64) -> Self {
        Self { x: width / 2.0 - world.x * self.zoom, y: height / 2.0 - world.y * self.zoom, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_core::numeric::Rng;

    #[test]
    fn zooming_leaves_what_is_under_the_cursor() {
        let mut rng = Rng::new(1);
        let mut within = |low: f64, high: f64| low + (high - low) * rng.uniform();
        for _ in 0..2_000 {
            let view = Viewport { x: within(-1e4, 1e4), y: within(-1e4, 1e4), zoom: within(0.1, 3.0) };
            let at = Place { x: within(0.0, 2e3), y: within(0.0, 2e3) };
            let zoomed = view.zoomed(within(0.1, 10.0), at);
            let (before, after) = (view.to_world(at), zoomed.to_world(at));
            assert!((before.x - after.x).abs() < 1e-6 && (before.y - after.y).abs() < 1e-6, "{view:?}");
            assert!((LEAST_ZOOM..=MOST_ZOOM).contains(&zoomed.zoom));
            let back = view.to_screen(before);
            assert!((back.x - at.x).abs() < 1e-6 && (back.y - at.y).abs() < 1e-6, "{view:?}");
        }
    }

    #[test]
    fn what_fits_is_seen() {
        let mut rng = Rng::new(2);
        let mut within = |low: f64, high: f64| low + (high - low) * rng.uniform();
        for _ in 0..2_000 {
            let place = Place { x: within(-1e4, 1e4), y: within(-1e4, 1e4) };
            let world = Rect::new(place, within(10.0, 5e3), within(10.0, 5e3));
            let seen = Viewport::fitting(world, 1440.0, 900.0).seen(1440.0, 900.0);
            assert!(seen.contains(place) && seen.contains(Place { x: world.right(), y: world.bottom() }));
            let node = Rect::new(place, 200.0, 80.0);
            let moved = Viewport::default().showing(node, 1440.0, 900.0);
            assert!(moved.seen(1440.0, 900.0).contains(place), "{place:?}");
        }
    }

    #[test]
    fn wheels_zoom_and_pads_pan() {
        let check = |dx, dy, mode, ctrl, shift, expected: &str| {
            let found = match turn(dx, dy, mode, ctrl, shift) {
                // Adding zero makes −0 into 0.
                Turn::Pan(x, y) => format!("pan {} {}", x + 0.0, y + 0.0),
                Turn::Zoom(f) => (if f > 1.0 { "in" } else { "out" }).to_owned(),
            };
            assert_eq!(found, expected, "{dx} {dy} {mode} {ctrl} {shift}");
        };
        check(0.0, 100.0, 0, false, false, "out");
        check(0.0, -100.0, 0, false, false, "in");
        check(0.0, 3.0, 1, false, false, "out");
        check(0.0, 100.0, 0, false, true, "pan -100 0");
        check(30.0, 0.0, 0, false, true, "pan -30 0");
        check(4.0, 7.0, 0, false, false, "pan -4 -7");
        check(0.0, 7.0, 0, false, false, "pan 0 -7");
        check(0.0, -2.5, 0, true, false, "in");
    }

    #[test]
    fn a_long_pipeline_opens_at_its_beginning() {
        let long = Rect { x: -100.0, y: 20.0, width: 4000.0, height: 200.0 };
        let view = Viewport::opening(long, 400.0, 800.0, 0.5);
        assert_eq!(view, Viewport { x: 90.0, y: 340.0, zoom: 0.5 });
        let short = Rect { width: 300.0, ..long };
        assert_eq!(Viewport::opening(short, 400.0, 800.0, 0.5), Viewport::fitting(short, 400.0, 800.0));
    }

    #[test]
    fn few_nodes_are_not_blown_up() {
        let view = Viewport::fitting(Rect { x: 0.0, y: 0.0, width: 200.0, height: 80.0 }, 1000.0, 600.0);
        assert_eq!(view, Viewport { x: 400.0, y: 260.0, zoom: 1.0 });
        assert_eq!(
            view.centred(Place { x: 0.0, y: 0.0 }, 100.0, 50.0),
            Viewport { x: 50.0, y: 25.0, zoom: 1.0 }
        );
    }
}
