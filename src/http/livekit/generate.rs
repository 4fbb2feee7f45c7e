//! `POST /api/livekit/generate-token`: a program asks for a token for somebody.

use std::collections::BTreeMap;

use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{issue, require_welcome};
use crate::audit::Act;
use crate::domain::participant::user_of;
use crate::domain::{RoomKey, Timestamp};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::{Caller, MAY_GENERATE};
use crate::http::backend::livekit;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::{life, required, room, seconds, whole};
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};
use crate::tokens::livekit::{Attributes, DisplayName, Grant, Identity, TrackSource};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GenerateLiveKitToken)]
struct GenerateToken {
    #[schema(required = true, schema_with = form::room_name)]
    room_name: Option<String>,
    #[schema(required = true, schema_with = form::identity)]
    identity: Option<String>,
    #[schema(schema_with = form::optional_name)]
    name: Option<String>,
    grants: Option<Grants>,
    metadata: Option<String>,
    #[schema(schema_with = form::attributes)]
    attributes: Option<BTreeMap<String, String>>,
    /// Seconds; 7200 where nothing is said, at most what the client may ask for.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 31536000)]
    expires_in: Option<u64>,
}

/// Absent is LiveKit's default: to publish and to subscribe, without a privilege.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Grants {
    can_publish: Option<bool>,
    can_subscribe: Option<bool>,
    can_publish_data: Option<bool>,
    room_admin: Option<bool>,
    hidden: Option<bool>,
    #[schema(schema_with = form::track_sources)]
    can_publish_sources: Option<Vec<TrackSource>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GeneratedLiveKitToken)]
struct GeneratedToken<'a> {
    token: &'a str,
    server_url: &'a str,
    room_name: &'a str,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes a LiveKit token for one participant and one room
#[utoipa::path(
    post,
    path = Route::LiveKitGenerate.as_str(),
    operation_id = "generate_livekit_token",
    tag = tag::LIVEKIT,
    security(("api_key" = ["tokens:issue"]), ("client" = ["tokens:issue"])),
    request_body(content = GenerateToken, example = json!({
        "roomName": "ward-7",
        "identity": "therapist-123",
        "name": "Dr. Sarah Johnson",
        "grants": {"canPublish": true, "canSubscribe": true, "canPublishSources": ["camera", "microphone"]},
        "attributes": {"department": "cardiology"},
        "expiresIn": 7200,
    })),
    responses((status = 200, description = "The token.", body = GeneratedToken, example = json!({
        "token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "serverUrl": "https://livekit.example.com",
        "roomName": "ward-7",
        "expiresAt": "2026-11-14T12:00:00Z",
    }))),
    extensions(("x-errors" = json!([
        "missing_field", "invalid_field", "expires_in_too_long", "room_not_allowed", "unknown_server", "token_too_large",
        "meeting_over", "removed_from_meeting", "unavailable",
    ]))),
)]
pub(super) async fn generate_token(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let caller = request.caller(MAY_GENERATE)?;
    let answer = async {
        let wanted: GenerateToken = body.json().await?;
        let act = wanted.act(request.issue_to(&caller));
        request.ended(act, answer(request, &caller, wanted).await).await
    };
    answer.await.map_err(|error| caller.refused(error))
}

async fn answer(request: &Incoming, caller: &Caller<'_>, wanted: GenerateToken) -> Result<Answer, ApiError> {
    let (api, now) = (&request.api, request.context.received_at);
    let grant = wanted.grant(caller, now)?;
    let keyring = api.keyring.borrow().clone();
    let server = livekit(&keyring, caller.client)?;
    let room = RoomKey {
        backend: server.backend(),
        name: grant.room.clone(),
    };
    require_welcome(request, &room, grant.identity.as_str()).await?;
    let issued = issue(api, server, &grant, now)?;
    let body = GeneratedToken {
        token: &issued.token,
        server_url: server.url(),
        room_name: grant.room.as_str(),
        expires_at: seconds(issued.expires_at),
    };
    Ok(Answer::json(&body, Some(caller.id.clone())))
}

// === impl GenerateToken ===

impl GenerateToken {
    /// Says whom the token is for, as far as that is understood.
    fn act(&self, act: Act) -> Act {
        Act {
            user: self.identity.as_deref().and_then(user_of),
            room: room("roomName", self.room_name.as_deref()).ok(),
            ..act
        }
    }

    fn grant(self, caller: &Caller<'_>, now: Timestamp) -> Result<Grant, ApiError> {
        let room = room("roomName", self.room_name.as_deref())?;
        let identity = required("identity", self.identity.as_deref())?;
        let identity = Identity::parse(identity).map_err(ApiError::bad("identity"))?;
        caller.permissions().require_room(&room)?;
        let name = self.name.as_deref().filter(|name| !name.trim().is_empty());
        let grants = self.grants.unwrap_or_default();
        let life = life(self.expires_in, caller.client.max_token_secs)?;
        Ok(Grant {
            name: name
                .map(DisplayName::parse)
                .transpose()
                .map_err(ApiError::bad("name"))?,
            metadata: self.metadata.filter(|text| !text.is_empty()),
            attributes: Attributes::new(self.attributes.unwrap_or_default())
                .map_err(ApiError::bad("attributes"))?,
            can_publish: grants.can_publish,
            can_subscribe: grants.can_subscribe,
            can_publish_data: grants.can_publish_data,
            can_publish_sources: grants.can_publish_sources.unwrap_or_default(),
            room_admin: grants.room_admin.unwrap_or(false),
            hidden: grants.hidden.unwrap_or(false),
            ..Grant::participant(room, identity, now + Duration::seconds(life))
        })
    }
}
