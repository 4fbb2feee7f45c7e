//! Events as they happen, by Server-Sent Events and WebSocket (`http.md` section 6).

mod ending;
mod gap;
mod handshake;
mod listening;
mod query;
mod standing;
mod stream;
mod web_socket;

use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::auth::{Asker, MAY_FOLLOW};
use super::body::Body;
use super::error::LiveRefusal;
use super::refused::Refused;
use super::server::Sequel;
use super::{Api, Incoming, answered, incoming};
use crate::live::Wish;
use crate::signin::network;
use crate::telemetry::label::{ListenerKind, Route};
use handshake::accept;
use listening::Listening;
use query::Query;
use standing::Standing;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let stream = warp::path!("api" / "events")
        .and(get(api, Route::LiveEvents))
        .then(|request, body| answered(request, body, async |request: &Incoming, _| follow(request).await));
    let socket = warp::path!("api" / "events" / "ws")
        .and(get(api, Route::LiveSocket))
        .then(|request, body| answered(request, body, async |request: &Incoming, _| talk(request).await));
    stream.or(socket).unify().boxed()
}

/// Not HEAD: what answers here has no end, and costs a place.
fn get(api: &Api, route: Route) -> BoxedFilter<(Incoming, Body)> {
    warp::get().and(incoming(api, route)).boxed()
}

async fn follow(request: &Incoming) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_FOLLOW).await?;
    let listening = sign_on(request, &asker, ListenerKind::EventStream)?;
    let events = Sequel::new(move |socket| stream::run(socket, listening));
    Ok(told_to(Answer::event_stream(events), &asker))
}

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
