//! Dates as numbers: the day since 1970, and the parts of the calendar that vary among the training rows. Trees
//! take the parts as they are; linear models take them as points on the circle of the year, month, week or day.

mod calendar;

use super::{FeatureValues, Fitted, Input, Node, TargetView};
use crate::numeric::math::{cos, sin};
use calendar::Moment;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// A number that a moment gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    /// Days since 1970-01-01.
    Day,
    Year,
    Month,
    DayOfMonth,
    /// 1 for Monday to 7 for Sunday.
    Weekday,
    DayOfYear,
    /// Hours since midnight, with their fraction.
    Hour,
    Weekend,
    YearSin,
    YearCos,
    MonthSin,
    MonthCos,
    WeekSin,
    WeekCos,
    DaySin,
    DayCos,
    Missing,
}

const PLAIN: &[Part] =
    &[Part::Day, Part::Year, Part::Month, Part::DayOfMonth, Part::Weekday, Part::DayOfYear, Part::Hour];

const CYCLIC: &[Part] = &[
    Part::Day,
    Part::YearSin,
    Part::YearCos,
    Part::MonthSin,
    Part::MonthCos,
    Part::WeekSin,
    Part::WeekCos,
    Part::Weekend,
    Part::DaySin,
    Part::DayCos,
    Part::Missing,
];

impl Part {
    fn value(self, moment: &Moment) -> f64 {
        let year = TAU * (f64::from(moment.day_of_year) - 1.0) / f64::from(moment.days_in_year);
        let month = TAU * (f64::from(moment.day_of_month) - 1.0) / 31.0;
        let week = TAU * (f64::from(moment.weekday) - 1.0) / 7.0;
        let day = TAU * moment.hour / 24.0;
        match self {
            Self::Day => moment.day as f64,
            Self::Year => moment.year as f64,
            Self::Month => f64::from(moment.month),
            Self::DayOfMonth => f64::from(moment.day_of_month),
            Self::Weekday => f64::from(moment.weekday),
            Self::DayOfYear => f64::from(moment.day_of_year),
            Self::Hour => moment.hour,
            Self::Weekend => f64::from(u8::from(moment.weekday > 5)),
            Self::YearSin => sin(year),
            Self::YearCos => cos(year),
            Self::MonthSin => sin(month),
            Self::MonthCos => cos(month),
            Self::WeekSin => sin(week),
            Self::WeekCos => cos(week),
            Self::DaySin => sin(day),
            Self::DayCos => cos(day),
            Self::Missing => 0.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Year => "year",
            Self::Month => "month",
            Self::DayOfMonth => "day of month",
            Self::Weekday => "day of week",
            Self::DayOfYear => "day of year",
            Self::Hour => "hour",
            Self::Weekend => "weekend",
            Self::YearSin => "sin of year",
            Self::YearCos => "cos of year",
            Self::MonthSin => "sin of month",
            Self::MonthCos => "cos of month",
            Self::WeekSin => "sin of week",
            Self::WeekCos => "cos of week",
            Self::DaySin => "sin of day",
            Self::DayCos => "cos of day",
            Self::Missing => "is missing",
        }
    }

    /// The value of each moment; where it is missing NaN, or 1 for the part that says so.
    fn values(self, moments: &[Option<Moment>]) -> Vec<f32> {
        let missing = if self == Self::Missing { 1.0 } else { f32::NAN };
        moments.iter().map(|m| m.as_ref().map_or(missing, |m| self.value(m) as f32)).collect()
    }
}

/// Configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Datetime {
    /// Points on circles instead of plain parts.
    pub cyclic: bool,
}

/// The parts that vary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DateParts {
    parts: Vec<Part>,
}

fn moments(input: &Input<'_>) -> Vec<Option<Moment>> {
    input.times().into_iter().map(|t| t.map(Moment::of_millis)).collect()
}

impl Node for Datetime {
    type Fitted = DateParts;

    fn fit(&self, input: &Input<'_>, _: TargetView<'_>, _: u64) -> Option<DateParts> {
        let moments = moments(input);
        // A missing value among equal ones varies too, but only the day (or the part for it) need tell.
        let varies = |part: &Part| {
            let values = part.values(&moments);
            let mut present = values.iter().filter(|x| !x.is_nan());
            let first = present.next();
            present.any(|x| Some(x) != first)
                || (*part == Part::Day && first.is_some() && values.iter().any(|x| x.is_nan()))
        };
        let all = if self.cyclic { CYCLIC } else { PLAIN };
        let parts: Vec<Part> = all.iter().copied().filter(varies).collect();
        (!parts.is_empty()).then_some(DateParts { parts })
    }
}

impl Fitted for DateParts {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let moments = moments(input);
        self.parts.iter().map(|part| FeatureValues::Numeric(part.values(&moments).into())).collect()
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        self.parts.iter().map(|part| format!("{input}: {}", part.name())).collect()
    }

    fn validate(&self) -> Result<(), String> {
        if self.parts.len() <= PLAIN.len() + CYCLIC.len() {
            Ok(())
        } else {
            Err("too many date parts".to_owned())
        }
    }
}
