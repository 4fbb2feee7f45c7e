//! One LiveKit server: a look at what it lists, what follows from it, and when to look again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{EVERY, Found, Repair};
use crate::backend::livekit::LiveRoom;
use crate::backend::{BackendError, Backends};
use crate::config::daemon::LiveKit;
use crate::domain::meeting::Policy;
use crate::domain::observation::{BackendId, Part, RoomKey};
use crate::domain::participant::{Counting, Participant};
use crate::domain::repair::{Belief, Comparison, Finding, Kind, Listed, Listing, Trust, Watch};
use crate::domain::{RoomName, Timestamp, Verdict};
use crate::meetings::MeetingsError;
use crate::meetings::index::Followed;
use crate::telemetry::label::{Correction, ListingOf, ListingResult};

/// Looks at one server until it is told to stop.
pub(super) struct Server {
    pub(super) repair: Repair,
    pub(super) backend: BackendId,
    stop: CancellationToken,
    wake: Arc<Notify>,
    comparison: Comparison,
    pub(super) watch: Watch,
    pauses: Pauses,
}

/// How long until the next look.
#[derive(Debug, Default)]
struct Pauses {
    failures: u32,
}

/// What a server lists of the rooms that usher follows or would follow.
pub(super) struct Look {
    pub(super) at: Timestamp,
    pub(super) section: LiveKit,
    pub(super) rooms: Vec<(RoomKey, LiveRoom)>,
    pub(super) people: HashMap<RoomName, Vec<Participant>>,
    pub(super) beliefs: Vec<Belief>,
    /// Where somebody has booked.
    pub(super) booked: HashSet<RoomKey>,
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("the server's rooms could not be listed")]
    NotListed(#[from] BackendError),
    #[error("what is believed could not be read, or what was found not be written")]
    Store(#[from] MeetingsError),
}

/// How many lists of people are asked for at a time, and how many rooms are written.
pub(super) const AT_ONCE: usize = 16;
/// What has just begun is not taken for missed: the webhook about it may be on its way.
const FRESH: chrono::Duration = chrono::Duration::seconds(5);
/// After a failure, or where something was too fresh.
const SOON: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

// === impl Server ===

impl Server {
    pub(super) fn new(
        repair: &Repair,
        backend: BackendId,
        (stop, wake): (CancellationToken, Arc<Notify>),
    ) -> Self {
        Self {
            repair: repair.clone(),
            backend,
            stop,
            wake,
            comparison: Comparison::default(),
            watch: Watch::default(),
            pauses: Pauses::default(),
        }
    }

    pub(super) async fn follow(mut self) {
        let (stop, wake) = (self.stop.clone(), Arc::clone(&self.wake));
        let looking = async {
            self.remember().await;
            loop {
                let pause = self.look_again().await;
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = wake.notified() => {}
                }
            }
        };
        stop.run_until_cancelled(looking).await;
    }

    /// Goes on from the last list before the start.
    async fn remember(&mut self) {
        match self.repair.meetings.last_listing(&self.backend).await {
            Ok(before) => self.comparison = Comparison::since(before),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    backend = self.backend.name,
                    error,
                    "failed to read when it was listed last"
                );
            }
        }
    }

    /// One look; returns how long to wait for the next.
    async fn look_again(&mut self) -> Duration {
        match self.look().await {
            Ok(is_fresh) => {
                if self.pauses.failures > 0 {
                    tracing::info!(backend = self.backend.name, "the server lists its rooms again");
                }
                self.pauses.after_success(is_fresh)
            }
            Err(error) => {
                let pause = self.pauses.after_failure();
                let error = &error as &dyn std::error::Error;
                let (backend, retry_in) = (&self.backend.name, pause);
                tracing::warn!(
                    backend,
                    error,
                    ?retry_in,
                    "a look at what the server lists failed"
                );
                pause
            }
        }
    }

    /// Compares once; whether something was too fresh to be judged.
    async fn look(&mut self) -> Result<bool, LookError> {
        let Some(look) = self.ask().await? else {
            return Ok(false);
        };
        self.probe(&look).await;
        let listing = self.listing(&look);
        let heard = |sid: &str| self.repair.meetings.heard_of(&self.backend, sid);
        let findings = self.comparison.compare(&listing, &look.beliefs, &heard);
        self.note(&listing);
        let (fresh, settled): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .partition(|finding| is_fresh(finding, look.at));
        self.apply(settled).await?;
        self.delete_ghosts(&look, &listing).await;
        self.repair.meetings.note_listing(&self.backend, look.at).await?;
        let found = Found {
            at: look.at,
            rooms: look.rooms.len(),
            ghosts: self.watch.ghosts(),
        };
        self.repair.show(&self.backend, Some(found));
        Ok(!fresh.is_empty())
    }

    /// What the server lists, and what is believed of it by then; none when it is not configured any more.
    async fn ask(&mut self) -> Result<Option<Look>, LookError> {
        let Some(section) = self.section() else {
            return Ok(None);
        };
        let at = self.repair.meetings.now();
        let asked = self.repair.backends.livekit(&self.backend);
        let listed = match asked {
            Ok(service) => service.rooms().await,
            Err(error) => Err(error),
        };
        self.count(ListingOf::Rooms, &listed);
        let followed = self.repair.meetings.followed(&self.backend);
        let rooms = self.ours(listed?, &section, &followed);
        let people = self.people(&rooms).await;
        let names: HashSet<_> = rooms.iter().map(|(room, _)| room.clone()).collect();
        let mut beliefs = Vec::new();
        // Read after the lists: who left in between is known to have left.
        for followed in self.repair.meetings.followed(&self.backend) {
            let is_listed = names.contains(&followed.room);
            if is_listed || !followed.living.is_empty() {
                beliefs.push(self.repair.meetings.belief(&followed, is_listed).await?);
            }
        }
        let booked = followed.into_iter().filter(|followed| followed.is_booked);
        let booked = booked.map(|followed| followed.room).collect();
        Ok(Some(Look {
            at,
            section,
            rooms,
            people,
            beliefs,
            booked,
        }))
    }

    fn section(&self) -> Option<LiveKit> {
        let config = self.repair.meetings.0.config.borrow();
        let mut servers = config.daemon.livekit.iter();
        servers.find(|server| server.name == self.backend.name).cloned()
    }

    /// The rooms that are usher's business: their names are in its normal form, and they have a meeting or fit the patterns.
    fn ours(
        &self,
        listed: Vec<LiveRoom>,
        section: &LiveKit,
        followed: &[Followed],
    ) -> Vec<(RoomKey, LiveRoom)> {
        let followed: HashSet<_> = followed.iter().map(|followed| &followed.room).collect();
        let key = |room: LiveRoom| {
            let name = RoomName::from_node(&room.name).ok()?;
            let is_normal = name.as_str() == room.name;
            let backend = self.backend.clone();
            is_normal.then_some((RoomKey { backend, name }, room))
        };
        let fits = |name: &RoomName| section.rooms.iter().any(|pattern| pattern.matches(name));
        let ours = listed.into_iter().filter_map(key);
        ours.filter(|(key, _)| followed.contains(key) || fits(&key.name))
            .collect()
    }

    /// Who is in those rooms, where that can be learned.
    async fn people(&self, rooms: &[(RoomKey, LiveRoom)]) -> HashMap<RoomName, Vec<Participant>> {
        let rooms: HashSet<RoomKey> = rooms.iter().map(|(room, _)| room.clone()).collect();
        let calls = rooms
            .into_iter()
            .map(|room| people(self.repair.backends.clone(), room));
        let calls: Vec<_> = calls.collect();
        let asked: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
        asked
            .iter()
            .for_each(|(_, people)| self.count(ListingOf::People, people));
        let answered = asked
            .into_iter()
            .filter_map(|(name, people)| Some((name, people.ok()?)));
        answered.collect()
    }

    fn listing(&self, look: &Look) -> Listing {
        let rooms = look.rooms.iter().map(|(key, room)| Listed {
            room: key.clone(),
            sid: room.sid.clone(),
            opened_at: room.opened_at,
            trust: self.trust(look, key, room),
        });
        Listing {
            at: look.at,
            rooms: rooms.collect(),
            people: look.people.clone(),
            counting: look.counting(),
        }
    }

    /// Webhooks need to know, too, until when a room was there.
    fn note(&self, listing: &Listing) {
        let real = listing.rooms.iter();
        let real = real.filter(|listed| listed.trust == Trust::Served);
        self.repair.meetings.heard_so_far(|heard| {
            for listed in real {
                heard.note_listed(&self.backend, Part::Opening(listed.sid.clone()), listing.at);
            }
        });
    }

    fn trust(&self, look: &Look, key: &RoomKey, room: &LiveRoom) -> Trust {
        self.watch.trust(&self.candidate(look, key, room))
    }

    /// Writes down what was found, room by room.
    async fn apply(&self, findings: Vec<Finding>) -> Result<(), MeetingsError> {
        let mut rooms: HashMap<RoomKey, Vec<Finding>> = HashMap::new();
        for finding in findings {
            rooms.entry(finding.seen.room.clone()).or_default().push(finding);
        }
        let written: Vec<_> = rooms
            .into_values()
            .map(|findings| self.apply_to_room(findings))
            .collect();
        let written: Vec<_> = stream::iter(written).buffer_unordered(AT_ONCE).collect().await;
        written.into_iter().collect()
    }

    /// A room that cannot be followed costs itself, and no other.
    async fn apply_to_room(&self, findings: Vec<Finding>) -> Result<(), MeetingsError> {
        let seen: Vec<_> = findings.iter().map(|finding| finding.seen.clone()).collect();
        let verdicts = match self.repair.meetings.observe(&seen).await {
            Err(error) if error.concerns_one_meeting() => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(backend = self.backend.name, error, "a room cannot be followed");
                return Ok(());
            }
            verdicts => verdicts?,
        };
        let stored = findings.iter().zip(verdicts);
        stored
            .filter(|(_, verdict)| *verdict == Verdict::Stored)
            .for_each(|(finding, _)| self.count_finding(finding));
        Ok(())
    }

    /// Who came and went is counted with the events that tell of it.
    fn count_finding(&self, finding: &Finding) {
        let meetings = &self.repair.meetings;
        let correction = match (finding.kind, finding.seen.what.part()) {
            (Kind::Opened, Part::Opening(sid)) if meetings.heard_of(&self.backend, sid).is_none() => {
                Correction::MissedStart
            }
            (Kind::Ended, _) => Correction::MissedEnd,
            (Kind::Ghost, _) => Correction::Ghost,
            (Kind::Opened | Kind::Joined | Kind::Left, _) => return,
        };
        meetings.0.metrics.corrected(correction);
    }

    fn count<T>(&self, of: ListingOf, result: &Result<T, BackendError>) {
        let result = match result {
            Ok(_) => ListingResult::Ok,
            Err(error) if error.is_temporary() => ListingResult::Away,
            Err(_) => ListingResult::Refused,
        };
        self.repair.meetings.0.metrics.listings.asked(of, result);
    }

    pub(super) fn policy(&self) -> Policy {
        self.repair.meetings.policy()
    }
}

