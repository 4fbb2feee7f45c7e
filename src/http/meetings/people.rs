//! `/api/meetings/{meeting}/people/{person}`: somebody is removed, or may come again; and what they may do in the room.
//!
//! The person is named as attendance shows them, or by their own id. Whoever is removed is put out by an order, which holds;
//! the rest is done at once or not at all.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::client_of;
use super::manage::apply;
use crate::audit::{Act, Action};
use crate::domain::meeting::as_reported;
use crate::domain::{Input, Meeting, UserId};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_BOOK};
use crate::http::body::Body;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::join::host;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::meetings::people::{Media, Permissions};
use crate::telemetry::label::{Label, Route};

/// Somebody in a meeting, as the path names them.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it only describes the path")]
struct InMeeting {
    /// The id of the meeting.
    #[param(format = "uuid")]
    meeting: String,
    /// The id of the person, as attendance shows it, or their own.
    #[param(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f]+$")]
    person: String,
}

/// What is to be muted; at least one is true.
#[derive(Debug, Deserialize, ToSchema)]
struct Mute {
    #[serde(default)]
    audio: bool,
    /// Camera and shared screens.
    #[serde(default)]
    video: bool,
}

/// What is absent stays as it is; at least one is there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Permit {
    can_publish: Option<bool>,
    can_subscribe: Option<bool>,
    can_publish_data: Option<bool>,
}

#[derive(Serialize, ToSchema)]
struct Removed<'a> {
    /// Everybody who may not come to this meeting any more, as attendance names them.
    #[schema(value_type = Vec<String>)]
    removed: &'a [UserId],
}

#[derive(Serialize, ToSchema)]
struct Muted {
    /// How many tracks.
    muted: usize,
}

#[derive(Serialize, ToSchema)]
struct Permitted {
    /// On how many connections of the person.
    connections: usize,
}

/// Removes somebody from a meeting
///
/// They are put out of the room, and again whenever they come back with a token from before; they get no other, and wait in
/// no waiting room. A host is taken off the hosts first.
#[utoipa::path(
    delete,
    path = Route::MeetingPerson.as_str(),
    operation_id = "remove_person",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(InMeeting),
    responses((status = 200, description = "Who may not come any more.", body = Success<Removed>, example = json!({"status": "success", "data": {"removed": ["client-456"]}}))),
    extensions(("x-errors" = json!(["not_found", "not_organiser", "host_cannot_be_removed", "guests_not_allowed", "not_a_member", "unavailable"]))),
)]
pub(super) async fn remove(request: &Incoming, id: &str, person: &str) -> Result<Answer, Refused> {
    let (asker, meeting, person) = named(request, id, person).await?;
    let change = async {
        let is_host = |host: &UserId| as_reported(host) == person;
        if meeting.booking.hosts().any(is_host) {
            return Err(MeetingRefusal::HostStays.into());
        }
        apply(request, meeting.id, Input::Remove(person.clone()), |_| true).await
    };
    let act = act(request, &asker, Action::Remove, (&meeting, &person));
    removed(request, &asker, act, change.await).await
}

/// Lets somebody come to a meeting again who was removed
#[utoipa::path(
    put,
    path = Route::MeetingPerson.as_str(),
    operation_id = "readmit_person",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(InMeeting),
    responses((status = 200, description = "Who may still not come.", body = Success<Removed>, example = json!({"status": "success", "data": {"removed": []}}))),
    extensions(("x-errors" = json!(["not_found", "not_organiser", "guests_not_allowed", "not_a_member", "unavailable"]))),
)]
pub(super) async fn readmit(request: &Incoming, id: &str, person: &str) -> Result<Answer, Refused> {
    let (asker, meeting, person) = named(request, id, person).await?;
    let changed = apply(request, meeting.id, Input::Readmit(person.clone()), |_| true).await;
    let act = act(request, &asker, Action::Readmit, (&meeting, &person));
    removed(request, &asker, act, changed).await
}

