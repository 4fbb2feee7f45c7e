//! `GET /api/meetings/{id}/invite.ics`: the meeting for a calendar (RFC 5545, RFC 5546).
//!
//! It names the join page, which knows who comes, and holds no token. Calendars send what they are given on to others, so
//! nothing in it is about anybody's health: of an appointment it says no more than the title and the hospital.

use icalendar::{Calendar, CalendarDateTime, Class, Component, Event, EventLike, EventStatus, Property};

use crate::domain::meeting::Details;
use crate::domain::{Meeting, Status};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::MAY_READ;
use crate::http::meetings::{join_page, seen, tag};
use crate::http::openapi::tag as doc;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

const PRODUCT: &str = "-//usher//meetings//EN";
/// In place of a title.
const MEETING: &str = "Meeting";
const APPOINTMENT: &str = "Appointment";
const PUBLISHED: &str = "text/calendar; charset=utf-8; method=PUBLISH";
const CANCELLED: &str = "text/calendar; charset=utf-8; method=CANCEL";
const FILE: &str = "attachment; filename=\"invite.ics\"";

/// The invitation for a calendar
///
/// It names the join page and holds no token. A calendar that has it already replaces it, or takes it away where the
/// meeting was called off.
#[utoipa::path(
    get,
    path = Route::MeetingInvitation.as_str(),
    operation_id = "meeting_invitation",
    tag = doc::RECORDS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    responses((status = 200, description = "An event (RFC 5545).", content_type = "text/calendar", body = String,
        headers(("ETag" = String, description = "The version of the meeting.")))),
    extensions(("x-errors" = json!(["not_found", "unavailable"]))),
)]
pub(super) async fn invitation(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let meeting = seen(request, &asker, id)
        .await
        .map_err(|error| asker.refused(error))?;
    let home = &request.config.daemon.http.public_url;
    let page = join_page(&request.config, meeting.id);
    let text = calendar(&meeting, home, &page).to_string();
    let content_type = if is_called_off(&meeting) {
        CANCELLED
    } else {
        PUBLISHED
    };
    Ok(Answer::public(&text, content_type, "no-store")
        .kept_as(FILE)
        .with_etag(tag(&meeting)))
}

/// One event, which a calendar that has it already replaces or takes away: it has the same `UID` and a higher `SEQUENCE`.
fn calendar(meeting: &Meeting, home: &str, page: &str) -> Calendar {
    let method = if is_called_off(meeting) {
        "CANCEL"
    } else {
        "PUBLISH"
    };
    let mut calendar = Calendar::empty();
    calendar
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", PRODUCT))
        .append_property(("METHOD", method))
        .push(event(meeting, home, page));
    calendar
}

fn event(meeting: &Meeting, home: &str, page: &str) -> Event {
    let mut event = Event::new();
    event
        .uid(&format!("{}@usher", meeting.id))
        .timestamp(meeting.updated_at)
        .sequence(u32::try_from(meeting.sequence).unwrap_or(u32::MAX))
        .summary(&title(&meeting.booking.details))
        .location(&place(meeting).unwrap_or_else(|| page.to_owned()))
        .class(Class::Private)
        .append_property(organiser(home));
    if !meeting.booking.is_in_person() {
        event.url(page).description(page);
    }
    event.status(match is_called_off(meeting) {
        true => EventStatus::Cancelled,
        false => EventStatus::Confirmed,
    });
    time(&mut event, meeting);
    event.done()
}

/// A room that nobody booked has a beginning and no end.
fn time(event: &mut Event, meeting: &Meeting) {
    match meeting.booking.slot {
        Some(slot) => {
            event.starts(CalendarDateTime::Utc(slot.starts_at));
            event.ends(CalendarDateTime::Utc(slot.ends_at()));
        }
        None => {
            let began = meeting.status.started_at().unwrap_or(meeting.created_at);
            event.starts(CalendarDateTime::Utc(began));
        }
    }
}

fn title(details: &Details) -> String {
    let untitled = match details.appointment {
        Some(_) => APPOINTMENT,
        None => MEETING,
    };
    plain(details.title.as_deref().unwrap_or(untitled))
}

/// Where people meet in person. The department is not named: it may tell what somebody comes for.
fn place(meeting: &Meeting) -> Option<String> {
    let appointment = meeting.booking.details.appointment.as_ref();
    let hospital = appointment.and_then(|appointment| appointment.hospital.as_deref());
    hospital.filter(|_| meeting.booking.is_in_person()).map(plain)
}

/// Who publishes it, which RFC 5546 wants to know: this program, by its address. People's are nobody else's business.
fn organiser(home: &str) -> Property {
    Property::new("ORGANIZER", home)
        .add_parameter("CN", "usher")
        .done()
}

