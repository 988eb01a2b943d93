//! The texts that stand for "no value".

/// Texts that stand for "no value" unless the person says otherwise; compared exactly, after trimming.
pub const MISSING_TOKENS: [&str; 29] = [
    "", "NA", "N/A", "n/a", "na", "N.A.", "NaN", "nan", "NAN", "-nan", "-NaN", "null", "NULL", "Null",
    "None", "nil", "NaT", "<NA>", "?", "-", "--", ".", "#N/A", "#NA", "#NULL!", "#VALUE!", "#DIV/0!",
    "#REF!", "#NAME?",
];

/// A set of missing tokens.
#[derive(Debug, Clone)]
pub(crate) struct MissingTokens {
    sorted: Vec<String>,
    longest: usize,
}

impl MissingTokens {
    pub(crate) fn new(tokens: Option<&[String]>) -> Self {
        let mut sorted: Vec<String> = match tokens {
            Some(given) => given.iter().map(|t| t.trim().to_string()).collect(),
            None => MISSING_TOKENS.iter().map(|t| (*t).to_string()).collect(),
        };
        sorted.sort_unstable();
        sorted.dedup();
        let longest = sorted.iter().map(String::len).max().unwrap_or(0);
        Self { sorted, longest }
    }

    /// Whether `trimmed`, a field without outer white space, stands for "no value".
    pub(crate) fn holds(&self, trimmed: &str) -> bool {
        trimmed.len() <= self.longest && self.sorted.binary_search_by(|t| t.as_str().cmp(trimmed)).is_ok()
    }
}
