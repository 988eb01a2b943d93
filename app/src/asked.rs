//! What the form asks of a search beside the question: weights, constraints, limits.

use automl_core::engine::protocol::{Direction, StudyRequest, TargetInfo, column_names};
use automl_core::model::Task;
use automl_core::table::ColumnType;
use std::collections::BTreeMap;

/// Megabytes that a request may name.
const MEGABYTES: std::ops::RangeInclusive<f64> = 1.0..=4_000.0;

/// The form's fields, as they were filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// Column of weights; empty: all rows count alike.
    pub weights: String,
    pub directions: BTreeMap<String, Direction>,
    /// A line each.
    pub groups: String,
    pub microseconds: String,
    pub megabytes: String,
}

/// Columns that the fields offer. What was filled in for others waits until they are offered again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offered {
    pub weights: Vec<String>,
    /// Columns that predictions may be made to rise or fall with.
    pub directions: Vec<String>,
}

impl Offered {
    /// `columns`: names and types of the open table; `ignored`: columns that are not learned from.
    pub fn new(
        columns: &[(String, ColumnType)],
        target: &TargetInfo,
        ignored: &[String],
        asked: &Asked,
    ) -> Self {
        let names = |is_offered: &dyn Fn(&str, ColumnType) -> bool| {
            let offered = columns.iter().filter(|(name, ty)| is_offered(name, *ty));
            offered.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let weights = names(&|name, ty| {
            let no_number = [ColumnType::Text, ColumnType::Datetime, ColumnType::Constant];
            name != target.column && !no_number.contains(&ty)
        });
        let weighing = asked.weighing(&weights);
        let learned_from: std::collections::BTreeSet<&str> = target
            .features
            .iter()
            .map(String::as_str)
            .filter(|name| Some(*name) != weighing && !ignored.iter().any(|i| i == name))
            .collect();
        let directions = names(&|name, ty| ty == ColumnType::Numeric && learned_from.contains(name));
        // Probabilities of more than two classes cannot all rise.
        let directions = if target.task == Task::Multiclass { Vec::new() } else { directions };
        Self { weights, directions }
    }
}

impl Asked {
    /// The column of weights, where it is one of those `offered`.
    pub fn weighing<'a>(&self, offered: &'a [String]) -> Option<&'a str> {
        offered.iter().find(|name| **name == self.weights).map(String::as_str)
    }

    /// Puts what was asked for into a request.
    ///
    /// # Errors
    /// A field that cannot be read.
    pub fn apply(&self, offered: &Offered, request: &mut StudyRequest) -> Result<(), &'static str> {
        const GROUPS: &str =
            "\"Columns that may act together\": write the names with commas between, a line for each group.";
        const TIME: &str =
            "\"Most µs to predict a row\" is a number above 0, such as 20 or 2.5; or leave it empty.";
        const MEMORY: &str = "\"Most memory, MB\" is a whole number from 1 to 4,000; or leave it empty.";
        let number = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse::<f64>().map(Some),
        };
        let lines = self.groups.lines().filter(|l| !l.trim().is_empty());
        let groups = lines.map(column_names).collect::<Option<Vec<_>>>().ok_or(GROUPS)?;
        let us = number(&self.microseconds).map_err(|_| TIME)?;
        if us.is_some_and(|us| !(us > 0.0 && us.is_finite())) {
            return Err(TIME);
        }
        let mb = number(&self.megabytes).map_err(|_| MEMORY)?;
        if mb.is_some_and(|mb| !MEGABYTES.contains(&mb) || mb.fract() != 0.0) {
            return Err(MEMORY);
        }
        let kept = self.directions.iter().filter(|(name, _)| offered.directions.contains(name));
        request.weights = self.weighing(&offered.weights).map(str::to_owned);
        request.monotone = kept.map(|(name, direction)| (name.clone(), *direction)).collect();
        request.interactions = groups;
        request.max_predict_us_per_row = us;
        request.max_memory_mb = mb.map(|mb| mb as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<(String, ColumnType)> {
        let types = [
            ("age", ColumnType::Numeric),
            ("w", ColumnType::Numeric),
            ("town", ColumnType::Categorical),
            ("words", ColumnType::Text),
            ("answer", ColumnType::Numeric),
        ];
        types.map(|(name, ty)| (name.to_owned(), ty)).to_vec()
    }

    fn target(column: &str, task: Task) -> TargetInfo {
        let features = columns().into_iter().map(|c| c.0).filter(|c| c != column).collect();
        TargetInfo {
            column: column.to_owned(),
            task,
            reason: String::new(),
            tasks: vec![task],
            classes: Vec::new(),
            metric: String::new(),
            metrics: Vec::new(),
            diagnostics: Vec::new(),
            features,
            learners: Vec::new(),
        }
    }

    fn offered(asked: &Asked) -> Offered {
        Offered::new(&columns(), &target("answer", Task::Regression), &[], asked)
    }

    #[test]
    fn nothing_filled_in_asks_for_nothing() {
        let mut request = StudyRequest::default();
        let asked = Asked::default();
        assert_eq!(asked.apply(&offered(&asked), &mut request), Ok(()));
        assert_eq!(request, StudyRequest::default());
    }

    #[test]
    fn fields_become_a_request_or_say_what_is_wrong() {
        let asked = Asked {
            weights: "w".to_owned(),
            directions: [("age".to_owned(), Direction::Up)].into(),
            groups: "a, \"b, c\"\n\nd\n".to_owned(),
            microseconds: " 2.5 ".to_owned(),
            megabytes: "300".to_owned(),
        };
        let mut request = StudyRequest::default();
        assert_eq!(asked.apply(&offered(&asked), &mut request), Ok(()));
        assert_eq!(request.weights.as_deref(), Some("w"));
        assert_eq!(request.monotone, asked.directions);
        assert_eq!(request.interactions, [vec!["a", "b, c"], vec!["d"]]);
        assert_eq!((request.max_predict_us_per_row, request.max_memory_mb), (Some(2.5), Some(300)));
        for us in ["quick", "0", "-1", "inf", "NaN", "2,5"] {
            let wrong = Asked { microseconds: us.to_owned(), ..Asked::default() };
            assert!(wrong.apply(&offered(&wrong), &mut request).is_err(), "{us}");
        }
        for mb in ["0", "1.5", "4001", "NaN", "much"] {
            let wrong = Asked { megabytes: mb.to_owned(), ..Asked::default() };
            assert!(wrong.apply(&offered(&wrong), &mut request).is_err(), "{mb}");
        }
        let wrong = Asked { groups: "a,,b".to_owned(), ..Asked::default() };
        assert!(wrong.apply(&offered(&wrong), &mut request).is_err());
    }

    #[test]
    fn what_is_not_offered_is_not_asked_for() {
        let directions = ["age", "w", "town", "answer", "gone"].map(|c| (c.to_owned(), Direction::Up)).into();
        let asked = Asked { weights: "w".to_owned(), directions, ..Asked::default() };
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let check = |question: TargetInfo, ignored: &[&str], weights: &[&str], ways: &[&str]| {
            let offered = Offered::new(&columns(), &question, &owned(ignored), &asked);
            let mut request = StudyRequest::default();
            assert_eq!(asked.apply(&offered, &mut request), Ok(()));
            assert_eq!(request.monotone.keys().collect::<Vec<_>>(), ways);
            assert_eq!(request.weights.is_some(), weights.contains(&"w"));
            assert_eq!(offered, Offered { weights: owned(weights), directions: owned(ways) });
        };
        let regression = |column| target(column, Task::Regression);
        check(regression("answer"), &[], &["age", "w", "town"], &["age"]);
        check(regression("answer"), &["age"], &["age", "w", "town"], &[]);
        // Weights that are the target weigh nothing.
        check(regression("w"), &[], &["age", "town", "answer"], &["age", "answer"]);
        check(target("answer", Task::Multiclass), &[], &["age", "w", "town"], &[]);
    }
}
