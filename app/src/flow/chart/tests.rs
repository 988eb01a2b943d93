use super::*;
use automl_core::kind::{Axis, AxisScale, Bar, Chart, Mark};
use proptest::prelude::*;

fn axis(title: &str, scale: AxisScale) -> Axis {
    Axis { title: title.to_owned(), scale }
}

fn bars() -> Chart {
    let bars = vec![Bar { from: 0.0, to: 10.0, value: 4.0 }, Bar { from: 10.0, to: 20.0, value: 8.0 }];
    Chart {
        title: "Ages <of> \"all\"".to_owned(),
        x: axis("Age", AxisScale::Linear),
        y: axis("Rows", AxisScale::Linear),
        marks: vec![Mark::Bars { name: "rows".to_owned(), bars }],
        note: String::new(),
    }
}

#[test]
fn a_chart_is_drawn_in_proportion() {
    let svg = to_svg(&bars(), &FILE, Size::FILE);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    assert!(svg.contains("aria-label=\"Ages &lt;of&gt; &quot;all&quot;\""));
    // The higher bar reaches the mark for 8, which is the top; the lower one is half as high.
    assert!(svg.contains("y=\"26.0\" width=\"319.0\" height=\"292.0\""), "{svg}");
    assert!(svg.contains("y=\"172.0\" width=\"319.0\" height=\"146.0\""), "{svg}");
    assert_eq!(svg.matches("<rect").count(), 3);
}

#[test]
fn a_small_chart_has_room_for_its_words() {
    let mut chart = bars();
    chart.x.scale = AxisScale::Category { names: (0..12).map(|i| format!("category {i}")).collect() };
    let labels = |size: Size| to_svg(&chart, &PAGE, size).matches(">category ").count();
    assert_eq!(labels(Size::of(1_400.0, 300.0)), 12);
    // A name has 84 pixels, of 28 to the next.
    assert_eq!(labels(Size::of(420.0, 300.0)), 4);
    let lines = |height: f64| to_svg(&bars(), &PAGE, Size::of(400.0, height)).matches("<line").count();
    assert!(lines(140.0) <= lines(360.0));
    assert_eq!(Size::of(f64::NAN, 1e9), Size { width: 240.0, height: 4_000.0 });
}

#[test]
fn what_is_drawn_can_be_read() {
    let texts: Vec<String> = readings(&bars(), Size::FILE).into_iter().map(|r| r.text).collect();
    assert_eq!(texts, ["0 to 10: 4", "10 to 20: 8"]);
    let readings = readings(&bars(), Size::FILE);
    assert_eq!(nearest(&readings, 700.0, 0.0), Some(1));
    assert_eq!(nearest(&[], 0.0, 0.0), None);
}

#[test]
fn numbers_come_as_csv() {
    let mut chart = bars();
    assert_eq!(to_csv(&chart), "mark,x_from,x_to,y,low,high,value\nrows,0,10,4,,,\nrows,10,20,8,,,\n");
    chart.x.scale = AxisScale::Category { names: vec!["=1+1".into(), "a, b".into()] };
    chart.marks = vec![Mark::Cells { name: "n".to_owned(), cells: vec![(0, 0, 2.0), (1, 5, 3.5)] }];
    assert_eq!(
        to_csv(&chart),
        "mark,x_from,x_to,y,low,high,value\nn,'=1+1,'=1+1,0,,,2\nn,\"a, b\",\"a, b\",5,,,3.5\n"
    );
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![-1e3..1e3, Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(1e300), Just(-1e300)]
}

proptest! {
    #[test]
    fn anything_can_be_drawn(
        points in prop::collection::vec((value(), value()), 0..8),
        cells in prop::collection::vec((0u32..5, 0u32..5, value()), 0..8),
        scale in 0..4,
        title in "\\PC{0,12}",
        size in (0.0..3000.0f64, 0.0..3000.0f64),
    ) {
        let size = Size::of(size.0, size.1);
        let scale = match scale {
            0 => AxisScale::Linear,
            1 => AxisScale::Log,
            2 => AxisScale::Time,
            _ => AxisScale::Category { names: vec!["a".to_owned(); 3] },
        };
        let bars = points.iter().map(|p| Bar { from: p.0, to: p.1, value: p.0 }).collect();
        let marks = vec![
            Mark::Bars { name: title.clone(), bars },
            Mark::Points { name: title.clone(), points: points.clone() },
            Mark::Line { name: title.clone(), band: points.clone(), points },
            Mark::Cells { name: title.clone(), cells },
        ];
        let chart = Chart { title: title.clone(), x: axis(&title, scale.clone()), y: axis("", scale), marks, note: title };
        for paint in [&PAGE, &FILE] {
            let svg = to_svg(&chart, paint, size);
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            prop_assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        }
        to_csv(&chart);
        readings(&chart, size);
    }
}
