//! Tokens for Jitsi rooms, for programs (`http.md` section 2).

pub(super) mod embed;
mod request;

use chrono::Duration;
use serde::Serialize;

use super::answer::Answer;
use super::auth::{Caller, MAY_CREATE, MAY_GENERATE, MAY_VALIDATE};
use super::backend::jitsi;
use super::body::Body;
use super::error::{ApiError, SignInRefusal};
use super::field::seconds;
use super::language::choose;
use super::refused::Refused;
use super::{Api, Incoming, to_the_end};
use crate::domain::{MeetingId, RoomKey, Timestamp};
use crate::telemetry::label::{TokenCheck, TokenKind, TokenResult};
use crate::tokens::{Grant, Issued, JitsiTokens, Refusal, Verified, VerifiedUser, token_id};
use embed::Embed;
use request::{CreateRoom, GenerateToken, ValidateToken, participant};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeneratedToken<'a> {
    token: &'a str,
    room_name: &'a str,
    join_url: String,
    expires_at: String,
    embed: Embed<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedRoom<'a> {
    room_name: &'a str,
    join_url: String,
    therapist_token: &'a str,
    client_token: &'a str,
    meeting_id: MeetingId,
    expires_at: String,
    embed: Embed<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidToken {
    valid: bool,
    expires_at: String,
    /// None: the token says who somebody is and opens no room.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    user: VerifiedUser,
    moderator: bool,
}

#[derive(Serialize)]
struct InvalidToken {
    valid: bool,
    code: &'static str,
    error: String,
}

/// Tokens for a created room live so long after the later of now and the booked start.
const ROOM_TOKEN_LIFE: Duration = Duration::hours(2);

/// `POST /api/jitsi/generate-token`
pub(super) async fn generate_token(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let (api, now) = (&request.api, request.context.received_at);
    let caller = request.caller(MAY_GENERATE)?;
    let wanted: GenerateToken = body.json().await.map_err(|error| caller.refused(error))?;
    let answer = || {
        let keyring = api.keyring.borrow().clone();
        let tokens = jitsi(&keyring, caller.id, caller.client)?;
        let grant = wanted.grant(&caller, now)?;
        let issued = issue(api, tokens, &grant, now)?;
        let meeting_type = api.meetings.type_of_room(&room_key(tokens, &grant));
        let body = GeneratedToken {
            token: &issued.token,
            room_name: grant.room.as_str(),
            join_url: embed::join_url(tokens, &grant.room, meeting_type),
            expires_at: seconds(issued.expires_at),
            embed: Embed::new(tokens, &grant.room, meeting_type).of(&issued.token, &grant.user),
        };
        Ok(Answer::json(&body, Some(caller.id.clone())))
    };
    answer().map_err(|error: ApiError| caller.refused(error))
}

/// `POST /api/jitsi/create-room`
pub(super) async fn create_room(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let caller = request.caller(MAY_CREATE)?;
    let created = async {
        let wanted = body.json().await?;
        create(request, &caller, &wanted).await
    };
    created.await.map_err(|error| caller.refused(error))
}

async fn create(request: &Incoming, caller: &Caller<'_>, wanted: &CreateRoom) -> Result<Answer, ApiError> {
    let (api, now) = (&request.api, request.context.received_at);
    let keyring = api.keyring.borrow().clone();
    let tokens = jitsi(&keyring, caller.id, caller.client)?;
    let minutes = request.config.daemon.meetings.default_minutes;
    let booking = wanted.booking(caller, tokens.backend(), &request.headers, (now, minutes))?;
    let (therapist, client) = wanted.people()?;
    let meetings = api.meetings.clone();
    let meeting = to_the_end(async move { meetings.book(booking).await })
        .await??
        .meeting;
    let room = &meeting.booking.room.name;
    let starts_at = meeting.booking.slot.map_or(now, |slot| slot.starts_at);
    let expires_at = now.max(starts_at) + ROOM_TOKEN_LIFE;
    let grant = |person| participant(person, caller, room, expires_at);
    let moderator = Grant {
        moderator: true,
        ..grant(therapist)?
    };
    let therapist = issue(api, tokens, &moderator, now)?;
    let client = issue(api, tokens, &grant(client)?, now)?;
    let body = CreatedRoom {
        room_name: room.as_str(),
        join_url: embed::join_url(tokens, room, meeting.booking.meeting_type),
        therapist_token: &therapist.token,
        client_token: &client.token,
        meeting_id: meeting.id,
        expires_at: seconds(client.expires_at),
        embed: Embed::new(tokens, room, meeting.booking.meeting_type),
    };
    Ok(Answer::json(&body, Some(caller.id.clone())))
}

