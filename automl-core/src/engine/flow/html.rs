//! A report as one HTML file that needs nothing else. Charts are given as their numbers.

use crate::engine::report::{escaped, page, table};
use crate::kind::{Axis, AxisScale, Chart, Mark, Report};

/// Numbers of one chart that are listed.
const MOST_POINTS: usize = 400;

pub(super) fn report_page(report: &Report) -> String {
    let mut body = format!("<h1>{}</h1>\n", escaped(&report.title));
    for text in &report.text {
        body.push_str(&format!("<p>{}</p>\n", escaped(text)));
    }
    for listing in &report.listings {
        let head: Vec<&str> = listing.columns.iter().map(String::as_str).collect();
        let rows: Vec<Vec<String>> =
            listing.rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
        body.push_str(&table(&listing.title, &head, &rows));
    }
    for chart in &report.charts {
        chart.marks.iter().for_each(|mark| body.push_str(&mark_table(chart, mark)));
        body.push_str(&format!("<p>{}</p>\n", escaped(&chart.note)));
    }
    page(&report.title, &body)
}

/// A place on an axis, in words where it has any.
fn place(axis: &Axis, at: f64) -> String {
    match &axis.scale {
        AxisScale::Category { names } => names.get(at.round() as usize).map_or(String::new(), |n| escaped(n)),
        _ => super::value::short(at),
    }
}

fn mark_table(chart: &Chart, mark: &Mark) -> String {
    let (x, y) = (&chart.x, &chart.y);
    let of_points = |points: &[(f64, f64)]| -> Vec<Vec<String>> {
        points.iter().take(MOST_POINTS).map(|p| vec![place(x, p.0), place(y, p.1)]).collect()
    };
    let (name, head, rows): (&str, Vec<&str>, Vec<Vec<String>>) = match mark {
        Mark::Bars { name, bars } => {
            let row = |b: &crate::kind::Bar| vec![place(x, f64::midpoint(b.from, b.to)), place(y, b.value)];
            (name, vec![&x.title, &y.title], bars.iter().take(MOST_POINTS).map(row).collect())
        }
        Mark::Points { name, points } | Mark::Line { name, points, .. } => {
            (name, vec![&x.title, &y.title], of_points(points))
        }
        Mark::Boxes { name, boxes } => {
            let row = |b: &crate::kind::BoxSummary| {
                let cells = [b.low, b.q1, b.median, b.q3, b.high].map(|v| place(y, v));
                std::iter::once(place(x, b.at)).chain(cells).collect()
            };
            let head = vec![x.title.as_str(), "Low", "Quarter", "Median", "Three quarters", "High"];
            (name, head, boxes.iter().take(MOST_POINTS).map(row).collect())
        }
        Mark::Cells { name, cells } => {
            let row = |c: &(u32, u32, f64)| {
                vec![place(x, f64::from(c.0)), place(y, f64::from(c.1)), super::value::short(c.2)]
            };
            (name, vec![&x.title, &y.title, "Value"], cells.iter().take(MOST_POINTS).map(row).collect())
        }
    };
    table(&format!("{}: {name}", chart.title), &head, &rows)
}
