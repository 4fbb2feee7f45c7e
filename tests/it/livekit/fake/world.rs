//! The rooms of the fake server and who is in them; each change returns the webhooks that it causes, in order.

use aws_lc_rs::rand;
use livekit_protocol as proto;
use proto::participant_info::State;
use proto::{DisconnectReason, RoomEndReason};

use super::ledger::Stay;

/// Everything that the server knows.
#[derive(Debug)]
pub struct World {
    /// In the order in which they were opened. Two of one name are two lives of a room, on two nodes.
    lives: Vec<Life>,
    /// What really happened.
    pub ledger: Vec<Stay>,
    /// Whether rooms and people outlive the node that had them: they are kept in Redis.
    pub redis: bool,
    /// Whether `room_finished` says why; servers up to 1.13.5 do not.
    pub end_reasons: bool,
    pub empty_timeout: u32,
    pub departure_timeout: u32,
}

/// One room object.
#[derive(Debug)]
struct Life {
    room: proto::Room,
    people: Vec<Connection>,
    /// The node that had it is gone: it is only listed.
    is_ghost: bool,
    /// Counts what happened in it, so that a timer sees whether it is still the last.
    changes: u64,
}

#[derive(Debug)]
struct Connection {
    info: proto::ParticipantInfo,
    /// Of a node that is gone: it is only listed.
    is_ghost: bool,
}

/// How the room service refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    UnknownRoom,
    Stranger,
    UnknownTrack,
    /// No node has the room; known only after a while.
    Unanswered,
}

/// A room that will be closed unless something happens in it until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    pub sid: String,
    pub seconds: u32,
    changes: u64,
}

type Events = Vec<proto::WebhookEvent>;

/// What a listing says is as old as that.
const LAG_MILLIS: i64 = 1000;

// === impl World ===

impl World {
    pub fn new(departure_timeout: u32) -> Self {
        Self {
            lives: Vec::new(),
            ledger: Vec::new(),
            redis: false,
            end_reasons: true,
            empty_timeout: 300,
            departure_timeout,
        }
    }

    /// Opens the room unless it is open; one that nobody serves any more comes back as it was.
    pub fn open(&mut self, request: &proto::CreateRoomRequest, now: i64) -> (proto::Room, Events) {
        match self
            .lives
            .iter_mut()
            .rev()
            .find(|life| life.room.name == request.name)
        {
            Some(life) if !life.is_ghost => (life.room.clone(), Vec::new()),
            Some(life) => {
                life.is_ghost = false;
                life.changes += 1;
                (life.room.clone(), vec![about(&life.room, "room_started", now)])
            }
            None => self.open_anew(request, now),
        }
    }

    /// Opens one more room of that name, as another node may.
    pub fn open_anew(&mut self, request: &proto::CreateRoomRequest, now: i64) -> (proto::Room, Events) {
        let codec = |mime: &str| proto::Codec {
            mime: mime.into(),
            fmtp_line: String::new(),
        };
        let room = proto::Room {
            sid: random_id("RM_"),
            name: request.name.clone(),
            empty_timeout: or(request.empty_timeout, self.empty_timeout),
            departure_timeout: or(request.departure_timeout, self.departure_timeout),
            max_participants: request.max_participants,
            creation_time: now / 1000,
            creation_time_ms: now,
            turn_password: random_id(TURN_PASSWORD),
            enabled_codecs: ["audio/opus", "video/VP8", "video/H264"].map(codec).into(),
            metadata: request.metadata.clone(),
            ..proto::Room::default()
        };
        self.lives.push(Life {
            room: room.clone(),
            people: Vec::new(),
            is_ghost: false,
            changes: 0,
        });
        let started = about(&room, "room_started", now);
        (room, vec![started])
    }

    /// A connection to the room with that sid. Media is there at once, unless it is only being set up.
    pub fn join(&mut self, room: &str, mut info: proto::ParticipantInfo, now: i64) -> (String, Events) {
        let mut events = self.leave_as(room, &info.identity, DisconnectReason::DuplicateIdentity, now);
        let life = self.life(room);
        life.changes += 1;
        info.sid = random_id("PA_");
        info.joined_at = now / 1000;
        info.joined_at_ms = now;
        if info.state() == State::Active {
            events.push(about_person(&life.room, &info, "participant_joined", now));
        }
        let sid = info.sid.clone();
        let stay = Stay::begin(&life.room.name, &info);
        life.people.push(Connection {
            info,
            is_ghost: false,
        });
        self.ledger.extend(stay);
        (sid, events)
    }

