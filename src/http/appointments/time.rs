//! Dates and times as the clocks on the wall show them, and the moments that they are.

use chrono::{NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;

use crate::domain::Timestamp;
use crate::http::error::ApiError;
use crate::http::meetings::invalid;

/// The moment at which the clocks of the zone show that date and time. One that they show twice, when they are put back,
/// is the first of the two; one that they skip is refused.
pub(super) fn moment(date: NaiveDate, time: NaiveTime, zone: Tz) -> Result<Timestamp, ApiError> {
    let found = zone.from_local_datetime(&date.and_time(time)).earliest();
    found.map(|at| at.to_utc()).ok_or_else(|| {
        let time = time.format("%H:%M");
        invalid(
            "appointmentTime",
            format!("does not exist: the clocks of {zone} skip {time} on {date}"),
        )
    })
}

/// `2026-01-15`.
pub(super) fn date(text: &str) -> Result<NaiveDate, ApiError> {
    let shape = text.len() == "2026-01-15".len() && text.starts_with(|c: char| c.is_ascii_digit());
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.filter(|_| shape)
        .ok_or_else(|| invalid("appointmentDate", "must be a date like 2026-01-15"))
}

/// `10:00 AM`, or `14:30`.
pub(super) fn time(text: &str) -> Result<NaiveTime, ApiError> {
    read_time(text.trim()).ok_or_else(|| invalid("appointmentTime", "must be a time like 10:00 AM or 14:30"))
}

fn read_time(text: &str) -> Option<NaiveTime> {
    let upper = text.to_ascii_uppercase();
    let halves = [("AM", 0), ("PM", 12)];
    let half = halves
        .iter()
        .find_map(|(name, hours)| Some((upper.strip_suffix(name)?, *hours)));
    match half {
        Some((clock, afternoon)) => {
            let (hour, minute) = hands(clock.trim_end())?;
            // The twelve begins each half: 12:30 AM is half an hour after midnight.
            let hour = (1..=12).contains(&hour).then_some(hour % 12)?;
            NaiveTime::from_hms_opt(hour + afternoon, minute, 0)
        }
        None => {
            let (hour, minute) = hands(&upper)?;
            NaiveTime::from_hms_opt(hour, minute, 0)
        }
    }
}

/// One or two digits, a colon, two digits.
fn hands(text: &str) -> Option<(u32, u32)> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let shape = (1..=2).contains(&hour.len()) && minute.len() == 2 && digits(hour) && digits(minute);
    let both = || Some((hour.parse().ok()?, minute.parse().ok()?));
    shape.then(both)?
}

pub(super) fn zone(text: &str) -> Result<Tz, ApiError> {
    let zone = text.parse();
    zone.map_err(|_| {
        invalid(
            "timezone",
            "must be the IANA name of a zone, such as Europe/Berlin",
        )
    })
}

pub(super) fn date_in(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d").to_string()
}

pub(super) fn time_in(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: &str, clock: &str, place: &str) -> Result<String, ApiError> {
        let moment = moment(date(day)?, time(clock)?, zone(place)?)?;
        Ok(moment.to_rfc3339())
    }

    #[test]
    fn clocks_have_twelve_or_twenty_four_hours() {
        for (text, hour, minute) in [
            ("10:00 AM", 10, 0),
            ("10:00am", 10, 0),
            ("12:00 AM", 0, 0),
            ("12:30 PM", 12, 30),
            ("1:05 pm", 13, 5),
            ("14:30", 14, 30),
            ("0:00", 0, 0),
            ("09:15", 9, 15),
        ] {
            let expected = NaiveTime::from_hms_opt(hour, minute, 0);
            assert_eq!(read_time(text), expected, "{text}");
        }
        for text in [
            "",
            "10",
            "24:00",
            "13:00 PM",
            "0:30 AM",
            "10:5",
            "10:60",
            "-1:00",
            "+1:00",
            "10:00 XM",
            "AM",
            "1:00:00",
            "١٠:٠٠",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_one_of_its_zone() {
        let summer = at("2026-07-15", "10:00 AM", "Europe/Berlin").unwrap();
        let winter = at("2026-01-15", "10:00 AM", "Europe/Berlin").unwrap();
        assert_eq!(summer, "2026-07-15T08:00:00+00:00");
        assert_eq!(winter, "2026-01-15T09:00:00+00:00");
        let tehran = at("2026-01-15", "14:30", "Asia/Tehran").unwrap();
        assert_eq!(tehran, "2026-01-15T11:00:00+00:00");
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_refused() {
        let skipped = at("2026-03-29", "02:30", "Europe/Berlin").unwrap_err();
        assert_eq!(skipped.field(), Some("appointmentTime"));
        assert_eq!(
            at("2026-03-29", "03:00", "Europe/Berlin").unwrap(),
            "2026-03-29T01:00:00+00:00"
        );
        assert!(at("2026-03-08", "2:30 AM", "America/New_York").is_err());
    }

    #[test]
    fn a_time_that_comes_twice_is_the_first() {
        let first = at("2026-10-25", "02:30", "Europe/Berlin").unwrap();
        assert_eq!(first, "2026-10-25T00:30:00+00:00", "still summer time");
        let first = at("2026-11-01", "1:30 AM", "America/New_York").unwrap();
        assert_eq!(first, "2026-11-01T05:30:00+00:00");
    }

    #[test]
    fn dates_and_zones_are_strict() {
        for text in [
            "",
            "2026-1-5",
            "15.01.2026",
            "2026-02-30",
            "+2026-01-1",
            "2026-01-15T00",
        ] {
            assert!(date(text).is_err(), "{text}");
        }
        for text in ["", "Berlin", "europe/berlin", "UTC+1", "../etc"] {
            assert!(zone(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_what_was_asked_for(days in 0..3000i64, minutes in 0..1440u32, place in 0..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[place];
            let date = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Duration::days(days);
            let time = NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap();
            if let Ok(at) = moment(date, time, zone) {
                prop_assert_eq!(date_in(at, zone), date.to_string());
                prop_assert_eq!(time_in(at, zone), time.format("%H:%M").to_string());
            }
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>(), near in "[0-9:APMapm \\-]{0,12}") {
            for text in [text, near] {
                let _ = (date(&text), time(&text), zone(&text));
            }
        }
    }
}
