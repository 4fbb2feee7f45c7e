//! Events as they happen, by Server-Sent Events and WebSocket (`http.md` section 6).

mod ending;
mod gap;
mod handshake;
mod listening;
mod query;
mod standing;
mod stream;
mod web_socket;

use utoipa::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::auth::{Asker, MAY_FOLLOW};
use super::error::LiveRefusal;
use super::openapi::tag;
use super::refused::Refused;
use super::server::Sequel;
use super::{Api, Incoming, answered, read};
use crate::live::Wish;
use crate::signin::network;
use crate::telemetry::label::{Label, ListenerKind, Route};
use handshake::accept;
use listening::Listening;
use query::Query;
use standing::Standing;

#[derive(OpenApi)]
#[openapi(paths(follow, talk))]
pub(super) struct Docs;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let stream = warp::path!("api" / "events")
        .and(read(api, Route::LiveEvents))
        .then(|request, body| answered(request, body, async |request: &Incoming, _| follow(request).await));
    let socket = warp::path!("api" / "events" / "ws")
        .and(read(api, Route::LiveSocket))
        .then(|request, body| answered(request, body, async |request: &Incoming, _| talk(request).await));
    stream.or(socket).unify().boxed()
}

/// Follows events as they happen, by Server-Sent Events
///
/// Each event has the CloudEvent as its `data`, the same as on NATS, and the CloudEvents type as its name. Programs hear of the
/// meetings that they booked, with the scope `admin` of all; people hear of the meetings that they may see. Who comes back
/// with the last id gets what was missed first. Where that cannot be told any more, or after a restart, the first event is
/// `usher.live.gap`: then read what you follow again. The stream ends with the right to listen, and after four hours at
/// most. Who does not read is cut off.
#[utoipa::path(
    get,
    path = Route::LiveEvents.as_str(),
    operation_id = "live_events",
    tag = tag::LIVE,
    security(("api_key" = ["events:read"]), ("client" = ["events:read"]), ("user" = []), ("session" = [])),
    params(
        ("meeting" = Option<String>, Query, pattern = "^[0-9a-f-]{36}$", description = "Only events of this meeting."),
        ("type" = Option<String>, Query, pattern = r"^[a-z0-9.]+(,[a-z0-9.]+)*$", example = "completed,participant.joined",
            description = "Only events of these kinds, with commas between; in full `usher.meeting.completed.v1`."),
        ("lastEventId" = Option<String>, Query, max_length = 128,
            description = "The id of the last event that was heard, where the header cannot be set."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard."),
    ),
    responses((status = 200, description = "Events, without an end.", content_type = "text/event-stream", body = String,
        example = "id: 8f3a2c11-42\nevent: usher.meeting.active.v1\ndata: {\"specversion\":\"1.0\",\"type\":\"usher.meeting.active.v1\"}\n\n")),
    extensions(("x-errors" = json!(["invalid_field", "too_many_listeners", "too_many_listeners_of_client", "too_many_listeners_of_user", "too_many_listeners_at_address"]))),
)]
async fn follow(request: &Incoming) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_FOLLOW).await?;
    let listening = sign_on(request, &asker, ListenerKind::EventStream)?;
    let events = Sequel::new(move |socket| stream::run(socket, listening));
    Ok(told_to(Answer::event_stream(events), &asker))
}

/// Follows events as they happen, by WebSocket
///
/// The same CloudEvents, one JSON text each. Nothing is expected from the caller but answers to pings. The code of the end
/// says why: 1001 come again, 1008 not allowed any more, 1013 too slow. A page of ours may use its cookie; no other page may.
#[utoipa::path(
    get,
    path = Route::LiveSocket.as_str(),
    operation_id = "live_events_socket",
    tag = tag::LIVE,
    security(("api_key" = ["events:read"]), ("client" = ["events:read"]), ("user" = []), ("session" = [])),
    params(
        ("meeting" = Option<String>, Query, pattern = "^[0-9a-f-]{36}$", description = "Only events of this meeting."),
        ("type" = Option<String>, Query, pattern = r"^[a-z0-9.]+(,[a-z0-9.]+)*$", example = "completed,participant.joined",
            description = "Only events of these kinds, with commas between; in full `usher.meeting.completed.v1`."),
        ("lastEventId" = Option<String>, Query, max_length = 128,
            description = "The id of the last event that was heard, where the header cannot be set."),
    ),
    responses((status = 101, description = "The connection speaks WebSocket from here on (RFC 6455).")),
    extensions(("x-errors" = json!(["invalid_field", "too_many_listeners", "too_many_listeners_of_client", "too_many_listeners_of_user", "too_many_listeners_at_address", "upgrade_required", "bad_handshake"]))),
)]
async fn talk(request: &Incoming) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_FOLLOW).await?;
    let accepted = accept(request, &asker).map_err(|error| asker.refused(error))?;
    let listening = sign_on(request, &asker, ListenerKind::WebSocket)?;
    let messages = Sequel::new(move |socket| web_socket::run(socket, listening));
    Ok(told_to(Answer::web_socket(accepted, messages), &asker))
}

fn sign_on(request: &Incoming, asker: &Asker<'_>, kind: ListenerKind) -> Result<Listening, Refused> {
    let query = Query::parse(&request.query, &request.headers).map_err(|error| asker.refused(error))?;
    let (standing, audience) = Standing::of(asker);
    let wish = Wish {
        audience,
        address: network(request.context.address),
        kind,
        filter: query.filter,
        heard: query.heard.as_deref(),
    };
    let admitted = request.api.live.listen(wish);
    let (listener, start) = admitted.map_err(|full| asker.refused(LiveRefusal::TooMany(full)))?;
    Ok(Listening::new(request.api.clone(), listener, start, standing))
}

/// For the request log.
fn told_to(answer: Answer, asker: &Asker<'_>) -> Answer {
    match asker {
        Asker::Client(caller) => answer.for_client(caller.id),
        Asker::User(_) => answer,
    }
}
