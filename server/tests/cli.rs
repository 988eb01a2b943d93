//! The command line, as it is run.
#![allow(clippy::disallowed_methods, reason = "a test holds a command against a clock")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/samples").join(name)
}

fn trellis(arguments: &[&str]) -> Output {
    let done = Command::new(env!("CARGO_BIN_EXE_trellis")).args(arguments).output();
    done.unwrap_or_else(|e| panic!("the binary cannot be started: {e}"))
}

/// (exit code, standard output, standard error)
fn told(arguments: &[&str]) -> (i32, String, String) {
    let done = trellis(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
}

/// The two lines of an error, and that there is nothing else.
fn error(arguments: &[&str], code: i32) -> (String, String) {
    let (found, out, err) = told(arguments);
    assert_eq!(found, code, "{err}");
    assert!(out.is_empty(), "{out}");
    let lines: Vec<&str> = err.lines().filter(|l| !l.starts_with("warning: ")).collect();
    assert_eq!(lines.len(), 2, "{err}");
    let line =
        |i: usize, prefix: &str| lines[i].strip_prefix(prefix).unwrap_or_else(|| panic!("{err}")).to_owned();
    (line(0, "error: "), line(1, "help: "))
}

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}")))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("cannot write {path}: {e}"));
        path
    }
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("cannot read {path}: {e}"))
}

#[test]
fn a_table_becomes_a_model_that_predicts_and_is_scored() {
    let scratch = Scratch::new();
    let data = sample("fraud.csv").to_string_lossy().into_owned();
    let (one, two) = (scratch.path("one.trellis"), scratch.path("two.trellis"));
    let fit = |threads: &str, out: &str| {
        told(&["fit", &data, "--target", "outcome", "--max-trials", "4", "--threads", threads, "--out", out])
    };
    let (code, out, err) = fit("1", &one);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("Guessing") && out.contains("roc_auc") && out.contains("rows that no model saw"),
        "{out}"
    );
    assert_eq!(fit("2", &two).0, 0);
    assert!(read(&one) == read(&two), "threads changed the model");

    let predictions = scratch.path("p.csv");
    let (code, _, err) = told(&["predict", &one, &data, "--out", &predictions]);
    assert_eq!((code, err.as_str()), (0, ""));
    let text = String::from_utf8(read(&predictions)).unwrap_or_default();
    assert!(text.starts_with("bad,good\n"));
    assert_eq!(text.lines().count(), 1001);
    for line in text.lines().skip(1) {
        let sum: f64 = line.split(',').filter_map(|p| p.parse::<f64>().ok()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{line}");
    }

    let (code, out, _) = told(&["score", &one, &data, "--json"]);
    let scores: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
    let auc = scores["metrics"]["roc_auc"].as_f64();
    assert!(code == 0 && auc.is_some_and(|a| a > 0.7), "{out}");

    let (code, out, _) = told(&["leaderboard", &one, "--json"]);
    let board: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
    assert!(code == 0 && board["rows"].as_array().is_some_and(|r| r.len() >= 4), "{out}");
    assert!(board["elapsed_secs"].as_f64().is_some_and(|s| s > 0.0), "the timings lie beside the model");
    std::fs::remove_file(format!("{one}.timings.json")).unwrap_or_default();
    assert_eq!(told(&["leaderboard", &one]).0, 0);

    // Labels, sets of classes, another threshold.
    let columns = |extra: &[&str]| {
        let mut arguments = vec!["predict", &one, &data, "--out", "-"];
        arguments.extend(extra);
        let (code, out, err) = told(&arguments);
        assert_eq!(code, 0, "{err}");
        (out.lines().next().unwrap_or_default().to_owned(), err)
    };
    assert_eq!(columns(&["--labels"]).0, "bad,good,prediction");
    let (head, note) = columns(&["--interval", "0.9"]);
    assert_eq!(head, "bad,good,prediction_set,prediction_set_size");
    assert!(note.contains("hold the true class in 90.0 % of rows"), "{note}");
    assert_eq!(columns(&["--threshold", "0.3"]).0, "bad,good,prediction");
    let (what, help) = error(&["predict", &one, &data, "--out", "-", "--interval", "90"], 1);
    assert!(what.contains("90") && help.contains("0.9"), "{what} {help}");
    let (what, _) = error(&["score", &one, &data, "--threshold", "7"], 1);
    assert!(what.contains("no probability"), "{what}");
    let (_, out, _) = told(&["score", &one, &data, "--threshold", "0.3"]);
    assert!(out.contains("is called \"good\" where its probability is above 0.3000"), "{out}");

    // Tables that lack columns, or hold what training never saw.
    let odd = scratch.file("odd.csv", "purpose,amount\nspace travel,1000\nnew car,\n");
    let (code, out, err) = told(&["predict", &one, &odd, "--out", "-"]);
    assert_eq!((code, out.lines().count()), (0, 3), "{err}");
    assert!(err.contains("space travel") && err.contains("does not have"), "{err}");
    let none = scratch.file("none.csv", "a,b\n1,2\n");
    let (what, _) = error(&["predict", &one, &none, "--out", "-"], 1);
    assert!(what.contains("none of the columns"), "{what}");
}

