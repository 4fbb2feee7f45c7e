//! Tokens for LiveKit rooms, for people and for programs (`http.md` section 4).

mod channels;
mod generate;
mod participant;
mod webhook;

use utoipa::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::error::{ApiError, MeetingRefusal};
use super::{Api, Incoming, answered, post};
use crate::domain::access::Booked;
use crate::domain::participant::user_of;
use crate::domain::{RoomKey, Timestamp};
use crate::telemetry::label::{Route, TokenKind, TokenResult};
use crate::tokens::livekit::Grant;
use crate::tokens::{Issued, LiveKitTokens};

#[derive(OpenApi)]
#[openapi(paths(
    channels::sign_in,
    generate::generate_token,
    participant::token,
    webhook::webhook
))]
pub(super) struct Docs;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let channels = post(
        api,
        Route::ClientAuth,
        warp::path!("api" / "auth" / "client").boxed(),
    )
    .then(|request, body| answered(request, body, channels::sign_in));
    let generate = post(
        api,
        Route::LiveKitGenerate,
        warp::path!("api" / "livekit" / "generate-token").boxed(),
    )
    .then(|request, body| answered(request, body, generate::generate_token));
    let participant = post(
        api,
        Route::LiveKitToken,
        warp::path!("api" / "livekit" / "token").boxed(),
    )
    .then(|request, body| answered(request, body, participant::token));
    let webhook = post(
        api,
        Route::LiveKitWebhook,
        warp::path!("livekit" / "webhook").boxed(),
    )
    .then(|request, body| answered(request, body, webhook::webhook));
    let tokens = channels.or(generate).unify().or(participant).unify();
    tokens.or(webhook).unify().boxed()
}

/// Whether a program may have a token for somebody in a room: not where the meeting there is over for everyone, and not for
/// somebody who was removed from it.
async fn require_welcome(request: &Incoming, room: &RoomKey, identity: &str) -> Result<(), ApiError> {
    let booked = request.booked(room).await?;
    if let Booked::Over(_) = booked {
        return Err(MeetingRefusal::Over.into());
    }
    match user_of(identity).is_some_and(|user| request.keeps_out(room, &user, &booked)) {
        true => Err(MeetingRefusal::Removed.into()),
        false => Ok(()),
    }
}

fn issue(api: &Api, server: &LiveKitTokens, grant: &Grant, now: Timestamp) -> Result<Issued, ApiError> {
    let issued = server.issue(grant, now)?;
    api.metrics
        .token_requested(TokenKind::LiveKit, TokenResult::Issued);
    Ok(issued)
}