/// `POST /api/jitsi/validate-token`
pub(super) async fn validate_token(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let caller = request.caller(MAY_VALIDATE)?;
    let wanted: ValidateToken = body.json().await.map_err(|error| caller.refused(error))?;
    judge(request, &caller, &wanted)
        .await
        .map_err(|error| caller.refused(error))
}

async fn judge(request: &Incoming, caller: &Caller<'_>, wanted: &ValidateToken) -> Result<Answer, ApiError> {
    let keyring = request.api.keyring.borrow().clone();
    let now = request.context.received_at;
    let judged =
        jitsi(&keyring, caller.id, caller.client)?.verify(wanted.token()?, wanted.room()?.as_ref(), now);
    let judged = request.unless_revoked(judged).await?;
    request.api.metrics.token_checked(found(&judged));
    let id = Some(caller.id.clone());
    Ok(match judged {
        Ok((verified, _)) => Answer::json(&ValidToken::from(verified), id),
        Err(refusal) => {
            let language = choose(&request.headers, Some(&caller.spoken()), &request.config);
            let error = ApiError::from(SignInRefusal::BadToken(refusal)).sentence(language);
            let body = InvalidToken {
                valid: false,
                code: refusal.code(),
                error,
            };
            Answer::json(&body, id).because(refusal.code())
        }
    })
}

fn issue(api: &Api, tokens: &JitsiTokens, grant: &Grant, now: Timestamp) -> Result<Issued, ApiError> {
    let issued = tokens.issue(grant, now, token_id(now, api.ambient.random()))?;
    api.metrics.token_requested(TokenKind::Jitsi, TokenResult::Issued);
    Ok(issued)
}

fn room_key(tokens: &JitsiTokens, grant: &Grant) -> RoomKey {
    RoomKey {
        backend: tokens.backend(),
        name: grant.room.clone(),
    }
}

pub(super) fn found<T>(judged: &Result<T, Refusal>) -> TokenCheck {
    match judged {
        Ok(_) => TokenCheck::Valid,
        Err(Refusal::Malformed) => TokenCheck::Malformed,
        Err(Refusal::BadSignature) => TokenCheck::BadSignature,
        Err(Refusal::UnknownKey) => TokenCheck::UnknownKey,
        Err(Refusal::WrongAlgorithm) => TokenCheck::WrongAlgorithm,
        Err(Refusal::Expired) => TokenCheck::Expired,
        Err(Refusal::NotYetValid) => TokenCheck::NotYetValid,
        Err(Refusal::WrongIssuer) => TokenCheck::WrongIssuer,
        Err(Refusal::WrongAudience) => TokenCheck::WrongAudience,
        Err(Refusal::WrongSubject) => TokenCheck::WrongSubject,
        Err(Refusal::WrongRoom) => TokenCheck::WrongRoom,
        Err(Refusal::Revoked) => TokenCheck::Revoked,
    }
}

// === impl ValidToken ===

impl From<Verified> for ValidToken {
    fn from(verified: Verified) -> Self {
        let Verified {
            room,
            user,
            moderator,
            expires_at,
            ..
        } = verified;
        Self {
            valid: true,
            expires_at: seconds(expires_at),
            room,
            user,
            moderator,
        }
    }
}
