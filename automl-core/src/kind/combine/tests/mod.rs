//! Kinds that combine, on tables that can be read at a glance.

mod golden;
mod properties;

use crate::kind::testing::{check_lines, check_refused, codes, lines, made_table, run, table};
use serde_json::{Value, json};

const ORDERS: &str = "order,customer,amount\n1,ann,30\n2,bob,12\n3,eve,7\n4,ann,5\n5,NA,9\n";
const PEOPLE: &str = "customer,amount,town\nann,1,Bern\nbob,2,Lyon\nzoe,3,Nice\nNA,4,Rome\n";

fn join(keep: &str) -> Value {
    json!({"keep": keep, "keys": [{"left": "customer", "right": "customer"}]})
}

#[test]
fn joins_keep_what_they_say() {
    let tables = [("left", ORDERS), ("right", PEOPLE)];
    let check = |keep: &str, expected: &[&str]| check_lines("table.join", join(keep), &tables, expected);
    check(
        "inner",
        &[
            "order: 1 2 4",
            "customer: ann bob ann",
            "amount: 30 12 5",
            "amount_right: 1 2 1",
            "town: Bern Lyon Bern",
        ],
    );
    check(
        "left",
        &[
            "order: 1 2 3 4 5",
            "customer: ann bob eve ann ·",
            "amount: 30 12 7 5 9",
            "amount_right: 1 2 · 1 ·",
            "town: Bern Lyon · Bern ·",
        ],
    );
    check(
        "right",
        &[
            "order: 1 4 2 · ·",
            "customer: ann ann bob zoe ·",
            "amount: 30 5 12 · ·",
            "amount_right: 1 1 2 3 4",
            "town: Bern Bern Lyon Nice Rome",
        ],
    );
    check(
        "full",
        &[
            "order: 1 2 3 4 5 · ·",
            "customer: ann bob eve ann · zoe ·",
            "amount: 30 12 7 5 9 · ·",
            "amount_right: 1 2 · 1 · 3 4",
            "town: Bern Lyon · Bern · Nice Rome",
        ],
    );
    check("anti", &["order: 3 5", "customer: eve ·", "amount: 7 9"]);
}

#[test]
fn keys_compare_by_value() {
    let check = |left: &str, right: &str, expected: &[&str]| {
        let params = json!({"keep": "inner", "keys": [{"left": "k", "right": "j"}]});
        check_lines("table.join", params, &[("left", left), ("right", right)], expected);
    };
    check("k,a\n1.0,x\n2,y\n3,z\n", "j,b\n3,p\n1,q\n1,r\n", &["k: 1.0 1.0 3", "a: x x z", "b: q r p"]);
    // A number beside texts that hold some.
    check(
        "k,a\n1,x\n2,y\n3,z\n",
        "j,b\n02,p\nnone,q\nnone,r\nodd,s\n3,t\nodd,u\n",
        &["k: 2 3", "a: y z", "b: p t"],
    );
    // A date beside a text.
    check(
        "k,a\n2024-01-02,x\n2024-01-03,y\n2024-01-04,z\n",
        "j,b\n03.01.2024,p\nlate,q\nlate,r\nlate,s\n",
        &["k: 2024-01-03", "a: y", "b: p"],
    );
    check("k,a\nyes,x\nno,y\n", "j,b\nno,p\nmaybe,q\nno,r\n", &["k: no no", "a: y y", "b: p r"]);
    check_refused(
        "table.join",
        json!({"keys": [{"left": "k", "right": "j"}]}),
        &[("left", "k\n1\n2\n"), ("right", "j\n2024-01-02\n2024-01-03\n")],
        &["join.key_types"],
    );
}

