//! Ranges and steps of the sliders beside numbers.

use automl_core::numeric::math::{log10, pow};

/// Steps of a slider, or a few more or fewer.
const STEPS: f64 = 200.0;

/// A slider for a number that lay between `min` and `max` in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slider {
    min: f64,
    max: f64,
    /// Distance of two stops; they are multiples of it.
    pub step: f64,
}

/// The nearest of 1, 2, 5, 10, … times a power of ten that is not below `x`.
fn round_up(x: f64) -> f64 {
    let power = pow(10.0, log10(x).floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|t| t * power >= x * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

impl Slider {
    /// `None` where there is no range to slide in. `whole`: the column seems to hold whole numbers only.
    pub fn new(min: f64, max: f64, whole: bool) -> Option<Self> {
        let range = max - min;
        if !(range.is_finite() && range > 0.0) {
            return None;
        }
        let step = round_up(range / STEPS);
        Some(Self { min, max, step: if whole { step.max(1.0) } else { step } })
    }

    /// Whether a column with these ends and this typical value seems to hold whole numbers only. A short range says
    /// little: shares between 0 and 1 have whole ends, too.
    pub fn seems_whole(min: f64, max: f64, typical: &str) -> bool {
        let whole = |x: f64| x.trunc() == x;
        whole(min) && whole(max) && max - min >= 10.0 && typical.trim().parse().is_ok_and(whole)
    }

    /// The ends as the slider has them: multiples of the step, so that its stops are round numbers.
    pub fn ends(self) -> (String, String) {
        let low = (self.min / self.step).floor() * self.step;
        let high = (self.max / self.step).ceil() * self.step;
        (self.text(low), self.text(high))
    }

    /// The number for a stop: the outermost stops are the ends of training, not beyond.
    pub fn value(self, stop: f64) -> String {
        if stop <= self.min {
            return self.min.to_string();
        }
        if stop >= self.max {
            return self.max.to_string();
        }
        self.text(stop)
    }

    /// With no more decimals than the step has.
    fn text(self, x: f64) -> String {
        let decimals = (-log10(self.step).floor()).clamp(0.0, 17.0) as usize;
        let text = format!("{x:.decimals$}");
        if text.trim_start_matches('-').bytes().all(|b| b == b'0' || b == b'.') {
            "0".to_owned()
        } else {
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(min: f64, max: f64, whole: bool, step: f64, ends: (&str, &str)) {
        let slider = Slider::new(min, max, whole).expect("a range");
        assert!((slider.step - step).abs() < 1e-9 * step, "{min} to {max}: step {}", slider.step);
        let (low, high) = slider.ends();
        assert_eq!((low.as_str(), high.as_str()), ends);
        assert_eq!(slider.value(f64::MIN), min.to_string());
        assert_eq!(slider.value(f64::MAX), max.to_string());
    }

    #[test]
    fn stops_are_round() {
        check(18.0, 95.0, true, 1.0, ("18", "95"));
        check(334.0, 755_000.0, true, 5_000.0, ("0", "755000"));
        check(0.37, 12.62, false, 0.1, ("0.3", "12.7"));
        check(0.0, 1.0, false, 0.005, ("0", "1.000"));
        check(-2.5, 2.5, false, 0.05, ("-2.50", "2.50"));
        check(1e-9, 3e-9, false, 1e-11, ("0.00000000100", "0.00000000300"));
    }

    #[test]
    fn values_are_written_as_people_would() {
        let slider = Slider::new(0.37, 12.62, false).expect("a range");
        assert_eq!(slider.value(4.3), "4.3");
        assert_eq!(slider.value(0.3 + 0.1 * 7.0), "1.0");
        assert_eq!(Slider::new(-1.0, 1.0, false).map(|s| s.value(-0.0)), Some("0".to_owned()));
    }

    #[test]
    fn no_range_no_slider() {
        assert_eq!(Slider::new(1.0, 1.0, true), None);
        assert_eq!(Slider::new(f64::NAN, 1.0, true), None);
        assert_eq!(Slider::new(f64::MIN, f64::MAX, true), None);
    }

    #[test]
    fn whole_numbers_are_told_from_shares() {
        assert!(Slider::seems_whole(18.0, 95.0, "44"));
        assert!(!Slider::seems_whole(0.0, 1.0, "1"));
        assert!(!Slider::seems_whole(0.0, 60.0, "12.5"));
    }
}
