//! Best score against time.

use crate::store::Store;
use leptos::prelude::*;
use trellis_page::format;

const WIDTH: f64 = 720.0;
/// On a phone, so that the text is not scaled down with the rest.
const NARROW: f64 = 360.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 76.0;

/// The curve as the points of a staircase, and the ends of both axes.
struct Shape {
    points: String,
    last: (f64, f64),
    /// The last value: of the single models, where an ensemble may be better.
    value: f64,
    low: f64,
    high: f64,
    secs: f64,
}

/// The width to draw at: the chart is shown no wider than the window.
fn width() -> f64 {
    let window = web_sys::window().and_then(|w| w.inner_width().ok()).and_then(|w| w.as_f64());
    if window.is_some_and(|w| w < WIDTH) { NARROW } else { WIDTH }
}

fn shape(curve: &[(f64, f64)], elapsed: f64, width: f64) -> Option<Shape> {
    let (first, last) = (curve.first()?, curve.last()?);
    let (mut low, mut high) = (first.1.min(last.1), first.1.max(last.1));
    if high - low < 1e-12 {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let secs = elapsed.max(last.0).max(1.0);
    let x = |t: f64| LEFT + (width - LEFT - RIGHT) * t / secs;
    let y = |v: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - v) / (high - low);
    let mut points = String::new();
    let mut before = first.1;
    for &(t, v) in curve {
        points.push_str(&format!("{:.1},{:.1} {:.1},{:.1} ", x(t), y(before), x(t), y(v)));
        before = v;
    }
    points.push_str(&format!("{:.1},{:.1}", x(secs), y(before)));
    Some(Shape { points, last: (x(secs), y(before)), value: before, low, high, secs })
}

#[component]
pub fn Curve() -> impl IntoView {
    let store: Store = expect_context();
    move || {
        let board = store.board.get()?;
        let width = width();
        let shape = shape(&board.curve, board.elapsed_secs, width)?;
        let title = format!(
            "Best {} against time: {} after {}",
            board.metric_title,
            format::number(shape.value),
            format::seconds(board.elapsed_secs)
        );
        let floor = HEIGHT - BOTTOM;
        Some(view! {
            <svg class="chart" viewBox=format!("0 0 {width} {HEIGHT}") role="img" aria-label=title>
                <line class="axis" x1=LEFT y1=floor x2=width - RIGHT y2=floor />
                <line class="axis" x1=LEFT y1=TOP x2=LEFT y2=floor />
                <text x=LEFT - 8.0 y=TOP + 5.0 text-anchor="end">{format::number(shape.high)}</text>
                <text x=LEFT - 8.0 y=floor text-anchor="end">{format::number(shape.low)}</text>
                <text x=LEFT y=HEIGHT - 16.0>"0 s"</text>
                <text x=width - RIGHT y=HEIGHT - 16.0 text-anchor="end">{format::seconds(shape.secs)}</text>
                <text x=(LEFT + width - RIGHT) / 2.0 y=HEIGHT - 2.0 text-anchor="middle" class="axis-title">
                    {format!("best {} so far, by seconds of search", board.metric_title)}
                </text>
                <polyline class="line" points=shape.points />
                <circle class="dot" cx=shape.last.0 cy=shape.last.1 r="4" />
                <text class="label" x=shape.last.0 + 8.0 y=shape.last.1 + 4.0>
                    {format::number(shape.value)}
                </text>
            </svg>
        })
    }
}
