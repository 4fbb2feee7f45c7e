//! `GET /api/meetings` and `GET /api/meetings/user/{id}`: the meetings of a program, a person, a hospital, by their time.

use percent_encoding::percent_decode_str;
use serde::Serialize;
use utoipa::ToSchema;

use super::pass::Pass;
use super::record::MeetingBody;
use super::{client_of, examples};
use crate::domain::{Meeting, UserId};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_READ};
use crate::http::error::ApiError;
use crate::http::openapi::tag;
use crate::http::query::{LIMIT, Parts, field, limit, moment};
use crate::http::refused::Refused;
use crate::meetings::agenda::{Owner, Wanted};
use crate::telemetry::label::{Label, Route};

/// A query that was understood.
pub(in crate::http) struct Query {
    wanted: Wanted,
    limit: usize,
    cursor: Option<String>,
    /// Which of their hospitals, where somebody works for several.
    hospital: Option<String>,
}

/// A part of a list, and where the next one begins.
pub(in crate::http) struct Page {
    pub(in crate::http) meetings: Vec<Meeting>,
    pub(in crate::http) next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Meetings)]
struct Listed<'a> {
    meetings: Vec<MeetingBody<'a>>,
    /// Null at the end.
    #[schema(required = true)]
    next_cursor: Option<&'a str>,
}

/// What `status` may ask for: the four words of answers, and the one that is shown as another.
const STATUSES: [&str; 5] = ["scheduled", "active", "completed", "cancelled", "missed"];

/// Lists meetings by their time
///
/// From `from` on forward, else backward from the latest. Of a program or a person their own, of the staff of a hospital those of the hospital, of administrators all.
#[utoipa::path(
    get,
    path = Route::Meetings.as_str(),
    operation_id = "list_meetings",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(
        ("status" = Option<String>, Query, pattern = "^(scheduled|active|completed|cancelled|missed)$", description = "Only those."),
        ("from" = Option<String>, Query, format = DateTime, description = "Not before this moment."),
        ("to" = Option<String>, Query, format = DateTime, description = "Before this moment."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "So many at once; 50 where nothing is said."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of an answer."),
        ("hospital" = Option<String>, Query, description = "For those who work at several: which."),
    ),
    responses((status = 200, description = "Those that the caller may see; there may be fewer than `limit` although more follow.", body = Success<Listed>, example = json!(examples::listed()))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
pub(super) async fn all(request: &Incoming) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let query = Query::parse(&request.query, false)?;
        let owner = whole(&asker, query.hospital.as_deref());
        show(request, &asker, &owner, &query).await
    };
    answer.await.map_err(|error| asker.refused(error))
}

/// Lists the meetings of a person by their time
///
/// From `from` on forward, else backward from the latest. For the person and those who may see all of theirs; to others
/// there is no such list.
#[utoipa::path(
    get,
    path = Route::MeetingsOfUser.as_str(),
    operation_id = "list_meetings_of_user",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(
        ("user" = String, Path, description = "The id of the person."),
        ("status" = Option<String>, Query, pattern = "^(scheduled|active|completed|cancelled|missed)$", description = "Only those."),
        ("from" = Option<String>, Query, format = DateTime, description = "Not before this moment."),
        ("to" = Option<String>, Query, format = DateTime, description = "Before this moment."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "So many at once; 50 where nothing is said."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of an answer."),
    ),
    responses((status = 200, description = "Those that the caller may see; there may be fewer than `limit` although more follow.", body = Success<Listed>, example = json!(examples::listed()))),
    extensions(("x-errors" = json!(["invalid_field", "not_found", "unavailable"]))),
)]
pub(super) async fn of_user(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let (owner, query) = Query::parse(&request.query, false)?.of_person(&asker, id)?;
        show(request, &asker, &owner, &query).await
    };
    answer.await.map_err(|error| asker.refused(error))
}

