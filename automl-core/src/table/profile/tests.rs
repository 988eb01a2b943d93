use super::{profile, target_checks};
use crate::table::{Format, ReadOptions, Table, read};

fn table(csv: &str) -> Table {
    read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0
}

fn made(header: &str, rows: usize, row: impl Fn(usize) -> String) -> Table {
    let lines: Vec<String> = (0..rows).map(row).collect();
    table(&format!("{header}\n{}\n", lines.join("\n")))
}

/// Codes and columns of what is said about the last column as a target.
fn target_codes(table: &Table) -> Vec<String> {
    let found = target_checks(table, table.columns.len() - 1);
    found.into_iter().map(|d| format!("{} {}", d.code, d.column.unwrap_or_default())).collect()
}

#[test]
fn numbers_are_summarised_as_numpy_does() {
    // numpy: std(x, ddof=1), quantile(x, [.05, .25, .5, .75, .95]) of x = [1, 2, 4, 5, 10].
    let profile = profile(&table("x,y\n1,a\n2,a\n4,b\n5,\n10,a\n,b\n"));
    let x = &profile.columns[0];
    assert_eq!((x.count, x.missing, x.distinct), (5, 1, 5));
    let n = x.numeric.as_ref().unwrap();
    assert_eq!((n.min, n.max, n.mean), (1.0, 10.0, 4.4));
    assert!((n.sd - 3.507_135_583_350_036).abs() < 1e-12, "{}", n.sd);
    let expected = [1.2, 2.0, 4.0, 5.0, 9.0];
    assert!(n.quantiles.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{:?}", n.quantiles);
    assert_eq!(n.histogram.counts.iter().sum::<u64>(), 5);
    assert_eq!(n.histogram.edges.len(), n.histogram.counts.len() + 1);
    assert_eq!(profile.columns[1].top, [("a".to_string(), 3), ("b".to_string(), 2)]);
}

#[test]
fn histograms_count_every_value_once() {
    let profile = profile(&made("x,y", 1000, |i| format!("{}.5,{}", i * i % 997, i % 3)));
    let h = &profile.columns[0].numeric.as_ref().unwrap().histogram;
    assert_eq!((h.counts.len(), h.counts.iter().sum::<u64>()), (30, 1000));
    let three = &profile.columns[1].numeric.as_ref().unwrap().histogram;
    assert_eq!(three.counts, [334, 333, 333]);
    assert_eq!(three.edges.first().zip(three.edges.last()), Some((&0.0, &2.0)));
}

#[test]
fn extremes_do_not_overflow() {
    let profile = profile(&table("x\n-1.7e308\n1.7e308\n0\n"));
    let n = profile.columns[0].numeric.as_ref().unwrap();
    assert!(n.histogram.edges.iter().all(|e| e.is_finite()));
    assert!(n.quantiles.iter().all(|q| q.is_finite()));
    assert_eq!(n.histogram.counts.iter().sum::<u64>(), 3);
}

#[test]
fn duplicates_are_found() {
    let profile = profile(&made("a,b,c", 40, |i| format!("{0},{1},{1}", i % 20, i % 20 * 3 + 1)));
    assert_eq!(profile.duplicate_rows, 20);
    let codes: Vec<&str> = profile.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["profile.duplicate_rows", "profile.duplicate_column"]);
    assert_eq!(profile.diagnostics[1].column.as_deref(), Some("c"));
}

#[test]
fn columns_to_beware_of() {
    let profile = profile(&made("id,same,rare,x", 200, |i| {
        format!("{},k,{},{}", i * 3 + 5, if i == 7 { "v" } else { "" }, i % 9)
    }));
    let codes: Vec<Vec<&str>> =
        profile.columns.iter().map(|c| c.diagnostics.iter().map(|d| d.code.as_str()).collect()).collect();
    assert_eq!(
        codes,
        [vec!["profile.id_like"], vec!["profile.constant"], vec!["profile.mostly_missing"], Vec::new()]
    );
}

#[test]
fn an_empty_table_has_a_profile() {
    let profile = profile(&Table::default());
    assert_eq!((profile.rows, profile.columns.len(), profile.duplicate_rows), (0, 0, 0));
    assert!(target_checks(&Table::default(), 3).is_empty());
    let header = table("a,b\n");
    assert_eq!(super::profile(&header).columns.len(), 2);
    assert_eq!(target_codes(&header), ["target.all_missing b"]);
}

#[test]
fn targets() {
    assert_eq!(target_codes(&made("x,y", 50, |i| format!("{},a", i % 7))), ["target.one_class y"]);
    assert_eq!(target_codes(&made("x,y", 50, |i| format!("{},3", i % 7))), ["target.one_class y"]);
    let fair = |i: usize| if i * 7 % 5 < 2 { "a" } else { "b" };
    assert_eq!(target_codes(&made("x,y", 100, |i| format!("{},{}", i % 7, fair(i)))), Vec::<String>::new());
    let holes = made("x,y", 100, |i| format!("{},{}", i % 7, if i % 10 == 0 { "" } else { fair(i) }));
    assert_eq!(target_codes(&holes), ["target.missing y"]);
    let rare = made("x,y", 300, |i| format!("{},{}", i % 7, if i % 30 == 1 { "c" } else { fair(i) }));
    assert_eq!(target_codes(&rare), ["target.imbalance y"]);
    let single = made("x,y", 300, |i| format!("{},{}", i % 7, if i == 9 { "c" } else { fair(i) }));
    assert_eq!(target_codes(&single), ["target.rare_class y"]);
}

#[test]
fn leaks() {
    let noise = |i: usize| (i * 7919 + 13) % 101;
    let copied =
        made("x,code,y", 400, |i| format!("{},{},{}", noise(i), i * 31 % 3 + 5, ["p", "q", "r"][i * 31 % 3]));
    assert_eq!(target_codes(&copied), ["target.leak code"]);
    let linear =
        made("x,twice,y", 400, |i| format!("{},{},{}", noise(i), noise(i * 3) * 2 + 1, noise(i * 3)));
    assert_eq!(target_codes(&linear), ["target.leak twice"]);
    let honest =
        made("x,z,y", 400, |i| format!("{},{},{}", noise(i), noise(i * 3), noise(i * 3) + noise(i * 5)));
    assert_eq!(target_codes(&honest), Vec::<String>::new());
    // A column of unique words memorises the rows but says nothing about others.
    let unique =
        made("name,y", 400, |i| format!("word{} and{},{}", i, i, if noise(i) > 50 { "a" } else { "b" }));
    assert_eq!(target_codes(&unique), Vec::<String>::new());
}