#[test]
fn several_keys_and_names_that_collide() {
    check_lines(
        "table.join",
        json!({"keep": "inner", "keys": [{"left": "a", "right": "a"}, {"left": "b", "right": "b"}]}),
        &[("left", "a,b,v,v_right\n1,x,1,2\n1,y,3,4\n2,x,5,6\n"), ("right", "a,b,v\n1,y,7\n2,x,8\n2,z,9\n")],
        &["a: 1 2", "b: y x", "v: 3 5", "v_right: 4 6", "v_right_2: 7 8"],
    );
}

#[test]
fn joins_say_what_is_odd() {
    let check = |left: &str, right: &str, params: Value, expected: &[&str]| {
        let done = run("table.join", params, &[("left", &table(left)), ("right", &table(right))]).unwrap();
        assert_eq!(codes(&done.findings), expected);
    };
    let params = |keep: &str| json!({"keep": keep, "keys": [{"left": "k", "right": "k"}]});
    check("k\na\na\nb\n", "k,v\na,1\na,2\nb,3\n", params("left"), &["join.repeated_keys"]);
    check("k\na\nc\nd\n", "k,v\na,1\nb,2\n", params("left"), &["join.no_partner"]);
    check("k\na\nb\n", "k,v\na,1\nb,2\n", params("full"), &[]);
    check("k\nc\nd\n", "k,v\na,1\nb,2\n", params("anti"), &[]);
    check_refused(
        "table.join",
        json!({"keys": [{"left": "k", "right": "k"}], "most_rows": 8}),
        &[("left", "k\na\na\na\n"), ("right", "k,v\na,1\na,2\na,3\n")],
        &["join.too_many_rows"],
    );
}

#[test]
fn unions_by_name_and_by_position() {
    let tables = [("tables", "a,b\n1,x\n2,y\n"), ("tables", "b,c\nz,5\nx,6\n")];
    check_lines("table.union", json!({}), &tables, &["a: 1 2 · ·", "b: x y z x", "c: · · 5 6"]);
    let done = check_lines(
        "table.union",
        json!({"by": "position", "source": "a"}),
        &tables,
        &["a: 1 2 z x", "b: x y 5 6", "a_2: table 1 table 1 table 2 table 2"],
    );
    assert_eq!(codes(&done.findings), ["union.mixed_types", "union.mixed_types"]);
}

#[test]
fn groups_and_what_they_hold() {
    let csv = "shop,day,sold\nnorth,Mon,3\nsouth,Mon,4\nnorth,Tue,5\nNA,Tue,NA\nsouth,Tue,NA\n";
    check_lines(
        "table.group",
        json!({"keys": ["shop"], "aggregates": [
            {"function": "sum", "column": "sold"},
            {"function": "count"},
            {"function": "count", "column": "sold"},
            {"function": "last", "column": "day", "name": "shop"},
        ]}),
        &[("table", csv)],
        &[
            "shop: north south ·",
            "sold_sum: 8 4 ·",
            "count: 2 2 1",
            "sold_count: 2 1 0",
            "shop_2: Tue Tue Tue",
        ],
    );
    check_lines("table.group", json!({}), &[("table", csv)], &["count: 5"]);
    check_lines(
        "table.group",
        json!({"keys": ["shop", "day"]}),
        &[("table", csv)],
        &["shop: north south north · south", "day: Mon Mon Tue Tue Tue", "count: 1 1 1 1 1"],
    );
    let wrong = |aggregates: Value, code: &str| {
        check_refused("table.group", json!({"aggregates": aggregates}), &[("table", csv)], &[code]);
    };
    wrong(json!([{"function": "mean", "column": "day"}]), "group.column_type");
    wrong(json!([{"function": "mean"}]), "param.missing");
    wrong(json!([{"function": "mean", "column": "zz"}]), "param.no_column");
}