#[test]
fn regression_predicts_one_column() {
    let scratch = Scratch::new();
    let data = sample("price.csv").to_string_lossy().into_owned();
    let model = scratch.path("m");
    let fit =
        ["fit", &data, "--target", "sale_price", "--max-trials", "2", "--out", &model, "--json", "--quiet"];
    let (code, out, err) = told(&fit);
    assert_eq!((code, err.as_str()), (0, ""));
    let result: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
    assert_eq!(result["verdict"]["metric"], "rmse");
    let (_, out, _) = told(&["predict", &model, &data, "--out", "-", "--quiet"]);
    assert!(out.starts_with("prediction\n") && out.lines().count() == 2931);
    let (_, out, _) = told(&["predict", &model, &data, "--out", "-", "--quiet", "--interval", "0.8"]);
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("prediction,prediction_low,prediction_high"));
    for line in lines {
        let cells: Vec<f64> = line.split(',').filter_map(|c| c.parse().ok()).collect();
        assert!(cells.len() == 3 && cells[1] < cells[0] && cells[0] < cells[2], "{line}");
    }
}

#[test]
fn what_is_wrong_is_said_in_two_lines() {
    let scratch = Scratch::new();
    let data = sample("churn.csv").to_string_lossy().into_owned();
    let out = scratch.path("m.trellis");
    let fit = |extra: &[&str]| {
        let mut arguments = vec!["fit", data.as_str(), "--out", out.as_str()];
        arguments.extend(extra);
        arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<String>>()
    };
    let wrong = |extra: &[&str], code: i32| {
        let arguments = fit(extra);
        error(&arguments.iter().map(String::as_str).collect::<Vec<&str>>(), code)
    };
    assert!(wrong(&["--target", "chrun"], 1).1.contains("\"churn\""));
    assert!(wrong(&["--target", "churn", "--metric", "rmse"], 1).1.contains("roc_auc"));
    assert!(wrong(&["--target", "churn", "--task", "regression"], 1).1.contains("binary"));
    assert!(wrong(&["--target", "churn", "--ignore", "nothing"], 1).0.contains("nothing"));
    assert!(wrong(&["--target", "churn", "--learner", "magic"], 1).1.contains("gbt"));
    assert!(wrong(&["--target", "churn", "--backend", "tpu"], 2).1.contains("gpu"));
    assert!(wrong(&["--target", "churn", "--budget", "soon"], 2).0.contains("soon"));
    assert!(wrong(&["--target", "churn", "--bugdet", "5s"], 2).1.contains("--budget"));
    assert!(wrong(&[], 2).0.contains("--target"));
    let one = scratch.file("one.csv", &("x,y\n".to_owned() + &"1,a\n2,a\n".repeat(20)));
    assert!(error(&["fit", &one, "--target", "y", "--out", &out], 1).0.contains("only one value"));
    let empty = scratch.file("empty.csv", "");
    error(&["fit", &empty, "--target", "y", "--out", &out], 1);
    error(&["fit", &scratch.path("absent.csv"), "--target", "y", "--out", &out], 1);
    error(&["fit", &scratch.path(""), "--target", "y", "--out", &out], 1);
    let nowhere = scratch.path("no/such/folder/m");
    assert!(error(&["fit", &data, "--target", "churn", "--out", &nowhere], 1).0.contains("cannot write"));
    let text = scratch.file("text.trellis", "not a model");
    assert!(error(&["predict", &text, &data, "--out", "-"], 1).0.contains("not a Trellis model"));
    assert!(!Path::new(&out).exists());
    assert_eq!(told(&["--help"]).0, 0);
    assert_eq!(told(&[]).0, 2);
}

