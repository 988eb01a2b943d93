//! The drawing.

use super::scale::{Scale, shortened};
use super::{Paint, mark_name, ranges};
use crate::kind::{AxisScale, BoxSummary, Chart, Mark};
use crate::numeric::{figure, sort_few_by};
use std::fmt::Write;

/// Room beside the drawing for axes and titles.
const LEFT: f64 = 64.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 42.0;
/// Right of the drawing, for the names of lines.
const RIGHT_NAMED: f64 = 128.0;
const RIGHT: f64 = 16.0;
/// Pixels from one line of words to the next, and of a letter.
const LINE: f64 = 18.0;
const LETTER: f64 = 7.0;

/// Width and height, in units of a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

impl Size {
    /// Of files.
    pub const FILE: Self = Self { width: 720.0, height: 360.0 };
    /// In less nothing can be read.
    const LEAST: Self = Self { width: 240.0, height: 140.0 };

    /// A drawing for a place on the page.
    pub fn of(width: f64, height: f64) -> Self {
        let held = |x: f64, least: f64| if x.is_finite() { x.clamp(least, 4_000.0).round() } else { least };
        Self { width: held(width, Self::LEAST.width), height: held(height, Self::LEAST.height) }
    }

    /// Where the axes of a chart begin and end: x from left to right, y from low to high.
    pub fn ends(self, chart: &Chart) -> ((f64, f64), (f64, f64)) {
        let right = if chart.marks.len() > 1 { RIGHT_NAMED } else { RIGHT };
        // Categories begin at the top.
        let from_top = matches!(chart.y.scale, AxisScale::Category { .. });
        let (top, bottom) = (TOP, self.height - BOTTOM);
        ((LEFT, self.width - right), if from_top { (top, bottom) } else { (bottom, top) })
    }
}

/// Points that are drawn of a mark.
const MOST_POINTS: usize = 4_000;

struct Pen<'a> {
    out: String,
    paint: &'a Paint,
    size: Size,
    x: Scale,
    y: Scale,
}

/// A text as SVG holds it. Control characters are none.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

