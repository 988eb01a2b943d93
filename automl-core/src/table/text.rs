//! Values as text, and columns of another type made from that text.

use super::infer::{ColumnBuilder, Parsing};
use super::options::Decimal;
use super::{Column, ColumnType, MISSING_CODE, MISSING_TIME, Values, datetime, number};
use crate::diagnostic::Diagnostic;
use std::borrow::Cow;

impl Column {
    /// The value of `row` as the file wrote it, as nearly as that is kept: numbers in the file's spelling where
    /// values are few and in their shortest form otherwise, dates in ISO form. `None` where missing.
    pub fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        match &self.values {
            Values::F32(v) => self.number_text(f64::from(*v.get(row)?)),
            Values::F64(v) => self.number_text(*v.get(row)?),
            Values::Bool { values, missing, labels } => (row < values.len() && !missing.get(row))
                .then(|| Cow::Borrowed(labels[usize::from(values.get(row))].as_str())),
            Values::Dict { codes, levels } => {
                let code = *codes.get(row)?;
                (code != MISSING_CODE)
                    .then(|| levels.get(code as usize).map(|l| Cow::Borrowed(l.as_str())))?
            }
            Values::Time(v) => {
                let ms = *v.get(row)?;
                (ms != MISSING_TIME).then(|| Cow::Owned(datetime::format(ms)))
            }
            Values::Text(v) => v.get(row).map(Cow::Borrowed),
        }
    }

    fn number_text(&self, x: f64) -> Option<Cow<'_, str>> {
        if x.is_nan() {
            return None;
        }
        match self.spellings.binary_search_by(|(value, _)| value.total_cmp(&x)) {
            Ok(at) => Some(Cow::Borrowed(&self.spellings[at].1)),
            Err(_) => Some(Cow::Owned(number::shortest(x))),
        }
    }

    /// A number as this column writes it.
    pub(crate) fn spelling(&self, x: f64) -> String {
        self.number_text(x).map_or(String::new(), Cow::into_owned)
    }

    /// The column read as another type. Values that are none of that type become missing, and a diagnostic says so.
    pub fn retyped(&self, ty: ColumnType) -> (Column, Vec<Diagnostic>) {
        // What is missing is missing already; no text means it any more.
        let parsing = Parsing::new(Decimal::Point, Some(&[]), None);
        let mut builder = ColumnBuilder::new(Some(ty), self.len());
        for row in 0..self.len() {
            match self.text(row) {
                Some(text) => builder.push(&text, &parsing),
                None => builder.push_missing(),
            }
        }
        let finished = builder.finish(&self.name, &parsing);
        (finished.column, finished.diagnostics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Format, ReadOptions, read};

    fn column(csv: &str) -> Column {
        let (table, _) = read(csv.as_bytes(), Format::Csv, &ReadOptions::default());
        table.columns.into_iter().next().unwrap()
    }

    fn texts(column: &Column) -> Vec<Option<String>> {
        (0..column.len()).map(|row| column.text(row).map(Cow::into_owned)).collect()
    }

    #[test]
    fn text_keeps_the_spelling() {
        let c = column("x\n1.0\n01\n2.50\nNA\n1.0\n");
        assert_eq!(c.ty, ColumnType::Numeric);
        let expected = [Some("1.0"), Some("1.0"), Some("2.50"), None, Some("1.0")];
        assert_eq!(texts(&c), expected.map(|t| t.map(str::to_string)));
        assert_eq!(c.text(99), None);
    }

    #[test]
    fn retyping_there_and_back() {
        let c = column("x\n3\n1\n\"\"\n3\n");
        let (categories, diagnostics) = c.retyped(ColumnType::Categorical);
        assert!(diagnostics.is_empty());
        assert_eq!(
            categories.values,
            Values::Dict { codes: vec![0, 1, MISSING_CODE, 0], levels: vec!["3".into(), "1".into()] }
        );
        let (numbers, diagnostics) = categories.retyped(ColumnType::Numeric);
        assert!(diagnostics.is_empty());
        assert_eq!((numbers.ty, &numbers.spellings, texts(&numbers)), (c.ty, &c.spellings, texts(&c)));
    }

    #[test]
    fn what_cannot_be_read_is_missing_and_said() {
        let c = column("x\napple\n5\npear\n");
        assert_eq!(c.ty, ColumnType::Categorical);
        for ty in [ColumnType::Numeric, ColumnType::Datetime, ColumnType::Boolean] {
            let (other, diagnostics) = c.retyped(ty);
            assert_eq!(other.ty, ty);
            assert_eq!(other.len(), 3);
            assert_eq!(diagnostics.len(), 1);
            assert_eq!(diagnostics[0].code, "type.unparsed");
            assert_eq!(diagnostics[0].row, Some(1));
        }
        for ty in [ColumnType::Text, ColumnType::Id, ColumnType::Categorical, ColumnType::Constant] {
            let (other, diagnostics) = c.retyped(ty);
            assert_eq!((other.ty, texts(&other)), (ty, texts(&c)));
            assert!(diagnostics.is_empty());
        }
    }
}
