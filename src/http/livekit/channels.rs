//! `POST /api/auth/client/`: a person proves who they are and gets a token for each channel that is open to them.
//!
//! LiveKit lets a token into one room. It does not look at ours again: whoever is taken off a channel can come in with the
//! token they have until it expires.

use std::collections::BTreeMap;

use chrono::Duration;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::issue;
use crate::audit::{Act, Action};
use crate::domain::access::{Booked, Channel, Visitor};
use crate::domain::{RoomName, Timestamp, User, UserId};
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::door::refusal;
use crate::http::error::{ApiError, LiveKitRefusal};
use crate::http::openapi::{form, tag};
use crate::http::origin::require_known_origin;
use crate::http::refused::Refused;
use crate::http::trail::{Ending, ended};
use crate::http::{Api, Incoming, to_the_end};
use crate::signin::{Attempt, LoginError};
use crate::telemetry::label::{Label, Route, SignInMethod, SignInResult};
use crate::tokens::livekit::{DisplayName, Grant, Identity, RoomConfig};
use crate::tokens::{Keyring, LiveKitTokens};

#[derive(Deserialize, ToSchema)]
#[schema(as = ChannelCredentials)]
struct Credentials {
    /// An e-mail address.
    #[schema(required = true, schema_with = form::required_text)]
    username: Option<String>,
    #[schema(required = true, schema_with = form::password)]
    password: Option<String>,
    /// One of the configured servers; the first, where nothing is said.
    server_url: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChannelTokens)]
struct SignedIn<'a> {
    /// Always true.
    success: bool,
    #[schema(value_type = String)]
    user_id: &'a UserId,
    username: &'a str,
    channels: Vec<Listed<'a>>,
    /// By the channel's number.
    tokens: BTreeMap<String, ChannelToken<'a>>,
    server_url: &'a str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Channel)]
struct Listed<'a> {
    channel_id: u64,
    name: &'a str,
}

#[derive(Serialize, ToSchema)]
struct ChannelToken<'a> {
    /// Good for this room alone, for six hours.
    token: String,
    #[schema(value_type = String)]
    room: RoomName,
    name: &'a str,
}

/// How long a token for a channel opens it: as long as LiveKit's own libraries make theirs.
const LIFE: Duration = Duration::hours(6);

/// Signs a person in and gives a token for each channel
///
/// Everybody who may enter the channel by the rules gets one; room = `channel-{channel_id}`.
#[utoipa::path(
    post,
    path = Route::ClientAuth.as_str(),
    operation_id = "channel_tokens",
    tag = tag::LIVEKIT,
    request_body(content = Credentials, example = json!({"username": "user@example.com", "password": "dev-password"})),
    responses((status = 200, description = "A token for each channel that is open to the person.", body = SignedIn, example = json!({
        "success": true,
        "user_id": "123e4567-e89b-12d3-a456-426614174000",
        "username": "user@example.com",
        "channels": [{"channel_id": 1234567, "name": "Town hall"}],
        "tokens": {"1234567": {"token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "room": "channel-1234567", "name": "Town hall"}},
        "server_url": "https://livekit.example.com",
    }))),
    extensions(("x-errors" = json!([
        "missing_field", "unknown_server", "wrong_credentials", "user_inactive", "no_channel", "no_profile",
        "origin_not_allowed", "rate_limited", "busy",
    ]))),
)]
pub(super) async fn sign_in(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    require_known_origin(&request.headers, &request.config)?;
    let wanted: Credentials = body.json().await?;
    let (username, password) = wanted.complete()?;
    let keyring = request.api.keyring.borrow().clone();
    let server = wanted.server(&keyring)?;
    let user = known(request, username, password).await?;
    let tokens = tokens(request, server, &user).await?;
    let channels = request.config.rooms.access.channels_of(&user);
    let body = SignedIn {
        success: true,
        user_id: &user.id,
        username: &user.username,
        channels: channels
            .map(|(channel_id, channel)| Listed {
                channel_id,
                name: &channel.name,
            })
            .collect(),
        tokens,
        server_url: server.url(),
    };
    Ok(Answer::json(&body, None))
}

/// The person, if the password is theirs. What comes of it is written down and counted, also when the caller is gone by
/// then: nobody tries passwords unseen.
async fn known(request: &Incoming, username: &str, password: &str) -> Result<User, ApiError> {
    let (api, address) = (request.api.clone(), request.context.address);
    let (username, password) = (username.to_owned(), password.to_owned());
    let act = request.act(Action::Login, Ending::Success);
    let seen_through = to_the_end(async move {
        let attempt = Attempt {
            username: &username,
            password: &password,
            address,
            device: None,
        };
        let checked = api.signin.check_password(attempt).await;
        let is_noted = match &checked {
            Err(error) => error.was_looked_at() || api.limits.failure(address).is_ok(),
            Ok(_) => true,
        };
        let user = whose(&checked);
        let judged = checked.map_err(|error| match error {
            LoginError::Failed => fault("password"),
            error => error.into(),
        });
        count(&api, &judged);
        match is_noted {
            true => ended(&api.audit, Act { user, ..act }, judged).await,
            false => judged,
        }
    });
    in_trail(seen_through.await.and_then(|judged| judged))
}