impl Pen<'_> {
    // Writing into a text cannot fail.
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(text);
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, fill: &str, more: &str, text: &str) {
        let text = escaped(text);
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{fill}\" {more}>{text}</text>"
        ));
    }

    /// Nothing where an end is no number.
    fn rule(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, more: &str) {
        if ![from.0, from.1, to.0, to.1].into_iter().all(f64::is_finite) {
            return;
        }
        self.put(format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{stroke}\" {more}/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// Nothing where an end is no number.
    fn rect(&mut self, a: (f64, f64), b: (f64, f64), fill: &str, more: &str) {
        if ![a.0, a.1, b.0, b.1].into_iter().all(f64::is_finite) {
            return;
        }
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\" {more}/>",
            (a.0 - b.0).abs(),
            (a.1 - b.1).abs()
        ));
    }

    fn axes(&mut self, chart: &Chart, end: f64) {
        let paint = self.paint;
        let bottom = self.size.height - BOTTOM;
        for (value, words) in apart(&self.y, LINE) {
            let y = self.y.at(value);
            self.rule((LEFT, y), (end, y), paint.line, "");
            self.text(LEFT - 8.0, y + 4.0, "end", paint.quiet, "", &shortened(&words, 9));
        }
        let widest = self.x.ticks.iter().map(|t| t.1.chars().count()).max().unwrap_or(0);
        for (value, words) in apart(&self.x, LETTER * (widest as f64 + 1.0)) {
            let x = self.x.at(value);
            self.text(x, bottom + 16.0, "middle", paint.quiet, "", &words);
        }
        self.rule((LEFT, bottom), (end, bottom), paint.quiet, "");
        let middle = f64::midpoint(LEFT, end);
        let most = (((self.size.width - 16.0) / LETTER) as usize).min(70);
        let below = self.size.height - 8.0;
        self.text(middle, below, "middle", paint.ink, "", &shortened(&chart.x.title, most));
        self.text(4.0, 14.0, "start", paint.ink, "", &shortened(&chart.y.title, most));
    }

    fn line(&mut self, points: &[(f64, f64)], band: &[(f64, f64)], color: &str) {
        if band.len() == points.len() && !band.is_empty() {
            let up = points.iter().zip(band).map(|(p, b)| (p.0, b.1));
            let down = points.iter().zip(band).rev().map(|(p, b)| (p.0, b.0));
            let around = self.path(up.chain(down));
            self.put(format_args!(
                "<path d=\"{around}Z\" fill=\"{color}\" fill-opacity=\"0.16\" stroke=\"none\"/>"
            ));
        }
        let way = self.path(points.iter().copied());
        self.put(format_args!(
            "<path d=\"{way}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-linejoin=\"round\"/>"
        ));
    }

    /// What is no number is a gap.
    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let (mut out, mut is_down) = (String::new(), false);
        for (x, y) in points {
            if x.is_finite() && y.is_finite() {
                let word = if is_down { 'L' } else { 'M' };
                let _ = write!(out, "{word}{:.1} {:.1}", self.x.at(x), self.y.at(y));
            }
            is_down = x.is_finite() && y.is_finite();
        }
        out
    }

    fn box_of(&mut self, b: &BoxSummary, half: f64, color: &str) {
        let (x, y) = (self.x.at(b.at), |pen: &Self, v: f64| pen.y.at(v));
        let (low, q1, median) = (y(self, b.low), y(self, b.q1), y(self, b.median));
        let (q3, high) = (y(self, b.q3), y(self, b.high));
        self.rule((x, low), (x, q1), color, "");
        self.rule((x, q3), (x, high), color, "");
        let more = format!("fill-opacity=\"0.2\" stroke=\"{color}\"");
        self.rect((x - half, q3), (x + half, q1), color, &more);
        self.rule((x - half, median), (x + half, median), color, "stroke-width=\"2\"");
        for v in b.outliers.iter().filter(|v| v.is_finite() && b.at.is_finite()).take(MOST_POINTS) {
            let y = self.y.at(*v);
            self.put(format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"none\" stroke=\"{color}\"/>"
            ));
        }
    }

    fn cells(&mut self, cells: &[(u32, u32, f64)], color: &str) {
        let most = cells.iter().map(|c| c.2.abs()).filter(|v| v.is_finite()).fold(0.0, f64::max).max(1e-300);
        let few = cells.len() <= 150;
        for &(column, row, value) in cells {
            let (x, y) = (f64::from(column), f64::from(row));
            let from = (self.x.at(x - 0.5) + 0.5, self.y.at(y - 0.5));
            let to = (self.x.at(x + 0.5) - 0.5, self.y.at(y + 0.5));
            let share = if value.is_finite() { value.abs() / most } else { 0.0 };
            // Below 0 in the second colour; the number stands there too.
            let fill = if value < 0.0 { self.paint.series[1] } else { color };
            self.rect(from, to, fill, &format!("fill-opacity=\"{:.2}\"", 0.05 + 0.6 * share));
            if few {
                let is_count = value.fract() == 0.0 && value.abs() < 1e9;
                let words = if is_count { format!("{value:.0}") } else { figure(value) };
                let ink = self.paint.ink;
                let middle = (f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1) + 4.0);
                self.text(middle.0, middle.1, "middle", ink, "", &words);
            }
        }
    }

    /// `number`: which of so many marks it is.
    fn mark(&mut self, mark: &Mark, number: usize, of: usize) {
        let color = self.paint.series[number % self.paint.series.len()];
        match mark {
            Mark::Bars { bars, .. } => {
                let floor = self.y.at(self.y.floor());
                let opacity = if of > 1 { "fill-opacity=\"0.6\"" } else { "fill-opacity=\"0.85\"" };
                for bar in bars.iter().filter(|b| b.value.is_finite()) {
                    let (from, to) = (self.x.at(bar.from), self.x.at(bar.to));
                    let gap = if (to - from).abs() > 3.0 { 0.5 } else { 0.0 };
                    self.rect((from + gap, self.y.at(bar.value)), (to - gap, floor), color, opacity);
                }
            }
            Mark::Points { points, .. } => {
                let radius = if points.len() > 400 { 2.0 } else { 3.0 };
                let sound = points.iter().filter(|p| p.0.is_finite() && p.1.is_finite());
                for p in sound.take(MOST_POINTS) {
                    let (x, y) = (self.x.at(p.0), self.y.at(p.1));
                    self.put(format_args!(
                        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{color}\" fill-opacity=\"0.5\"/>"
                    ));
                }
            }
            Mark::Line { points, band, .. } => self.line(points, band, color),
            Mark::Boxes { boxes, .. } => {
                let apart = (self.x.at(1.0) - self.x.at(0.0)).abs();
                let half = (0.3 * apart).clamp(3.0, 32.0);
                boxes.iter().for_each(|b| self.box_of(b, half, color));
            }
            Mark::Cells { cells, .. } => self.cells(cells, color),
        }
    }

    /// The names of the marks at the right, each in its colour and with a sign of its own number.
    fn names(&mut self, chart: &Chart) {
        let mut last = TOP - 16.0;
        let mut named: Vec<(f64, usize, &str)> = Vec::new();
        for (number, mark) in chart.marks.iter().enumerate() {
            let y = match mark {
                Mark::Line { points, .. } => {
                    points.iter().rev().find(|p| p.1.is_finite()).map(|p| self.y.at(p.1))
                }
                _ => None,
            };
            named.push((y.unwrap_or(TOP), number, mark_name(mark)));
        }
        sort_few_by(&mut named, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (y, number, name) in named {
            let y = y.max(last + 16.0).min(self.size.height - BOTTOM);
            last = y;
            let color = self.paint.series[number % self.paint.series.len()];
            let x = self.size.width - RIGHT_NAMED + 8.0;
            self.rect((x, y - 4.0), (x + 8.0, y + 4.0), color, "");
            self.text(x + 12.0, y + 4.0, "start", self.paint.ink, "", &shortened(name, 15));
        }
    }
}

