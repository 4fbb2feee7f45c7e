//! The numbered batches of usher's own Prosody module (`prosody-snippets/mod_usher_events.lua`).

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    IngestError, LONGEST_JID, LONGEST_NAME, Reporter, beginning, bounded, loose, moment, read, read_value,
};
use crate::domain::Timestamp;
use crate::domain::observation::{
    Arrival, Departure, LeaveReason, Observation, OccupantId, Part, Person, Role, Source, What,
};
use crate::domain::report::{Batch, Fact, Numbered, RoomList};

/// The body of a batch.
#[derive(Deserialize, ToSchema)]
#[schema(as = ProsodyBatch)]
pub struct Body {
    #[serde(default)]
    host: String,
    #[serde(default)]
    instance: String,
    #[serde(default)]
    dropped: u64,
    #[serde(deserialize_with = "loose::short_list")]
    #[schema(value_type = Vec<Wire>)]
    events: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Head {
    n: u64,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ProsodyEvent)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    at: f64,
    #[serde(default)]
    room_jid: String,
    #[serde(default, deserialize_with = "loose::text")]
    breakout: Option<String>,
    #[serde(default)]
    opened_at: Option<f64>,
    #[serde(default)]
    occupant: Option<Occupant>,
    #[serde(default, deserialize_with = "loose::list")]
    occupants: Vec<Occupant>,
    #[serde(default, deserialize_with = "loose::list")]
    rooms: Vec<Room>,
    #[serde(default, deserialize_with = "loose::text")]
    reason: Option<String>,
    #[serde(default)]
    for_everyone: bool,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ProsodyRoom)]
struct Room {
    room_jid: String,
    #[serde(default, deserialize_with = "loose::text")]
    breakout: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ProsodyOccupant)]
struct Occupant {
    jid: String,
    #[serde(default)]
    joined_at: Option<f64>,
    #[serde(default, deserialize_with = "loose::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    kind: Option<String>,
}

/// Reads a batch. A single event that makes no sense is [`Fact::Rejected`], so that it does not hold up the others.
pub fn translate(reporter: &Reporter<'_>, body: &[u8], now: Timestamp) -> Result<Batch, IngestError> {
    let body: Body = read(body)?;
    bounded("host", &body.host, LONGEST_NAME)?;
    bounded("instance", &body.instance, LONGEST_NAME)?;
    let reader = Reader {
        reporter,
        host: &body.host,
        now,
    };
    let events = body
        .events
        .into_iter()
        .map(|event| reader.numbered(event))
        .collect::<Result<_, _>>()?;
    let backend = reporter.backend(&body.host);
    Ok(Batch {
        backend,
        host: body.host,
        instance: body.instance,
        dropped: body.dropped,
        events,
    })
}

/// Lua counts in doubles, which are whole up to here; without a bound one number could hide all that follow.
const HIGHEST_NUMBER: u64 = (1 << 53) - 1;

struct Reader<'a> {
    reporter: &'a Reporter<'a>,
    host: &'a str,
    now: Timestamp,
}

// === impl Reader ===

