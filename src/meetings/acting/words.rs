//! What people in a room are told, in the language of the deployment.

use chrono::Duration;
use chrono_tz::Tz;

use crate::config::Daemon;
use crate::config::daemon::Language;
use crate::domain::meeting::CloseReason;
use crate::domain::{Meeting, Timestamp};

/// That the booked end is near, by the clock of the place where the meeting was arranged.
pub(super) fn warning(daemon: &Daemon, meeting: &Meeting, ends_at: Timestamp, now: Timestamp) -> String {
    let appointment = meeting.booking.details.appointment.as_ref();
    let own = appointment.and_then(|appointment| appointment.time_zone.as_deref()?.parse::<Tz>().ok());
    let zone = own.unwrap_or(daemon.meetings.timezone);
    let at = ends_at.with_timezone(&zone).format("%H:%M").to_string();
    let minutes = minutes_until(ends_at, now);
    match (daemon.http.default_language, daemon.meetings.enforce_end) {
        (Language::En, true) => format!(
            "The booked time is over at {at}, in {}. The room closes then.",
            in_english(minutes)
        ),
        (Language::En, false) => format!("The booked time is over at {at}, in {}.", in_english(minutes)),
        (Language::Fa, true) => {
            let (at, minutes) = (persian(&at), persian(&minutes.to_string()));
            format!("وقت این جلسه ساعت {at}، {minutes} دقیقهٔ دیگر، تمام می‌شود و اتاق بسته خواهد شد.")
        }
        (Language::Fa, false) => {
            let (at, minutes) = (persian(&at), persian(&minutes.to_string()));
            format!("وقت این جلسه ساعت {at}، {minutes} دقیقهٔ دیگر، تمام می‌شود.")
        }
    }
}

/// Why the room closes.
pub(super) fn closing(language: Language, why: CloseReason) -> &'static str {
    match (language, why) {
        (Language::En, CloseReason::Cancelled) => "The meeting was cancelled.",
        (Language::En, CloseReason::Ended) => "The meeting was ended for everyone.",
        (Language::En, CloseReason::TimeIsUp) => "The booked time is over.",
        (Language::Fa, CloseReason::Cancelled) => "این جلسه لغو شد.",
        (Language::Fa, CloseReason::Ended) => "این جلسه برای همه پایان یافت.",
        (Language::Fa, CloseReason::TimeIsUp) => "وقت این جلسه تمام شد.",
    }
}

/// Why somebody is put out.
pub(super) fn removed(language: Language) -> &'static str {
    match language {
        Language::En => "You were removed from this meeting.",
        Language::Fa => "شما از این جلسه کنار گذاشته شدید.",
    }
}

/// Whole minutes, rounded to the nearest, at least one.
fn minutes_until(ends_at: Timestamp, now: Timestamp) -> i64 {
    ((ends_at - now + Duration::seconds(30)).num_minutes()).max(1)
}

fn in_english(minutes: i64) -> String {
    match minutes {
        1 => "1 minute".to_owned(),
        _ => format!("{minutes} minutes"),
    }
}

/// The digits that Persian is written with.
fn persian(text: &str) -> String {
    let digit = |c: char| match c.to_digit(10) {
        Some(digit) => char::from_u32(0x06F0 + digit).unwrap_or(c),
        None => c,
    };
    text.chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn minutes_are_rounded_and_never_none() {
        let in_seconds = |seconds| minutes_until(at(seconds), at(0));
        assert_eq!(
            [300, 290, 271, 89, 31, 10, 0].map(in_seconds),
            [5, 5, 5, 1, 1, 1, 1]
        );
        assert_eq!(
            (in_english(1), in_english(5)),
            ("1 minute".to_owned(), "5 minutes".to_owned())
        );
    }

    #[test]
    fn persian_has_digits_of_its_own() {
        assert_eq!(persian("14:05"), "۱۴:۰۵");
    }
}
