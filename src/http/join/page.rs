//! `GET /m/{meeting}`: the page for everybody who takes part. It works without scripts: then it is loaded again and again
//! while one waits, and its button leads to the room.

use std::collections::HashSet;

use http::StatusCode;
use url::Url;

use super::door::Arrival;
use super::{meeting_at, policy};
use crate::domain::access::{Reason, Standing};
use crate::domain::meeting::MeetingType;
use crate::domain::{MeetingId, UserId};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::backend::Server;
use crate::http::error::ApiError;
use crate::http::field::seconds;
use crate::http::language::choose;
use crate::http::meetings::door::local;
use crate::http::meetings::pass::join_page;
use crate::http::openapi::tag;
use crate::http::origin::base;
use crate::http::refused::Refused;
use crate::http::sso::to_sign_in;
use crate::pages::{Frame, JoinPage, JoinPlace, JoinTime};
use crate::signin::{Session, accounts};
use crate::telemetry::label::{Label, Route};

/// Names that the page lists.
const MOST_NAMES: usize = 12;

/// Shows the join page of a meeting
///
/// Who, when, a countdown and the waiting room before, and the room itself. Whoever is not signed in is led to the login page.
#[utoipa::path(
    get,
    path = Route::JoinPage.as_str(),
    operation_id = "join_page",
    tag = tag::PAGES,
    security((), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "To the login page.", headers(("Location" = String, description = "The login page."))),
    ),
    extensions(("x-error-pages" = json!(["not_found", "guests_not_allowed", "not_a_member", "unavailable"]))),
)]
pub(super) async fn show(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let id: MeetingId = id.parse().map_err(|_| ApiError::NotFound)?;
    // Visits come from calendars and mails too, so the cookie counts wherever the link was.
    match request.cookie_session().await? {
        Some(session) if !session.is_guest() => visit(request, id, &session).await.map_err(Refused::from),
        _ => Ok(Answer::see_other(&to_sign_in(&request.config, id)?)),
    }
}

async fn visit(request: &Incoming, id: MeetingId, session: &Session) -> Result<Answer, ApiError> {
    let meeting = meeting_at(request, &id.to_string()).await?;
    let arrival = Arrival::of(request, &meeting, session)?;
    let standing = arrival.stand()?;
    let keyring = request.api.keyring.borrow().clone();
    let answer = match arrival.server(&keyring)? {
        Server::Jitsi(server) => {
            let domain = server.domain();
            let page = page(&arrival, standing, JoinPlace::Jitsi { domain });
            Answer::page(StatusCode::OK, page, &policy::jitsi(domain))
        }
        Server::LiveKit(server) => {
            let server = server.url();
            let page = page(&arrival, standing, JoinPlace::LiveKit { server });
            Answer::page(StatusCode::OK, page, &policy::livekit(server)).permitting(policy::DEVICES)
        }
    };
    Ok(answer.for_client(&meeting.booking.client))
}

/// Leads straight to the room, for browsers without scripts
///
/// Whoever may not go in sees the page again.
#[utoipa::path(
    post,
    path = Route::JoinPage.as_str(),
    operation_id = "enter_meeting",
    tag = tag::PAGES,
    security(("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    responses((status = 303, description = "To the room, or to the page.", headers(("Location" = String, description = "The room with a token, or the page.")))),
    extensions(("x-error-pages" = json!(["not_found", "guests_not_allowed", "not_a_member", "unavailable"]))),
)]
pub(super) async fn enter(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let session = request.user().await?;
    let meeting = meeting_at(request, id).await?;
    let arrival = Arrival::of(request, &meeting, &session)?;
    let link = match arrival.stand()? {
        Standing::Ready => arrival.admit(&session).await?.link(),
        _ => None,
    };
    let target = link.unwrap_or_else(|| join_page(&request.config, meeting.id));
    let target = Url::parse(&target).map_err(|_| ApiError::Internal)?;
    Ok(Answer::see_other(&target).for_client(&meeting.booking.client))
}

fn page(arrival: &Arrival<'_>, standing: Standing, place: JoinPlace<'_>) -> String {
    let (request, meeting) = (arrival.request, arrival.meeting);
    let client = request.config.clients.get_key_value(&meeting.booking.client);
    let spoken = client.map(|(id, client)| (id.clone(), client.language));
    let (base, zone) = (base(&request.config), arrival.zone());
    let (names, others) = people(arrival);
    let time = meeting.booking.slot.map(|slot| JoinTime {
        starts_at: seconds(slot.starts_at),
        ends_at: seconds(slot.ends_at()),
        shown: local(slot.starts_at, zone),
        minutes: slot.minutes,
        opens_at: arrival.opens_at().map(|at| (seconds(at), local(at, zone))),
    });
    let page = JoinPage {
        frame: Frame {
            language: choose(&request.headers, spoken.as_ref(), &request.config),
            base: &base,
        },
        meeting: &meeting.id.to_string(),
        title: meeting.booking.details.title.as_deref(),
        you: &arrival.user.name,
        people: names,
        others,
        time,
        zone: zone.name(),
        now: seconds(arrival.now()),
        audio: meeting.booking.meeting_type == MeetingType::Audio,
        moderates: arrival.moderates,
        place,
        state: standing.as_str(),
        host_is_missing: standing == Standing::Waiting(Reason::Host),
    };
    page.render()
}

/// Who else takes part: the names of those who are known here, and how many more there are.
fn people(arrival: &Arrival<'_>) -> (Vec<String>, usize) {
    let details = &arrival.meeting.booking.details;
    let appointment = details.appointment.iter();
    let named = appointment.flat_map(|appointment| appointment.doctor.iter().chain(&appointment.patient));
    let hosts = arrival.meeting.booking.hosts();
    let all: HashSet<&UserId> = hosts.chain(&details.participants).chain(named).collect();
    let mut ids = all;
    ids.remove(&arrival.user.id);
    let known = accounts(&arrival.request.config.users).filter(|user| ids.contains(&user.id));
    let names: Vec<_> = known.map(|user| user.name).take(MOST_NAMES).collect();
    let others = ids.len() - names.len();
    (names, others)
}
