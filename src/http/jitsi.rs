//! Tokens for Jitsi rooms, for programs (`http.md` section 2).

pub(super) mod embed;
mod request;

use chrono::Duration;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::auth::{Caller, MAY_CREATE, MAY_GENERATE, MAY_VALIDATE};
use super::backend::jitsi;
use super::body::Body;
use super::error::{ApiError, MeetingRefusal, SignInRefusal};
use super::field::seconds;
use super::language::choose;
use super::openapi::tag;
use super::refused::Refused;
use super::{Api, Incoming, to_the_end};
use crate::domain::{MeetingId, RoomKey, Timestamp};
use crate::telemetry::label::{Label, Route, TokenCheck, TokenKind, TokenResult};
use crate::tokens::{Grant, Issued, JitsiTokens, Person, Refusal, Verified, VerifiedUser, token_id};
use embed::Embed;
use request::{CreateRoom, GenerateToken, ValidateToken, participant};

#[derive(OpenApi)]
#[openapi(paths(generate_token, create_room, validate_token))]
pub(super) struct Docs;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GeneratedToken<'a> {
    token: &'a str,
    /// As Jitsi compares it: lower case, percent-encoded.
    room_name: &'a str,
    /// Where people open the room; no token inside.
    #[schema(format = "uri")]
    join_url: String,
    #[schema(format = DateTime)]
    expires_at: String,
    embed: Embed<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreatedRoom<'a> {
    /// `{prefix of the client}-{appointmentId}-{milliseconds}`, as Jitsi compares it.
    room_name: &'a str,
    /// Where people open the room; no token inside.
    #[schema(format = "uri")]
    join_url: String,
    /// Makes its holder a moderator.
    therapist_token: &'a str,
    client_token: &'a str,
    #[schema(value_type = String, format = "uuid")]
    meeting_id: MeetingId,
    /// Of both tokens: two hours after the later of now and the booked start.
    #[schema(format = DateTime)]
    expires_at: String,
    embed: Embed<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ValidToken {
    /// Always true.
    valid: bool,
    #[schema(format = DateTime)]
    expires_at: String,
    /// Absent where the token says who somebody is and opens no room.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    user: VerifiedUser,
    moderator: bool,
}

#[derive(Serialize, ToSchema)]
struct InvalidToken {
    /// Always false.
    valid: bool,
    #[schema(example = "expired")]
    code: &'static str,
    /// A sentence for a person.
    error: String,
}

/// What a token turned out to be.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum JudgedToken {
    Valid(ValidToken),
    Invalid(InvalidToken),
}

/// Tokens for a created room live so long after the later of now and the booked start.
const ROOM_TOKEN_LIFE: Duration = Duration::hours(2);

