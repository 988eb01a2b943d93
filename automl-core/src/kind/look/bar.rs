//! A bar for each category.

use super::drawn::{Notes, category_axis, declared, plain_axis, reported, title_field};
use super::levels::Levels;
use crate::kind::aggregate::Function;
use crate::kind::keys::{Family, Members, family};
use crate::kind::{
    Bar, Chart, Done, Example, FieldSpec, Finding, Given, Inputs, KindSpec, Mark, Operation, input, wanted,
};
use crate::numeric::sort_few_by;
use serde_json::json;

/// `chart.bar`
pub(in crate::kind) struct BarChart;

const BARS: i64 = 25;
/// Half the width of a bar, where categories are 1 apart.
const HALF: f64 = 0.4;

impl Operation for BarChart {
    fn spec(&self) -> KindSpec {
        let help = "Draws a bar for each value of a column: how many rows it has, or what another column adds up to.";
        let mut spec = declared("chart.bar", "Bar chart", help);
        spec.more = "Beyond 25 values the less frequent ones are put together.".to_owned();
        spec.words = "column chart count category frequency top".to_owned();
        let values: Vec<serde_json::Value> = Function::NUMBERS[1..].iter().map(|f| json!(f.id())).collect();
        spec.fields = vec![
            FieldSpec::column("category", "Category", "Each of its values gives a bar.", &[]).required(),
            FieldSpec::new(
                "function",
                "Height",
                "What the bars show.",
                Function::choice(Some(&Function::NUMBERS)),
            ),
            FieldSpec::column("value", "Of column", "Whose values the height is calculated from.", &[])
                .required()
                .only_if("function", &values),
            FieldSpec::choice(
                "order",
                "Order",
                "How bars stand.",
                &[
                    ("usual", "Numbers and dates in their order, others by frequency"),
                    ("height", "Highest first"),
                    ("name", "By name"),
                ],
            )
            .advanced(),
            FieldSpec::integer("most", "Most bars", "The rest is put together.", BARS, (3, 200), (5, 50))
                .advanced(),
            title_field(),
        ];
        spec.example = Some(Example::new(
            &[("table", "shop,sold\nnorth,3\nsouth,4\nnorth,5\neast,1\n")],
            json!({"category": "shop", "function": "sum", "value": "sold", "order": "height"}),
            "Three bars: north 8, south 4, east 1.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let category = wanted::column(table, &given.text("category"), "category")?;
        let function = Function::from_id(&given.text("function"));
        let most = given.integer("most").unwrap_or(BARS).clamp(3, 200) as usize;
        let levels = Levels::new(category, most);
        let members = Members::new(&levels.of_row, levels.count());
        let (heights, y, usual) = if function == Function::Count {
            let heights = members.iter().map(|rows| Some(rows.len() as f64)).collect();
            (heights, "Rows".to_owned(), format!("Rows by {}", category.name))
        } else {
            let column = wanted::column(table, &given.text("value"), "value")?;
            if let Some(needs) = function.lacks(column).or_else(|| is_time_height(function, column)) {
                let message = format!(
                    "\"{}\" needs {needs}, and \"{}\" is {}.",
                    function.title(),
                    column.name,
                    column.ty.name()
                );
                return Err(wanted::error(
                    "value",
                    "chart.column_type",
                    message,
                    "Choose another column or another height.",
                ));
            }
            let made = function.apply("", column, &members);
            let heights: Vec<Option<f64>> = (0..levels.count()).map(|at| made.number(at)).collect();
            let y = format!("{} of {}", function.title(), column.name);
            let usual = format!("{y} by {}", category.name);
            (heights, y, usual)
        };
        let mut order: Vec<usize> = (0..levels.count()).collect();
        match given.text("order").as_str() {
            "height" => sort_few_by(&mut order, |&a, &b| {
                let height = |at: usize| heights[at].unwrap_or(f64::NEG_INFINITY);
                height(b).total_cmp(&height(a))
            }),
            "name" => sort_few_by(&mut order, |&a, &b| levels.names[a].cmp(&levels.names[b])),
            _ => {}
        }
        let names: Vec<String> = order.iter().map(|&at| levels.names[at].clone()).collect();
        let bars = order.iter().enumerate().filter_map(|(place, &at)| {
            let (place, value) = (place as f64, heights[at]?);
            Some(Bar { from: place - HALF, to: place + HALF, value })
        });
        let marks = vec![Mark::Bars { name: y.clone(), bars: bars.collect() }];
        let mut notes = Notes::default();
        let empty = heights.iter().filter(|h| h.is_none()).count();
        if empty > 0 {
            notes.push(format!("{empty} categories have no value to calculate with."));
        }
        let chart = Chart {
            x: category_axis(&category.name, names),
            y: plain_axis(&y),
            marks,
            note: notes.joined(),
            ..Chart::default()
        };
        Ok(reported(given, &usual, chart, table.rows))
    }
}

/// A bar begins at 0, where a date does not.
fn is_time_height(function: Function, column: &crate::table::Column) -> Option<&'static str> {
    let gives_time = matches!(function, Function::Mean | Function::Median | Function::Min | Function::Max);
    (gives_time && family(column) == Family::Times).then_some("numbers")
}
