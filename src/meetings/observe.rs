//! What servers saw, applied to the meeting that it is about: the open one of the room, one that ended a moment ago, or a
//! new one.

use super::index::Route;
use super::{Applied, Meetings, MeetingsError};
use crate::domain::observation::{Observation, What};
use crate::domain::{Input, Meeting, MeetingId, Step, Timestamp, Verdict};
use crate::telemetry::label::Correction;

/// What became of facts about one meeting.
struct Taken {
    verdicts: Vec<Verdict>,
    /// How often a server had lost a room with everybody inside.
    losses: usize,
}

// === impl Meetings ===

impl Meetings {
    /// Takes what one server saw in one room, in order, in as few durable writes as there are meetings.
    pub async fn observe(&self, seen: &[Observation]) -> Result<Vec<Verdict>, MeetingsError> {
        let Some(first) = seen.first() else {
            return Ok(Vec::new());
        };
        let _turn = self.turn(&first.room).await;
        // What one report says was learned at one moment, however many writes it takes.
        let now = self.now();
        let mut verdicts = Vec::with_capacity(seen.len());
        let mut rest = seen;
        while let Some(next) = rest.first() {
            let route = self.route(next);
            let (together, later) = rest.split_at(self.as_long_as(&route, rest));
            verdicts.extend(self.observe_on(&route, together, now).await?);
            rest = later;
        }
        Ok(verdicts)
    }

    fn route(&self, seen: &Observation) -> Route {
        if self.is_of_deletion(seen) {
            return Route::Nobody;
        }
        self.index(|index| index.route(seen, &self.policy()))
    }

    /// How many of the facts are about the same meeting: up to the one that ends it, or empties or fills it anew.
    fn as_long_as(&self, route: &Route, seen: &[Observation]) -> usize {
        let ends_a_run = |fact: &Observation| !matches!(fact.what, What::Entered(_) | What::Roster { .. });
        let run = seen
            .iter()
            .position(ends_a_run)
            .map_or(seen.len(), |last| last + 1);
        let same = seen[..run]
            .iter()
            .take_while(|fact| self.route(fact) == *route)
            .count();
        same.max(1)
    }

    async fn observe_on(
        &self,
        route: &Route,
        seen: &[Observation],
        now: Timestamp,
    ) -> Result<Vec<Verdict>, MeetingsError> {
        match route {
            Route::Known(id) => self.observe_known(*id, seen, now).await,
            Route::New { continues } => self.adopt(seen, *continues, now).await,
            Route::Lapsed(id) => {
                self.apply_in_turn(*id, &Input::Lapse, |_| true).await?;
                let now_on = self.route(&seen[0]);
                let now_on = if now_on == *route {
                    Route::Known(*id)
                } else {
                    now_on
                };
                Box::pin(self.observe_on(&now_on, seen, now)).await
            }
            Route::Nobody => Ok(vec![Verdict::Ignored; seen.len()]),
            Route::Stale => Ok(vec![Verdict::Stale; seen.len()]),
        }
    }

    async fn observe_known(
        &self,
        id: MeetingId,
        seen: &[Observation],
        now: Timestamp,
    ) -> Result<Vec<Verdict>, MeetingsError> {
        match self
            .change(id, |meeting, _| self.apply_all(meeting, seen, now))
            .await
        {
            Err(MeetingsError::Unknown) => {
                self.index(|index| index.forget(id));
                Ok(vec![Verdict::Stale; seen.len()])
            }
            observed => observed.map(|taken| self.count_losses(taken)),
        }
    }

    /// People are in a room that has no meeting: it gets one. Where the earlier one was over for everyone and the room is to
    /// stay shut, it says so, and nobody stays.
    async fn adopt(
        &self,
        seen: &[Observation],
        continues: Option<MeetingId>,
        now: Timestamp,
    ) -> Result<Vec<Verdict>, MeetingsError> {
        let room = &seen[0].room;
        let called_off = || self.index(|index| index.called_off_in(room));
        let last = match continues.or_else(called_off) {
            Some(id) => self.get(id).await?,
            None => None,
        };
        let earlier = last.as_ref().filter(|last| continues == Some(last.id));
        let mut meeting = Meeting::unbooked(self.0.ambient.meeting_id(), room.clone(), earlier, now);
        let window = self.0.config.borrow().window();
        meeting.shut = last.and_then(|last| window.shut(&last, now));
        let (step, taken) = self.apply_all(meeting, seen, now)?;
        if step.events.is_empty() {
            return Ok(vec![Verdict::Ignored; seen.len()]);
        }
        self.create(step).await?;
        Ok(self.count_losses(taken))
    }

    fn count_losses(&self, taken: Taken) -> Vec<Verdict> {
        for _ in 0..taken.losses {
            self.0.metrics.corrected(Correction::ServerLost);
        }
        taken.verdicts
    }

    fn apply_all(&self, meeting: Meeting, seen: &[Observation], now: Timestamp) -> Applied<Taken> {
        let policy = self.policy();
        let mut all = Step {
            meeting,
            events: Vec::new(),
            changed: false,
        };
        let mut verdicts = Vec::with_capacity(seen.len());
        let mut losses = 0;
        for observation in seen {
            losses += usize::from(all.meeting.is_loss(observation));
            let step = all
                .meeting
                .apply(&Input::Observed(observation.clone()), now, &policy)?;
            verdicts.push(if step.changed {
                Verdict::Stored
            } else {
                Verdict::Repeated
            });
            all.meeting = step.meeting;
            all.events.extend(step.events);
            all.changed |= step.changed;
        }
        Ok((all, Taken { verdicts, losses }))
    }
}
