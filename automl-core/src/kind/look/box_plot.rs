//! The spread of a number in each category.

use super::drawn::{Notes, ORDERED, axis, category_axis, declared, ordered, reported, title_field};
use super::levels::Levels;
use crate::kind::aggregate::quantile;
use crate::kind::keys::Members;
use crate::kind::{
    BoxSummary, Chart, Done, Example, FieldSpec, Finding, Given, Inputs, KindSpec, Mark, Operation, input,
    wanted,
};
use crate::numeric::count;
use serde_json::json;

/// `chart.box`
pub(in crate::kind) struct BoxPlot;

const BOXES: i64 = 25;
/// Values beyond the whiskers that are drawn of each box, the farthest below and above.
const OUTLIERS_A_SIDE: usize = 100;

impl Operation for BoxPlot {
    fn spec(&self) -> KindSpec {
        let help = "Compares the spread of a number between categories.";
        let mut spec = declared("chart.box", "Box plot", help);
        spec.more =
            "A box holds the middle half of the values, its line is the median. The whiskers reach the \
                     farthest values within one and a half times the box's height (Tukey); points lie beyond."
                .to_owned();
        spec.words = "boxplot whisker quartile median spread outliers compare".to_owned();
        spec.fields = vec![
            FieldSpec::column("value", "Value", "Numbers or dates.", &ORDERED).required(),
            FieldSpec::column("by", "By", "Gives each value of it a box; empty for one box.", &[]),
            FieldSpec::integer("most", "Most boxes", "The rest is put together.", BOXES, (3, 100), (3, 50))
                .advanced(),
            title_field(),
        ];
        spec.example = Some(Example::new(
            &[("table", "shop,sold\nnorth,3\nnorth,5\nnorth,4\nsouth,9\nsouth,7\nsouth,30\n")],
            json!({"value": "sold", "by": "shop"}),
            "Two boxes; south sells more, once far more.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let column = ordered(given, table, "value", "A bar chart counts them.")?;
        let by = given.text("by");
        let (levels, title) = if by.is_empty() {
            (Levels::one(table.rows, &column.name), "")
        } else {
            let most = given.integer("most").unwrap_or(BOXES).clamp(3, 100) as usize;
            (Levels::new(wanted::column(table, &by, "by")?, most), by.as_str())
        };
        let members = Members::new(&levels.of_row, levels.count());
        let mut boxes = Vec::new();
        let (mut drawn, mut hidden) = (0, 0);
        for (at, rows) in members.iter().enumerate() {
            let mut values: Vec<f64> = rows.iter().filter_map(|&row| column.number(row as usize)).collect();
            drawn += values.len();
            if let Some((summary, left_out)) = summary(&mut values, at as f64) {
                hidden += left_out;
                boxes.push(summary);
            }
        }
        let mut notes = Notes::default();
        notes.without(table.rows - drawn);
        if hidden > 0 {
            notes.push(format!("Of the values beyond the whiskers {} are not drawn.", count(hidden as u64)));
        }
        let usual = if by.is_empty() {
            format!("Spread of {}", column.name)
        } else {
            format!("{} by {by}", column.name)
        };
        let marks = vec![Mark::Boxes { name: column.name.clone(), boxes }];
        let x = category_axis(title, levels.names);
        let chart = Chart { x, y: axis(column), marks, note: notes.joined(), ..Chart::default() };
        Ok(reported(given, &usual, chart, table.rows))
    }
}

/// The box of values, and how many beyond its whiskers are left out; reorders them.
fn summary(values: &mut Vec<f64>, at: f64) -> Option<(BoxSummary, usize)> {
    if values.is_empty() {
        return None;
    }
    let [q1, median, q3] = [0.25, 0.5, 0.75].map(|level| quantile(values, level));
    let reach = 1.5 * (q3 - q1);
    let inside = |x: f64| x >= q1 - reach && x <= q3 + reach;
    // Where few values stand about the quartiles none may lie between fence and box.
    let low = values.iter().copied().filter(|&x| inside(x)).fold(q1, f64::min);
    let high = values.iter().copied().filter(|&x| inside(x)).fold(q3, f64::max);
    values.retain(|&x| !inside(x));
    values.sort_unstable_by(f64::total_cmp);
    let below = values.partition_point(|&x| x < q1);
    let (least, greatest) = (below.min(OUTLIERS_A_SIDE), (values.len() - below).min(OUTLIERS_A_SIDE));
    let mut outliers = values[..least].to_vec();
    outliers.extend_from_slice(&values[values.len() - greatest..]);
    let hidden = values.len() - outliers.len();
    Some((BoxSummary { at, low, q1, median, q3, high, outliers }, hidden))
}
