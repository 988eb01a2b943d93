//! What the command line takes.

mod executing;
mod serving;

use crate::commands::assertion::Assertion;
use automl_core::engine::protocol::{Direction, column_names};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

pub use executing::{ExecutorArgs, OnExecutors};
pub use serving::{ChildArgs, ServeArgs, WorkerArgs};

/// Trains, explains and serves models of tables. Everything stays on this machine.
#[derive(Debug, Parser)]
#[command(name = "trellis", version, propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Search for the best model of a column, and write it to a file
    Fit(Box<FitArgs>),
    /// Predict the rows of a table with a model
    Predict(PredictArgs),
    /// Measure a model on a table whose answers are known
    Score(ScoreArgs),
    /// Look for what makes scores look better than they are: leaks and repeated rows
    Check(CheckArgs),
    /// Run a pipeline that was drawn in the page
    Run(RunArgs),
    /// Show the kinds of nodes that pipelines are made of
    Kinds(KindsArgs),
    /// Show every trial of the search that made a model
    Leaderboard(LeaderboardArgs),
    /// Serve the web page, keep projects, and run what outgrows a tab
    Serve(ServeArgs),
    /// Write all that a server keeps into one file, while it runs
    Backup(crate::keep::BackupArgs),
    /// Lay out a backup in a new folder, for a server to go on with
    Restore(crate::keep::RestoreArgs),
    /// Make a key with which a server encrypts the files of its projects
    NewKey(crate::blobs::NewKeyArgs),
    /// Compute trials for a server on another machine
    Worker(WorkerArgs),
    /// Hold rows in memory, from which `trellis fit --executors` grows trees on another machine
    Executor(ExecutorArgs),
    /// Compute trials that come on standard input; started by workers
    #[command(hide = true)]
    Child(ChildArgs),
    /// Say what a file on standard input holds; started by the server
    #[command(hide = true)]
    Look(crate::look::LookArgs),
    /// Read a table that memory does not hold from standard input; started by the server
    #[command(hide = true)]
    Beyond(crate::beyond::child::BeyondArgs),
}

/// How a table is to be read where its own looks mislead.
#[derive(Debug, Clone, Default, Args)]
pub struct DialectArgs {
    /// Character between two fields, for example ";" or "tab" [default: found out]
    #[arg(long, value_parser = delimiter, help_heading = "Reading")]
    pub delimiter: Option<u8>,
    /// Mark between whole and fraction [default: found out]
    #[arg(long, value_enum, help_heading = "Reading")]
    pub decimal: Option<DecimalArg>,
    /// Encoding of the file [default: found out]
    #[arg(long, value_enum, help_heading = "Reading")]
    pub encoding: Option<EncodingArg>,
    /// The first line is data already
    #[arg(long, help_heading = "Reading")]
    pub no_header: bool,
    /// A text that stands for "no value"; may be given more than once, and replaces the usual ones
    #[arg(long, value_name = "TEXT", help_heading = "Reading")]
    pub missing: Vec<String>,
    /// What to ask the database that is named in place of a file, for example "SELECT * FROM sales"; it may only read
    #[arg(long, value_name = "SQL", help_heading = "Reading")]
    pub query: Option<String>,
}

