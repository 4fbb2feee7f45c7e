//! What Prosody calls: event_sync's four routes and the batches of usher's own module. Answered when it is on disk.

use serde::Serialize;

use super::answer::Answer;
use super::auth::authorization;
use super::body::{Body, SERVER_LIMIT};
use super::error::ApiError;
use super::refused::Refused;
use super::{Incoming, to_the_end};
use crate::domain::Verdict;
use crate::ingest::event_sync::Call;
use crate::ingest::{self, Reporter};
use crate::telemetry::label::{self, Source};

/// event_sync looks at nothing but the status.
#[derive(Serialize)]
struct Taken {
    status: &'static str,
}

/// `POST /events/room/created` and its three siblings.
pub(super) async fn event_sync(request: &Incoming, body: Body, call: Call) -> Result<Answer, Refused> {
    let reporter = reporter(request)?;
    let (api, now) = (&request.api, request.context.received_at);
    let body = body.bytes(SERVER_LIMIT).await?;
    let seen = ingest::event_sync::translate(&reporter, call, &body, now).map_err(ApiError::from)?;
    let meetings = api.meetings.clone();
    let observed = to_the_end(async move { meetings.observe(&seen).await }).await?;
    let verdicts = observed.map_err(ApiError::from)?;
    let verdict = verdicts.into_iter().next_back().unwrap_or(Verdict::Ignored);
    api.metrics.ingested(Source::EventSync, labelled(verdict));
    Ok(Answer::json(&Taken { status: "success" }, None))
}

/// `POST /prosody/events`
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

fn labelled(verdict: Verdict) -> label::Verdict {
    match verdict {
        Verdict::Stored => label::Verdict::Accepted,
        Verdict::Repeated => label::Verdict::Repeated,
        Verdict::Ignored => label::Verdict::Ignored,
        Verdict::Stale => label::Verdict::Stale,
        Verdict::Rejected => label::Verdict::Malformed,
    }
}