async fn people(backends: Backends, room: RoomKey) -> (RoomName, Result<Vec<Participant>, BackendError>) {
    let people = match backends.livekit_in(&room) {
        Ok(service) => service.active(&room.name).await,
        Err(error) => Err(error),
    };
    (room.name, people)
}

/// Whether what was found may yet be reported.
fn is_fresh(finding: &Finding, now: Timestamp) -> bool {
    use crate::domain::observation::What;
    let began = match &finding.seen.what {
        What::Entered(arrival) => arrival.entered_at,
        What::RoomOpened { opened_at, .. } => *opened_at,
        _ => None,
    };
    began.is_some_and(|began| now - began < FRESH)
}

// === impl Look ===

impl Look {
    pub(super) fn counting(&self) -> Counting {
        Counting {
            callers: self.section.callers_are_people,
        }
    }

    pub(super) fn belief(&self, room: &RoomKey) -> Option<&Belief> {
        self.beliefs.iter().find(|belief| belief.room == *room)
    }
}

// === impl Pauses ===

impl Pauses {
    /// Soon again after a failure: a server that was away has seldom nothing to tell.
    fn after_success(&mut self, is_fresh: bool) -> Duration {
        let was_away = std::mem::take(&mut self.failures) > 0;
        if was_away || is_fresh { SOON } else { EVERY }
    }

    fn after_failure(&mut self) -> Duration {
        let pause = SHORTEST_PAUSE * 2u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        pause.min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_the_server_is_away_and_end_with_a_second_look() {
        let mut pauses = Pauses::default();
        assert_eq!(pauses.after_success(false), EVERY);
        let failed = [(); 7].map(|()| pauses.after_failure().as_secs());
        assert_eq!(failed, [2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pauses.after_success(false), SOON);
        assert_eq!(pauses.after_success(false), EVERY);
        assert_eq!(pauses.after_success(true), SOON, "something may yet be reported");
    }
}