/// Mutes somebody who is in the room
///
/// What they publish now; they can unmute themselves. On LiveKit only.
#[utoipa::path(
    post,
    path = Route::MeetingMute.as_str(),
    operation_id = "mute_person",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(InMeeting),
    request_body(content = Mute, example = json!({"audio": true})),
    responses((status = 200, description = "It is done.", body = Success<Muted>, example = json!({"status": "success", "data": {"muted": 1}}))),
    extensions(("x-errors" = json!([
        "not_found", "missing_field", "not_organiser", "not_in_room", "unsupported_by_backend", "backend_unavailable",
        "guests_not_allowed", "not_a_member", "unavailable",
    ]))),
)]
pub(super) async fn mute(request: &Incoming, id: &str, person: &str, body: Body) -> Result<Answer, Refused> {
    let (asker, meeting, person) = named(request, id, person).await?;
    let change = async {
        let wanted: Mute = body.json().await?;
        let media = Media {
            audio: wanted.audio,
            video: wanted.video,
        };
        if media == Media::default() {
            return Err(ApiError::Missing { field: "audio" });
        }
        Ok(request.api.people.mute(&meeting, &person, media).await?)
    };
    let act = act(request, &asker, Action::Mute, (&meeting, &person));
    let muted = request.ended(act, change.await).await;
    let muted = muted.map_err(|error| asker.refused(error))?;
    Ok(Answer::success(&Muted { muted }, client_of(&asker)))
}

/// Changes what somebody who is in the room may do there
///
/// Until they come in anew. On LiveKit only.
#[utoipa::path(
    patch,
    path = Route::MeetingPerson.as_str(),
    operation_id = "permit_person",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(InMeeting),
    request_body(content = Permit, example = json!({"canPublish": false})),
    responses((status = 200, description = "It is done.", body = Success<Permitted>, example = json!({"status": "success", "data": {"connections": 1}}))),
    extensions(("x-errors" = json!([
        "not_found", "missing_field", "not_organiser", "not_in_room", "unsupported_by_backend", "backend_unavailable",
        "guests_not_allowed", "not_a_member", "unavailable",
    ]))),
)]
pub(super) async fn permit(
    request: &Incoming,
    id: &str,
    person: &str,
    body: Body,
) -> Result<Answer, Refused> {
    let (asker, meeting, person) = named(request, id, person).await?;
    let change = async {
        let wanted: Permit = body.json().await?;
        let permissions = Permissions {
            publish: wanted.can_publish,
            subscribe: wanted.can_subscribe,
            publish_data: wanted.can_publish_data,
        };
        if permissions == Permissions::default() {
            return Err(ApiError::Missing { field: "canPublish" });
        }
        Ok(request.api.people.permit(&meeting, &person, permissions).await?)
    };
    let act = act(request, &asker, Action::Permit, (&meeting, &person));
    let connections = request.ended(act, change.await).await;
    let connections = connections.map_err(|error| asker.refused(error))?;
    Ok(Answer::success(&Permitted { connections }, client_of(&asker)))
}

/// Who asks, who may ask for it; the meeting; and the person, as reports name them.
async fn named<'a>(
    request: &'a Incoming,
    id: &str,
    person: &str,
) -> Result<(Asker<'a>, Meeting, UserId), Refused> {
    let (asker, meeting) = host(request, id, MAY_BOOK).await?;
    let decoded = percent_decode_str(person).decode_utf8().ok();
    let person = decoded.and_then(|person| UserId::parse(&person).ok());
    match person {
        Some(person) => Ok((asker, meeting, as_reported(&person))),
        None => Err(asker.refused(ApiError::NotFound)),
    }
}

/// What is written down of it: who did it to whom, by their ids.
pub(super) fn act(
    request: &Incoming,
    asker: &Asker<'_>,
    action: Action,
    (meeting, person): (&Meeting, &UserId),
) -> Act {
    let user = match asker {
        Asker::Client(_) => None,
        Asker::User(session) => Some(session.user.id.clone()),
    };
    Act {
        client: client_of(asker),
        user,
        person: Some(person.clone()),
        room: Some(meeting.booking.room.name.clone()),
        ..request.act(action, Ending::Success)
    }
}

async fn removed(
    request: &Incoming,
    asker: &Asker<'_>,
    act: Act,
    changed: Result<Meeting, ApiError>,
) -> Result<Answer, Refused> {
    let meeting = request.ended(act, changed).await;
    let meeting = meeting.map_err(|error| asker.refused(error))?;
    let body = Removed {
        removed: &meeting.booking.details.removed,
    };
    Ok(Answer::success(&body, client_of(asker)))
}
