//! Charts as data, and statistics against pandas.

use crate::kind::testing::{check_refused, codes, golden, made_report, made_table, run, table};
use crate::kind::{AxisScale, Chart, Mark};
use crate::table::{Column, ColumnType, MISSING_CODE, MISSING_TIME, Table, Values};
use proptest::prelude::*;
use serde_json::{Value, json};

fn chart(kind: &str, params: Value, table: &Table) -> Chart {
    made_report(&run(kind, params, &[("table", table)]).unwrap()).charts[0].clone()
}

/// `from..to=value` of the bars of each mark.
fn bars(chart: &Chart) -> Vec<String> {
    let of = |mark: &Mark| {
        let Mark::Bars { name, bars } = mark else { panic!("no bars") };
        let bars: Vec<String> = bars.iter().map(|b| format!("{}..{}={}", b.from, b.to, b.value)).collect();
        format!("{name}: {}", bars.join(" "))
    };
    chart.marks.iter().map(of).collect()
}

fn names(chart: &Chart) -> Vec<String> {
    let AxisScale::Category { names } = &chart.x.scale else { panic!("no categories") };
    names.clone()
}

const SHOPS: &str = "shop,sold,day\nnorth,3,2024-01-02\nsouth,4,2024-01-01\nnorth,5,2024-01-01\neast,NA,2024-01-03\nNA,7,2024-01-02\nnorth,1,NA\n";

#[test]
fn histograms_count() {
    let t = table(SHOPS);
    let c = chart("chart.histogram", json!({"column": "sold", "bins": 2}), &t);
    assert_eq!(bars(&c), ["sold: 1..4=2 4..7=3"]);
    assert_eq!(
        (c.title.as_str(), c.x.title.as_str(), c.y.title.as_str()),
        ("How sold is spread", "sold", "Rows")
    );
    assert_eq!(c.note, "1 row is not drawn, as a value is missing.");
    let c =
        chart("chart.histogram", json!({"column": "sold", "bins": 2, "colour": "shop", "title": "T"}), &t);
    assert_eq!(
        bars(&c),
        ["north: 1..4=2 4..7=1", "south: 1..4=0 4..7=1", "east: 1..4=0 4..7=0", "missing: 1..4=0 4..7=1"]
    );
    assert_eq!(c.title, "T");
    assert_eq!(chart("chart.histogram", json!({"column": "day"}), &t).x.scale, AxisScale::Time);
    check_refused("chart.histogram", json!({"column": "shop"}), &[("table", SHOPS)], &["chart.column_type"]);
}

#[test]
fn bars_have_a_height() {
    let t = table(SHOPS);
    let c = chart("chart.bar", json!({"category": "shop"}), &t);
    assert_eq!(names(&c), ["north", "south", "east", "missing"]);
    assert_eq!(bars(&c), ["Rows: -0.4..0.4=3 0.6..1.4=1 1.6..2.4=1 2.6..3.4=1"]);
    let c = chart(
        "chart.bar",
        json!({"category": "shop", "function": "mean", "value": "sold", "order": "height"}),
        &t,
    );
    assert_eq!(names(&c), ["missing", "south", "north", "east"]);
    assert_eq!(bars(&c), ["Mean of sold: -0.4..0.4=7 0.6..1.4=4 1.6..2.4=3"]);
    let many: String = (0..400).map(|i| format!("c{}\n", i % 100)).collect();
    let c = chart("chart.bar", json!({"category": "c"}), &table(&format!("c\n{many}")));
    assert_eq!((names(&c).len(), names(&c)[24].as_str()), (25, "other (76 values)"));
    assert!(bars(&c)[0].ends_with("=304"));
    let no_value = json!({"category": "shop", "function": "mean"});
    assert_eq!(codes(&run("chart.bar", no_value, &[("table", &t)]).unwrap_err()), ["param.missing"]);
}

#[test]
fn boxes_are_tukeys() {
    let csv = "v,g\n1,a\n2,a\n3,a\n4,a\n100,a\n7,b\n";
    let c = chart("chart.box", json!({"value": "v", "by": "g"}), &table(csv));
    let Mark::Boxes { boxes, .. } = &c.marks[0] else { panic!("no boxes") };
    let b = &boxes[0];
    assert_eq!(
        (b.at, b.low, b.q1, b.median, b.q3, b.high, b.outliers.as_slice()),
        (0.0, 1.0, 2.0, 3.0, 4.0, 4.0, &[100.0][..])
    );
    assert_eq!((boxes[1].at, boxes[1].low, boxes[1].high), (1.0, 7.0, 7.0));
    let far: String = (0..2000).map(|i| format!("{}\n", if i < 1500 { i % 10 } else { i })).collect();
    let c = chart("chart.box", json!({"value": "v"}), &table(&format!("v\n{far}")));
    let Mark::Boxes { boxes, .. } = &c.marks[0] else { panic!("no boxes") };
    assert!(boxes[0].outliers.len() <= 200);
}

