//! Slows guessing by name and by address, without letting a stranger lock anybody out.
//!
//! Strangers share what is allowed for a name. A browser that has signed in as that person before has an allowance of its
//! own, and so has a network that they came from: whoever hammers a name from outside stops other strangers only.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::iter::repeat_with;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::{Ambient, Timestamp};

/// The counters; of fixed size, so that nobody can fill the memory.
pub(super) struct Throttle {
    addresses: Allowance,
    names: Allowance,
    owners: Allowance,
    homes: Homes,
    /// Nobody outside can work out which keys share a slot.
    seed: [u8; 16],
}

/// Who tries to sign in as whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guess<'a> {
    pub(super) username: &'a str,
    pub(super) address: IpAddr,
    /// The browser, if it has shown that this person signed in with it before.
    pub(super) device: Option<u64>,
}

/// A guess that is counted as wrong until it is handed back.
#[must_use = "a right password must not use up the allowance"]
pub(super) struct Ticket<'a> {
    gates: Vec<Gate<'a>>,
}

/// One counter that a guess must pass.
type Gate<'a> = (&'a Allowance, u64);

/// So many failures at once, one more for each `every` that passes.
///
/// A slot holds the moment at which all failures are forgiven, in milliseconds (the generic cell rate algorithm). Two keys
/// share a slot by chance only, and filling all slots takes more guesses than there is time to check.
struct Allowance {
    at_once: i64,
    every_ms: i64,
    slots: Box<[AtomicI64]>,
}

/// Networks from which somebody has signed in, since the start; a newer one may push an older one out.
struct Homes {
    slots: Box<[AtomicU64]>,
}

/// A hospital behind one address has many people who mistype.
const PER_ADDRESS: (i64, i64) = (20, 6_000);
const PER_NAME: (i64, i64) = (10, 30_000);
const PER_OWNER: (i64, i64) = (10, 30_000);
const SLOTS: usize = 1 << 16;
const HOMES: usize = 1 << 14;

// === impl Throttle ===

impl Throttle {
    pub(super) fn new(ambient: &Ambient) -> Self {
        Self {
            addresses: Allowance::new(PER_ADDRESS),
            names: Allowance::new(PER_NAME),
            owners: Allowance::new(PER_OWNER),
            homes: Homes::new(),
            seed: ambient.random(),
        }
    }

    /// Whether the guess would be let through; the error is how long to wait.
    pub(super) fn look(&self, guess: Guess<'_>, now: Timestamp) -> Result<(), Duration> {
        let gates = self.gates(guess);
        gates.iter().try_for_each(|(gate, key)| gate.look(*key, now))
    }

    /// Counts the guess before it is checked, so that many at the same time cannot slip through.
    pub(super) fn count(&self, guess: Guess<'_>, now: Timestamp) -> Result<Ticket<'_>, Duration> {
        let mut ticket = Ticket { gates: Vec::new() };
        for (gate, key) in self.gates(guess) {
            if let Err(wait) = gate.count(key, now) {
                ticket.hand_back();
                return Err(wait);
            }
            ticket.gates.push((gate, key));
        }
        Ok(ticket)
    }

    /// Remembers where somebody signed in from.
    pub(super) fn welcome(&self, guess: Guess<'_>) {
        self.homes.insert(self.home(guess));
    }

    /// Nobody but the owner can use up the allowance of the owner's browser, so that one counts alone.
    fn gates(&self, guess: Guess<'_>) -> Vec<Gate<'_>> {
        if let Some(device) = guess.device {
            return vec![(&self.owners, self.key((guess.username, device)))];
        }
        let home = self.home(guess);
        let of_name = match self.homes.contains(home) {
            true => (&self.owners, home),
            false => (&self.names, self.key(guess.username)),
        };
        vec![(&self.addresses, self.key(network(guess.address))), of_name]
    }

    fn home(&self, guess: Guess<'_>) -> u64 {
        self.key((guess.username, network(guess.address)))
    }

    fn key(&self, of: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.seed.hash(&mut hasher);
        of.hash(&mut hasher);
        hasher.finish()
    }

    /// A number for a name, always the same until the next start.
    pub(super) fn lot(&self, username: &str) -> u64 {
        self.key(("lot", username))
    }
}

// === impl Ticket ===

impl Ticket<'_> {
    /// The guess was no failure.
    pub(super) fn hand_back(self) {
        for (gate, key) in self.gates {
            gate.hand_back(key);
        }
    }
}

// === impl Allowance ===

impl Allowance {
    fn new((at_once, every_ms): (i64, i64)) -> Self {
        Self {
            at_once,
            every_ms,
            slots: repeat_with(AtomicI64::default).take(SLOTS).collect(),
        }
    }

