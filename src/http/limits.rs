//! How often one caller may call: so much per client, and so many failed attempts per address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use crate::domain::ClientId;

/// The counters of one listener.
#[derive(Debug)]
pub struct Limits {
    /// One counter for each configured client that called, with the allowance it was made for.
    clients: RwLock<HashMap<ClientId, (NonZeroU32, Arc<DefaultDirectRateLimiter>)>>,
    /// Failed attempts to prove who one is.
    failures: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

/// Failed attempts that one address may make in a row, and then each second.
const FAILURES_AT_ONCE: NonZeroU32 = NonZeroU32::new(50).expect("50 is not zero");
const FAILURES_PER_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("5 is not zero");
/// How often counters of addresses that are quiet again are dropped.
const SWEEP: Duration = Duration::from_secs(60);

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        let failures = Quota::per_second(FAILURES_PER_SECOND).allow_burst(FAILURES_AT_ONCE);
        Self {
            clients: RwLock::default(),
            failures: RateLimiter::keyed(failures),
            clock: DefaultClock::default(),
        }
    }
}

impl Limits {
    /// Counts a call of a client that may make `per_second` of them.
    pub(super) fn call(&self, client: &ClientId, per_second: NonZeroU32) -> Result<(), ApiError> {
        let counter = self.counter(client, per_second);
        counter.check().map_err(|until| self.limited(&until))
    }

    /// Counts a failed attempt to prove who one is.
    pub(super) fn failure(&self, address: IpAddr) -> Result<(), ApiError> {
        self.failures
            .check_key(&network(address))
            .map_err(|until| self.limited(&until))
    }

    /// Drops the counters of quiet addresses until `stop`, so that strangers cannot fill the memory.
    pub async fn run_sweep(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SWEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.failures.retain_recent();
            self.failures.shrink_to_fit();
        }
    }

    fn counter(&self, client: &ClientId, per_second: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        let known = self
            .clients
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(client)
            .cloned();
        match known {
            Some((allowance, counter)) if allowance == per_second => counter,
            _ => {
                let counter = Arc::new(RateLimiter::direct(Quota::per_second(per_second)));
                let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
                clients.insert(client.clone(), (per_second, Arc::clone(&counter)));
                counter
            }
        }
    }

    fn limited(&self, until: &NotUntil<<DefaultClock as Clock>::Instant>) -> ApiError {
        ApiError::RateLimited {
            wait: until.wait_time_from(self.clock.now()),
        }
    }
}

/// Who holds one IPv6 address holds its whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}