#[test]
fn points_are_sampled_and_coloured() {
    let t = table(SHOPS);
    let c = chart("chart.scatter", json!({"x": "day", "y": "sold", "colour": "shop"}), &t);
    let count = |c: &Chart| -> Vec<usize> {
        c.marks.iter().map(|m| if let Mark::Points { points, .. } = m { points.len() } else { 0 }).collect()
    };
    assert_eq!(
        (count(&c), c.note.as_str()),
        (vec![2, 1, 0, 1], "2 rows are not drawn, as a value is missing.")
    );
    let csv: String = (0..5000).map(|i| format!("{i},{},k{}\n", i * 7 % 31, i % 40)).collect();
    let t = table(&format!("x,y,k\n{csv}"));
    let c = chart("chart.scatter", json!({"x": "x", "y": "y", "colour": "k"}), &t);
    assert_eq!((count(&c).len(), count(&c).iter().sum::<usize>()), (10, 2000));
    assert_eq!(c.note, "2,000 of 5,000 rows, chosen at random.");
    assert_eq!(c, chart("chart.scatter", json!({"x": "x", "y": "y", "colour": "k"}), &t));
}

#[test]
fn lines_join_places_in_order() {
    let t = table(SHOPS);
    let c = chart("chart.line", json!({"x": "day", "y": ["sold"]}), &t);
    let Mark::Line { points, .. } = &c.marks[0] else { panic!("no line") };
    let day = 86_400_000.0;
    let first = 19_723.0 * day;
    assert_eq!(points.as_slice(), [(first, 4.5), (first + day, 5.0)]);
    let c = chart("chart.line", json!({"x": "day", "y": ["sold"], "by": "shop", "function": "max"}), &t);
    assert_eq!(c.marks.len(), 4);
    let csv: String = (0..5000).map(|i| format!("{i},{}\n", i % 5)).collect();
    let c = chart("chart.line", json!({"x": "x", "y": ["y"]}), &table(&format!("x,y\n{csv}")));
    let Mark::Line { points, .. } = &c.marks[0] else { panic!("no line") };
    assert_eq!((points.len(), points[0]), (1000, (2.0, 2.0)));
    assert_eq!(c.note, "5,000 different values of x in 1,000 stretches: mean of each.");
}

#[test]
fn categories_meet() {
    let c = chart(
        "chart.heatmap",
        json!({"of": "counts", "x": "a", "y": "b"}),
        &table("a,b\nx,p\nx,q\nx,p\ny,q\n"),
    );
    let Mark::Cells { cells, .. } = &c.marks[0] else { panic!("no cells") };
    assert_eq!(cells.as_slice(), [(0, 0, 2.0), (1, 0, 0.0), (0, 1, 1.0), (1, 1, 1.0)]);
}

#[test]
fn correlations_as_pandas() {
    let golden = golden();
    let t = table(golden["numbers"].as_str().unwrap());
    for method in ["pearson", "spearman"] {
        let c = chart("chart.heatmap", json!({"method": method}), &t);
        let Mark::Cells { cells, .. } = &c.marks[0] else { panic!("no cells") };
        assert_eq!(cells.len(), 25);
        for &(x, y, r) in cells {
            let expected = golden["correlations"][method][y as usize][x as usize].as_f64().unwrap();
            assert!((r - expected).abs() < 1e-12, "{method} {x} {y}: {r} for {expected}");
        }
    }
}

#[test]
fn what_does_not_vary_has_no_correlation() {
    // c varies on no row that e has.
    let t = table("a,b,c,d,e\n1,5,0.1,1e308,4\n2,5,0.1,-1e308,5\n3,5,0.1,0,7\n4,5,0.3,1,NA\n");
    let c = chart("chart.heatmap", json!({"columns": ["a", "b", "c", "d", "e"]}), &t);
    let Mark::Cells { cells, .. } = &c.marks[0] else { panic!("no cells") };
    assert!(cells.iter().all(|&(x, y, r)| x != 1 && y != 1 && r.abs() <= 1.0), "{cells:?}");
    assert!([0, 2, 3, 4].iter().all(|&i| cells.contains(&(i, i, 1.0))), "{cells:?}");
    assert!(!cells.iter().any(|c| (c.0, c.1) == (2, 4)) && cells.iter().any(|c| (c.0, c.1) == (2, 0)));
    assert!(!c.note.is_empty());
}

#[test]
fn statistics_as_pandas() {
    let golden = golden();
    let t = table(golden["left"].as_str().unwrap());
    let done = run("table.statistics", json!({}), &[("table", &t)]).unwrap();
    let made = made_table(&done, 0);
    let names = [("q25", "quartile_1"), ("q50", "median"), ("q75", "quartile_3")];
    for (row, expected) in golden["statistics"].as_array().unwrap().iter().enumerate() {
        for (key, value) in expected.as_object().unwrap() {
            let name = names.iter().find(|n| n.0 == key).map_or(key.as_str(), |n| n.1);
            let column = made.column(name).unwrap();
            match value {
                Value::Number(n) => {
                    let (x, n) = (column.number(row).unwrap(), n.as_f64().unwrap());
                    assert!((x - n).abs() <= 1e-12 * (1.0 + n.abs()), "{key} {row}: {x} for {n}");
                }
                value => assert_eq!(column.text(row).as_deref(), value.as_str(), "{key} {row}"),
            }
        }
    }
    let report = made_report(&done);
    assert_eq!(report.text, ["240 rows, 6 columns; 11.2 % of the values are missing."]);
    assert_eq!(report.listings[0].rows[2][6], "2024-01-01");
}

