//! `POST /livekit/webhook`: what LiveKit tells of its rooms. Answered when it is on disk.
//!
//! LiveKit waits for the answer with everything else that it has to tell of the room, repeats for 15 seconds what is answered
//! with 429 or 5xx, and never what is answered otherwise.

use crate::config::daemon::LiveKit;
use crate::domain::Verdict;
use crate::domain::report::Notification;
use crate::http::answer::Answer;
use crate::http::auth::authorization;
use crate::http::body::{Body, SERVER_LIMIT};
use crate::http::error::ApiError;
use crate::http::hooks::{Taken, labelled};
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::http::{Incoming, to_the_end};
use crate::ingest::livekit;
use crate::telemetry::label::{Label, Route, Source, WebhookEvent};
use crate::tokens::{Refusal, WebhookSignature};

/// Takes one webhook of a LiveKit server
///
/// Whatever is newer than usher is taken, and says nothing. LiveKit never repeats what is answered with 4xx, but for 429.
#[utoipa::path(
    post,
    path = Route::LiveKitWebhook.as_str(),
    operation_id = "livekit_webhook",
    tag = tag::SERVERS,
    security(("livekit" = [])),
    request_body(
        content = livekit::Body,
        content_type = "application/webhook+json",
        description = "As LiveKit sends it, in proto3's JSON; 4 MiB at most.",
        example = json!({
            "event": "participant_joined", "id": "EV_cg8STngnaQhV", "createdAt": "1794650523",
            "room": {"sid": "RM_tYja3qsMZZJX", "name": "ward-7", "creationTime": "1794650520", "creationTimeMs": "1794650520250"},
            "participant": {"sid": "PA_MUQPR7NS5QQr", "identity": "client-456", "name": "Alex", "state": "ACTIVE", "joinedAt": "1794650523", "joinedAtMs": "1794650523127"},
        }),
    ),
    responses((status = 200, description = "It is stored, or says nothing new.", body = Taken, example = json!({"status": "success"}))),
    extensions(("x-errors" = json!(["invalid_json", "invalid_field", "unavailable"]))),
)]
pub(in crate::http) async fn webhook(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let mut event = WebhookEvent::Other;
    let taken = take(request, body, &mut event).await;
    let metrics = &request.api.metrics;
    let verdict = match &taken {
        Ok(verdict) => labelled(*verdict),
        Err(refused) => refused.verdict(),
    };
    metrics.webhooks.answered(event, verdict);
    taken?;
    metrics.ingested(Source::LiveKit, verdict);
    Ok(Taken::answer())
}

/// `event` becomes what it is about as soon as that is known.
async fn take(request: &Incoming, body: Body, event: &mut WebhookEvent) -> Result<Verdict, Refused> {
    let keyring = request.api.keyring.borrow().clone();
    let header = authorization(&request.headers).unwrap_or_default();
    let signed = keyring.webhook(header, request.context.received_at);
    let signature = signed.map_err(|refusal| unsigned(request, refusal))?;
    let bytes = body.bytes(SERVER_LIMIT).await.map_err(lost)?;
    if !signature.covers(&bytes) {
        return Err(unsigned(request, Refusal::BadSignature));
    }
    let server = section(request, &signature)?;
    let said = livekit::Body::read(&bytes).map_err(lost)?;
    *event = WebhookEvent::named(said.event());
    let told = said.translate(server, request.context.received_at);
    store(request, told.map_err(lost)?).await
}

/// The section of `usher.toml` whose key signed.
fn section<'a>(request: &'a Incoming, signature: &WebhookSignature<'_>) -> Result<&'a LiveKit, ApiError> {
    let name = signature.server().name();
    let mut servers = request.config.daemon.livekit.iter();
    // The keys of a changed configuration come into use a moment after the rest of it.
    servers
        .find(|server| server.name == name)
        .ok_or(ApiError::Unavailable)
}

async fn store(request: &Incoming, notification: Notification) -> Result<Verdict, Refused> {
    let (api, created_at) = (&request.api, notification.created_at);
    let lag = request.context.received_at - created_at;
    api.metrics.webhooks.came_after(lag.to_std().unwrap_or_default());
    let meetings = api.meetings.clone();
    let taken = to_the_end(async move { meetings.take_notification(notification).await }).await?;
    Ok(taken.map_err(ApiError::from)?)
}

/// Whoever it comes from, LiveKit takes the refusal for a delivery: if it was LiveKit, the log is where that shows.
fn unsigned(request: &Incoming, refusal: Refusal) -> Refused {
    let error = request.stranger();
    if matches!(error, ApiError::Unauthenticated) {
        tracing::warn!(
            reason = refusal.code(),
            "a webhook is refused whose signature is not good"
        );
    }
    error.into()
}

/// What LiveKit signed and usher cannot take is gone. What it says stays out of the log: it is about people.
fn lost(error: impl Into<ApiError>) -> Refused {
    let error = error.into();
    if !error.status().is_server_error() {
        tracing::warn!(
            code = error.code(),
            field = error.field(),
            "a webhook of LiveKit cannot be understood and is lost"
        );
    }
    error.into()
}
