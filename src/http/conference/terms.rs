//! What the module asks and what it is answered: how a room opens, in the module's own terms.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::Duration;
use serde::Serialize;

use crate::config::Config;
use crate::domain::access::Opening;
use crate::domain::{Meeting, RoomKey, Timestamp, hex};
use crate::http::Incoming;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::seconds;

/// What the module says of a room.
pub(super) struct Asked {
    /// The node of the room's address, as the module compares it afterwards.
    pub(super) name: String,
    /// The address of whoever comes first; with tokens it is drawn anew each time, but its host tells the server.
    mail_owner: String,
    /// When that was, by the server's clock.
    start_time: Option<Timestamp>,
}

/// How a room opens. Where one of the first five were missing or another had the wrong type, the module would take it
/// for no answer at all. Texts only: Lua 5.4 writes whole numbers of JSON as `2.0` into addresses.
#[derive(Serialize)]
pub(super) struct Conference<'a> {
    id: String,
    name: &'a str,
    mail_owner: &'a str,
    start_time: String,
    /// Seconds from `start_time` on; then the module closes the room.
    duration: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_occupants: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lobby: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

/// Who asks for a booked meeting is not known from its id.
const NOBODY: &str = "usher";
/// Longest `mail_owner`, in bytes: an address without its resource has two parts of at most 1023.
const LONGEST_OWNER: usize = 2047;
/// How long a room stays that usher lets stay open.
const LONG: Duration = Duration::days(30);
/// How far the server's clock may be away from ours.
const CLOCKS_APART: Duration = Duration::days(1);

// === impl Asked ===

impl Asked {
    pub(super) async fn read(request: &Incoming, body: Body) -> Result<Self, ApiError> {
        let form = body.form(&request.headers).await?;
        let mail_owner = form.get("mail_owner").unwrap_or(NOBODY);
        if mail_owner.len() > LONGEST_OWNER {
            return Err(ApiError::Invalid {
                field: "mail_owner",
                why: format!("must have at most {LONGEST_OWNER} bytes"),
            });
        }
        Ok(Self {
            name: form.required("name")?.to_owned(),
            mail_owner: mail_owner.to_owned(),
            start_time: form.get("start_time").and_then(|time| time.parse().ok()),
        })
    }

    /// The virtual host that the person came in by.
    pub(super) fn host(&self) -> &str {
        self.mail_owner
            .rsplit_once('@')
            .map_or(self.mail_owner.as_str(), |(_, host)| host)
    }
}

// === impl Conference ===

impl<'a> Conference<'a> {
    /// A room that opens without a booking, by the server's own clock.
    pub(super) fn unbooked(asked: &'a Asked, room: &RoomKey, opening: &Opening<'a>, now: Timestamp) -> Self {
        let by_server = asked.start_time.filter(|at| (*at - now).abs() < CLOCKS_APART);
        Self {
            id: id_of(room),
            name: &asked.name,
            mail_owner: &asked.mail_owner,
            start_time: seconds(by_server.unwrap_or(now)),
            duration: LONG.num_seconds(),
            ..Self::opened(opening)
        }
    }

    /// The room of a booked meeting; `ends` where nobody but the module closes it in the end.
    pub(super) fn booked(
        meeting: &'a Meeting,
        opening: &Opening<'a>,
        ends: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let starts_at = meeting
            .booking
            .slot
            .map_or(meeting.created_at, |slot| slot.starts_at);
        let passed = Duration::days((now - starts_at).num_days().max(0));
        let duration = ends.map_or(passed + LONG, |ends| ends - starts_at);
        Self {
            id: meeting.id.to_string(),
            name: meeting.booking.room.name.as_str(),
            mail_owner: NOBODY,
            start_time: seconds(starts_at),
            duration: duration.num_seconds(),
            ..Self::opened(opening)
        }
    }

    fn opened(opening: &Opening<'a>) -> Self {
        Self {
            id: String::new(),
            name: "",
            mail_owner: "",
            start_time: String::new(),
            duration: 0,
            max_occupants: opening.max_people,
            lobby: opening.lobby,
            password: opening.password.map(|password| password.expose()),
        }
    }
}

/// When the module has to close the room: at the booked end, where that is to be kept and usher cannot do it itself. Where
/// usher can, the module must not: it would not hear of another end that was agreed on later.
pub(super) fn ends_by_itself(meeting: &Meeting, config: &Config) -> Option<Timestamp> {
    let slot = meeting.booking.slot?;
    let name = &meeting.booking.room.backend.name;
    let server = config.daemon.jitsi.iter().find(|server| server.name == *name);
    let out_of_reach = server.is_some_and(|server| server.prosody_http.is_none());
    (config.daemon.meetings.enforce_end && out_of_reach).then(|| slot.ends_at())
}

/// The same each time for one room, and fit for an address.
fn id_of(room: &RoomKey) -> String {
    let name = format!("{}/{}", room.backend.name, room.name.as_str());
    let digest = digest(&SHA256, name.as_bytes());
    format!("room-{}", hex(&digest.as_ref()[..16]))
}
