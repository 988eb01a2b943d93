//! One value of many: counts, sums, means and the like, by groups of rows.

use super::build::numbers;
use super::keys::{Family, Members, NONE, codes, family};
use super::spec::{ChoiceOption, FieldKind};
use super::stack::is_blank;
use crate::numeric::{mean, sum};
use crate::table::{Column, ColumnType, MISSING_TIME, Values};

/// How many values become one. Missing values are left out by all but [`Function::ShareMissing`], and by
/// [`Function::Count`] where it counts rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    Distinct,
    Sum,
    Mean,
    Median,
    Min,
    Max,
    Sd,
    First,
    Last,
    MostFrequent,
    ShareMissing,
}

impl Function {
    const ALL: [Self; 12] = [
        Self::Count,
        Self::Distinct,
        Self::Sum,
        Self::Mean,
        Self::Median,
        Self::Min,
        Self::Max,
        Self::Sd,
        Self::First,
        Self::Last,
        Self::MostFrequent,
        Self::ShareMissing,
    ];

    /// Those that give a number of anything, or of numbers.
    pub(super) const NUMBERS: [Self; 9] = [
        Self::Count,
        Self::Mean,
        Self::Sum,
        Self::Median,
        Self::Min,
        Self::Max,
        Self::Sd,
        Self::Distinct,
        Self::ShareMissing,
    ];

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Distinct => "distinct",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sd => "sd",
            Self::First => "first",
            Self::Last => "last",
            Self::MostFrequent => "most_frequent",
            Self::ShareMissing => "share_missing",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Distinct => "Distinct values",
            Self::Sum => "Sum",
            Self::Mean => "Mean",
            Self::Median => "Median",
            Self::Min => "Smallest",
            Self::Max => "Largest",
            Self::Sd => "Standard deviation",
            Self::First => "First",
            Self::Last => "Last",
            Self::MostFrequent => "Most frequent",
            Self::ShareMissing => "Share missing",
        }
    }

    pub(super) fn from_id(id: &str) -> Self {
        Self::ALL.into_iter().find(|f| f.id() == id).unwrap_or(Self::Count)
    }

    /// The choice among `functions`, or among all; the first is the default.
    pub(super) fn choice(functions: Option<&[Self]>) -> FieldKind {
        let functions = functions.unwrap_or(&Self::ALL);
        let option = |f: &Self| ChoiceOption { id: f.id().to_owned(), title: f.title().to_owned() };
        FieldKind::Choice {
            default: functions.first().map_or(String::new(), |f| f.id().to_owned()),
            options: functions.iter().map(option).collect(),
        }
    }

    /// What it needs that the column does not hold, as `numbers`.
    pub(super) fn lacks(self, column: &Column) -> Option<&'static str> {
        if is_blank(column) {
            return None;
        }
        let is_flag = column.ty == ColumnType::Boolean || matches!(column.values, Values::Bool { .. });
        match (self, family(column)) {
            (_, Family::Numbers) => None,
            (Self::Sum | Self::Mean, _) if is_flag => None,
            (Self::Mean | Self::Median | Self::Min | Self::Max, Family::Times) => None,
            (Self::Median | Self::Min | Self::Max, _) => Some("numbers or dates"),
            (Self::Sum | Self::Mean | Self::Sd, _) => Some("numbers"),
            _ => None,
        }
    }

    /// One value a group. Where [`Function::lacks`] something, all are missing. A group without values has count 0 and
    /// otherwise a missing value; so has the standard deviation (divisor n − 1) of one value.
    pub(super) fn apply(self, name: &str, column: &Column, members: &Members) -> Column {
        if self.lacks(column).is_some() {
            return numbers(name, vec![f64::NAN; members.count()]);
        }
        match self {
            Self::Count => {
                let present = |rows: &[u32]| rows.iter().filter(|&&r| !column.is_missing(r as usize)).count();
                numbers(name, members.iter().map(|rows| present(rows) as f64).collect())
            }
            Self::ShareMissing => {
                let missing = |rows: &[u32]| rows.iter().filter(|&&r| column.is_missing(r as usize)).count();
                let share = |rows: &[u32]| missing(rows) as f64 / rows.len() as f64;
                numbers(name, members.iter().map(share).collect())
            }
            Self::Distinct | Self::MostFrequent => self.by_code(name, column, members),
            Self::First | Self::Last | Self::Min | Self::Max => {
                let rows: Vec<u32> = members.iter().map(|rows| self.pick(column, rows)).collect();
                Column { name: name.to_owned(), ..column.take(&rows) }
            }
            Self::Sum | Self::Mean | Self::Median | Self::Sd => self.of_numbers(name, column, members),
        }
    }

    /// The row whose value stands for all; [`NONE`] where no row has one.
    fn pick(self, column: &Column, rows: &[u32]) -> u32 {
        let mut present = rows.iter().copied().filter(|&row| !column.is_missing(row as usize));
        let value = |row: u32| column.number(row as usize).unwrap_or(f64::NAN);
        match self {
            Self::First => present.next(),
            Self::Last => present.next_back(),
            Self::Min => present.reduce(|a, b| if value(b) < value(a) { b } else { a }),
            _ => present.reduce(|a, b| if value(b) > value(a) { b } else { a }),
        }
        .unwrap_or(NONE)
    }

    /// Among equally frequent values the one that comes first.
    fn by_code(self, name: &str, column: &Column, members: &Members) -> Column {
        let (codes, count) = codes(&[column]);
        let codes = codes.first().map(Vec::as_slice).unwrap_or_default();
        let mut times = vec![0u32; count];
        let mut distinct = Vec::new();
        let mut frequent = Vec::new();
        for rows in members.iter() {
            let mut different = 0;
            for &row in rows {
                let code = codes[row as usize];
                if code != NONE {
                    different += u32::from(times[code as usize] == 0);
                    times[code as usize] += 1;
                }
            }
            let (mut best, mut most) = (NONE, 0);
            for &row in rows {
                let code = codes[row as usize];
                if code != NONE && times[code as usize] > most {
                    (best, most) = (row, times[code as usize]);
                }
            }
            rows.iter()
                .map(|&row| codes[row as usize])
                .filter(|&c| c != NONE)
                .for_each(|c| times[c as usize] = 0);
            distinct.push(f64::from(different));
            frequent.push(best);
        }
        match self {
            Self::Distinct => numbers(name, distinct),
            _ => Column { name: name.to_owned(), ..column.take(&frequent) },
        }
    }

    fn of_numbers(self, name: &str, column: &Column, members: &Members) -> Column {
        let mut held: Vec<f64> = Vec::new();
        let one = |rows: &[u32]| {
            held.clear();
            held.extend(rows.iter().filter_map(|&row| column.number(row as usize)));
            self.of(&mut held)
        };
        let values: Vec<f64> = members.iter().map(one).collect();
        if !matches!(column.values, Values::Time(_)) {
            return numbers(name, values);
        }
        let times =
            values.iter().map(|&t| if t.is_nan() { MISSING_TIME } else { t.round() as i64 }).collect();
        Column { name: name.to_owned(), ty: column.ty, values: Values::Time(times), spellings: Vec::new() }
    }

    /// The sum, mean, median, extreme or standard deviation of numbers that are there; reorders them. NaN where it is
    /// not defined.
    pub(super) fn of(self, values: &mut [f64]) -> f64 {
        if values.is_empty() {
            return f64::NAN;
        }
        match self {
            Self::Sum => sum(values),
            Self::Mean => mean(values),
            Self::Median => quantile(values, 0.5),
            Self::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            _ => sd(values),
        }
    }
}

