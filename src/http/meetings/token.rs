//! `POST /api/meetings/{id}/token`: a link and a token, for the person who asks or for whom a program names.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::door::{Door, zone_of};
use super::pass::{JitsiDetails, LiveKitDetails, Pass, join_page};
use super::ticket::{DAY, Ticket, group, kept_end};
use super::wanted::{invalid, user};
use super::{client_of, examples, seen};
use crate::audit::Act;
use crate::domain::access::Entry;
use crate::domain::{Meeting, User, UserId};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, Caller, MAY_GENERATE};
use crate::http::backend::Server;
use crate::http::body::Body;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::field::{life_or, required, seconds, whole};
use crate::http::join::Arrival;
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::signin::{Session, accounts};
use crate::telemetry::label::{Label, Route};
use crate::tokens::{Issued, Person, PlainText};

/// A person says at most how long.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MeetingTokenRequest)]
struct TokenRequest {
    /// Somebody who takes part, where the meeting names its people.
    #[schema(schema_with = form::optional_text)]
    user_id: Option<String>,
    /// Required of programs.
    #[schema(schema_with = form::optional_name)]
    user_name: Option<String>,
    /// Absent: what the booking says of the user.
    moderator: Option<bool>,
    /// Seconds from when the token opens the room; a day where nothing is said. A person's own token for a meeting on LiveKit
    /// lives for minutes whatever is said; `livekitDetails.refreshAfterSeconds` is when the page asks for the next.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 31536000)]
    expires_in: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MeetingToken)]
struct Given<'a> {
    token: &'a str,
    link: Option<String>,
    join_url: String,
    room_name: &'a str,
    moderator: bool,
    #[schema(format = DateTime)]
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitsi_details: Option<JitsiDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    livekit_details: Option<LiveKitDetails<'a>>,
}

/// Gives a link and a token for a meeting
///
/// To a person for themselves; to a program for the participant whom it names. Before the door opens a program gets one
/// that is good from then on; it answers for the waiting room itself.
#[utoipa::path(
    post,
    path = Route::MeetingToken.as_str(),
    operation_id = "meeting_token",
    tag = tag::MEETINGS,
    security(("api_key" = ["tokens:issue"]), ("client" = ["tokens:issue"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    request_body(content = Option<TokenRequest>, description = "A person may leave it out.", example = json!({"userId": "client-456", "userName": "Alex"})),
    responses((status = 200, description = "The token, which opens this room for this person.", body = Success<Given>, example = json!(examples::token()))),
    extensions(("x-errors" = json!([
        "not_found", "missing_field", "invalid_field", "expires_in_too_long", "too_early", "waiting_for_host", "meeting_over",
        "no_room", "removed_from_meeting", "guests_not_allowed", "not_a_member", "token_too_large", "unavailable",
    ]))),
)]
pub(super) async fn token(request: &Incoming, id: &str, body: Body) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_GENERATE).await?;
    let answer = async {
        let meeting = seen(request, &asker, id).await?;
        let wanted: TokenRequest = body.json_if_any().await?;
        let act = wanted.act(request, &asker, &meeting);
        let signed = signed(request, &asker, &meeting, &wanted);
        let (ticket, issued) = request.ended(act, signed).await?;
        Ok(given(request, &asker, &meeting, ticket, issued))
    };
    answer.await.map_err(|error: ApiError| asker.refused(error))
}

fn signed(
    request: &Incoming,
    asker: &Asker<'_>,
    meeting: &Meeting,
    wanted: &TokenRequest,
) -> Result<(Ticket, Issued), ApiError> {
    let door = Door::of(meeting, &request.config, request.context.received_at);
    let ticket = match asker {
        Asker::Client(caller) => wanted.for_named(request, caller, meeting, door)?,
        Asker::User(session) => wanted.for_user(request, session, meeting, door)?,
    };
    let keyring = request.api.keyring.borrow().clone();
    let room = &meeting.booking.room;
    let server = Server::of(&keyring, &room.backend).ok_or(ApiError::Internal)?;
    let issued = ticket.sign(request, server, &room.name)?;
    Ok((ticket, issued))
}