/// The crate escapes what has a meaning in a calendar; control characters it lets pass, and a carriage return would
/// break the line.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn is_called_off(meeting: &Meeting) -> bool {
    matches!(meeting.status, Status::Cancelled { .. } | Status::Missed { .. })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use chrono::Utc;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::meeting::{Appointment, Booking, Confidential, Kind, MeetingType, Slot};
    use crate::domain::observation::BackendId;
    use crate::domain::{ClientId, Input, MeetingId, RoomKey, RoomName, samples};

    fn meeting(details: Details) -> Meeting {
        let now = Utc.with_ymd_and_hms(2026, 11, 14, 9, 0, 0).unwrap();
        let booking = Booking {
            client: ClientId::parse("ataraxia").unwrap(),
            kind: Kind::Meeting,
            room: RoomKey {
                backend: BackendId::jitsi("main"),
                name: RoomName::parse("ataraxia-1").unwrap(),
            },
            meeting_type: MeetingType::Video,
            role_context: None,
            slot: Some(Slot {
                starts_at: Utc.with_ymd_and_hms(2026, 11, 15, 9, 30, 0).unwrap(),
                minutes: 45,
            }),
            appointment: None,
            idempotency_key: None,
            continues: None,
            details,
        };
        Meeting::book(MeetingId::new(now, [7; 10]), booking, now).meeting
    }

    fn titled(title: &str) -> Details {
        Details {
            title: Some(title.into()),
            ..Details::default()
        }
    }

    /// The content lines, unfolded (RFC 5545 section 3.1).
    fn lines(meeting: &Meeting) -> Vec<String> {
        let text = calendar(meeting, "https://usher.test", "https://usher.test/m/1").to_string();
        // The crate does not count the space that a folded line begins with; 75 is what the RFC recommends.
        assert!(text.lines().all(|line| line.len() <= 76), "{text}");
        assert!(
            text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']),
            "{text:?}"
        );
        let unfolded = text.replace("\r\n ", "");
        unfolded.lines().map(str::to_owned).collect()
    }

    fn has(lines: &[String], line: &str) -> bool {
        lines.iter().any(|found| found == line)
    }

    #[test]
    fn a_calendar_learns_when_and_where() {
        let lines = lines(&meeting(titled("Round, table; \\ weekly")));
        for line in [
            "METHOD:PUBLISH",
            "DTSTART:20261115T093000Z",
            "DTEND:20261115T101500Z",
            "SUMMARY:Round\\, table\\; \\\\ weekly",
            "STATUS:CONFIRMED",
            "SEQUENCE:1",
        ] {
            assert!(has(&lines, line), "{line} is not in {lines:#?}");
        }
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("URL") && line.contains("/m/"))
        );
    }

    #[test]
    fn what_is_called_off_is_taken_away() {
        let policy = samples::policy();
        let booked = meeting(titled("Weekly"));
        let uid = |lines: &[String]| lines.iter().find(|line| line.starts_with("UID")).cloned();
        let before = lines(&booked);
        let now = booked.updated_at;
        let cancelled = booked.apply(&Input::Cancel, now, &policy).unwrap().meeting;
        let after = lines(&cancelled);
        assert!(has(&after, "METHOD:CANCEL") && has(&after, "STATUS:CANCELLED") && has(&after, "SEQUENCE:2"));
        assert_eq!(uid(&before), uid(&after));
    }

    #[test]
    fn health_is_nobodys_business() {
        let secret = |text: &str| Some(Confidential::new(text.into()));
        let text = lines(&meeting(Details {
            description: Some("d-secret".into()),
            notes: Some("n-secret".into()),
            appointment: Some(Appointment {
                department: Some("o-secret".into()),
                in_person: true,
                hospital: Some("St. Mary".into()),
                reason_for_visit: secret("r-secret"),
                patient_details: secret("\"p-secret\""),
                ..Appointment::default()
            }),
            ..Details::default()
        }));
        assert!(has(&text, "SUMMARY:Appointment") && has(&text, "LOCATION:St. Mary"));
        assert!(!text.concat().contains("secret") && !text.concat().contains("/m/"));
    }

    proptest! {
        #[test]
        fn no_title_breaks_out_of_its_line(title in any::<String>(), near in "[\\r\\n:;,\\\\A-Z ا-ی]{0,200}") {
            for title in [title, near] {
                let quiet = lines(&meeting(titled("x")));
                let found = lines(&meeting(titled(&title)));
                let names = |lines: &[String]| lines.iter().map(|line| line.split([':', ';']).next().unwrap_or_default().to_owned()).collect::<Vec<_>>();
                prop_assert_eq!(names(&found), names(&quiet));
            }
        }
    }
}