#[derive(Debug, Args)]
pub struct FitArgs {
    /// Table to learn from: CSV, or by its ending JSON lines, Parquet or Arrow. A file, an object (s3://BUCKET/KEY; keys and
    /// endpoint in AWS_… variables), or a database (postgres://USER@HOST/DATABASE, with --query)
    pub data: PathBuf,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Kind of question
    #[arg(long, value_enum, default_value_t = TaskArg::Auto)]
    pub task: TaskArg,
    /// What the search improves, for example roc_auc, log_loss, rmse [default: the usual one of the task]
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
    /// Wall time for the whole command, for example 60s, 2m, 1.5h [default: 60s, or none with --max-trials]
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub budget: Option<f64>,
    /// Most trials, the baseline included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_trials: Option<u32>,
    /// Same seed, same model
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Threads [default: one a processor core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Where models are computed: "auto" takes the graphics card for what it is quicker with, "gpu" for all that can be
    /// computed on one, even one that is a program
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub backend: BackendArg,
    /// Also train many settings of neural networks side by side on a graphics card, drop the worse half again and again, and try
    /// the best few as trials. Another card may choose others and so give another model, so it excludes --reproducible
    #[arg(long, conflicts_with = "reproducible")]
    pub populations: bool,
    /// A column that must not be looked at; may be given more than once
    #[arg(long, value_name = "COL")]
    pub ignore: Vec<String>,
    /// A column's type, for example zip=categorical; may be given more than once
    #[arg(long = "type", value_name = "COL=TYPE", value_parser = column_type)]
    pub types: Vec<(String, automl_core::table::ColumnType)>,
    /// A learner to search; may be given more than once [default: all that suit]
    #[arg(long = "learner", value_name = "ID")]
    pub learners: Vec<String>,
    /// Leave out learners whose last bits depend on the machine
    #[arg(long)]
    pub reproducible: bool,
    /// Column that says how much each row counts, from 0 on, in training and in scores; it is not learned from
    #[arg(long, value_name = "COL")]
    pub weights: Option<String>,
    /// A number with which predictions may only rise or only fall, for example age=up or price=down; may be given more
    /// than once. Only learners that keep to it are searched
    #[arg(long, value_name = "COL=WAY", value_parser = direction)]
    pub monotone: Vec<(String, Direction)>,
    /// Columns that may act together, for example a,b,c; columns that no group names are one more. A name with a comma goes
    /// in double quotes. May be given more than once; only learners that keep to it are searched
    #[arg(long, value_name = "COLS", value_parser = names)]
    pub interact: Vec<Names>,
    /// Most microseconds that the model may take to predict a row, measured on this machine; slower models are not taken.
    /// Needs a time budget, and not --reproducible: the clock chooses
    #[arg(long, value_name = "US", conflicts_with = "reproducible")]
    pub max_predict_us_per_row: Option<f64>,
    /// Most memory that the search may take, for example 4GB or 800MB; what does not fit is not begun: fewer threads,
    /// then fewer kinds of models, then a sample of the rows. A table that would take more than two fifths of it is searched
    /// on some of its rows, and boosted trees, ridge and logistic regression and naive Bayes then learn from all; JSON
    /// lines are always read whole [default: most of what is free]
    #[arg(long, value_name = "SIZE", value_parser = megabytes)]
    pub max_memory: Option<u64>,
    #[command(flatten)]
    pub on: OnExecutors,
    /// File for the model
    #[arg(long, value_name = "MODEL")]
    pub out: PathBuf,
    /// Print the leaderboard and the verdict as JSON
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub dialect: DialectArgs,
}

#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Model file that `trellis fit` or the page wrote
    pub model: PathBuf,
    /// Table to predict: a file, s3://BUCKET/KEY, or postgres://… with --query
    pub data: PathBuf,
    /// File for the predictions; "-" prints them
    #[arg(long, value_name = "PRED.csv")]
    pub out: PathBuf,
    /// Add what holds the true value for a share LEVEL of rows like those of training, for example 0.9:
    /// prediction_low and prediction_high for a number; for a class prediction_set, all classes that it may be, the
    /// likeliest first with "|" between them, and prediction_set_size
    #[arg(long, value_name = "LEVEL")]
    pub interval: Option<f64>,
    /// Add a column "prediction" with the class that each row is called
    #[arg(long)]
    pub labels: bool,
    /// Two classes: call a row the second class where its probability is above P, in place of the model's own
    /// threshold; adds the column "prediction"
    #[arg(long, value_name = "P")]
    pub threshold: Option<f64>,
    /// Where rows are predicted: "auto" takes the graphics card where the processor would take long, "gpu" for all that can be
    /// computed on one, even one that is a program
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub backend: BackendArg,
    /// Show no warnings or notes
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub dialect: DialectArgs,
}

#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// Model file
    pub model: PathBuf,
    /// Table with the true answers: a file, s3://BUCKET/KEY, or postgres://… with --query
    pub data: PathBuf,
    /// Two classes: call a row the second class where its probability is above P, in place of the model's own threshold
    #[arg(long, value_name = "P")]
    pub threshold: Option<f64>,
    /// Print the scores as JSON
    #[arg(long)]
    pub json: bool,
    /// Where rows are predicted: "auto" takes the graphics card where the processor would take long, "gpu" for all that can be
    /// computed on one, even one that is a program
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub backend: BackendArg,
    /// Show no warnings
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub dialect: DialectArgs,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Table to learn from: a file, s3://BUCKET/KEY, or postgres://… with --query
    pub data: PathBuf,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Another table, for example the one to test on: do rows of it lie in the first?
    #[arg(long, value_name = "TABLE")]
    pub against: Option<PathBuf>,
    /// A column that must not be looked at; may be given more than once
    #[arg(long, value_name = "COL")]
    pub ignore: Vec<String>,
    /// Trials of the search with shuffled answers, the baseline included
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(2..))]
    pub max_trials: u32,
    /// Same seed, same shuffle
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Threads [default: one a processor core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
    /// Show no progress and no warnings
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub dialect: DialectArgs,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Pipeline file that the page saved (.trellis.json)
    pub pipeline: PathBuf,
    /// Data of a source: NODE=FILE, or the file alone where one node wants any; may be given more than once. A file that
    /// lies beside the pipeline under the name that a source wants need not be given
    #[arg(long, value_name = "NODE=FILE")]
    pub data: Vec<PathBuf>,
    /// Run this node and all that it needs; may be given more than once [default: everything]
    #[arg(long, value_name = "NODE")]
    pub node: Vec<String>,
    /// What scores must be, for example "auc>=0.8", or of one node "evaluate-1:auc>=0.8"; exit code 1 where they are not.
    /// Scores of Evaluate nodes count, or where there are none those of learners and searches. May be given more than once
    #[arg(long, value_name = "METRIC OP NUMBER")]
    pub assert: Vec<Assertion>,
    /// Folder for what export nodes give
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of every node that has one, in place of its own
    #[arg(long)]
    pub seed: Option<u32>,
    /// Threads [default: one a processor core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Where models are computed: "auto" takes the graphics card for what it is quicker with, "gpu" for all that can be
    /// computed on one, even one that is a program
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub backend: BackendArg,
    /// Print nodes, scores and files as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct KindsArgs {
    /// One kind, whole
    pub kind: Option<String>,
    /// Print declarations as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct LeaderboardArgs {
    /// Model file
    pub model: PathBuf,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TaskArg {
    Auto,
    Binary,
    Multiclass,
    Regression,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BackendArg {
    Auto,
    Cpu,
    Gpu,
}

impl BackendArg {
    /// As it is written on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DecimalArg {
    Point,
    Comma,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EncodingArg {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "utf-16le")]
    Utf16Le,
    #[value(name = "utf-16be")]
    Utf16Be,
    #[value(name = "windows-1252")]
    Windows1252,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'"' => Ok(*byte),
        _ => Err("a delimiter is one character such as , ; | or the word tab".to_owned()),
    }
}

