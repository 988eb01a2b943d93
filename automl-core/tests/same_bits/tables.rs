//! Reading.

use crate::golden::{check, hash};
use automl_core::table::{Format, ReadOptions, fingerprint, read, write_csv};
use wasm_bindgen_test::wasm_bindgen_test;

/// Decimal points, quotes with line ends inside, dates, holes, booleans, and numbers that single precision cannot
/// hold.
const POINTS: &str = "\
day,amount,shop,member,big,note
2024-01-31,1.5,north,yes,123456789.125,\"a, b\"
2024-02-29,,south,no,0.1,\"two\nlines\"
2025-12-01,-2.25e-3,north,yes,1e300,\"said \"\"so\"\"\"
NA,7,east,,98765432.5,plain
2023-06-15,0.333333333333,west,no,-17,größe
";

/// Decimal commas and semicolons.
const COMMAS: &str = "Größe;Preis;Stadt\n1,5;1.234,50;Köln\n2,25;99,00;Bonn\n;0,01;Köln\n3;12.000,75;Ulm\n";

const LINES: &str =
    "{\"x\": 1.5, \"who\": \"a\"}\n{\"who\": \"b\", \"x\": null}\n{\"x\": -3e-7, \"who\": \"a\"}\n";

#[wasm_bindgen_test(unsupported = test)]
fn tables() {
    let files = [
        ("points", POINTS, Format::Csv),
        ("commas", COMMAS, Format::Csv),
        ("lines", LINES, Format::JsonLines),
    ];
    let mut found = Vec::new();
    for (name, text, format) in files {
        let (table, report) = read(text.as_bytes(), format, &ReadOptions::default());
        assert!(table.rows > 2, "{name}: {report:?}");
        found.push((format!("{name}.fingerprint"), fingerprint(&table)));
        found.push((format!("{name}.report"), hash(format!("{report:?}").as_bytes())));
        found.push((format!("{name}.written"), hash(write_csv(&table).as_bytes())));
    }
    check("table", &found.into_iter().collect());
}