/// Exit code and standard error of a fit that tells loaders of drivers where to look.
fn fit_with_drivers(arguments: &[&str], drivers: Option<&str>) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trellis"));
    command.args(arguments);
    if let Some(drivers) = drivers {
        command.env("VK_DRIVER_FILES", drivers).env("VK_ICD_FILENAMES", drivers);
    }
    let done = command.output().unwrap_or_else(|e| panic!("the binary cannot be started: {e}"));
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn a_graphics_card_is_asked_for_and_told_of() {
    let scratch = Scratch::new();
    // Few rows make small trees, which a program that stands in for a card grows in a moment.
    let text = String::from_utf8(read(&sample("churn.csv").to_string_lossy())).expect("text");
    let few: Vec<&str> = text.lines().take(200).collect();
    let data = scratch.file("few.csv", &(few.join("\n") + "\n"));
    let fit = |backend: &str, out: &str, drivers: Option<&str>| {
        let arguments = ["--target", "churn", "--learner", "gbt", "--max-trials", "3", "--backend", backend];
        fit_with_drivers(&[&["fit", &data, "--out", out], &arguments[..]].concat(), drivers)
    };
    let here = scratch.path("here.trellis");
    let (code, err) = fit("cpu", &here, None);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("note: computing on the processor: as was asked for\n"), "{err}");
    let small = scratch.path("small.trellis");
    let (code, err) = fit("auto", &small, None);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("note: computing on the processor: the table is too small"), "{err}");

    // A machine without any driver.
    let nowhere = scratch.path("no-driver.json");
    let none = scratch.path("none.trellis");
    let (code, err) = fit("gpu", &none, Some(&nowhere));
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("error: ") && err.contains("graphics card"), "{err}");
    assert!(err.contains("help: ") && err.contains("leave out --backend"), "{err}");
    assert!(!Path::new(&none).exists());

    let there = scratch.path("there.trellis");
    let (code, err) = fit("gpu", &there, None);
    if code != 0 {
        println!("skipped: {err}");
        return;
    }
    assert!(err.contains("note: computing on the graphics card "), "{err}");
    assert!(read(&here) == read(&there) && read(&here) == read(&small), "the models differ");
    for (model, backends) in [(&here, &["cpu"][..]), (&there, &["cpu", "gpu"])] {
        let (_, out, _) = told(&["leaderboard", model, "--json"]);
        let board: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
        let rows = board["rows"].as_array().cloned().unwrap_or_default();
        assert!(rows.len() > 3, "{out}");
        for row in rows.iter().filter(|r| r["folds_done"].as_u64() > Some(0)) {
            let backend = row["backend"].as_str().unwrap_or_default();
            assert!(backends.contains(&backend), "{row}");
            let why = row["backend_reason"].as_str().unwrap_or_default();
            let word = if backend == "cpu" { "processor: " } else { "graphics card: " };
            assert!(why.starts_with(word) || row["trial"].is_null(), "{row}");
        }
    }
}