#[test]
fn pivots_make_columns() {
    let csv = "shop,day,sold\nnorth,Mon,3\nnorth,Tue,5\nsouth,Mon,4\nnorth,Mon,1\nsouth,NA,7\n";
    let params =
        |function: &str| json!({"index": ["shop"], "names": "day", "values": "sold", "function": function});
    let check = |function: &str, expected: &[&str]| {
        check_lines("table.pivot", params(function), &[("table", csv)], expected);
    };
    check("sum", &["shop: north south", "Mon: 4 4", "Tue: 5 ·", "missing: · 7"]);
    check("count", &["shop: north south", "Mon: 2 1", "Tue: 1 0", "missing: 0 1"]);
    check_lines(
        "table.pivot",
        json!({"index": ["day"], "names": "shop", "values": "shop"}),
        &[("table", "shop,day\nday,1\nx,1\nx,2\n")],
        &["day: 1 2", "day_2: day ·", "x: x x"],
    );
    let mut params = params("sum");
    params["most_columns"] = json!(1);
    check_refused("table.pivot", params, &[("table", csv)], &["pivot.too_many_columns"]);
}

#[test]
fn unpivots_make_rows() {
    let csv = "shop,Mon,Tue\nnorth,3,5\nsouth,4,NA\n";
    let check = |params: Value, expected: &[&str]| {
        check_lines("table.unpivot", params, &[("table", csv)], expected);
    };
    check(
        json!({"ids": ["shop"], "name_column": "day", "value_column": "shop"}),
        &["shop: north north south south", "day: Mon Tue Mon Tue", "shop_2: 3 5 4 ·"],
    );
    check(json!({"values": ["Tue"], "drop_missing": true}), &["name: Tue", "value: 5"]);
    check(json!({"ids": ["shop", "Mon", "Tue"]}), &["shop: ", "Mon: ", "Tue: ", "name: ", "value: "]);
    let done = run("table.unpivot", json!({}), &[("table", &table(csv))]).unwrap();
    assert_eq!(codes(&done.findings), ["unpivot.mixed_types"]);
}

#[test]
fn splits_by_time_take_the_latest_rows_and_part_no_time() {
    let csv = "t,v\n3,a\n1,b\n5,c\n5,d\n2,e\nNA,f\n4,g\n5,h\n";
    let check = |share: f64, missing: &str, train: &str, test: &str| {
        let params = json!({"how": "time", "time": "t", "share": share, "missing": missing});
        let done = run("table.split", params, &[("table", &table(csv))]).unwrap();
        let v = |at: usize| lines(made_table(&done, at))[1].clone();
        assert_eq!((v(0).as_str(), v(1).as_str()), (train, test), "{share} {missing}");
    };
    check(0.5, "train", "v: a b e f", "v: c d g h");
    check(0.5, "drop", "v: a b e", "v: c d g h");
    check(0.1, "train", "v: a b e f g", "v: c d h");
    check(0.9, "train", "v: b f", "v: a c d e g h");
    check(0.0, "train", "v: a b c d e f g h", "v: ");
    let text = table("t,v\na,1\nb,2\na,3\nb,4\n");
    let wrong = run("table.split", json!({"how": "time", "time": "v", "share": 1.0}), &[("table", &text)]);
    assert_eq!(codes(&wrong.unwrap().findings), ["split.empty"]);
    check_refused(
        "table.split",
        json!({"how": "time", "time": "t"}),
        &[("table", "t,v\na,1\nb,2\na,3\nb,4\n")],
        &["split.time_type"],
    );
}

#[test]
fn strata_of_one_row_are_chosen_at_random() {
    let csv: String = (0..100).map(|i| format!("{i},name {i}\n")).collect();
    let table = table(&format!("i,name\n{csv}"));
    let done =
        run("table.split", json!({"how": "stratified", "stratify": "name"}), &[("table", &table)]).unwrap();
    let test = made_table(&done, 1);
    let sum: f64 = (0..test.rows).filter_map(|row| test.columns[0].number(row)).sum();
    // The first twenty would have a mean of 9.5.
    assert!(test.rows == 20 && (sum / 20.0 - 49.5).abs() < 20.0, "{sum}");
}
