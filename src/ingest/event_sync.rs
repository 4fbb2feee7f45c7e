//! The calls of the event_sync module, as it is (jitsi-contrib/prosody-plugins, `event_sync`).
//!
//! Whole seconds, no numbers, no reasons, any order. A leave names its entry, so a lost entry is made good by its leave.

use serde::Deserialize;
use utoipa::ToSchema;

use super::occupant::role;
use super::{IngestError, LONGEST_JID, LONGEST_NAME, Reporter, beginning, bounded, loose, moment, read};
use crate::domain::observation::{
    Arrival, Departure, LeaveReason, Observation, OccupantId, Part, Person, RoomKey, Source, What,
};
use crate::domain::{RoomName, Timestamp};

/// Which of the four routes was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    RoomCreated,
    RoomDestroyed,
    OccupantJoined,
    OccupantLeft,
}

/// The body of all four calls.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = EventSyncReport)]
pub struct Body {
    #[serde(default)]
    room_name: String,
    #[serde(default)]
    room_jid: Option<String>,
    #[serde(default)]
    is_breakout: bool,
    #[serde(default, deserialize_with = "loose::text")]
    breakout_room_id: Option<String>,
    #[serde(default)]
    created_at: Option<f64>,
    #[serde(default)]
    destroyed_at: Option<f64>,
    #[serde(default)]
    occupant: Option<Occupant>,
    #[serde(default, deserialize_with = "loose::list")]
    all_occupants: Vec<Occupant>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = EventSyncOccupant)]
struct Occupant {
    occupant_jid: String,
    #[serde(default)]
    joined_at: Option<f64>,
    #[serde(default)]
    left_at: Option<f64>,
    #[serde(default, deserialize_with = "loose::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
}

/// One call with everything that its translation needs.
struct Report {
    call: Call,
    body: Body,
    room: RoomKey,
    part: Part,
    now: Timestamp,
}

/// Turns one call into observations; none when it is about a service or a health check.
pub fn translate(
    reporter: &Reporter<'_>,
    call: Call,
    body: &[u8],
    now: Timestamp,
) -> Result<Vec<Observation>, IngestError> {
    let body: Body = read(body)?;
    let room = match &body.room_jid {
        Some(jid) => reporter.room(jid)?,
        None => RoomKey {
            backend: reporter.backend(""),
            name: room_name(&body.room_name)?,
        },
    };
    if room.name.is_health_check() {
        return Ok(Vec::new());
    }
    let part = body.part()?;
    Report {
        call,
        body,
        room,
        part,
        now,
    }
    .observations()
}

fn room_name(text: &str) -> Result<RoomName, IngestError> {
    RoomName::from_node(text).map_err(|e| super::bad_field("room_name", &e.to_string()))
}

// === impl Body ===

impl Body {
    /// A breakout room without its name must not be taken for the main room, whose people would be counted twice.
    fn part(&self) -> Result<Part, IngestError> {
        if !self.is_breakout {
            return Ok(Part::Main);
        }
        let id = self.breakout_room_id.as_deref().unwrap_or_default();
        bounded("breakout_room_id", id, LONGEST_NAME).map(|id| Part::Breakout(id.to_owned()))
    }
}

// === impl Report ===

impl Report {
    fn observations(&self) -> Result<Vec<Observation>, IngestError> {
        match self.call {
            Call::RoomCreated if self.part == Part::Main => {
                let at = self.required("created_at", self.body.created_at)?;
                Ok(vec![self.observation(at, What::opened(at))])
            }
            Call::RoomCreated => Ok(Vec::new()),
            Call::RoomDestroyed => self.closed(),
            Call::OccupantJoined => self.entered(self.occupant()?),
            Call::OccupantLeft => self.left(self.occupant()?),
        }
    }

    /// The list of everybody who was in makes good what was lost on the way.
    fn closed(&self) -> Result<Vec<Observation>, IngestError> {
        let at = self.required("destroyed_at", self.body.destroyed_at)?;
        let opened_at = self.optional("created_at", self.body.created_at)?;
        let mut seen = Vec::new();
        for occupant in self
            .body
            .all_occupants
            .iter()
            .filter(|occupant| occupant.left_at.is_some())
        {
            seen.extend(self.left(occupant)?);
        }
        let what = What::RoomClosed {
            part: self.part.clone(),
            opened_at,
            for_everyone: false,
        };
        seen.push(self.observation(at, what));
        Ok(seen)
    }

    fn entered(&self, occupant: &Occupant) -> Result<Vec<Observation>, IngestError> {
        let Some(role) = role(&occupant.occupant_jid) else {
            return Ok(Vec::new());
        };
        let at = self.required("occupant.joined_at", occupant.joined_at)?;
        let arrival = Arrival {
            occupant: occupant.id()?,
            part: self.part.clone(),
            entered_at: Some(at),
            role,
            person: occupant.person(),
        };
        Ok(vec![self.observation(at, What::Entered(arrival))])
    }

    fn left(&self, occupant: &Occupant) -> Result<Vec<Observation>, IngestError> {
        let Some(role) = role(&occupant.occupant_jid) else {
            return Ok(Vec::new());
        };
        let at = self.required("occupant.left_at", occupant.left_at)?;
        let departure = Departure {
            occupant: occupant.id()?,
            part: self.part.clone(),
            entered_at: self.optional("occupant.joined_at", occupant.joined_at)?,
            role,
            person: occupant.person(),
            reason: LeaveReason::Unsaid,
        };
        Ok(vec![self.observation(at, What::Left(departure))])
    }

    fn occupant(&self) -> Result<&Occupant, IngestError> {
        self.body
            .occupant
            .as_ref()
            .ok_or_else(|| super::bad_field("occupant", "is missing"))
    }

    fn observation(&self, at: Timestamp, what: What) -> Observation {
        Observation {
            room: self.room.clone(),
            at,
            source: Source::EventSync,
            what,
        }
    }

    fn required(&self, field: &'static str, seconds: Option<f64>) -> Result<Timestamp, IngestError> {
        moment(
            field,
            seconds.ok_or_else(|| super::bad_field(field, "is missing"))?,
            self.now,
        )
    }

    fn optional(&self, field: &'static str, seconds: Option<f64>) -> Result<Option<Timestamp>, IngestError> {
        seconds
            .map(|seconds| beginning(field, seconds, self.now))
            .transpose()
    }
}

// === impl Occupant ===

impl Occupant {
    fn id(&self) -> Result<OccupantId, IngestError> {
        let jid = bounded("occupant.occupant_jid", &self.occupant_jid, LONGEST_JID)?;
        Ok(OccupantId(jid.to_owned()))
    }

    fn person(&self) -> Person {
        Person::reported(self.id.as_deref(), self.name.as_deref())
    }
}