impl Reader<'_> {
    fn numbered(&self, event: serde_json::Value) -> Result<Numbered, IngestError> {
        let number = number(&event)?;
        let fact = read_value(event).and_then(|wire: Wire| self.fact(&wire));
        Ok(Numbered {
            number,
            fact: fact.unwrap_or_else(|error| Fact::Rejected(error.to_string())),
        })
    }

    fn fact(&self, wire: &Wire) -> Result<Fact, IngestError> {
        let at = moment("at", wire.at, self.now)?;
        if wire.kind == "rooms" {
            return self.rooms(wire, at).map(Fact::Rooms);
        }
        let room = self.reporter.room(&wire.room_jid)?;
        if room.name.is_health_check() {
            return Ok(Fact::Ignored);
        }
        // The module names the same opening in every event of the room, so its own moment is the better one.
        let at = if wire.kind == "room_opened" {
            self.opened_at(wire).unwrap_or(at)
        } else {
            at
        };
        let what = self.what(wire, at)?;
        Ok(what.map_or(Fact::Ignored, |what| {
            Fact::Observed(Observation {
                room,
                at,
                source: Source::Prosody,
                what,
            })
        }))
    }

    fn what(&self, wire: &Wire, at: Timestamp) -> Result<Option<What>, IngestError> {
        let part = part(wire.breakout.as_deref())?;
        let opened_at = self.opened_at(wire);
        Ok(match wire.kind.as_str() {
            "room_opened" if part == Part::Main => Some(What::opened(at)),
            "joined" => self.arrival(required(wire)?, &part)?.map(What::Entered),
            "left" => self.departure(wire, part)?.map(What::Left),
            "roster" => Some(What::Roster {
                present: self.present(wire, &part)?,
                part,
                opened_at,
                since: at,
            }),
            "room_closed" => Some(What::RoomClosed {
                part,
                opened_at,
                for_everyone: wire.for_everyone,
            }),
            // Roles and kinds that a newer module may send are no concern of a meeting's life.
            _ => None,
        })
    }

    fn present(&self, wire: &Wire, part: &Part) -> Result<Vec<Arrival>, IngestError> {
        let arrivals = wire.occupants.iter().map(|occupant| self.arrival(occupant, part));
        Ok(arrivals
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// None for services. Somebody who came before the module was loaded has no beginning.
    fn arrival(&self, occupant: &Occupant, part: &Part) -> Result<Option<Arrival>, IngestError> {
        let Some(role) = occupant.role() else {
            return Ok(None);
        };
        let entered_at = occupant
            .joined_at
            .map(|seconds| self.joined_at(seconds))
            .transpose()?;
        let (occupant, person) = (occupant.id()?, occupant.person());
        Ok(Some(Arrival {
            occupant,
            part: part.clone(),
            entered_at,
            role,
            person,
        }))
    }

    fn opened_at(&self, wire: &Wire) -> Option<Timestamp> {
        wire.opened_at
            .and_then(|seconds| beginning("opened_at", seconds, self.now).ok())
    }

    fn departure(&self, wire: &Wire, part: Part) -> Result<Option<Departure>, IngestError> {
        let occupant = required(wire)?;
        let Some(role) = occupant.role() else {
            return Ok(None);
        };
        let entered_at = occupant
            .joined_at
            .map(|seconds| self.joined_at(seconds))
            .transpose()?;
        let reason = reason(wire.reason.as_deref());
        let person = occupant.person();
        Ok(Some(Departure {
            occupant: occupant.id()?,
            part,
            entered_at,
            role,
            person,
            reason,
        }))
    }

    fn joined_at(&self, seconds: f64) -> Result<Timestamp, IngestError> {
        beginning("occupant.joined_at", seconds, self.now)
    }

    fn rooms(&self, wire: &Wire, at: Timestamp) -> Result<RoomList, IngestError> {
        let room = |room: &Room| {
            Ok((
                self.reporter.room(&room.room_jid)?,
                part(room.breakout.as_deref())?,
            ))
        };
        let rooms = wire.rooms.iter().map(room).collect::<Result<_, IngestError>>()?;
        let of_breakouts = self.reporter.is_breakout_component(self.host)?;
        Ok(RoomList {
            backend: self.reporter.backend(self.host),
            at,
            rooms,
            of_breakouts,
        })
    }
}

fn number(event: &serde_json::Value) -> Result<u64, IngestError> {
    let head = Head::deserialize(event).ok();
    head.map(|head| head.n)
        .filter(|n| *n <= HIGHEST_NUMBER)
        .ok_or_else(|| super::bad_field("events.n", "must be a whole number below 2^53"))
}

fn required(wire: &Wire) -> Result<&Occupant, IngestError> {
    wire.occupant
        .as_ref()
        .ok_or_else(|| super::bad_field("occupant", "is missing"))
}

fn part(breakout: Option<&str>) -> Result<Part, IngestError> {
    let Some(id) = breakout else {
        return Ok(Part::Main);
    };
    bounded("breakout", id, LONGEST_NAME).map(|id| Part::Breakout(id.to_owned()))
}

fn reason(word: Option<&str>) -> LeaveReason {
    match word {
        Some("lost") => LeaveReason::Lost,
        Some("kicked") => LeaveReason::Kicked,
        Some("banned") => LeaveReason::Banned,
        Some("room_closed") => LeaveReason::RoomClosed,
        Some("switch_room") => LeaveReason::Switching,
        _ => LeaveReason::Left,
    }
}

// === impl Occupant ===

impl Occupant {
    fn id(&self) -> Result<OccupantId, IngestError> {
        let jid = bounded("occupant.jid", &self.jid, LONGEST_JID)?;
        Ok(OccupantId(jid.to_owned()))
    }

    fn person(&self) -> Person {
        Person::reported(self.id.as_deref(), self.name.as_deref())
    }

    /// The module knows its configured recorders; the address decides where it does not say.
    fn role(&self) -> Option<Role> {
        match self.kind.as_deref() {
            Some("person") => Some(Role::Person),
            Some("recorder") => Some(Role::Recorder),
            Some(_) => None,
            None => super::occupant::role(&self.jid),
        }
    }
}