#[test]
fn populations_are_asked_for_and_told_of() {
    let scratch = Scratch::new();
    let text = String::from_utf8(read(&sample("churn.csv").to_string_lossy())).unwrap_or_default();
    // Enough rows for one, and few enough for a program that computes as a card does.
    let data =
        scratch.file("some.csv", &text.lines().take(900).map(|l| format!("{l}\n")).collect::<String>());
    let out = scratch.path("m.trellis");
    let fit = |extra: &[&str], out: &str, drivers: Option<&str>| {
        let usual = [
            "--target",
            "churn",
            "--learner",
            "logistic",
            "--learner",
            "mlp",
            "--budget",
            "12s",
            "--threads",
            "2",
        ];
        fit_with_drivers(&[&["fit", &data, "--out", out], &usual[..], extra].concat(), drivers)
    };
    let (code, err) = fit(&["--populations", "--reproducible"], &out, None);
    assert!(code == 2 && err.contains("--reproducible"), "{err}");
    let (code, err) = fit(&["--populations", "--backend", "cpu"], &out, None);
    assert!(code == 1 && err.contains("leave out one of the two"), "{err}");
    assert!(!Path::new(&out).exists());

    // A machine without any driver: the search goes on without, and says so twice.
    let nowhere = scratch.path("no-driver.json");
    let (code, err) = fit(&["--populations", "--max-trials", "2"], &out, Some(&nowhere));
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("note: no population of networks is trained, and the search goes on without: "),
        "{err}"
    );
    let remark = |out: &str| {
        let (_, told, _) = told(&["leaderboard", out]);
        told.lines().find(|l| l.contains("opulation of")).unwrap_or_default().to_owned()
    };
    assert!(remark(&out).starts_with("No population of networks, so that the search went on without: "));

    let there = scratch.path("there.trellis");
    let (code, err) = fit(&["--populations", "--backend", "gpu"], &there, None);
    if code != 0 {
        println!("skipped: {err}");
        return;
    }
    assert!(err.contains("note: a population of networks trains on the graphics card "), "{err}");
    let remark = remark(&there);
    // A program may be too slow for its share of the time, or for all of it.
    let known = [
        "A population of 64 settings of networks trained on ",
        "No population of networks, so that the search went on without: the ",
    ];
    assert!(known.iter().any(|words| remark.starts_with(words)), "{remark}");
    let (_, board, _) = told(&["leaderboard", &there, "--json"]);
    let board: serde_json::Value = serde_json::from_str(&board).unwrap_or_default();
    let blend = board["rows"].as_array().and_then(|rows| rows.iter().find(|r| r["trial"].is_null()));
    assert_eq!(blend.map(|r| r["reproducible"] == false), Some(true), "{board}");
}

#[test]
fn leaks_and_shared_rows_are_looked_for() {
    let scratch = Scratch::new();
    let row = |i: usize| {
        let (x, yes) = (i * 37 % 101, i * 53 % 7 < 3);
        format!(
            "{x},{},{},{}\n",
            i * 11 % 13,
            if yes { "paid" } else { "open" },
            if yes { "yes" } else { "no" }
        )
    };
    let table =
        |from: usize, to: usize| "a,b,state,answer\n".to_owned() + &(from..to).map(row).collect::<String>();
    let data = scratch.file("data.csv", &table(0, 300));
    let test = scratch.file("test.csv", &table(280, 360));
    let check = |extra: &[&str]| {
        let mut arguments =
            vec!["check", &data, "--target", "answer", "--max-trials", "3", "--quiet", "--json"];
        arguments.extend(extra);
        let (code, out, err) = told(&arguments);
        assert_eq!(code, 0, "{err}");
        let found: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
        let each = found.as_array().cloned().unwrap_or_default().into_iter();
        each.map(|f| {
            (
                f["check"].as_str().unwrap_or_default().to_owned(),
                f["suspicious"] == true,
                f["finding"].to_string(),
            )
        })
        .collect::<Vec<_>>()
    };
    let found = check(&["--against", &test]);
    let names: Vec<&str> = found.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(names, ["columns", "repeated rows", "shared rows", "shuffled answers"]);
    assert!(found[0].1 && found[0].2.contains("state"), "{found:?}");
    assert!(!found[1].1 && found[2].1 && found[2].2.contains("20 of the 80 rows"), "{found:?}");
    assert!(!found[3].1 && found[3].2.contains("no better"), "{found:?}");
    assert!(!check(&["--ignore", "state"])[0].1);
}

#[test]
fn the_budget_is_kept() {
    let scratch = Scratch::new();
    let data = sample("churn.csv").to_string_lossy().into_owned();
    let started = std::time::Instant::now();
    let (code, _, err) =
        told(&["fit", &data, "--target", "churn", "--budget", "3s", "--out", &scratch.path("m")]);
    assert_eq!(code, 0, "{err}");
    // Ten per cent and a second; the rest is for a machine that is busy with other tests.
    assert!(started.elapsed().as_secs_f64() < 8.0, "{:?}", started.elapsed());
}