    /// Ends whatever there is under this identity.
    fn leave_as(&mut self, room: &str, identity: &str, why: DisconnectReason, now: i64) -> Events {
        let life = self.life(room);
        let found = life
            .people
            .iter()
            .position(|connection| connection.info.identity == identity);
        let Some(at) = found else { return Vec::new() };
        let (sid, events) = (life.people[at].info.sid.clone(), life.end(at, why, now));
        self.note_end(&sid, now);
        events
    }

    /// Ends a connection, which must be there.
    pub fn leave(&mut self, participant: &str, why: DisconnectReason, now: i64) -> (Events, Option<Idle>) {
        let life = self
            .lives
            .iter_mut()
            .find(|life| life.place_of(participant).is_some());
        let life = life.unwrap_or_else(|| panic!("{participant} is not in any room"));
        let at = life.place_of(participant).expect("it was found");
        let events = life.end(at, why, now);
        let idle = life.idle(life.room.departure_timeout);
        self.note_end(participant, now);
        (events, idle)
    }

    /// Puts everybody out and closes the room with that sid.
    pub fn close(&mut self, room: &str, why: RoomEndReason, now: i64) -> Events {
        let at = self.lives.iter().position(|life| life.room.sid == room);
        let mut life = self.lives.remove(at.expect("the room is there"));
        let leave = match why {
            RoomEndReason::RoomEndApiDelete => DisconnectReason::RoomDeleted,
            RoomEndReason::RoomEndServerShutdown => DisconnectReason::ServerShutdown,
            _ => DisconnectReason::RoomClosed,
        };
        let mut events = Vec::new();
        while let Some(sid) = life.people.first().map(|connection| connection.info.sid.clone()) {
            events.extend(life.end(0, leave, now));
            self.note_end(&sid, now);
        }
        let mut finished = about(&life.room, "room_finished", now);
        if self.end_reasons {
            finished.set_room_end_reason(why);
        }
        events.push(finished);
        events
    }

    /// Closes a room in which nothing has happened since.
    pub fn close_idle(&mut self, idle: &Idle, now: i64) -> Events {
        let is_still =
            |life: &Life| life.room.sid == idle.sid && life.changes == idle.changes && !life.is_ghost;
        match self.lives.iter().any(is_still) {
            true => self.close(&idle.sid, RoomEndReason::RoomEndIdleTimeout, now),
            false => Vec::new(),
        }
    }

    /// When an empty room is to be closed.
    pub fn idle(&self, room: &str) -> Option<Idle> {
        let life = self.lives.iter().find(|life| life.room.sid == room)?;
        life.idle(life.room.empty_timeout)
    }

    /// Every node dies. Without Redis nobody remembers anything.
    pub fn die(&mut self, now: i64) {
        let sids: Vec<_> = self.lives.iter().map(|life| life.room.sid.clone()).collect();
        for sid in sids {
            self.die_with(&sid, now);
        }
        if !self.redis {
            self.lives.clear();
        }
    }

    /// The node that has this room dies.
    pub fn die_with(&mut self, room: &str, now: i64) {
        let gone = self.life(room).die();
        gone.iter().for_each(|sid| self.note_end(sid, now));
    }

    /// One of each name: Redis has them under their names.
    pub fn rooms(&self, names: &[String], now: i64) -> Vec<proto::Room> {
        let is_asked = |life: &&Life| names.is_empty() || names.contains(&life.room.name);
        let newest = |life: &&Life| {
            self.listed(&life.room.name)
                .is_ok_and(|other| other.room.sid == life.room.sid)
        };
        let lives = self.lives.iter().filter(is_asked).filter(newest);
        lives.map(|life| life.listed_at(now)).collect()
    }

    /// Who is listed for the newest room of that name.
    pub fn people(&self, name: &str) -> Vec<proto::ParticipantInfo> {
        let people = self.listed(name).map_or(&[][..], |life| &life.people);
        people.iter().map(|connection| connection.info.clone()).collect()
    }

    /// Somebody who is connected to the room of that name.
    pub fn person(&mut self, name: &str, identity: &str) -> Result<&mut proto::ParticipantInfo, Refusal> {
        let life = self.lives.iter_mut().rev().find(|life| life.room.name == name);
        let mut people = life.into_iter().flat_map(|life| &mut life.people);
        match people.find(|connection| connection.info.identity == identity) {
            Some(connection) if connection.is_ghost => Err(Refusal::Unanswered),
            Some(connection) => Ok(&mut connection.info),
            None => Err(Refusal::Stranger),
        }
    }

