//! `POST /api/livekit/generate-token`: a program asks for a token for somebody.

use std::collections::BTreeMap;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::issue;
use crate::audit::Act;
use crate::domain::{Timestamp, UserId};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::{Caller, MAY_GENERATE};
use crate::http::backend::livekit;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::{life, required, room, seconds};
use crate::http::refused::Refused;
use crate::tokens::livekit::{Attributes, DisplayName, Grant, Identity, TrackSource};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerateToken {
    room_name: Option<String>,
    identity: Option<String>,
    name: Option<String>,
    grants: Option<Grants>,
    metadata: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    expires_in: Option<u64>,
}

/// Absent is LiveKit's default: to publish and to subscribe, without a privilege.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Grants {
    can_publish: Option<bool>,
    can_subscribe: Option<bool>,
    can_publish_data: Option<bool>,
    room_admin: Option<bool>,
    hidden: Option<bool>,
    can_publish_sources: Option<Vec<TrackSource>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeneratedToken<'a> {
    token: &'a str,
    server_url: &'a str,
    room_name: &'a str,
    expires_at: String,
}

pub(super) async fn generate_token(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let caller = request.caller(MAY_GENERATE)?;
    let answer = async {
        let wanted: GenerateToken = body.json().await?;
        let act = wanted.act(request.issue_to(&caller));
        request.ended(act, answer(request, &caller, wanted)).await
    };
    answer.await.map_err(|error| caller.refused(error))
}

fn answer(request: &Incoming, caller: &Caller<'_>, wanted: GenerateToken) -> Result<Answer, ApiError> {
    let (api, now) = (&request.api, request.context.received_at);
    let grant = wanted.grant(caller, now)?;
    let keyring = api.keyring.borrow().clone();
    let server = livekit(&keyring, caller.client)?;
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
            user: self.identity.as_deref().and_then(|id| UserId::parse(id).ok()),
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
