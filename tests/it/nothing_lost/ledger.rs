//! What those who make the load know: who was in which room, and from when to when.

use std::collections::BTreeMap;

/// Milliseconds since 1970.
pub type Millis = i64;

/// Everything that must be found in the stream.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<String, Account>);

/// What happened in one room. Somebody is in from the first entry to the last leave.
#[derive(Debug, Default, Clone)]
pub struct Account {
    /// The booking's answer; none for a room that nobody booked.
    pub booked: Option<Booked>,
    pub stays: Vec<Stay>,
    pub peak: usize,
    /// How far the times here may be from those that were reported.
    pub tolerance: Millis,
}

/// What `create-room` promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    pub appointment: String,
    pub meeting: String,
    pub room: String,
}

/// One person's stay, over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stay {
    pub occupant: String,
    pub from: Millis,
    pub to: Millis,
}

// === impl Ledger ===

impl Ledger {
    pub fn enter(&mut self, room: String, account: Account) {
        let known = self.0.insert(room, account);
        assert!(known.is_none(), "each room is used once");
    }

    pub fn extend(&mut self, other: Self) {
        for (room, account) in other.0 {
            self.enter(room, account);
        }
    }

    pub fn rooms(&self) -> impl Iterator<Item = (&String, &Account)> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

// === impl Account ===

impl Account {
    pub fn from(&self) -> Millis {
        self.stays
            .iter()
            .map(|stay| stay.from)
            .min()
            .expect("somebody was in")
    }

    pub fn to(&self) -> Millis {
        self.stays
            .iter()
            .map(|stay| stay.to)
            .max()
            .expect("somebody was in")
    }

    /// The stays in an order of their own.
    pub fn sorted(&self) -> Vec<Stay> {
        let mut stays = self.stays.clone();
        stays.sort();
        stays
    }
}
