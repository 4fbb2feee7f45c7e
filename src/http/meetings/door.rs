//! What people are told of the door of a meeting at a moment, and in which zone.

use chrono::Duration;
use chrono_tz::Tz;

use crate::config::Config;
use crate::domain::access::Phase;
use crate::domain::{Meeting, Timestamp};
use crate::http::error::MeetingRefusal;

/// How the door stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Door {
    Open,
    /// Early: it opens at that moment.
    Opens(Timestamp),
    /// The meeting has come to its end, or was called off.
    Shut,
    /// People meet at the hospital.
    InPerson,
}

// === impl Door ===

impl Door {
    /// As it stands at `now`. People may come in some time before the booked start.
    pub(in crate::http) fn of(meeting: &Meeting, config: &Config, now: Timestamp) -> Self {
        match config.window().phase(meeting, now) {
            Phase::InPerson => Self::InPerson,
            Phase::Early { opens_at } => Self::Opens(opens_at),
            Phase::Open => Self::Open,
            Phase::Left { .. } | Phase::Over { .. } => Self::Shut,
        }
    }

    /// What somebody is told who stands before it and may not come in now.
    pub(in crate::http) fn refusal(self, zone: Tz) -> Option<MeetingRefusal> {
        match self {
            Self::Open => None,
            Self::Opens(at) => Some(MeetingRefusal::TooEarly {
                opens_at: local(at, zone),
            }),
            Self::Shut => Some(MeetingRefusal::Over),
            Self::InPerson => Some(MeetingRefusal::InPerson),
        }
    }
}

/// The zone in which people are told the times of a meeting: the one in which it was booked, else the configured one.
pub(in crate::http) fn zone_of(meeting: &Meeting, config: &Config) -> Tz {
    let appointment = meeting.booking.details.appointment.as_ref();
    let named = appointment.and_then(|appointment| appointment.time_zone.as_deref());
    named
        .and_then(|name| name.parse().ok())
        .unwrap_or(config.daemon.meetings.timezone)
}

/// A moment for a person, no sooner than it is: `2026-11-22 09:45 (Europe/Berlin)`.
pub(in crate::http) fn local(at: Timestamp, zone: Tz) -> String {
    let almost_a_minute = Duration::milliseconds(59_999);
    let whole = at.checked_add_signed(almost_a_minute).unwrap_or(at);
    format!("{} ({zone})", whole.with_timezone(&zone).format("%Y-%m-%d %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_the_time_of_a_zone() {
        let told = |at: &str, zone: Tz| local(at.parse().unwrap(), zone);
        let (tehran, berlin) = (Tz::Asia__Tehran, Tz::Europe__Berlin);
        assert_eq!(
            told("2026-11-21T11:15:00Z", tehran),
            "2026-11-21 14:45 (Asia/Tehran)"
        );
        assert_eq!(
            told("2026-07-01T12:00:00Z", berlin),
            "2026-07-01 14:00 (Europe/Berlin)"
        );
        assert_eq!(
            told("2026-11-21T23:59:00.250Z", Tz::UTC),
            "2026-11-22 00:00 (UTC)",
            "not before"
        );
    }
}
