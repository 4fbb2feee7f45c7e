//! The life of many rooms, made up: people come and go at times of their own, never two things at once, and no room is
//! empty before its end, so that the driver knows to the millisecond what usher must say in the end.

use std::collections::VecDeque;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::dice::Dice;
use super::ledger::{Account, Booked, Ledger, Millis, Stay};
use super::speaker::Speaker;

/// The conference component that the made-up rooms are on.
pub const HOST: &str = "conference.volume.test";
/// How many rooms are in use at a time.
const ROOMS: usize = 16;
/// The longest time between two things, in milliseconds: so short that the made-up clock stays behind the real one on a
/// machine that gets through ten times as much as a usual one.
const LONGEST_STEP: usize = 400;
/// The made-up clock begins so long before the present; usher follows up facts of the last 24 hours.
const BEGIN_BEFORE: Millis = 12 * 3600 * 1000;

/// All rooms of the component.
#[derive(Debug)]
pub struct World {
    dice: Dice,
    clock: Millis,
    rooms: Vec<Room>,
    halls: usize,
    people: usize,
    bookings: mpsc::UnboundedReceiver<Booked>,
    /// The rooms that are over.
    pub ledger: Ledger,
}

#[derive(Debug)]
struct Room {
    name: String,
    opened_at: Millis,
    account: Account,
    /// Who is in, and since when.
    inside: Vec<(String, Millis)>,
    /// Who was in and may come back.
    outside: VecDeque<String>,
    /// How many steps until everybody goes.
    steps: usize,
}

// === impl World ===

impl World {
    /// `bookings` are answers of `create-room`; people will come to each of them.
    pub fn new(now: Millis, dice: Dice, bookings: mpsc::UnboundedReceiver<Booked>) -> Self {
        let clock = now - BEGIN_BEFORE;
        let (rooms, ledger) = (Vec::new(), Ledger::default());
        Self {
            dice,
            clock,
            rooms,
            halls: 0,
            people: 0,
            bookings,
            ledger,
        }
    }

    /// Something happens somewhere.
    pub fn step(&mut self, speaker: &mut Speaker) {
        if self.rooms.len() < ROOMS {
            return self.open(speaker);
        }
        let index = self.dice.below(self.rooms.len());
        let room = &mut self.rooms[index];
        if room.steps == 0 {
            return self.close(index, speaker);
        }
        room.steps -= 1;
        if room.inside.len() > 1 && self.dice.one_in(2) {
            self.leave(index, speaker);
        } else {
            self.join(index, speaker);
        }
    }

    /// People come to what is still booked, and then all of them go.
    pub fn end(&mut self, speaker: &mut Speaker) {
        while let Ok(booked) = self.bookings.try_recv() {
            self.open_room(Some(booked), speaker);
        }
        while !self.rooms.is_empty() {
            self.close(0, speaker);
        }
    }

    /// Everybody who is in, as the module tells it when usher asks.
    pub fn roster(&mut self, speaker: &mut Speaker) {
        let at = self.tick();
        for room in &self.rooms {
            let occupants: Vec<_> = room
                .inside
                .iter()
                .map(|(jid, from)| occupant(jid, *from))
                .collect();
            speaker.say(room.event("roster", at, json!({ "occupants": occupants })));
        }
        let rooms: Vec<_> = self
            .rooms
            .iter()
            .map(|room| json!({ "room_jid": room.jid() }))
            .collect();
        speaker.say(json!({ "type": "rooms", "at": seconds(at), "rooms": rooms }));
    }

    fn open(&mut self, speaker: &mut Speaker) {
        let booked = self.bookings.try_recv().ok();
        self.open_room(booked, speaker);
    }

    fn open_room(&mut self, booked: Option<Booked>, speaker: &mut Speaker) {
        self.halls += 1;
        let name = booked
            .as_ref()
            .map_or_else(|| format!("hall-{}", self.halls), |booked| booked.room.clone());
        let room = Room {
            name,
            opened_at: self.tick(),
            account: Account {
                booked,
                ..Account::default()
            },
            inside: Vec::new(),
            outside: VecDeque::new(),
            steps: self.dice.below(24),
        };
        speaker.say(room.event("room_opened", room.opened_at, json!({})));
        self.rooms.push(room);
        self.join(self.rooms.len() - 1, speaker);
    }

    fn close(&mut self, index: usize, speaker: &mut Speaker) {
        while !self.rooms[index].inside.is_empty() {
            self.leave(index, speaker);
        }
        let at = self.tick();
        let room = self.rooms.swap_remove(index);
        speaker.say(room.event("room_closed", at, json!({ "for_everyone": false })));
        self.ledger.enter(room.name, room.account);
    }

    /// Somebody new comes, or somebody who was in before.
    fn join(&mut self, index: usize, speaker: &mut Speaker) {
        let at = self.tick();
        let returns = self.dice.one_in(3);
        let room = &mut self.rooms[index];
        let known = returns.then(|| room.outside.pop_front()).flatten();
        let jid = known.unwrap_or_else(|| {
            self.people += 1;
            format!("p{}@volume.test/web", self.people)
        });
        room.inside.push((jid.clone(), at));
        room.account.peak = room.account.peak.max(room.inside.len());
        speaker.say(room.event("joined", at, json!({ "occupant": occupant(&jid, at) })));
    }

    fn leave(&mut self, index: usize, speaker: &mut Speaker) {
        let to = self.tick();
        let reason = ["left", "lost", "kicked"][self.dice.below(3)];
        let room = &mut self.rooms[index];
        let (jid, from) = room.inside.swap_remove(self.dice.below(room.inside.len()));
        speaker.say(room.event(
            "left",
            to,
            json!({ "occupant": occupant(&jid, from), "reason": reason }),
        ));
        room.outside.push_back(jid.clone());
        room.account.stays.push(Stay {
            occupant: jid,
            from,
            to,
        });
    }

    /// Time passes.
    fn tick(&mut self) -> Millis {
        self.clock += Millis::try_from(1 + self.dice.below(LONGEST_STEP)).expect("a few seconds");
        self.clock
    }
}

// === impl Room ===

impl Room {
    fn jid(&self) -> String {
        format!("{}@{HOST}", self.name)
    }

    fn event(&self, kind: &str, at: Millis, mut event: Value) -> Value {
        event["type"] = json!(kind);
        event["at"] = json!(seconds(at));
        event["room_jid"] = json!(self.jid());
        event["opened_at"] = json!(seconds(self.opened_at));
        event
    }
}

fn occupant(jid: &str, from: Millis) -> Value {
    let name = jid.split('@').next().unwrap_or_default();
    json!({ "jid": jid, "nick": name, "id": name, "name": name, "kind": "person", "joined_at": seconds(from) })
}

fn seconds(at: Millis) -> f64 {
    std::time::Duration::from_millis(at.unsigned_abs()).as_secs_f64()
}