fn count(api: &Api, judged: &Result<User, ApiError>) {
    let result = match judged {
        Ok(_) => SignInResult::Success,
        Err(error) if error.status().is_server_error() => SignInResult::Failed,
        Err(_) => SignInResult::Refused,
    };
    api.metrics.signed_in(SignInMethod::Password, result);
}

/// Whom the trail names: who proved to be somebody, or whose name was tried.
fn whose(checked: &Result<User, LoginError>) -> Option<UserId> {
    match checked {
        Ok(user) => Some(user.id.clone()),
        Err(error) => error.user().cloned(),
    }
}

/// A token for each channel that the user may enter; each is an act of its own.
async fn tokens<'a>(
    request: &'a Incoming,
    server: &LiveKitTokens,
    user: &User,
) -> Result<BTreeMap<String, ChannelToken<'a>>, ApiError> {
    let open: Vec<_> = request.config.rooms.access.channels_of(user).collect();
    let act = || Act {
        user: Some(user.id.clone()),
        ..request.act(Action::Issue, Ending::Success)
    };
    if open.is_empty() {
        let none = Err(LiveKitRefusal::NoChannel.into());
        return in_trail(request.ended(act(), none).await);
    }
    let each = open.into_iter().map(async |(number, channel)| {
        let room = Channel::room(number);
        let act = Act {
            room: Some(room.clone()),
            ..act()
        };
        let token = channel_token(request, server, user, &room);
        let token = in_trail(request.ended(act, token).await)?;
        let name = channel.name.as_str();
        Ok::<_, ApiError>((number.to_string(), ChannelToken { token, room, name }))
    });
    Ok(try_join_all(each).await?.into_iter().collect())
}

fn channel_token(
    request: &Incoming,
    server: &LiveKitTokens,
    user: &User,
    room: &RoomName,
) -> Result<String, ApiError> {
    let now = request.context.received_at;
    let grant = grant(request, user, room, now + LIFE)?;
    let issued = issue(&request.api, server, &grant, now);
    Ok(issued.map_err(|_| fault("token"))?.token)
}

fn grant(request: &Incoming, user: &User, room: &RoomName, until: Timestamp) -> Result<Grant, ApiError> {
    // Nobody has to book a channel.
    let rules = &request.config.rooms.access;
    let entry = rules.entry(room, Visitor::User(user), &Booked::Nothing);
    let entry = entry.map_err(|denial| refusal(denial, &request.config))?;
    let identity = Identity::of_user(&user.id).map_err(|_| fault("profile"))?;
    Ok(Grant {
        name: DisplayName::shortened(&user.name),
        room_admin: entry.moderator,
        room_config: entry.max_people.map(RoomConfig::of_at_most),
        ..Grant::participant(room.clone(), identity, until)
    })
}

/// This route tells which part failed, in words of its own.
fn in_trail<T>(result: Result<T, ApiError>) -> Result<T, ApiError> {
    result.map_err(|error| match error {
        ApiError::Unavailable | ApiError::Internal => fault("audit"),
        error => error,
    })
}

fn fault(part: &'static str) -> ApiError {
    LiveKitRefusal::SignInFailed { part }.into()
}

// === impl Credentials ===

impl Credentials {
    /// Any password that is not empty is one, even one of spaces.
    fn complete(&self) -> Result<(&str, &str), LiveKitRefusal> {
        let username = self.username.as_deref().map(str::trim);
        let username = username.filter(|name| !name.is_empty());
        let password = self.password.as_deref().filter(|password| !password.is_empty());
        match (username, password) {
            (Some(username), Some(password)) => Ok((username, password)),
            (None, _) => Err(LiveKitRefusal::NoCredentials { missing: "username" }),
            (_, None) => Err(LiveKitRefusal::NoCredentials { missing: "password" }),
        }
    }

    fn server<'a>(&self, keyring: &'a Keyring) -> Result<&'a LiveKitTokens, LiveKitRefusal> {
        let url = self.server_url.as_deref().filter(|url| !url.is_empty());
        let server = match url {
            Some(url) => keyring.livekit_at(url),
            None => keyring.livekit(None),
        };
        server.ok_or(LiveKitRefusal::UnknownServer)
    }
}
