//! LiveKit's webhooks (`livekit_webhook.proto` of livekit/protocol; `pkg/telemetry/events.go` of its server): what they say.
//! Who signed them is known before anything is read; see [`WebhookSignature`](crate::tokens::WebhookSignature).
//!
//! LiveKit counts every answer but 429 and 5xx as delivered, so a webhook that is refused here is gone. Hence little is
//! refused: what is newer than usher says nothing, and only what would corrupt a meeting, a room without its ids or an
//! impossible time, is a fault.

mod what;
mod wire;
mod word;

use super::{IngestError, LONGEST_NAME, bad_field, beginning, bounded, moment, read};
use crate::config::daemon::LiveKit;
use crate::domain::observation::{BackendId, Observation, Part, RoomKey, Source};
use crate::domain::participant::Counting;
use crate::domain::report::{Notification, Subject};
use crate::domain::{RoomName, Timestamp};

pub use wire::Body;

/// One webhook with everything that its translation needs.
struct Reader<'a> {
    server: &'a LiveKit,
    body: &'a Body,
    created_at: Timestamp,
    now: Timestamp,
}

/// One life of a room, as LiveKit names it.
struct Life<'a> {
    room: &'a str,
    sid: &'a str,
}

// === impl Body ===

impl Body {
    /// Reads the body of a webhook.
    pub fn read(body: &[u8]) -> Result<Self, IngestError> {
        read(body)
    }

    /// What happened, as LiveKit calls it.
    pub fn event(&self) -> &str {
        self.event.as_deref().unwrap_or_default()
    }

    /// Says in the domain's words what a webhook of that server tells.
    pub fn translate(&self, server: &LiveKit, now: Timestamp) -> Result<Notification, IngestError> {
        let created_at = self
            .created_at
            .ok_or_else(|| bad_field("createdAt", "is missing"))?;
        let reader = Reader {
            server,
            body: self,
            created_at: moment("createdAt", created_at as f64, now)?,
            now,
        };
        reader.notification()
    }
}

// === impl Reader ===

impl Reader<'_> {
    fn notification(&self) -> Result<Notification, IngestError> {
        let about = self.subject()?;
        let seen = match &about {
            Subject::Life(room, part) => self.what(part)?.map(|what| Observation {
                room: room.clone(),
                at: self.created_at,
                source: Source::Livekit,
                what,
            }),
            Subject::Foreign | Subject::Nothing => None,
        };
        let id = self.body.id.as_deref().filter(|id| !id.is_empty());
        Ok(Notification {
            backend: self.backend(),
            id: id
                .map(|id| bounded("id", id, LONGEST_NAME).map(str::to_owned))
                .transpose()?,
            created_at: self.created_at,
            about,
            seen,
        })
    }

    /// The room that it is about, if any; events that usher takes something from must name theirs.
    fn subject(&self) -> Result<Subject, IngestError> {
        let life = match self.body.event() {
            "" => return Err(bad_field("event", "is missing")),
            "egress_started" | "egress_updated" | "egress_ended" => self.recorded()?,
            "room_started"
            | "room_finished"
            | "participant_joined"
            | "participant_left"
            | "participant_connection_aborted" => Some(self.life()?),
            _ => self.life().ok(),
        };
        Ok(life.map_or(Subject::Nothing, |life| life.subject(self.backend())))
    }

    fn life(&self) -> Result<Life<'_>, IngestError> {
        let room = self
            .body
            .room
            .as_ref()
            .ok_or_else(|| bad_field("room", "is missing"))?;
        Ok(Life {
            room: named("room.name", &room.name)?,
            sid: bounded("room.sid", text(&room.sid), LONGEST_NAME)?,
        })
    }

    /// The room that is recorded; an egress may be of a web page, which is none.
    fn recorded(&self) -> Result<Option<Life<'_>>, IngestError> {
        let egress = self.egress()?;
        match (text(&egress.room_name), text(&egress.room_id)) {
            ("", "") => Ok(None),
            (_, sid) => Ok(Some(Life {
                room: named("egressInfo.roomName", &egress.room_name)?,
                sid: bounded("egressInfo.roomId", sid, LONGEST_NAME)?,
            })),
        }
    }

    fn opened_at(&self) -> Result<Option<Timestamp>, IngestError> {
        let room = self.body.room.as_ref();
        let times = room.map(|room| (room.creation_time_ms, room.creation_time));
        let (millis, seconds) = times.unwrap_or_default();
        self.began("room.creationTime", millis, seconds)
    }

    /// A moment in milliseconds, or in seconds where an older server says no more.
    fn began(
        &self,
        field: &'static str,
        millis: Option<i64>,
        seconds: Option<i64>,
    ) -> Result<Option<Timestamp>, IngestError> {
        let millis = millis
            .filter(|millis| *millis > 0)
            .map(|millis| millis as f64 / 1000.0);
        let seconds = seconds
            .filter(|seconds| *seconds > 0)
            .map(|seconds| seconds as f64);
        let said = millis.or(seconds);
        said.map(|seconds| beginning(field, seconds, self.now))
            .transpose()
    }

    fn counting(&self) -> Counting {
        Counting {
            callers: self.server.callers_are_people,
        }
    }

    fn backend(&self) -> BackendId {
        BackendId::livekit(&self.server.name)
    }
}

// === impl Life ===

impl Life<'_> {
    /// usher signs for rooms in their normal form only: another one would be a second room that looks the same.
    fn subject(&self, backend: BackendId) -> Subject {
        match RoomName::parse(self.room) {
            Ok(name) if name.as_str() == self.room => {
                Subject::Life(RoomKey { backend, name }, Part::Opening(self.sid.to_owned()))
            }
            _ => Subject::Foreign,
        }
    }
}

fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

/// The name of a room; what usher would not call one is still a room of somebody else's.
fn named<'a>(field: &'static str, name: &'a Option<String>) -> Result<&'a str, IngestError> {
    let name = name.as_deref().filter(|name| !name.is_empty());
    name.ok_or_else(|| bad_field(field, "is missing"))
}

#[cfg(test)]
mod tests;
