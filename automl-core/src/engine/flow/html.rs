//! A report as one HTML file that needs nothing else. Charts are drawn, with their numbers beneath.

use crate::engine::report::{escaped, page, table};
use crate::kind::svg::{PAGE, Size, to_svg};
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
        body.push_str(&figure(chart));
    }
    page(&report.title, &body)
}

fn figure(chart: &Chart) -> String {
    let mut out = format!(
        "<figure><figcaption>{}</figcaption>\n{}\n</figure>\n",
        escaped(&chart.title),
        to_svg(chart, &PAGE, Size::FILE)
    );
    if !chart.note.is_empty() {
        out.push_str(&format!("<p>{}</p>\n", escaped(&chart.note)));
    }
    let numbers: String = chart.marks.iter().map(|mark| mark_table(chart, mark)).collect();
    out.push_str(&format!("<details><summary>Numbers</summary>\n{numbers}</details>\n"));
    out
}

/// A place on an axis, in words where it has any.
fn place(axis: &Axis, at: f64) -> String {
    match &axis.scale {
        AxisScale::Category { names } => names.get(at.round() as usize).map_or(String::new(), |n| escaped(n)),
        _ => shown(at),
    }
}

/// What is no number is a dash.
fn shown(value: f64) -> String {
    if value.is_finite() { super::value::short(value) } else { "–".to_owned() }
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
            let row =
                |c: &(u32, u32, f64)| vec![place(x, f64::from(c.0)), place(y, f64::from(c.1)), shown(c.2)];
            (name, vec![&x.title, &y.title, "Value"], cells.iter().take(MOST_POINTS).map(row).collect())
        }
    };
    table(&format!("{}: {name}", chart.title), &head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Bar, BoxSummary, Listing};

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/report.html");

    fn axis(title: &str, scale: AxisScale) -> Axis {
        Axis { title: title.to_owned(), scale }
    }

    fn chart(title: &str, x: Axis, y: Axis, marks: Vec<Mark>) -> Chart {
        Chart { title: title.to_owned(), x, y, marks, note: format!("{title}: <all> rows & \"more\".") }
    }

    fn all_marks() -> Report {
        let names = || vec!["<b>north</b>".to_owned(), "south & \"west\"".to_owned()];
        let towns = || axis("Town</text><script>", AxisScale::Category { names: names() });
        let linear = |title: &str| axis(title, AxisScale::Linear);
        let bars = vec![Bar { from: -0.5, to: 0.5, value: 4.0 }, Bar { from: 0.5, to: 1.5, value: 8.0 }];
        let points = vec![(0.0, 1.0), (1.0, 2.5), (2.0, f64::NAN), (3.0, 2.0)];
        let band = vec![(0.5, 1.5), (2.0, 3.0), (0.0, 0.0), (1.5, 2.5)];
        let summary = |at: f64, q1: f64| BoxSummary {
            at,
            low: q1 - 1.0,
            q1,
            median: q1 + 0.5,
            q3: q1 + 2.0,
            high: q1 + 3.0,
            outliers: vec![q1 + 9.0],
        };
        let named = |name: &str| name.to_owned();
        let charts = vec![
            chart("Bars", towns(), linear("Rows"), vec![Mark::Bars { name: named("rows"), bars }]),
            chart(
                "Lines <i>",
                axis("Day", AxisScale::Time),
                linear("Sold"),
                vec![
                    Mark::Line { name: named("<u>mean"), points: points.clone(), band },
                    Mark::Points { name: named("each"), points },
                ],
            ),
            chart(
                "Boxes",
                towns(),
                linear("Price"),
                vec![Mark::Boxes { name: named("price"), boxes: vec![summary(0.0, 2.0), summary(1.0, 5.0)] }],
            ),
            chart(
                "Cells",
                towns(),
                towns(),
                vec![Mark::Cells { name: named("n"), cells: vec![(0, 0, 3.0), (1, 1, -2.5)] }],
            ),
        ];
        let listing = Listing {
            title: named("List"),
            columns: vec![named("<a>"), named("b")],
            numeric: vec![false, true],
            rows: vec![vec![named("<x>"), named("1")]],
        };
        Report {
            title: named("A <report>"),
            text: vec![named("Of \"all\".")],
            charts,
            listings: vec![listing],
        }
    }

    /// After a wanted change: `TRELLIS_RENEW_GOLDENS=1 cargo test -p automl-core --lib flow::html`.
    #[test]
    fn a_report_is_drawn_as_it_was() {
        let made = report_page(&all_marks());
        if std::env::var_os("TRELLIS_RENEW_GOLDENS").is_some() {
            std::fs::write(GOLDEN, &made).expect("a folder of goldens");
        }
        let kept = std::fs::read_to_string(GOLDEN).expect("a golden");
        assert!(made == kept, "the report differs from {GOLDEN}");
    }

    #[test]
    fn nothing_of_a_report_can_be_markup() {
        let made = report_page(&all_marks());
        assert_eq!(made.matches("<svg ").count(), 4);
        for markup in ["<b>", "<i>", "<u>", "<x>", "<a>", "<script", "<report>", "<all>", "NaN"] {
            assert!(!made.contains(markup), "{markup}");
        }
        for tag in ["svg", "text", "figure", "table", "details"] {
            let count = |start: &str| made.matches(&format!("{start}{tag}")).count();
            assert_eq!(count("<"), count("</"), "{tag}");
        }
    }
}