    fn look(&self, key: u64, now: Timestamp) -> Result<(), Duration> {
        self.after(slot(&self.slots, key).load(Ordering::Relaxed), now)
            .map(drop)
    }

    fn count(&self, key: u64, now: Timestamp) -> Result<(), Duration> {
        let slot = slot(&self.slots, key);
        let counted = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            self.after(until, now).ok()
        });
        counted
            .map(drop)
            .or_else(|until| self.after(until, now).map(drop))
    }

    fn hand_back(&self, key: u64) {
        slot(&self.slots, key).fetch_sub(self.every_ms, Ordering::Relaxed);
    }

    /// What a slot holds after one more failure, or how long that must wait. A clock that was set back locks nobody out
    /// for longer than the allowance takes to fill.
    fn after(&self, until: i64, now: Timestamp) -> Result<i64, Duration> {
        let now = now.timestamp_millis();
        let latest = now + self.at_once * self.every_ms;
        let next = until.clamp(now, latest) + self.every_ms;
        match u64::try_from(next - latest) {
            Ok(millis @ 1..) => Err(Duration::from_millis(millis)),
            _ => Ok(next),
        }
    }
}

// === impl Homes ===

impl Homes {
    fn new() -> Self {
        Self {
            slots: repeat_with(AtomicU64::default).take(HOMES).collect(),
        }
    }

    fn insert(&self, home: u64) {
        slot(&self.slots, home).store(home, Ordering::Relaxed);
    }

    fn contains(&self, home: u64) -> bool {
        slot(&self.slots, home).load(Ordering::Relaxed) == home
    }
}

fn slot<T>(slots: &[T], key: u64) -> &T {
    let count = slots.len() as u64;
    let at = usize::try_from(key % count).expect("below the number of slots");
    &slots[at]
}

/// As far as guesses from an address are counted together: who holds one IPv6 address holds its whole /64.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration as Span;

    use super::*;
    use crate::signin::tests::beginning;

    const ALLOWED: (i64, i64) = (3, 1_000);

    fn after_secs(secs: i64) -> Timestamp {
        beginning() + Span::seconds(secs)
    }

    #[test]
    fn so_many_at_once_and_then_one_for_each_interval() {
        let allowance = Allowance::new(ALLOWED);
        let count = |at| allowance.count(7, after_secs(at));
        assert!((0..3).all(|_| count(0) == Ok(())));
        assert_eq!(count(0), Err(Duration::from_secs(1)));
        assert_eq!(allowance.look(7, after_secs(0)), Err(Duration::from_secs(1)));
        assert_eq!((count(1), count(1)), (Ok(()), Err(Duration::from_secs(1))));
        assert_eq!(allowance.count(8, after_secs(0)), Ok(()), "another key");
        assert!((0..3).all(|_| count(100) == Ok(())), "it does not pile up");
        assert!(count(100).is_err());
    }

    #[test]
    fn looking_does_not_count() {
        let allowance = Allowance::new(ALLOWED);
        assert!((0..100).all(|_| allowance.look(7, beginning()).is_ok()));
    }

    #[test]
    fn what_is_handed_back_can_be_had_again() {
        let allowance = Allowance::new(ALLOWED);
        for _ in 0..100 {
            assert_eq!(allowance.count(7, beginning()), Ok(()));
            allowance.hand_back(7);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let allowance = Allowance::new(ALLOWED);
        assert!((0..3).all(|_| allowance.count(7, after_secs(1_000_000)) == Ok(())));
        assert_eq!(allowance.count(7, beginning()), Err(Duration::from_secs(1)));
    }

    #[test]
    fn a_refusal_by_name_costs_the_network_nothing() {
        let throttle = Throttle::new(&crate::signin::tests::AMBIENT);
        let guess = |address: &'static str| Guess {
            username: "sara@example.com",
            address: address.parse().unwrap(),
            device: None,
        };
        let count = |guess| throttle.count(guess, beginning()).map(drop);
        assert!((0..10).all(|_| count(guess("192.0.2.1")) == Ok(())));
        for _ in 0..100 {
            assert_eq!(count(guess("192.0.2.2")), Err(Duration::from_secs(30)));
        }
        let other = Guess {
            username: "omid@example.com",
            ..guess("192.0.2.2")
        };
        assert_eq!(count(other), Ok(()));
    }
}
