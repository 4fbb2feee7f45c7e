//! What was found is written down, room by room, and counted.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};

use super::server::{AT_ONCE, Server};
use crate::domain::Verdict;
use crate::domain::observation::{Part, RoomKey};
use crate::domain::repair::{Finding, Kind};
use crate::meetings::MeetingsError;
use crate::telemetry::label::Correction;

// === impl Server ===

impl Server {
    /// Writes down what was found, room by room.
    pub(super) async fn apply(&self, findings: Vec<Finding>) -> Result<(), MeetingsError> {
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
                self.cannot_follow(&error);
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

    pub(super) fn cannot_follow(&self, error: &MeetingsError) {
        let error = error as &dyn std::error::Error;
        tracing::error!(backend = self.backend.name, error, "a room cannot be followed");
    }
}