/// `90`, `90s`, `500ms`, `1.5m`, `2h` in seconds.
fn seconds(text: &str) -> Result<f64, String> {
    let wrong = || "a time is a number with ms, s, m or h behind it, for example 60s".to_owned();
    let text = text.trim();
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let scale = match unit.trim() {
        "ms" => 1e-3,
        "" | "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let secs = number * scale;
    if (0.1..=30.0 * 86_400.0).contains(&secs) {
        Ok(secs)
    } else {
        Err("a time lies between 100ms and 30 days".to_owned())
    }
}

/// `800MB`, `4GB`, `1.5 GB` in megabytes.
fn megabytes(text: &str) -> Result<u64, String> {
    let wrong = || "it is a size with MB or GB behind it, for example 4GB".to_owned();
    let text = text.trim().to_ascii_lowercase();
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let scale = match unit {
        "mb" | "m" => 1.0,
        "gb" | "g" => 1e3,
        _ => return Err(wrong()),
    };
    let size = number.trim().parse::<f64>().map_err(|_| wrong())? * scale;
    if (1.0..=1e9).contains(&size) { Ok(size as u64) } else { Err(wrong()) }
}

/// Names of columns in one argument.
pub type Names = Vec<String>;

/// `age=up`.
fn direction(text: &str) -> Result<(String, Direction), String> {
    let wrong = || "it is COL=up or COL=down".to_owned();
    let (column, way) = text.rsplit_once('=').ok_or_else(wrong)?;
    let direction = match way.trim().to_ascii_lowercase().as_str() {
        "up" => Direction::Up,
        "down" => Direction::Down,
        _ => return Err(wrong()),
    };
    Ok((column.to_owned(), direction))
}

/// `a,b,"c, d"`.
fn names(text: &str) -> Result<Names, String> {
    column_names(text).ok_or_else(|| "it is names of columns with commas between".to_owned())
}

fn column_type(text: &str) -> Result<(String, automl_core::table::ColumnType), String> {
    use automl_core::table::ColumnType;
    let names: Vec<&str> = ColumnType::ALL.iter().map(|t| t.name()).collect();
    let wrong = || format!("it is COL=TYPE with one of the types {}", names.join(", "));
    let (column, ty) = text.rsplit_once('=').ok_or_else(wrong)?;
    let ty =
        ColumnType::ALL.into_iter().find(|t| t.name() == ty.trim().to_ascii_lowercase()).ok_or_else(wrong)?;
    Ok((column.to_owned(), ty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, secs) in [("60s", 60.0), ("10", 10.0), ("500ms", 0.5), ("1.5m", 90.0), ("2h", 7200.0)] {
            assert_eq!(seconds(text), Ok(secs), "{text}");
        }
        for text in ["", "s", "abc", "10 parsecs", "-5s", "0", "nan", "1e99h"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn directions_and_groups_are_read() {
        assert_eq!(direction("a=b=up"), Ok(("a=b".to_owned(), Direction::Up)));
        assert_eq!(direction("age=Down"), Ok(("age".to_owned(), Direction::Down)));
        assert_eq!([megabytes("800MB"), megabytes("1.5 gb"), megabytes("2G")], [Ok(800), Ok(1500), Ok(2000)]);
        assert!(megabytes("800").is_err() && megabytes("many MB").is_err() && megabytes("0GB").is_err());
        assert!(direction("age").is_err() && direction("age=1").is_err());
        assert_eq!(names("a, b").unwrap_or_default(), ["a", "b"]);
        assert_eq!(names("\"a, \"\"b\"\"\",c").unwrap_or_default(), ["a, \"b\"", "c"]);
        assert!(names("").is_err() && names("a,,b").is_err());
    }

    #[test]
    fn delimiters_and_types_are_checked() {
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        assert_eq!(delimiter(";"), Ok(b';'));
        assert!(delimiter("ab").is_err() && delimiter("a").is_err() && delimiter("é").is_err());
        assert!(column_type("a=b=numeric").is_ok_and(|(c, _)| c == "a=b"));
        assert!(column_type("zip").is_err() && column_type("zip=number").is_err());
    }
}
