//! How often one caller may call: so much per client and per person, and so many failed attempts per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use crate::domain::{ClientId, UserId};
use crate::signin::network;

/// The counters of one listener.
#[derive(Debug)]
pub struct Limits {
    /// For each configured client that called.
    clients: PerClient<DefaultDirectRateLimiter>,
    /// For each configured client that people signed in for, by their address.
    people: PerClient<DefaultKeyedRateLimiter<IpAddr>>,
    /// People who have signed in, whatever program and address they come by.
    persons: DefaultKeyedRateLimiter<UserId>,
    /// Failed attempts to prove who one is.
    failures: DefaultKeyedRateLimiter<IpAddr>,
    /// Sign-ins without a password of ours.
    newcomers: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

/// Counters of clients, each with the allowance it was made for.
type PerClient<C> = RwLock<HashMap<ClientId, (NonZeroU32, Arc<C>)>>;

/// Calls that one person may make in a row, and then each second. A page that shows a list with everything in it makes some
/// dozens at once; only a script makes so many all the time.
const CALLS_AT_ONCE: NonZeroU32 = NonZeroU32::new(100).expect("100 is not zero");
const CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");
/// Failed attempts that one address may make in a row, and then each second.
const FAILURES_AT_ONCE: NonZeroU32 = NonZeroU32::new(50).expect("50 is not zero");
const FAILURES_PER_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("5 is not zero");
/// Guests, and people who come back from the provider, that one network may bring at once, and then each second. A ward
/// or a lecture hall behind one address comes in within minutes; a script would fill the store, or wear out the provider.
const NEWCOMERS_AT_ONCE: NonZeroU32 = NonZeroU32::new(100).expect("100 is not zero");
const NEWCOMERS_PER_SECOND: NonZeroU32 = NonZeroU32::new(2).expect("2 is not zero");
/// How often counters of addresses that are quiet again are dropped.
const SWEEP: Duration = Duration::from_secs(60);

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        let persons = Quota::per_second(CALLS_PER_SECOND).allow_burst(CALLS_AT_ONCE);
        let failures = Quota::per_second(FAILURES_PER_SECOND).allow_burst(FAILURES_AT_ONCE);
        let newcomers = Quota::per_second(NEWCOMERS_PER_SECOND).allow_burst(NEWCOMERS_AT_ONCE);
        Self {
            clients: RwLock::default(),
            people: RwLock::default(),
            persons: RateLimiter::keyed(persons),
            failures: RateLimiter::keyed(failures),
            newcomers: RateLimiter::keyed(newcomers),
            clock: DefaultClock::default(),
        }
    }
}

impl Limits {
    /// Counts a call of a client that may make `per_second` of them.
    pub(super) fn call(&self, client: &ClientId, per_second: NonZeroU32) -> Result<(), ApiError> {
        let counter = counter(&self.clients, client, per_second, RateLimiter::direct);
        counter.check().map_err(|until| self.limited(&until))
    }

    /// Counts a call in the name of a client by somebody who has not proved to be it, since its id is no secret: each
    /// address may call as often as the client itself, so that nobody uses up what belongs to others.
    pub(super) fn visit(
        &self,
        client: &ClientId,
        per_second: NonZeroU32,
        address: IpAddr,
    ) -> Result<(), ApiError> {
        let counter = counter(&self.people, client, per_second, RateLimiter::keyed);
        let counted = counter.check_key(&network(address));
        counted.map_err(|until| self.limited(&until))
    }

    /// Counts a call of somebody who has signed in.
    pub(super) fn person(&self, user: &UserId) -> Result<(), ApiError> {
        self.persons.check_key(user).map_err(|until| self.limited(&until))
    }

    /// Counts a failed attempt to prove who one is. What is too much for this is not written down either: strangers
    /// must not fill the audit trail.
    pub(super) fn failure(&self, address: IpAddr) -> Result<(), ApiError> {
        self.failures
            .check_key(&network(address))
            .map_err(|until| self.limited(&until))
    }

    /// Counts somebody who wants in without a password of ours, which nothing else slows down.
    pub(super) fn newcomer(&self, address: IpAddr) -> Result<(), ApiError> {
        self.newcomers
            .check_key(&network(address))
            .map_err(|until| self.limited(&until))
    }

    /// Drops the counters of quiet people and addresses until `stop`, so that strangers cannot fill the memory.
    pub async fn run_sweep(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SWEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let people = self.people.read().unwrap_or_else(PoisonError::into_inner);
            let people = people.values().map(|(_, counters)| &**counters);
            for counters in people.chain([&self.failures, &self.newcomers]) {
                counters.retain_recent();
                counters.shrink_to_fit();
            }
            self.persons.retain_recent();
            self.persons.shrink_to_fit();
        }
    }

    fn limited(&self, until: &NotUntil<<DefaultClock as Clock>::Instant>) -> ApiError {
        ApiError::RateLimited {
            wait: until.wait_time_from(self.clock.now()),
        }
    }
}

/// The counter of a client; a new one where there is none for this allowance.
fn counter<C>(
    known: &PerClient<C>,
    client: &ClientId,
    per_second: NonZeroU32,
    make: impl FnOnce(Quota) -> C,
) -> Arc<C> {
    let found = known
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(client)
        .cloned();
    match found {
        Some((allowance, counter)) if allowance == per_second => counter,
        _ => {
            let counter = Arc::new(make(Quota::per_second(per_second)));
            let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(client.clone(), (per_second, Arc::clone(&counter)));
            counter
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_who_calls_without_end_is_slowed_down_alone() {
        let limits = Limits::default();
        let [ann, bob] = ["ann", "bob"].map(|id| UserId::parse(id).unwrap());
        let refused = (0..100_000).find_map(|_| limits.person(&ann).err());
        assert!(matches!(refused, Some(ApiError::RateLimited { .. })));
        assert!((0..100).all(|_| limits.person(&bob).is_ok()));
    }
}
