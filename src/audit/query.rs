//! Looking back: the newest records that fit, page by page.

use chrono::TimeDelta;

use super::{Audit, id_of, stored};
use crate::domain::observation::without_address_id;
use crate::domain::{Act, ActId, Action, ClientId, Outcome, RoomName, Timestamp, UserId};
use crate::store::{Entry, StoreError, Table};

/// Which records are wanted; what is absent does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub action: Option<Action>,
    pub outcome: Option<Outcome>,
    /// As stored, or as events name them: by a fingerprint where the id is an e-mail address.
    pub user: Option<UserId>,
    pub client: Option<ClientId>,
    pub room: Option<RoomName>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// Some of the records that fit, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    pub records: Vec<(ActId, Act)>,
    /// Where to go on; none at the end of the trail. There may be more although this listing is short, or empty.
    pub next: Option<ActId>,
}

/// How many records one look goes through at most, so that a rare one cannot keep the disk busy.
const LOOKED_AT: usize = 10_000;
const AT_ONCE: usize = 500;
/// By how much an id can be younger than its act: requests end long before. Only a clock that was set back by more
/// makes ids younger still.
const SLACK: TimeDelta = TimeDelta::minutes(5);

// === impl Audit ===

impl Audit {
    /// At most `limit` records that fit and are older than `before`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<ActId>,
    ) -> Result<Listing, StoreError> {
        let start = filter.start(before).map(|id| id.to_string());
        let mut scan = self.0.store.scan_back(Table::Audit, start.as_deref());
        let (mut listing, mut looked_at) = (Listing::default(), 0);
        loop {
            let page = scan.next(AT_ONCE).await?;
            if page.is_empty() {
                return Ok(Listing {
                    next: None,
                    ..listing
                });
            }
            looked_at += page.len();
            for entry in page {
                let id = id_of(&entry)?;
                if filter.from.is_some_and(|from| is_before(id, from)) {
                    return Ok(Listing {
                        next: None,
                        ..listing
                    });
                }
                listing.take(id, &entry, filter);
                if listing.records.len() == limit {
                    return Ok(listing);
                }
            }
            if looked_at >= LOOKED_AT {
                return Ok(listing);
            }
        }
    }
}

// === impl Filter ===

impl Filter {
    /// Where a walk towards the past begins; none for the end of the trail.
    fn start(&self, before: Option<ActId>) -> Option<ActId> {
        let latest = self.to.and_then(|to| to.checked_add_signed(SLACK));
        let latest = latest.map(|latest| ActId::new(latest, [255; 10]));
        match (before, latest) {
            (Some(before), Some(latest)) => Some(before.min(latest)),
            (before, latest) => before.or(latest),
        }
    }

    fn fits(&self, act: &Act) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        is(self.action.as_ref(), Some(&act.action))
            && is(self.outcome.as_ref(), Some(&act.outcome))
            && is(self.client.as_ref(), act.client.as_ref())
            && is(self.room.as_ref(), act.room.as_ref())
            && self.user.as_ref().is_none_or(|user| is_user(user, act))
            && self.from.is_none_or(|from| from <= act.at)
            && self.to.is_none_or(|to| act.at < to)
    }
}

/// Whether all acts with this id or a lower one happened before `from`; ids know the millisecond.
fn is_before(id: ActId, from: Timestamp) -> bool {
    id.made_at() + TimeDelta::milliseconds(1) <= from
}

fn is_user(wanted: &UserId, act: &Act) -> bool {
    let fits = |user: &UserId| user == wanted || without_address_id(user.as_str()) == wanted.as_str();
    act.user.as_ref().is_some_and(fits)
}

// === impl Listing ===

impl Listing {
    /// Looks at one more record.
    fn take(&mut self, id: ActId, entry: &Entry, filter: &Filter) {
        self.next = Some(id);
        match stored::read(&entry.value) {
            Ok(act) if filter.fits(&act) => self.records.push((id, act)),
            Ok(_) => {}
            Err(error) => tracing::error!(record = %id, %error, "an audit record cannot be read"),
        }
    }
}