/// Standard deviation, divisor n − 1; NaN for fewer than two values.
pub(super) fn sd(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let centre = mean(values);
    let squares: Vec<f64> = values.iter().map(|x| (x - centre) * (x - centre)).collect();
    (sum(&squares) / (values.len() - 1) as f64).sqrt()
}

/// Linear interpolation between order statistics (type 7 of Hyndman & Fan, "Sample quantiles in statistical packages",
/// 1996). Reorders `values`; NaN where there are none.
pub(super) fn quantile(values: &mut [f64], level: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let at = level * (values.len() - 1) as f64;
    let below = at.floor() as usize;
    let weight = at - below as f64;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    if weight == 0.0 || above.is_empty() {
        return low;
    }
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    low * (1.0 - weight) + high * weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::testing::{shown, table};

    #[test]
    fn many_values_become_one() {
        let check = |csv: &str, function: Function, expected: &str| {
            let table = table(csv);
            let column = table.column("v").unwrap();
            // Rows 0–4, row 5, and a group without rows.
            let members = Members::new(&[0, 0, 0, 0, 0, 1], 3);
            assert_eq!(shown(&function.apply("out", column, &members)), expected, "{function:?} {csv}");
        };
        let numbers = "v\n4\n1\nNA\n4\n2\nNA\n";
        check(numbers, Function::Count, "4 0 0");
        check(numbers, Function::Distinct, "3 0 0");
        check(numbers, Function::Sum, "11 · ·");
        check(numbers, Function::Mean, "2.75 · ·");
        check(numbers, Function::Median, "3 · ·");
        check(numbers, Function::Min, "1 · ·");
        check(numbers, Function::Max, "4 · ·");
        check(numbers, Function::Sd, "1.5 · ·");
        check(numbers, Function::First, "4 · ·");
        check(numbers, Function::Last, "2 · ·");
        check(numbers, Function::MostFrequent, "4 · ·");
        check(numbers, Function::ShareMissing, "0.2 1 ·");
        let words = "v\nb\na\na\nb\nc\nb\n";
        check(words, Function::MostFrequent, "b b ·");
        check(words, Function::Distinct, "3 1 0");
        check(words, Function::Mean, "· · ·");
        let dates = "v\n2024-01-03\n2024-01-01\nNA\n2024-01-01\n2024-01-02\n2024-05-01\n";
        check(dates, Function::Max, "2024-01-03 2024-05-01 ·");
        check(dates, Function::Median, "2024-01-01T12:00:00 2024-05-01 ·");
        let flags = "v\nyes\nno\nyes\nyes\nNA\nno\n";
        check(flags, Function::Sum, "3 0 ·");
        check(flags, Function::Mean, "0.75 0 ·");
        check(flags, Function::First, "yes no ·");
        let nothing = "v,w\nNA,1\nNA,2\nNA,3\nNA,4\nNA,5\nNA,6\n";
        for function in Function::ALL {
            let column = table(nothing).columns[0].clone();
            assert_eq!(function.lacks(&column), None);
            let expected = match function {
                Function::Count | Function::Distinct => "0 0 0",
                Function::ShareMissing => "1 1 ·",
                _ => "· · ·",
            };
            check(nothing, function, expected);
        }
    }
}
