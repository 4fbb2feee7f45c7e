//! A meeting as callers see it. Every name is always there; what is not known, or not yet, is null.

use serde::Serialize;

use super::pass::{Pass, join_page};
use crate::domain::{Figures, Meeting, MeetingId, Status, Timestamp, UserId};
use crate::http::Incoming;
use crate::http::field::seconds;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct MeetingBody<'a> {
    id: MeetingId,
    created_by: Option<&'a UserId>,
    participants: &'a [UserId],
    hosts: &'a [UserId],
    role_context: Option<&'a str>,
    title: Option<&'a str>,
    description: Option<&'a str>,
    /// Made for the caller; see [`Pass::link`].
    jitsi_link: Option<String>,
    /// The page that leads whoever may join to the room; no token inside.
    join_url: Option<String>,
    room_name: Option<&'a str>,
    /// One of four: who was missed is shown as called off.
    status: &'static str,
    cancel_reason: Option<&'static str>,
    meeting_type: &'static str,
    backend: &'static str,
    scheduled_at: Option<String>,
    duration_minutes: Option<u32>,
    started_at: Option<String>,
    ended_at: Option<String>,
    duration: Option<i64>,
    duration_seconds: Option<i64>,
    notes: Option<&'a str>,
    created_at: String,
    updated_at: String,
}

/// Why a meeting is over that nobody called off.
const MISSED: &str = "missed";

// === impl MeetingBody ===

impl<'a> MeetingBody<'a> {
    pub(in crate::http) fn new(request: &Incoming, meeting: &'a Meeting, pass: &Pass<'_>) -> Self {
        let (booking, details) = (&meeting.booking, &meeting.booking.details);
        let has_room = !booking.is_in_person();
        let figures = meeting.figures.filter(|_| meeting.status.is_final());
        let at = |moment: Option<Timestamp>| moment.map(seconds);
        Self {
            id: meeting.id,
            created_by: details.created_by.as_ref(),
            participants: &details.participants,
            hosts: &details.hosts,
            role_context: booking.role_context.as_deref(),
            title: details.title.as_deref(),
            description: details.description.as_deref(),
            jitsi_link: pass.jitsi_link(),
            join_url: has_room.then(|| join_page(&request.config, meeting.id)),
            room_name: has_room.then(|| booking.room.name.as_str()),
            status: shown_status(&meeting.status),
            cancel_reason: matches!(meeting.status, Status::Missed { .. }).then_some(MISSED),
            meeting_type: booking.meeting_type.as_str(),
            backend: booking.room.backend.kind.as_str(),
            scheduled_at: at(booking.slot.map(|slot| slot.starts_at)),
            duration_minutes: booking.slot.map(|slot| slot.minutes),
            started_at: at(meeting.status.started_at()),
            ended_at: at(meeting.status.ended_at()),
            duration: figures.as_ref().map(Figures::duration_minutes),
            duration_seconds: figures.as_ref().map(Figures::duration_seconds),
            notes: details.notes.as_deref(),
            created_at: seconds(meeting.created_at),
            updated_at: seconds(meeting.updated_at),
        }
    }
}

/// The word for callers that know only four.
pub(in crate::http) fn shown_status(status: &Status) -> &'static str {
    match status {
        Status::Missed { .. } => "cancelled",
        other => other.as_str(),
    }
}