async fn show(
    request: &Incoming,
    asker: &Asker<'_>,
    owner: &Owner,
    query: &Query,
) -> Result<Answer, ApiError> {
    let page = query.page(request, asker, owner).await?;
    let passes = passes(request, asker, &page.meetings);
    let bodies = page.meetings.iter().zip(&passes);
    let body = Listed {
        meetings: bodies
            .map(|(meeting, pass)| MeetingBody::new(request, meeting, pass))
            .collect(),
        next_cursor: page.next.as_deref(),
    };
    Ok(Answer::success(&body, client_of(asker)))
}

/// The way into each.
pub(in crate::http) fn passes<'a>(
    request: &Incoming,
    asker: &Asker<'_>,
    meetings: &'a [Meeting],
) -> Vec<Pass<'a>> {
    let made = meetings
        .iter()
        .map(|meeting| Pass::listed(request, asker, meeting));
    made.collect()
}

/// The list of the caller: that of the house for administrators, that of the hospital for its staff, else their own.
fn whole(asker: &Asker<'_>, hospital: Option<&str>) -> Owner {
    let viewer = asker.viewer();
    if viewer.sees_everything() {
        return Owner::Everyone;
    }
    match asker {
        Asker::Client(caller) => Owner::Client(caller.id.clone()),
        Asker::User(session) => match viewer.workplace(hospital) {
            Some(hospital) => Owner::Organisation(hospital.to_owned()),
            None => Owner::User(session.user.id.clone()),
        },
    }
}

// === impl Query ===

impl Query {
    pub(in crate::http) fn parse(text: &str, appointments: bool) -> Result<Self, ApiError> {
        let parts = Parts::parse(text);
        Ok(Self {
            wanted: Wanted {
                from: field("from", parts.one("from")?, moment)?,
                to: field("to", parts.one("to")?, moment)?,
                status: field("status", parts.one("status")?, status)?,
                appointments,
                person: None,
            },
            limit: field("limit", parts.one("limit")?, limit)?.unwrap_or(LIMIT),
            cursor: parts.one("cursor")?.map(str::to_owned),
            hospital: parts.one("hospital")?.map(str::to_owned),
        })
    }

    /// The list of one person, as far as the caller may ask for it. To others there is none. A program goes along the list
    /// of its own and looks for the person there, so that nothing which others booked shows in what follows, or how much.
    pub(in crate::http) fn of_person(self, asker: &Asker<'_>, id: &str) -> Result<(Owner, Self), ApiError> {
        let id = percent_decode_str(id).decode_utf8().ok();
        let id = id
            .and_then(|id| UserId::parse(&id).ok())
            .ok_or(ApiError::NotFound)?;
        let viewer = asker.viewer();
        if !viewer.may_list(&id) {
            return Err(ApiError::NotFound);
        }
        match asker {
            Asker::Client(caller) if !viewer.sees_everything() => {
                let wanted = Wanted {
                    person: Some(id),
                    ..self.wanted
                };
                Ok((Owner::Client(caller.id.clone()), Self { wanted, ..self }))
            }
            _ => Ok((Owner::User(id), self)),
        }
    }

    /// The meetings of that list which the caller may see. There may be fewer than fit although more follow.
    pub(in crate::http) async fn page(
        &self,
        request: &Incoming,
        asker: &Asker<'_>,
        owner: &Owner,
    ) -> Result<Page, ApiError> {
        let cursor = self.cursor.as_deref();
        let listing = request.api.meetings.list(owner, &self.wanted, cursor, self.limit);
        let mut listing = listing.await?;
        let viewer = asker.viewer();
        listing
            .meetings
            .retain(|meeting| meeting.booking.is_seen_by(viewer));
        Ok(Page {
            meetings: listing.meetings,
            next: listing.next,
        })
    }
}

fn status(text: &str) -> Result<&'static str, String> {
    let known = STATUSES.into_iter().find(|word| *word == text);
    known.ok_or_else(|| format!("must be one of {}", STATUSES.join(", ")))
}