/// Makes a token for one person and one room
///
/// The token is one that Jitsi's Prosody takes; `embed` can be handed to `new JitsiMeetExternalAPI(domain, options)` as it is.
#[utoipa::path(
    post,
    path = Route::GenerateToken.as_str(),
    tag = tag::JITSI,
    security(("api_key" = ["tokens:issue"]), ("client" = ["tokens:issue"])),
    request_body(content = GenerateToken, example = json!({
        "roomName": "ataraxia-12345-1699999999999",
        "userName": "Dr. Sarah Johnson",
        "userEmail": "sarah.johnson@example.com",
        "userId": "therapist-123",
        "isModerator": true,
        "appointmentId": "appt-456",
        "expiresIn": 7200,
    })),
    responses((status = 200, description = "The token, and what a page needs to show the room.", body = GeneratedToken, example = json!({
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "roomName": "ataraxia-12345-1699999999999",
        "joinUrl": "https://meet.example.com/ataraxia-12345-1699999999999",
        "expiresAt": "2026-11-14T12:00:00Z",
        "embed": {
            "domain": "meet.example.com",
            "roomName": "ataraxia-12345-1699999999999",
            "jwt": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
            "configOverwrite": {},
            "userInfo": {"displayName": "Dr. Sarah Johnson"},
        },
    }))),
    extensions(("x-errors" = json!([
        "missing_field", "invalid_field", "expires_in_too_long", "room_not_allowed", "removed_from_meeting",
    ]))),
)]
pub(super) async fn generate_token(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let (api, now) = (&request.api, request.context.received_at);
    let caller = request.caller(MAY_GENERATE)?;
    let wanted: GenerateToken = body.json().await.map_err(|error| caller.refused(error))?;
    let answer = || {
        let keyring = api.keyring.borrow().clone();
        let tokens = jitsi(&keyring, caller.id, caller.client)?;
        let grant = wanted.grant(&caller, now)?;
        require_not_removed(request, &room_key(tokens, &grant), &grant.user)?;
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

/// Books a room for an appointment
///
/// It makes a scheduled meeting with tokens for the two who meet. Asked again for the same appointment, or with the same
/// `Idempotency-Key`, it answers the same room.
#[utoipa::path(
    post,
    path = Route::CreateRoom.as_str(),
    tag = tag::JITSI,
    security(("api_key" = ["tokens:issue", "meetings:write"]), ("client" = ["tokens:issue", "meetings:write"])),
    params((
        "Idempotency-Key" = Option<String>,
        Header,
        description = "1 to 128 printable characters; the same key for another appointment is refused.",
        min_length = 1,
        max_length = 128,
        pattern = "^[ -~]+$",
    )),
    request_body(content = CreateRoom, example = json!({
        "appointmentId": "appt-456",
        "therapistId": "therapist-123",
        "clientId": "client-456",
        "therapistName": "Dr. Sarah Johnson",
        "clientName": "Alex",
        "scheduledStartTime": "2026-11-14T10:00:00Z",
        "durationMinutes": 50,
        "callType": "video",
    })),
    responses((status = 200, description = "The room, new or as it was booked before.", body = CreatedRoom, example = json!({
        "roomName": "ataraxia-appt-456-1699999999999",
        "joinUrl": "https://meet.example.com/ataraxia-appt-456-1699999999999",
        "therapistToken": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "clientToken": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "meetingId": "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f",
        "expiresAt": "2026-11-14T12:00:00Z",
        "embed": {"domain": "meet.example.com", "roomName": "ataraxia-appt-456-1699999999999", "configOverwrite": {}},
    }))),
    extensions(("x-errors" = json!([
        "missing_field", "invalid_field", "room_not_allowed", "idempotency_key_reused", "unavailable",
    ]))),
)]
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

/// Says whether a token is good
///
/// It is judged as Jitsi's Prosody would judge it; a token of a sign-in that has ended is `revoked`. With `roomName`, it
/// must open that room.
#[utoipa::path(
    post,
    path = Route::ValidateToken.as_str(),
    tag = tag::JITSI,
    security(("api_key" = ["tokens:validate"]), ("client" = ["tokens:validate"])),
    request_body(content = ValidateToken, example = json!({"token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"})),
    responses((status = 200, description = "What the token is; a bad one is no error.", body = JudgedToken, examples(
        ("good" = (value = json!({
            "valid": true,
            "expiresAt": "2026-11-14T12:00:00Z",
            "room": "ataraxia-12345-1699999999999",
            "user": {"id": "therapist-123", "name": "Dr. Sarah Johnson"},
            "moderator": true,
        }))),
        ("bad" = (value = json!({"valid": false, "code": "expired", "error": "The token has expired."}))),
    ))),
    extensions(("x-errors" = json!(["missing_field", "invalid_field", "unavailable"]))),
)]
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
        Ok((verified, _)) => Answer::json(&JudgedToken::Valid(verified.into()), id),
        Err(refusal) => {
            let language = choose(&request.headers, Some(&caller.spoken()), &request.config);
            let error = ApiError::from(SignInRefusal::BadToken(refusal)).sentence(language);
            let body = JudgedToken::Invalid(InvalidToken {
                valid: false,
                code: refusal.code(),
                error,
            });
            Answer::json(&body, id).because(refusal.code())
        }
    })
}

fn issue(api: &Api, tokens: &JitsiTokens, grant: &Grant, now: Timestamp) -> Result<Issued, ApiError> {
    let issued = tokens.issue(grant, now, token_id(now, api.ambient.random()))?;
    api.metrics.token_requested(TokenKind::Jitsi, TokenResult::Issued);
    Ok(issued)
}

/// Nobody asks for somebody who was removed from the meeting in that room.
fn require_not_removed(request: &Incoming, room: &RoomKey, person: &Person) -> Result<(), MeetingRefusal> {
    let removed = |id| request.api.meetings.is_removed(room, id);
    match person.id.as_ref().is_some_and(removed) {
        true => Err(MeetingRefusal::Removed),
        false => Ok(()),
    }
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
