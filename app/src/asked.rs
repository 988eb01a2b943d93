//! What the form asks of a search beside the question: weights, constraints, limits.

use automl_core::engine::protocol::{Direction, StudyRequest, column_names};
use std::collections::BTreeMap;

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

impl Asked {
    /// Puts what was asked for into a request.
    ///
    /// # Errors
    /// A field that cannot be read.
    pub fn apply(&self, request: &mut StudyRequest) -> Result<(), &'static str> {
        const GROUPS: &str = "A group of columns is their names with commas between, a line for each group.";
        let number = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse::<f64>().map(Some).map_err(|_| ()),
        };
        let weights = Some(self.weights.clone()).filter(|w| !w.is_empty());
        let lines = self.groups.lines().filter(|l| !l.trim().is_empty());
        let groups = lines.map(column_names).collect::<Option<Vec<_>>>().ok_or(GROUPS)?;
        let us =
            number(&self.microseconds).map_err(|()| "The longest prediction is a number of microseconds.")?;
        let mb = number(&self.megabytes).map_err(|()| "The most memory is a number of megabytes.")?;
        if mb.is_some_and(|mb| !(1.0..=4_000.0).contains(&mb)) {
            return Err("The most memory lies between 1 and 4,000 megabytes.");
        }
        request.weights = weights;
        request.monotone = self.directions.clone();
        request.interactions = groups;
        request.max_predict_us_per_row = us;
        request.max_memory_mb = mb.map(|mb| mb as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_filled_in_asks_for_nothing() {
        let mut request = StudyRequest::default();
        assert_eq!(Asked::default().apply(&mut request), Ok(()));
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
        assert_eq!(asked.apply(&mut request), Ok(()));
        assert_eq!(request.weights.as_deref(), Some("w"));
        assert_eq!(request.interactions, [vec!["a", "b, c"], vec!["d"]]);
        assert_eq!((request.max_predict_us_per_row, request.max_memory_mb), (Some(2.5), Some(300)));
        for wrong in [
            Asked { groups: "a,,b".to_owned(), ..Asked::default() },
            Asked { microseconds: "quick".to_owned(), ..Asked::default() },
            Asked { megabytes: "0".to_owned(), ..Asked::default() },
        ] {
            assert!(wrong.apply(&mut request).is_err(), "{wrong:?}");
        }
    }
}