    /// The room of that name, where a node serves it.
    pub fn served(&mut self, name: &str) -> Result<&mut proto::Room, Refusal> {
        let life = self.lives.iter_mut().rev().find(|life| life.room.name == name);
        match life {
            Some(life) if life.is_ghost => Err(Refusal::Unanswered),
            Some(life) => Ok(&mut life.room),
            None => Err(Refusal::UnknownRoom),
        }
    }

    /// The room in which somebody is, and what is known of them.
    pub fn whereabouts(&mut self, participant: &str) -> Option<(&proto::Room, &mut proto::ParticipantInfo)> {
        self.lives.iter_mut().find_map(|life| {
            let at = life.place_of(participant)?;
            Some((&life.room, &mut life.people[at].info))
        })
    }

    /// The identities of those who are really there.
    pub fn present(&self, name: &str) -> Vec<String> {
        let people = self.listed(name).map_or(&[][..], |life| &life.people);
        let there = people.iter().filter(|connection| !connection.is_ghost);
        there.map(|connection| connection.info.identity.clone()).collect()
    }

    /// Whoever was still in is out now.
    fn note_end(&mut self, participant: &str, now: i64) {
        let mut stays = self.ledger.iter_mut();
        if let Some(stay) = stays.find(|stay| stay.sid == participant && stay.to.is_none()) {
            stay.to = Some(now);
        }
    }

    fn listed(&self, name: &str) -> Result<&Life, Refusal> {
        let life = self.lives.iter().rev().find(|life| life.room.name == name);
        life.ok_or(Refusal::UnknownRoom)
    }

    fn life(&mut self, room: &str) -> &mut Life {
        let life = self.lives.iter_mut().find(|life| life.room.sid == room);
        life.unwrap_or_else(|| panic!("there is no room {room}"))
    }
}

// === impl Life ===

impl Life {
    fn place_of(&self, participant: &str) -> Option<usize> {
        self.people
            .iter()
            .position(|connection| connection.info.sid == participant)
    }

    /// Nobody tells of the end of one that nobody served any more.
    fn end(&mut self, at: usize, why: DisconnectReason, now: i64) -> Events {
        self.changes += 1;
        let Connection { mut info, is_ghost } = self.people.remove(at);
        if is_ghost {
            return Vec::new();
        }
        let event = match info.state() {
            State::Active => "participant_left",
            _ => "participant_connection_aborted",
        };
        info.set_state(State::Disconnected);
        info.set_disconnect_reason(why);
        vec![about_person(&self.room, &info, event, now)]
    }

    fn idle(&self, seconds: u32) -> Option<Idle> {
        self.people.is_empty().then(|| Idle {
            sid: self.room.sid.clone(),
            seconds,
            changes: self.changes,
        })
    }

    /// Who was in: their sids.
    fn die(&mut self) -> Vec<String> {
        self.is_ghost = true;
        self.changes += 1;
        for connection in &mut self.people {
            connection.is_ghost = true;
        }
        self.people
            .iter()
            .map(|connection| connection.info.sid.clone())
            .collect()
    }

    fn listed_at(&self, now: i64) -> proto::Room {
        let settled = |connection: &&Connection| connection.info.joined_at_ms + LAG_MILLIS <= now;
        let count = self.people.iter().filter(settled).count();
        proto::Room {
            num_participants: u32::try_from(count).expect("few people"),
            ..self.room.clone()
        }
    }
}

/// How every password begins that usher must never keep or tell.
pub const TURN_PASSWORD: &str = "turn-password-";

/// A webhook about a room.
pub fn about(room: &proto::Room, event: &str, now: i64) -> proto::WebhookEvent {
    proto::WebhookEvent {
        event: event.into(),
        id: random_id("EV_"),
        created_at: now / 1000,
        room: Some(room.clone()),
        ..proto::WebhookEvent::default()
    }
}

fn about_person(
    room: &proto::Room,
    info: &proto::ParticipantInfo,
    event: &str,
    now: i64,
) -> proto::WebhookEvent {
    proto::WebhookEvent {
        participant: Some(info.clone()),
        ..about(room, event, now)
    }
}

/// Twelve characters after a prefix, as LiveKit's ids have them.
pub fn random_id(prefix: &str) -> String {
    const LETTERS: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0; 12];
    rand::fill(&mut bytes).expect("the kernel has random numbers");
    let letters = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    prefix.chars().chain(letters).collect()
}

fn or(given: u32, default: u32) -> u32 {
    if given == 0 { default } else { given }
}