#[test]
fn charts_of_nothing_say_so() {
    let t = table("a,b\n1,NA\nNA,2\n");
    let done = run("chart.scatter", json!({"x": "a", "y": "b"}), &[("table", &t)]).unwrap();
    assert_eq!(codes(&done.findings), ["chart.empty"]);
    let done = run("chart.scatter", json!({"x": "a", "y": "b"}), &[("table", &t.take(&[]))]).unwrap();
    assert_eq!(
        (codes(&done.findings).len(), made_report(&done).text[0].as_str()),
        (0, "The table has no rows.")
    );
}

/// Numbers of any size, few numbers, dates and categories, any of them missing.
fn any_table() -> impl Strategy<Value = Table> {
    let far = prop_oneof![
        4 => -1e3..1e3f64,
        1 => any::<f64>().prop_map(|x| if x.is_finite() { x } else { f64::NAN }),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN),
        1 => Just(f64::NAN),
    ];
    let few = prop_oneof![(0u8..5).prop_map(f64::from), Just(f64::NAN), Just(-0.0)];
    let time = prop_oneof![Just(MISSING_TIME), -4_000_000_000_000i64..4_000_000_000_000];
    let row = (far, few, time, 0u32..40);
    proptest::collection::vec(row, 0..60).prop_map(|rows| {
        let column =
            |name: &str, ty, values| Column { name: name.to_owned(), ty, values, spellings: Vec::new() };
        let codes = rows.iter().map(|r| if r.3 == 39 { MISSING_CODE } else { r.3 }).collect();
        let levels = (0..39).map(|i| format!("level {i}")).collect();
        let columns = vec![
            column("far", ColumnType::Numeric, Values::F64(rows.iter().map(|r| r.0).collect())),
            column("few", ColumnType::Numeric, Values::F64(rows.iter().map(|r| r.1).collect())),
            column("time", ColumnType::Datetime, Values::Time(rows.iter().map(|r| r.2).collect())),
            column("k", ColumnType::Categorical, Values::Dict { codes, levels }),
        ];
        Table { rows: rows.len(), columns }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What is no number has no name in JSON, so a front could not read it.
    #[test]
    fn charts_hold_numbers_alone(table in any_table()) {
        for (kind, params) in [
            ("chart.histogram", json!({"column": "far"})),
            ("chart.histogram", json!({"column": "time", "colour": "far"})),
            ("chart.histogram", json!({"column": "few", "colour": "k", "bins": 7})),
            ("chart.bar", json!({"category": "k", "function": "sum", "value": "far"})),
            ("chart.bar", json!({"category": "far", "function": "sd", "value": "far", "order": "height"})),
            ("chart.box", json!({"value": "far", "by": "k"})),
            ("chart.scatter", json!({"x": "far", "y": "time", "colour": "few", "points": 10})),
            ("chart.line", json!({"x": "far", "y": ["far", "few"], "function": "sum", "points": 10})),
            ("chart.line", json!({"x": "time", "y": ["far"], "by": "k"})),
            ("chart.heatmap", json!({})),
            ("chart.heatmap", json!({"method": "spearman", "columns": ["far", "time", "few"]})),
            ("chart.heatmap", json!({"of": "counts", "x": "k", "y": "far"})),
        ] {
            let done = run(kind, params, &[("table", &table)]).unwrap();
            let drawn = &made_report(&done).charts[0];
            let back: Chart = serde_json::from_str(&serde_json::to_string(drawn).unwrap()).unwrap();
            prop_assert_eq!(&back, drawn, "{}", kind);
        }
    }

    #[test]
    fn every_row_is_counted_once(table in any_table()) {
        let total = |chart: &Chart| -> f64 {
            let bars = chart.marks.iter().flat_map(|m| if let Mark::Bars { bars, .. } = m { bars.clone() } else { Vec::new() });
            bars.map(|b| b.value).sum()
        };
        let present = table.rows - table.columns[0].missing_count();
        prop_assert_eq!(total(&chart("chart.histogram", json!({"column": "far", "colour": "few"}), &table)), present as f64);
        prop_assert_eq!(total(&chart("chart.bar", json!({"category": "k"}), &table)), table.rows as f64);
        let cells = chart("chart.heatmap", json!({"of": "counts", "x": "k", "y": "time"}), &table);
        let Mark::Cells { cells, .. } = &cells.marks[0] else { panic!("no cells") };
        prop_assert_eq!(cells.iter().map(|c| c.2).sum::<f64>(), table.rows as f64);
    }
}
