//! The share of the load that comes through a real Prosody with usher's module: people with an XMPP client.

use serde_json::Value;

use super::REAL_AT_LEAST;
use super::dice::Dice;
use super::ledger::{Account, Ledger, Millis, Stay};
use super::pulse::Pulse;
use crate::prosody::people::People;
use crate::prosody::server::{MUC, Prosody};
use crate::usher::now_millis;

/// Between what a client sees and what Prosody notes; longer only if the client itself was kept waiting for longer.
const TOLERANCE: Millis = 1000;
/// Acknowledgements between two commands, so that the load of both kinds lasts as long.
const BETWEEN: usize = 2;

/// People who come and go until the strikes are over.
pub struct Door<'a> {
    prosody: &'a Prosody,
    people: People,
    pulse: Pulse,
    dice: Dice,
}

/// Somebody who is in: the id of the client, the address, and since when.
type Inside = (String, String, Millis);

/// What a command brought, and how long the client waited for it.
struct Waited<T> {
    what: T,
    millis: Millis,
}

// === impl Door ===

impl<'a> Door<'a> {
    pub fn new(prosody: &'a Prosody, pulse: Pulse, dice: Dice) -> Self {
        Self {
            prosody,
            people: People::start(),
            pulse,
            dice,
        }
    }

    /// Room after room, two to four people in each.
    pub async fn live(mut self) -> Ledger {
        let mut ledger = Ledger::default();
        while !self.pulse.is_over() || ledger.len() < REAL_AT_LEAST {
            let name = format!("door-{}", ledger.len());
            let account = self.meet(&name).await;
            ledger.enter(name, account);
        }
        ledger
    }

    async fn meet(&mut self, name: &str) -> Account {
        let room = format!("{name}@{MUC}");
        let mut account = Account {
            tolerance: TOLERANCE,
            ..Account::default()
        };
        let mut inside: Vec<Inside> = Vec::new();
        for number in 0..2 + self.dice.below(3) {
            let joined = self.join(&format!("{name}-{number}"), &room).await;
            inside.push(account.noting(joined));
            account.peak = account.peak.max(inside.len());
            if inside.len() > 1 && self.dice.one_in(3) {
                let index = self.dice.below(inside.len());
                let left = self.leave(inside.swap_remove(index), &room).await;
                let stay = account.noting(left);
                account.stays.push(stay);
            }
        }
        while let Some(somebody) = inside.pop() {
            let left = self.leave(somebody, &room).await;
            let stay = account.noting(left);
            account.stays.push(stay);
        }
        account
    }

    async fn join(&mut self, id: &str, room: &str) -> Waited<Inside> {
        self.pulse.next(BETWEEN).await;
        let asked = now_millis();
        let joined: Value = self.people.join(self.prosody, id, room).await;
        let jid = joined["jid"].as_str().expect("whoever is in has an address");
        let from = now_millis();
        Waited {
            millis: from - asked,
            what: (id.to_owned(), jid.to_owned(), from),
        }
    }

    async fn leave(&mut self, (id, occupant, from): Inside, room: &str) -> Waited<Stay> {
        self.pulse.next(BETWEEN).await;
        let asked = now_millis();
        self.people.leave(&id, room).await;
        let to = now_millis();
        Waited {
            millis: to - asked,
            what: Stay { occupant, from, to },
        }
    }
}

// === impl Account ===

impl Account {
    /// What a client saw is no more precise than its wait was short.
    fn noting<T>(&mut self, waited: Waited<T>) -> T {
        self.tolerance = self.tolerance.max(waited.millis);
        waited.what
    }
}