fn given(request: &Incoming, asker: &Asker<'_>, meeting: &Meeting, ticket: Ticket, issued: Issued) -> Answer {
    let keyring = request.api.keyring.borrow().clone();
    let expires_at = seconds(issued.expires_at);
    let pass = Pass::with(request, meeting, keyring, (issued, ticket.person));
    let body = Given {
        token: pass.token().unwrap_or_default(),
        link: pass.link(),
        join_url: join_page(&request.config, meeting.id),
        room_name: meeting.booking.room.name.as_str(),
        moderator: ticket.entry.moderator,
        expires_at,
        jitsi_details: pass.jitsi(),
        livekit_details: pass.livekit(),
    };
    Answer::success(&body, client_of(asker))
}

// === impl TokenRequest ===

impl TokenRequest {
    /// Says whom the token is for, as far as that is understood.
    fn act(&self, request: &Incoming, asker: &Asker<'_>, meeting: &Meeting) -> Act {
        let act = match asker {
            Asker::Client(caller) => Act {
                user: self.user_id.as_deref().and_then(|id| UserId::parse(id).ok()),
                ..request.issue_to(caller)
            },
            Asker::User(session) => request.issue_for(session),
        };
        Act {
            room: Some(meeting.booking.room.name.clone()),
            ..act
        }
    }

    /// The seat of the person who asks, as soon as the door is open.
    fn for_user(
        &self,
        request: &Incoming,
        session: &Session,
        meeting: &Meeting,
        door: Door,
    ) -> Result<Ticket, ApiError> {
        if let Some(refusal) = door.refusal(zone_of(meeting, &request.config)) {
            return Err(refusal.into());
        }
        Arrival::of(request, meeting, session)?.require_ready()?;
        Ticket::for_user(request, session, meeting, self.expires_in)
    }

    /// For whom the program names. It may ask before the door opens, since it sends invitations; the token opens the room
    /// no sooner, and lives from then on, up to a booked end that is kept. Whether somebody waits for the host is the
    /// program's own business.
    fn for_named(
        &self,
        request: &Incoming,
        caller: &Caller<'_>,
        meeting: &Meeting,
        door: Door,
    ) -> Result<Ticket, ApiError> {
        let opens_at = match door {
            Door::Open => request.context.received_at,
            Door::Opens(at) => at,
            Door::Shut => return Err(MeetingRefusal::Over.into()),
            Door::InPerson => return Err(MeetingRefusal::InPerson.into()),
        };
        let id = self.participant(request, meeting)?;
        if id.as_ref().is_some_and(|id| meeting.booking.is_removed(id)) {
            return Err(MeetingRefusal::Removed.into());
        }
        let is_host = id.as_ref().is_some_and(|id| meeting.booking.is_host(id));
        let moderator = self.moderator.unwrap_or(is_host);
        let name = required("userName", self.user_name.as_deref())?;
        let name = PlainText::parse(name).map_err(ApiError::bad_text("userName"))?;
        let life = life_or(DAY, self.expires_in, caller.client.max_token_secs)?;
        let until = opens_at + Duration::seconds(life);
        let until = kept_end(&request.config.daemon, meeting).map_or(until, |end| until.min(end));
        Ok(Ticket {
            person: Person {
                id,
                ..Person::named(name)
            },
            entry: Entry {
                moderator,
                lobby_bypass: moderator,
                ..Entry::default()
            },
            group: group(Some(caller.client))?,
            session: None,
            opens_at,
            until,
        })
    }

    /// The user whom the program names, who must belong to a meeting that names its people.
    fn participant(&self, request: &Incoming, meeting: &Meeting) -> Result<Option<UserId>, ApiError> {
        let Some(id) = user("userId", self.user_id.as_deref())? else {
            return Ok(None);
        };
        let booking = &meeting.booking;
        let has_seat = |user: User| user.id == id && booking.seat(&user).is_some();
        match booking.is_open_to(&id) || accounts(&request.config.users).any(has_seat) {
            true => Ok(Some(id)),
            false => Err(invalid(
                "userId",
                "must be somebody who takes part in this meeting",
            )),
        }
    }
}
