//! `POST /api/livekit/token`: the endpoint that LiveKit's client libraries ask for a token (`TokenSource.endpoint`).
//!
//! Its form is LiveKit's: everything may be left out, and the answer is a 201. A program may say what it wants within
//! its rooms. A person is who they have signed in as, in rooms that the rules allow.

use std::collections::BTreeMap;

use chrono::Duration;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{issue, require_welcome};
use crate::audit::Act;
use crate::domain::participant::user_of;
use crate::domain::{RoomKey, RoomName, Timestamp, hex};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::{Asker, Caller, MAY_GENERATE};
use crate::http::backend::livekit;
use crate::http::body::Body;
use crate::http::error::{ApiError, LiveKitRefusal};
use crate::http::field::life;
use crate::http::meetings::ticket::kept_end;
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::signin::Session;
use crate::telemetry::label::{Label, Route};
use crate::tokens::LiveKitTokens;
use crate::tokens::livekit::{Attributes, DisplayName, Grant, Identity, RoomConfig};

/// Field names as protobuf's JSON has them, in either spelling (`livekit_token_source.proto`).
#[derive(Deserialize, ToSchema)]
#[schema(as = LiveKitTokenRequest)]
struct TokenRequest {
    /// A fresh one, where nothing is said.
    #[serde(alias = "roomName")]
    #[schema(schema_with = form::optional_room_name)]
    room_name: Option<String>,
    #[serde(alias = "participantName")]
    #[schema(schema_with = form::optional_name)]
    participant_name: Option<String>,
    #[serde(alias = "participantIdentity")]
    #[schema(schema_with = form::optional_identity)]
    participant_identity: Option<String>,
    #[serde(alias = "participantMetadata")]
    participant_metadata: Option<String>,
    #[serde(alias = "participantAttributes")]
    #[schema(schema_with = form::attributes)]
    participant_attributes: Option<BTreeMap<String, String>>,
    /// LiveKit's `RoomConfiguration`, for rooms that begin with this participant.
    #[serde(alias = "roomConfig")]
    #[schema(schema_with = form::room_config)]
    room_config: Option<Value>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LiveKitTokenAnswer)]
struct TokenAnswer<'a> {
    server_url: &'a str,
    participant_token: &'a str,
    room_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant_name: Option<&'a str>,
}

/// In place of what was not said: bytes of randomness in a fresh name, so that nobody else comes by it.
const DRAWN_BYTES: usize = 10;

/// Makes a LiveKit token, as LiveKit's own clients ask for one
///
/// Everything may be left out, and field names are taken in snake case and camel case. A program may say what it wants within
/// its rooms; a person is who they have signed in as, in rooms that the rules allow.
///
/// The token of a program lives for two hours, or `max_token_secs` of the client where that is less. That of a person lives for
/// `[[livekit]] token_minutes`, and no longer than their sign-in, `[signin] token_minutes`, `max_token_secs`, or a booked end
/// that is kept.
#[utoipa::path(
    post,
    path = Route::LiveKitToken.as_str(),
    operation_id = "livekit_token",
    tag = tag::LIVEKIT,
    security(("api_key" = ["tokens:issue"]), ("client" = ["tokens:issue"]), ("user" = []), ("session" = [])),
    request_body(content = TokenRequest, example = json!({"room_name": "ward-7", "participant_name": "Dr. Sarah Johnson"})),
    responses((status = 201, description = "The token.", body = TokenAnswer, example = json!({
        "server_url": "https://livekit.example.com",
        "participant_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "room_name": "ward-7",
        "participant_name": "Dr. Sarah Johnson",
    }))),
    extensions(("x-errors" = json!([
        "invalid_field", "room_not_allowed", "unknown_server", "token_too_large", "field_not_allowed", "guests_not_allowed",
        "not_a_member", "room_not_booked", "meeting_over", "removed_from_meeting", "unavailable",
    ]))),
)]
pub(super) async fn token(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    match request.asker(MAY_GENERATE).await? {
        Asker::Client(caller) => {
            let answer = for_program(request, &caller, body).await;
            answer.map_err(|error| caller.refused(error))
        }
        Asker::User(session) => Ok(for_person(request, &session, body).await?),
    }
}

async fn for_program(request: &Incoming, caller: &Caller<'_>, body: Body) -> Result<Answer, ApiError> {
    let wanted = TokenRequest::read(body).await?;
    let room = wanted.room(|| fresh(request, &caller.client.room_prefix))?;
    let identity = wanted.participant_identity.clone();
    let identity = identity.unwrap_or_else(|| fresh(request, "participant"));
    let act = Act {
        room: Some(room.clone()),
        user: user_of(&identity),
        ..request.issue_to(caller)
    };
    let answer = async || {
        caller.permissions().require_room(&room)?;
        let identity = Identity::parse(&identity).map_err(ApiError::bad("participant_identity"))?;
        let seconds = life(None, caller.client.max_token_secs)?;
        let until = request.context.received_at + Duration::seconds(seconds);
        let grant = wanted.grant(Grant::participant(room.clone(), identity, until))?;
        let keyring = request.api.keyring.borrow().clone();
        let server = livekit(&keyring, caller.client)?;
        let room = RoomKey {
            backend: server.backend(),
            name: room,
        };
        require_welcome(request, &room, grant.identity.as_str()).await?;
        issued(request, server, &grant)
    };
    let answer = request.ended(act, answer().await).await?;
    Ok(answer.for_client(caller.id))
}

