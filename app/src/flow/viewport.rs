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
const FIT_MARGIN: f64 = 56.0;
/// A wheel's click is some 100 pixels; this many zoom by e.
const WHEEL_PIXELS: f64 = 500.0;
/// Pinches come as wheels of few pixels.
const PINCH_PIXELS: f64 = 100.0;
/// Pixels of a line, where a browser counts lines.
const LINE: f64 = 16.0;
/// Pixels from an edge within which a drag pans, and pixels a second at the edge itself.
const EDGE: f64 = 40.0;
const EDGE_SPEED: f64 = 1_200.0;
/// Pixels left free between what is brought into sight and what would hide it.
const SIGHT_MARGIN: f64 = 16.0;
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

/// How fast a drag that began at `start` and is at `at` pans a canvas of this size, in pixels of the screen a second: the
/// faster the deeper it is in the margin, and only towards an edge to which it has come nearer.
pub fn edge_speed(start: Place, at: Place, width: f64, height: f64) -> Place {
    let along = |start: f64, at: f64, size: f64| {
        let depth = |from_edge: f64| ((EDGE - from_edge) / EDGE).clamp(0.0, 1.0);
        // A small canvas is not all margin.
        if size < 4.0 * EDGE {
            return 0.0;
        }
        let (low, high) = (depth(at), depth(size - at));
        if at < start && low > 0.0 {
            low * low * EDGE_SPEED
        } else if at > start && high > 0.0 {
            -high * high * EDGE_SPEED
        } else {
            0.0
        }
    };
    Place { x: along(start.x, at.x, width), y: along(start.y, at.y, height) }
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

    /// Where a rectangle of the world is on the screen.
    pub fn rect_to_screen(self, world: Rect) -> Rect {
        Rect::new(self.to_screen(world.place()), world.width * self.zoom, world.height * self.zoom)
    }

    /// Panned no farther than needed to see `world`, which then lies under none of `covers` (rectangles of the screen),
    /// where there is room for that.
    pub fn showing(self, world: Rect, width: f64, height: f64, covers: &[Rect]) -> Self {
        let rect = self.rect_to_screen(world);
        let least = |from: f64, size: f64, room: f64| {
            let by = if from < SIGHT_MARGIN || size > room - 2.0 * SIGHT_MARGIN {
                SIGHT_MARGIN - from
            } else {
                (room - SIGHT_MARGIN - (from + size)).min(0.0)
            };
            // Less than can be seen comes of rounding.
            if by.abs() < 0.01 { 0.0 } else { by }
        };
        let (dx, dy) = (least(rect.x, rect.width, width), least(rect.y, rect.height, height));
        // Aside of a cover or above it.
        let (mut across, mut down) = (vec![dx], vec![dy]);
        for cover in covers {
            let cover = cover.grown(SIGHT_MARGIN / 2.0 + 1.0);
            across.extend([cover.x - rect.right(), cover.right() - rect.x]);
            down.extend([cover.y - rect.bottom(), cover.bottom() - rect.y]);
        }
        let screen = Rect { x: 0.0, y: 0.0, width, height };
        let is_seen = |by: Place| {
            let rect = rect.moved(by);
            screen.holds(rect) && covers.iter().all(|c| !c.grown(SIGHT_MARGIN / 2.0).touches(rect))
        };
        let ways = across.iter().flat_map(|x| down.iter().map(|y| Place { x: *x, y: *y }));
        let far = |by: &Place| by.x.abs() + by.y.abs();
        let best = ways.filter(|by| is_seen(*by)).min_by(|a, b| far(a).total_cmp(&far(b)));
        let by = best.unwrap_or(Place { x: dx, y: dy });
        self.panned(by.x, by.y)
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
            let moved = Viewport::default().showing(node, 1440.0, 900.0, &[]);
            assert!(moved.seen(1440.0, 900.0).contains(place), "{place:?}");
        }
    }

    #[test]
    fn what_is_shown_lies_under_nothing() {
        let map = Rect { x: 812.0, y: 476.0, width: 176.0, height: 112.0 };
        let bar = Rect { x: 12.0, y: 548.0, width: 176.0, height: 40.0 };
        let check = |x: f64, y: f64, expected: (f64, f64)| {
            let node = Rect { x, y, width: 208.0, height: 80.0 };
            let view = Viewport::default().showing(node, 1000.0, 600.0, &[map, bar]);
            assert_eq!((view.x, view.y), expected, "{x} {y}");
        };
        check(300.0, 200.0, (0.0, 0.0));
        // Off an edge; above the map; left of it; above the bar.
        check(900.0, 100.0, (-124.0, 0.0));
        check(700.0, 400.0, (0.0, -13.0));
        check(620.0, 480.0, (-25.0, 0.0));
        check(40.0, 490.0, (0.0, -31.0));
        // Larger than the screen: its beginning.
        let wide = Rect { x: 0.0, y: 0.0, width: 3000.0, height: 80.0 };
        assert_eq!(Viewport::default().showing(wide, 1000.0, 600.0, &[map]).x, 16.0);

        let mut rng = Rng::new(5);
        let mut within = |low: f64, high: f64| low + (high - low) * rng.uniform();
        for _ in 0..2_000 {
            let view = Viewport { x: within(-2e3, 2e3), y: within(-2e3, 2e3), zoom: within(0.3, 1.5) };
            let node = Rect { x: within(-3e3, 3e3), y: within(-3e3, 3e3), width: 208.0, height: 80.0 };
            let shown = view.showing(node, 1000.0, 600.0, &[map, bar]);
            let rect = shown.rect_to_screen(node);
            assert!(Rect { x: 0.0, y: 0.0, width: 1000.0, height: 600.0 }.holds(rect), "{view:?} {node:?}");
            assert!(!map.touches(rect) && !bar.touches(rect), "{view:?} {node:?}");
            // What is seen already does not move.
            assert_eq!(shown.showing(node, 1000.0, 600.0, &[map, bar]), shown, "{view:?} {node:?}");
        }
    }

    #[test]
    fn the_deeper_in_the_margin_the_faster() {
        let check = |start: (f64, f64), at: (f64, f64), expected: (f64, f64)| {
            let place = |(x, y)| Place { x, y };
            let found = edge_speed(place(start), place(at), 1000.0, 600.0);
            assert_eq!((found.x + 0.0, found.y + 0.0), expected, "{start:?} {at:?}");
        };
        check((500.0, 300.0), (500.0, 300.0), (0.0, 0.0));
        check((500.0, 300.0), (20.0, 300.0), (300.0, 0.0));
        check((500.0, 300.0), (-80.0, 300.0), (1200.0, 0.0));
        check((500.0, 300.0), (980.0, 600.0), (-300.0, -1200.0));
        // Pressed in the margin and moved away from the edge.
        check((10.0, 300.0), (30.0, 300.0), (0.0, 0.0));
        check((30.0, 300.0), (20.0, 300.0), (300.0, 0.0));
        let small = edge_speed(Place { x: 50.0, y: 50.0 }, Place { x: 0.0, y: 0.0 }, 100.0, 100.0);
        assert_eq!((small.x, small.y), (0.0, 0.0));
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
        assert_eq!(view, Viewport { x: 106.0, y: 340.0, zoom: 0.5 });
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