/// The marks of an axis that leave each other `room` pixels.
fn apart(scale: &Scale, room: f64) -> Vec<(f64, String)> {
    let places: Vec<f64> = scale.ticks.iter().map(|t| scale.at(t.0)).collect();
    let nearest = places.windows(2).map(|p| (p[1] - p[0]).abs()).fold(f64::INFINITY, f64::min);
    let every = if nearest > 0.0 { (room / nearest).ceil().clamp(1.0, 1e6) as usize } else { 1 };
    scale.ticks.iter().step_by(every).cloned().collect()
}

/// The chart as an `<svg>` element of a size.
pub fn to_svg(chart: &Chart, paint: &Paint, size: Size) -> String {
    let found = ranges(chart);
    let is_named = chart.marks.len() > 1;
    let (across, up) = size.ends(chart);
    let x = Scale::new(&chart.x.scale, found.x, false, across);
    let y = Scale::new(&chart.y.scale, found.y, found.from_zero, up);
    let mut pen = Pen { out: String::new(), paint, size, x, y };
    let title = escaped(&chart.title);
    let Size { width, height } = size;
    pen.put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\">"
    ));
    if !paint.paper.is_empty() {
        pen.rect((0.0, 0.0), (width, height), paint.paper, "");
    }
    pen.axes(chart, across.1);
    for (number, mark) in chart.marks.iter().enumerate() {
        pen.mark(mark, number, chart.marks.len());
    }
    if is_named {
        pen.names(chart);
    }
    pen.out.push_str("</svg>");
    pen.out
}
