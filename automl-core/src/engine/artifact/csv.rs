//! Predictions as CSV.
//!
//! One column a class, headed with the class, or one column `prediction`. Labels add `prediction`, the class that a row is
//! called. Intervals add `prediction_low` and
//! `prediction_high`; sets add `prediction_set`, its classes from the likeliest on with `|` between them (a `|` or `\`
//! inside a name has a `\` before it), and `prediction_set_size`.

use super::predict::CardForRest;
use super::promise::{Held, PredictOptions, Promise};
use super::{BLOCK, ModelArtifact};
use crate::calibrate::Decision;
use crate::diagnostic::Diagnostic;
use crate::table::{Table, write_csv_field};
use std::fmt::Write;

/// What goes beside the outputs.
struct Asked<'a> {
    promise: Option<Promise<'a>>,
    /// How rows are called, where that is wanted.
    labels: Option<Decision>,
}

impl ModelArtifact {
    /// Predictions as CSV, with what `options` asks for.
    ///
    /// # Errors
    /// Where the table has none of the columns that the model reads, or `options` asks for what cannot be.
    pub fn predictions_csv(
        &self,
        table: &Table,
        options: &PredictOptions,
    ) -> Result<(String, Vec<Diagnostic>), Diagnostic> {
        self.predictions_csv_on(table, options, &mut |_| None)
    }

    /// The same, where a card may be asked for once it is known how long the processor takes. Natively only.
    ///
    /// # Errors
    /// As [`ModelArtifact::predictions_csv`].
    pub fn predictions_csv_on(
        &self,
        table: &Table,
        options: &PredictOptions,
        rest: CardForRest<'_>,
    ) -> Result<(String, Vec<Diagnostic>), Diagnostic> {
        let diagnostics = self.check(table)?;
        let asked = self.asked(options)?;
        let mut out = self.csv_header(&asked);
        self.blocks(table, asked.promise.is_some(), rest, |values, by_fold| {
            self.write_rows(&values, by_fold, &asked, &mut out);
        })?;
        Ok((out, diagnostics))
    }

    /// The part of [`ModelArtifact::predictions_csv`] that begins with row `start`, and the row after it. Parts from
    /// row 0 to the end, one after the other, are the whole.
    ///
    /// # Errors
    /// Where `options` asks for what cannot be, or a step cannot be done to these rows.
    pub(in crate::engine) fn predictions_part(
        &self,
        table: &Table,
        start: usize,
        options: &PredictOptions,
    ) -> Result<(String, usize), Diagnostic> {
        let asked = self.asked(options)?;
        let mut out = if start == 0 { self.csv_header(&asked) } else { String::new() };
        let (values, by_fold) = self.block(table, start, asked.promise.is_some())?;
        self.write_rows(&values, &by_fold, &asked, &mut out);
        Ok((out, table.rows.min(start + BLOCK)))
    }

    /// # Errors
    /// Where `options` asks for what cannot be.
    fn asked(&self, options: &PredictOptions) -> Result<Asked<'_>, Diagnostic> {
        let decision = self.decision_at(options.threshold)?;
        let labels = (options.labels || options.threshold.is_some()) && !self.header.classes.is_empty();
        Ok(Asked {
            promise: options.interval.map(|level| self.promise(level)).transpose()?,
            labels: labels.then_some(decision),
        })
    }

    /// `values`: rows × outputs; `by_fold`: rows × folds × outputs, where a promise is asked for.
    fn write_rows(&self, values: &[f64], by_fold: &[f64], asked: &Asked<'_>, out: &mut String) {
        let outputs = self.header.outputs();
        let width = outputs * self.promise_folds();
        for (i, row) in values.chunks(outputs).enumerate() {
            for (j, value) in row.iter().enumerate() {
                let separator = if j > 0 { "," } else { "" };
                // Writing into a string cannot fail, here and below.
                let _ = write!(out, "{separator}{value}");
            }
            if let Some(decision) = &asked.labels {
                let label = self.header.classes.get(decision.label(row) as usize);
                out.push(',');
                write_csv_field(out, label.map_or("", String::as_str));
            }
            if let Some(promise) = asked.promise {
                let by_fold = by_fold.get(i * width..(i + 1) * width).unwrap_or(row);
                match promise.of_row(by_fold, row) {
                    Held::Between(low, high) => {
                        let _ = write!(out, ",{low},{high}");
                    }
                    Held::Classes(held) => {
                        let names: Vec<String> = self.names(&held, row).iter().map(|n| escaped(n)).collect();
                        out.push(',');
                        write_csv_field(out, &names.join("|"));
                        let _ = write!(out, ",{}", names.len());
                    }
                }
            }
            out.push('\n');
        }
    }

    fn csv_header(&self, asked: &Asked<'_>) -> String {
        let mut names: Vec<String> = self.header.classes.clone();
        let mut add = |name: &str| {
            // A class may bear the name of a column.
            let numbered = (2..).map(|i| format!("{name}_{i}"));
            let free = std::iter::once(name.to_owned()).chain(numbered).find(|n| !names.contains(n));
            names.extend(free);
        };
        let numbers = self.header.classes.is_empty();
        if numbers || asked.labels.is_some() {
            add("prediction");
        }
        if asked.promise.is_some() {
            let ends = ["prediction_low", "prediction_high"];
            let set = ["prediction_set", "prediction_set_size"];
            (if numbers { ends } else { set }).into_iter().for_each(add);
        }
        let mut out = String::new();
        for (j, name) in names.iter().enumerate() {
            out.push_str(if j > 0 { "," } else { "" });
            write_csv_field(&mut out, name);
        }
        out.push('\n');
        out
    }
}

/// A class's name inside a set.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn separators_in_names_are_escaped() {
        assert_eq!(escaped(r"a|b\c, d"), r"a\|b\\c, d");
    }
}