async fn for_person(request: &Incoming, session: &Session, body: Body) -> Result<Answer, ApiError> {
    let wanted = TokenRequest::read(body).await?;
    let room = wanted.room(|| fresh(request, "room"))?;
    let act = Act {
        room: Some(room.clone()),
        ..request.issue_for(session)
    };
    let answer = async || {
        let keyring = request.api.keyring.borrow().clone();
        let server = keyring.livekit(None).ok_or(LiveKitRefusal::UnknownServer)?;
        let own = own_grant(request, session, server, room).await?;
        wanted.require_nothing_beyond(&own)?;
        issued(request, server, &own)
    };
    let answer = request.ended(act, answer().await).await?;
    Ok(answer.for_client(&session.client))
}

/// What the rules let a person have.
async fn own_grant(
    request: &Incoming,
    session: &Session,
    server: &LiveKitTokens,
    room: RoomName,
) -> Result<Grant, ApiError> {
    let key = RoomKey {
        backend: server.backend(),
        name: room.clone(),
    };
    let entry = request.entry(&key, session.visitor()).await?;
    let identity = Identity::of_user(&session.user.id).map_err(|error| {
        tracing::error!(%error, "the id of a user cannot be one in LiveKit");
        ApiError::Internal
    })?;
    let client = request.config.clients.get(&session.client);
    let now = request.context.received_at;
    let until = session.token_until(now, &request.config, client);
    let daemon = &request.config.daemon;
    let booked = request.booked(&key).await?;
    let kept_end = booked.meeting().and_then(|meeting| kept_end(daemon, meeting));
    let longest = daemon.livekit_token_life(&key.backend).map(|life| now + life);
    let until = kept_end.into_iter().chain(longest).fold(until, Timestamp::min);
    // Without `roomAdmin`, whoever moderates: a connection keeps that for good, and people act through usher.
    Ok(Grant {
        name: DisplayName::shortened(&session.user.name),
        room_config: entry.max_people.map(RoomConfig::of_at_most),
        ..Grant::participant(room, identity, until)
    })
}

fn issued(request: &Incoming, server: &LiveKitTokens, grant: &Grant) -> Result<Answer, ApiError> {
    let issued = issue(&request.api, server, grant, request.context.received_at)?;
    let body = TokenAnswer {
        server_url: server.url(),
        participant_token: &issued.token,
        room_name: grant.room.as_str(),
        participant_name: grant.name.as_ref().map(DisplayName::as_str),
    };
    Ok(Answer::json(&body, None).with_status(StatusCode::CREATED))
}

fn fresh(request: &Incoming, prefix: &str) -> String {
    let drawn: [u8; DRAWN_BYTES] = request.api.ambient.random();
    format!("{prefix}-{}", hex(&drawn))
}

// === impl TokenRequest ===

impl TokenRequest {
    /// What is empty was not said: protobuf's JSON may write empty texts for what is absent.
    async fn read(body: Body) -> Result<Self, ApiError> {
        let read: Self = body.json().await?;
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Ok(Self {
            room_name: said(read.room_name),
            participant_name: said(read.participant_name),
            participant_identity: said(read.participant_identity),
            participant_metadata: said(read.participant_metadata),
            participant_attributes: read.participant_attributes.filter(|all| !all.is_empty()),
            room_config: read.room_config.filter(|config| !config.is_null()),
        })
    }

    fn room(&self, fresh: impl FnOnce() -> String) -> Result<RoomName, ApiError> {
        let name = self.room_name.clone().unwrap_or_else(fresh);
        RoomName::parse(&name).map_err(ApiError::bad("room_name"))
    }

    /// The grant with all that a program says of the participant and the room.
    fn grant(self, bare: Grant) -> Result<Grant, ApiError> {
        let name = self.participant_name.as_deref().map(DisplayName::parse);
        let config = self.room_config.map(RoomConfig::parse);
        let attributes = Attributes::new(self.participant_attributes.unwrap_or_default());
        Ok(Grant {
            name: name.transpose().map_err(ApiError::bad("participant_name"))?,
            metadata: self.participant_metadata,
            attributes: attributes.map_err(ApiError::bad("participant_attributes"))?,
            room_config: config.transpose().map_err(ApiError::bad("room_config"))?,
            ..bare
        })
    }

    /// A person says at most who they are anyway.
    fn require_nothing_beyond(&self, own: &Grant) -> Result<(), LiveKitRefusal> {
        let own_name = own.name.as_ref().map(DisplayName::as_str);
        let is = |said: &Option<String>, own: Option<&str>| {
            said.as_deref().is_none_or(|said| Some(said.trim()) == own)
        };
        let field = if !is(&self.participant_identity, Some(own.identity.as_str())) {
            "participant_identity"
        } else if !is(&self.participant_name, own_name) {
            "participant_name"
        } else if self.participant_metadata.is_some() {
            "participant_metadata"
        } else if self.participant_attributes.is_some() {
            "participant_attributes"
        } else if self.room_config.is_some() {
            "room_config"
        } else {
            return Ok(());
        };
        Err(LiveKitRefusal::FieldNotAllowed { field })
    }
}
