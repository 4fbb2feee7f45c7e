//! `POST /livekit/webhook`: what LiveKit tells of its rooms. Answered when it is on disk.

use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

/// Takes one webhook of a LiveKit server
#[utoipa::path(
    post,
    path = Route::LiveKitWebhook.as_str(),
    tag = tag::SERVERS,
    responses((status = 200, description = "It is stored, or says nothing new.")),
)]
pub(in crate::http) async fn webhook(request: &Incoming, _body: Body) -> Result<Answer, Refused> {
    Err(request.stranger().into())
}
