//! What Prosody calls: event_sync's four routes and the batches of usher's own module. Answered when it is on disk.

use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::auth::authorization;
use super::body::{Body, SERVER_LIMIT};
use super::error::ApiError;
use super::openapi::tag;
use super::refused::Refused;
use super::{Incoming, to_the_end};
use crate::domain::Verdict;
use crate::domain::report::Receipt;
use crate::ingest::event_sync::{self, Call};
use crate::ingest::{self, Reporter, prosody};
use crate::telemetry::label::{self, Label, Route, Source};

#[derive(OpenApi)]
#[openapi(paths(room_created, room_destroyed, occupant_joined, occupant_left, prosody_events))]
pub(super) struct Docs;

/// Meeting servers look at nothing but the status.
#[derive(Serialize, ToSchema)]
pub(super) struct Taken {
    /// Always `success`.
    status: &'static str,
}

// === impl Taken ===

impl Taken {
    pub(super) fn answer() -> Answer {
        Answer::json(&Self { status: "success" }, None)
    }
}

/// Takes the news that a room has opened
#[utoipa::path(
    post,
    path = Route::RoomCreated.as_str(),
    tag = tag::SERVERS,
    security(("prosody" = [])),
    request_body(content = event_sync::Body, description = "As Prosody's module `event_sync` sends it; numbers are taken where texts are expected.", example = json!({"room_name": "alpha", "room_jid": "alpha@conference.meet.example.com", "is_breakout": false, "created_at": 1794650520})),
    responses((status = 200, description = "It is stored, or says nothing new.", body = Taken, example = json!({"status": "success"}))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
pub(super) async fn room_created(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    event_sync(request, body, Call::RoomCreated).await
}

/// Takes the news that a room has closed
#[utoipa::path(
    post,
    path = Route::RoomDestroyed.as_str(),
    tag = tag::SERVERS,
    security(("prosody" = [])),
    request_body(content = event_sync::Body, description = "As Prosody's module `event_sync` sends it; numbers are taken where texts are expected.", example = json!({"room_name": "alpha", "room_jid": "alpha@conference.meet.example.com", "is_breakout": false, "created_at": 1794650520, "destroyed_at": 1794654120, "all_occupants": [{"occupant_jid": "alpha@conference.meet.example.com/1f0c2b3d", "name": "Alex", "id": "client-456", "joined_at": 1794650523, "left_at": 1794654119}]})),
    responses((status = 200, description = "It is stored, or says nothing new.", body = Taken, example = json!({"status": "success"}))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
pub(super) async fn room_destroyed(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    event_sync(request, body, Call::RoomDestroyed).await
}

/// Takes the news that somebody has come in
#[utoipa::path(
    post,
    path = Route::OccupantJoined.as_str(),
    tag = tag::SERVERS,
    security(("prosody" = [])),
    request_body(content = event_sync::Body, description = "As Prosody's module `event_sync` sends it; numbers are taken where texts are expected.", example = json!({"room_name": "alpha", "room_jid": "alpha@conference.meet.example.com", "is_breakout": false, "occupant": {"occupant_jid": "alpha@conference.meet.example.com/1f0c2b3d", "name": "Alex", "id": "client-456", "joined_at": 1794650523}})),
    responses((status = 200, description = "It is stored, or says nothing new.", body = Taken, example = json!({"status": "success"}))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
pub(super) async fn occupant_joined(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    event_sync(request, body, Call::OccupantJoined).await
}

/// Takes the news that somebody has left
#[utoipa::path(
    post,
    path = Route::OccupantLeft.as_str(),
    tag = tag::SERVERS,
    security(("prosody" = [])),
    request_body(content = event_sync::Body, description = "As Prosody's module `event_sync` sends it; numbers are taken where texts are expected.", example = json!({"room_name": "alpha", "room_jid": "alpha@conference.meet.example.com", "is_breakout": false, "occupant": {"occupant_jid": "alpha@conference.meet.example.com/1f0c2b3d", "name": "Alex", "id": "client-456", "joined_at": 1794650523, "left_at": 1794654119}})),
    responses((status = 200, description = "It is stored, or says nothing new.", body = Taken, example = json!({"status": "success"}))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
pub(super) async fn occupant_left(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    event_sync(request, body, Call::OccupantLeft).await
}

async fn event_sync(request: &Incoming, body: Body, call: Call) -> Result<Answer, Refused> {
    let reporter = reporter(request)?;
    let (api, now) = (&request.api, request.context.received_at);
    let body = body.bytes(SERVER_LIMIT).await?;
    let seen = ingest::event_sync::translate(&reporter, call, &body, now).map_err(ApiError::from)?;
    let meetings = api.meetings.clone();
    let observed = to_the_end(async move { meetings.observe(&seen).await }).await?;
    let verdicts = observed.map_err(ApiError::from)?;
    let verdict = verdicts.into_iter().next_back().unwrap_or(Verdict::Ignored);
    api.metrics.ingested(Source::EventSync, labelled(verdict));
    Ok(Taken::answer())
}

/// Takes a numbered batch of news from usher's own module
///
/// Numbers that are missing or come twice are noticed. A single event that makes no sense does not hold up the others.
#[utoipa::path(
    post,
    path = Route::ProsodyEvents.as_str(),
    tag = tag::SERVERS,
    security(("prosody" = [])),
    request_body(content = prosody::Body, description = "4 MiB at most.", example = json!({
        "host": "conference.meet.example.com",
        "instance": "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f",
        "events": [{"n": 1, "type": "room_opened", "at": 1794650520.25, "room_jid": "alpha@conference.meet.example.com"}],
    })),
    responses((status = 200, description = "Up to where the news are stored.", body = Receipt, example = json!({"stored": 1, "roster": false}))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
pub(super) async fn prosody_events(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let reporter = reporter(request)?;
    let (api, now) = (&request.api, request.context.received_at);
    let body = body.bytes(SERVER_LIMIT).await?;
    let batch = ingest::prosody::translate(&reporter, &body, now).map_err(ApiError::from)?;
    let meetings = api.meetings.clone();
    let taken = to_the_end(async move { meetings.take(batch).await }).await?;
    let (receipt, verdicts) = taken.map_err(ApiError::from)?;
    verdicts
        .into_iter()
        .for_each(|verdict| api.metrics.ingested(Source::Prosody, labelled(verdict)));
    Ok(Answer::json(&receipt, None))
}

/// The meeting server that calls, by the shared secret; before a byte of the body is read.
pub(super) fn reporter(request: &Incoming) -> Result<Reporter<'_>, Refused> {
    let header = authorization(&request.headers);
    Reporter::authenticate(&request.config.daemon.jitsi, header).map_err(|_| request.stranger().into())
}

pub(super) fn labelled(verdict: Verdict) -> label::Verdict {
    match verdict {
        Verdict::Stored => label::Verdict::Accepted,
        Verdict::Repeated => label::Verdict::Repeated,
        Verdict::Ignored => label::Verdict::Ignored,
        Verdict::Stale => label::Verdict::Stale,
        Verdict::Foreign => label::Verdict::Foreign,
        Verdict::Rejected => label::Verdict::Malformed,
    }
}