#[test]
fn tables_of_other_formats_are_read_and_their_faults_told() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../automl-core/tests/fixtures/columnar");
    let fixture = |name: &str| fixtures.join(name).to_string_lossy().into_owned();
    let scratch = Scratch::new();
    let model = scratch.path("m.trellis");
    let fit = ["fit", &fixture("snappy.parquet"), "--target", "ratio", "--max-trials", "3", "--out", &model];
    let (code, _, err) = told(&fit);
    assert_eq!(code, 0, "{err}");
    let predicted = |data: &str| {
        let (code, out, err) = told(&["predict", &model, data, "--out", "-", "--quiet"]);
        assert_eq!(code, 0, "{err}");
        out
    };
    let expected = predicted(&fixture("expected.csv"));
    assert_eq!(expected.lines().count(), 41);
    assert!(
        predicted(&fixture("zstd.parquet")) == expected && predicted(&fixture("lz4.feather")) == expected
    );

    let cut = scratch.path("cut.parquet");
    std::fs::write(&cut, &read(&fixture("snappy.parquet"))[..900]).unwrap_or_else(|e| panic!("{e}"));
    let (what, help) = error(&["predict", &model, &cut, "--out", "-"], 1);
    assert!(what.contains("cannot be read as a Parquet file") && help.contains("CSV"), "{what} {help}");
}

#[test]
fn weights_and_constraints_are_asked_for_by_name_and_told_again() {
    let scratch = Scratch::new();
    let row = |i: usize| {
        let (age, x) = (20 + i * 37 % 50, i * 13 % 11);
        format!("{age},{x},{}.5,{}\n", 1 + i % 3, age * 2 + (i * 7 % 20) + x)
    };
    let text = "age,x,w,price\n".to_owned() + &(0..200).map(row).collect::<String>();
    let data = scratch.file("data.csv", &text);
    let model = scratch.path("m.trellis");
    let fit = |extra: &[&str]| {
        let mut arguments = vec!["fit", &data, "--target", "price", "--out", &model, "--max-trials", "5"];
        arguments.extend(extra);
        arguments.into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let run = |extra: &[&str]| {
        let arguments = fit(extra);
        told(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (code, out, err) = run(&["--weights", "w", "--monotone", "age=up", "--interact", "age"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("as much as its \"w\"") && out.contains("Not searched (cannot keep"), "{out}");
    let (_, board, _) = told(&["leaderboard", &model]);
    assert!(board.contains("Not searched (cannot keep") && !board.contains("Ridge  "), "{board}");
    let score = |table: &str| {
        let (code, out, err) = told(&["score", &model, table, "--json"]);
        assert_eq!(code, 0, "{err}");
        (serde_json::from_str::<serde_json::Value>(&out).unwrap_or_default(), err)
    };
    let without: String = text
        .lines()
        .map(|l| {
            l.split(',').enumerate().filter(|c| c.0 != 2).map(|c| c.1).collect::<Vec<_>>().join(",") + "\n"
        })
        .collect();
    let (weighted, said) = score(&data);
    assert!(said.is_empty(), "{said}");
    let (alike, said) = score(&scratch.file("without.csv", &without));
    assert!(said.contains("no column \"w\"") && weighted["metrics"]["rmse"] != alike["metrics"]["rmse"]);

    let wrong = |extra: &[&str], code: i32| {
        let arguments = fit(extra);
        error(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), code)
    };
    assert!(wrong(&["--weights", "price"], 1).0.contains("is the target"));
    assert!(wrong(&["--monotone", "age=sideways"], 2).0.contains("COL=up"));
    assert!(wrong(&["--monotone", "price=up"], 1).0.contains("not learned from"));
    assert!(wrong(&["--max-predict-us-per-row", "5"], 1).1.contains("time budget"));
    assert!(wrong(&["--max-memory", "lots"], 2).0.contains("4GB"));
    let (code, _, err) = run(&["--max-memory", "1MB", "--quiet"]);
    assert_eq!((code, err.as_str()), (0, ""));
}
