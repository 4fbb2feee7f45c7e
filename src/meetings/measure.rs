//! What the life of meetings adds to the metrics.

use std::time::Duration;

use super::index::Census;
use crate::domain::observation::BackendKind;
use crate::domain::{Event, EventKind, Meeting};
use crate::telemetry::Metrics;
use crate::telemetry::label::{Correction, MeetingStatus};

/// Counts an event of a meeting that was just stored. The end of a room that LiveKit lists is counted where lists are
/// compared: it can be missed though everybody was seen to go.
pub(super) fn count(metrics: &Metrics, meeting: &Meeting, event: &Event) {
    let is_listed = meeting.booking.room.backend.kind == BackendKind::Livekit;
    match event.kind {
        EventKind::Completed => {
            let seconds = event.figures.map_or(0, |figures| figures.duration_seconds());
            metrics.meeting_completed(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
            if event.synthesised && !is_listed {
                metrics.corrected(Correction::MissedEnd);
            }
        }
        EventKind::ParticipantJoined if event.synthesised => metrics.corrected(Correction::MissedJoin),
        EventKind::ParticipantLeft if event.synthesised => metrics.corrected(Correction::MissedLeave),
        EventKind::Amended => metrics.corrected(Correction::Amended),
        _ => {}
    }
}

/// Shows how many meetings and people there are now.
pub(super) fn show(metrics: &Metrics, census: Census) {
    metrics.set_meetings(MeetingStatus::Scheduled, census.scheduled);
    metrics.set_meetings(MeetingStatus::Active, census.active);
    metrics.set_people(census.people);
}
