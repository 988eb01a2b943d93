//! The proleptic Gregorian calendar, by the day counts of Hinnant's `civil_from_days`: years that begin in
//! March, in eras of 400.

const MILLIS_PER_DAY: i64 = 86_400_000;
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// A moment by the calendar and the clock of its own file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    /// Days since 1970-01-01.
    pub day: i64,
    pub year: i64,
    /// 1..=12.
    pub month: u8,
    /// 1..=31.
    pub day_of_month: u8,
    /// 1 for Monday to 7 for Sunday.
    pub weekday: u8,
    /// 1..=366.
    pub day_of_year: u16,
    pub days_in_year: u16,
    /// Hours since midnight, in 0.0..24.0.
    pub hour: f64,
}

impl Moment {
    /// `millis`: milliseconds since 1970-01-01T00:00:00.
    pub(super) fn of_millis(millis: i64) -> Moment {
        let day = millis.div_euclid(MILLIS_PER_DAY);
        let shifted = day + EPOCH;
        let (era, in_era) = (shifted.div_euclid(DAYS_PER_ERA), shifted.rem_euclid(DAYS_PER_ERA));
        let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
        // Day of the year that begins on 1 March, and its month, counted from March.
        let from_march = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * from_march + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let january_and_february = 59 + i64::from(leap);
        let day_of_year =
            if month <= 2 { from_march - 306 + 1 } else { from_march + january_and_february + 1 };
        Moment {
            day,
            year,
            month: month as u8,
            day_of_month: (from_march - (153 * march_month + 2) / 5 + 1) as u8,
            // 1970-01-01 was a Thursday.
            weekday: ((day + 3).rem_euclid(7) + 1) as u8,
            day_of_year: day_of_year as u16,
            days_in_year: 365 + u16::from(leap),
            hour: millis.rem_euclid(MILLIS_PER_DAY) as f64 / 3_600_000.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(millis: i64, expected: (i64, u8, u8, u8, u16), hour: f64) {
        let m = Moment::of_millis(millis);
        assert_eq!((m.year, m.month, m.day_of_month, m.weekday, m.day_of_year), expected, "{millis}");
        assert_eq!(m.hour, hour);
    }

    #[test]
    fn known_days() {
        // Python: datetime.timetuple() of the same moments.
        check(0, (1970, 1, 1, 4, 1), 0.0);
        check(-1, (1969, 12, 31, 3, 365), 86_399_999.0 / 3_600_000.0);
        check(951_782_400_000, (2000, 2, 29, 2, 60), 0.0);
        check(951_868_800_000, (2000, 3, 1, 3, 61), 0.0);
        check(4_107_542_400_000, (2100, 3, 1, 1, 60), 0.0);
        check(1_704_022_200_000, (2023, 12, 31, 7, 365), 11.5);
        check(1_735_603_200_000, (2024, 12, 31, 2, 366), 0.0);
        check(-62_135_596_800_000, (1, 1, 1, 1, 1), 0.0);
    }

    #[test]
    fn days_follow_each_other() {
        let mut last = Moment::of_millis(-800_000 * MILLIS_PER_DAY);
        for day in -799_999..800_000 {
            let next = Moment::of_millis(day * MILLIS_PER_DAY);
            let new_month = next.day_of_month == 1;
            let new_year = new_month && next.month == 1;
            assert!(new_month || (next.day_of_month == last.day_of_month + 1 && next.month == last.month));
            assert!(new_year || (next.day_of_year == last.day_of_year + 1 && next.year == last.year));
            assert!(!new_year || (next.day_of_year == 1 && last.day_of_year == last.days_in_year));
            last = next;
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        Moment::of_millis(i64::MAX);
        Moment::of_millis(i64::MIN + 1);
    }
}
