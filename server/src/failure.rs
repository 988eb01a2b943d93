//! How commands fail: one line that says what happened, one that says what to do.

use automl_core::diagnostic::Diagnostic;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub what: String,
    pub help: String,
}

impl Failure {
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }

    /// A file that cannot be read or written.
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path; the folder and the file must exist",
            std::io::ErrorKind::PermissionDenied => "check who may read and write there",
            std::io::ErrorKind::IsADirectory => "name a file, not a folder",
            _ => "check the disk and the path",
        };
        Self::new(format!("cannot {doing} {}: {}", path.display(), plain(error)), help)
    }

    /// The first error among the diagnostics; the others are printed as warnings.
    pub fn from_diagnostics(diagnostics: &[Diagnostic]) -> Self {
        let first = diagnostics.iter().find(|d| d.is_error()).or(diagnostics.first());
        first.map_or_else(|| Self::new("something went wrong", "try again"), |d| Self::from(d.clone()))
    }

    /// The same failure, of the file or column `name`.
    pub fn prefixed(name: &str, failure: Self) -> Self {
        Self { what: format!("{name}: {}", failure.what), ..failure }
    }

    /// Prints the failure and gives the exit code 1.
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {}", one_line(&self.what));
        eprintln!("help: {}", one_line(&self.help));
        ExitCode::from(1)
    }
}

impl From<Diagnostic> for Failure {
    fn from(d: Diagnostic) -> Self {
        Self::new(lower_first(d.message.trim_end_matches('.')), lower_first(d.remedy.trim_end_matches('.')))
    }
}

/// An I/O error without "(os error 2)".
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Messages begin in lower case after `error:`, unless the first word is written otherwise.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(a), Some(b)) if a.is_uppercase() && b.is_lowercase() => {
            a.to_lowercase().chain(std::iter::once(b)).chain(chars).collect()
        }
        (Some('A'), Some(' ')) => format!("a{}", &text[1..]),
        _ => text.to_owned(),
    }
}

/// Prints warnings on standard error, the first few.
pub fn warn(diagnostics: &[Diagnostic]) {
    const SHOWN: usize = 10;
    for d in diagnostics.iter().take(SHOWN) {
        let row = d.row.map_or(String::new(), |r| format!(" (row {r})"));
        eprintln!("warning: {}{row} {}", one_line(&d.message), one_line(&d.remedy));
    }
    if diagnostics.len() > SHOWN {
        eprintln!("warning: and {} more", diagnostics.len() - SHOWN);
    }
}

/// What clap says, in the shape of all errors; help and version are no errors.
pub fn usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Nothing can be done where standard output is closed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut what = lines.next().unwrap_or("wrong usage").trim_start_matches("error: ").to_owned();
    let mut help = "run `trellis --help`".to_owned();
    for line in lines {
        if let Some(tip) = line.strip_prefix("tip: ") {
            help = tip.to_owned();
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            help = format!("{help}; usage: {usage}").replace("run `trellis --help`; ", "");
        } else if !line.starts_with("For more") {
            what = format!("{what} {line}");
        }
    }
    eprintln!("error: {}", one_line(&what));
    eprintln!("help: {}", one_line(&help));
    ExitCode::from(2)
}

/// An error of a library in the shape of all errors.
pub fn because(what: impl Into<String>, error: impl Display, help: impl Into<String>) -> Failure {
    Failure::new(format!("{}: {error}", what.into()), help)
}
