//! `GET /api/meetings` and `GET /api/meetings/user/{id}`: the meetings of a program, a person, a hospital, by their time.

use futures_util::future::try_join_all;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::client_of;
use super::pass::Pass;
use super::record::{MeetingBody, shown_status};
use crate::domain::{Meeting, UserId};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::{Asker, MAY_READ};
use crate::http::error::ApiError;
use crate::http::query::{LIMIT, Parts, field, limit, moment};
use crate::http::refused::Refused;
use crate::meetings::agenda::{Owner, Wanted};

/// A query that was understood.
pub(in crate::http) struct Query {
    wanted: Wanted,
    /// As callers are shown it.
    status: Option<&'static str>,
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

#[derive(Serialize)]
struct Listed<'a> {
    meetings: Vec<MeetingBody<'a>>,
    next_cursor: Option<&'a str>,
}

/// What `status` may ask for: the four words of answers, and the one that is shown as another.
const STATUSES: [&str; 5] = ["scheduled", "active", "completed", "cancelled", "missed"];
const CANCELLED: &str = "cancelled";

pub(super) async fn all(request: &Incoming) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let query = Query::parse(&request.query, false)?;
        let owner = whole(&asker, query.hospital.as_deref());
        show(request, &asker, &owner, &query).await
    };
    answer.await.map_err(|error| asker.refused(error))
}

pub(super) async fn of_user(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let owner = one_person(&asker, id)?;
        show(request, &asker, &owner, &Query::parse(&request.query, false)?).await
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
    let passes = passes(request, asker, &page.meetings).await?;
    let bodies = page.meetings.iter().zip(&passes);
    let body = Listed {
        meetings: bodies
            .map(|(meeting, pass)| MeetingBody::new(request, meeting, pass))
            .collect(),
        next_cursor: page.next.as_deref(),
    };
    Ok(Answer::success(&body, client_of(asker)))
}

/// The way into each; what is given of them is in the audit trail when this returns.
pub(in crate::http) async fn passes<'a>(
    request: &Incoming,
    asker: &Asker<'_>,
    meetings: &'a [Meeting],
) -> Result<Vec<Pass<'a>>, ApiError> {
    let made = meetings
        .iter()
        .map(|meeting| Pass::listed(request, asker, meeting));
    try_join_all(made).await
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

/// The list of one person, as far as the caller may ask for it. To others there is none.
pub(in crate::http) fn one_person(asker: &Asker<'_>, id: &str) -> Result<Owner, ApiError> {
    let id = percent_decode_str(id).decode_utf8().ok();
    let id = id
        .and_then(|id| UserId::parse(&id).ok())
        .ok_or(ApiError::NotFound)?;
    if asker.viewer().may_list(&id) {
        Ok(Owner::User(id))
    } else {
        Err(ApiError::NotFound)
    }
}

// === impl Query ===

impl Query {
    pub(in crate::http) fn parse(text: &str, appointments: bool) -> Result<Self, ApiError> {
        let parts = Parts::parse(text);
        let status = field("status", parts.one("status")?, status)?;
        Ok(Self {
            wanted: Wanted {
                from: field("from", parts.one("from")?, moment)?,
                to: field("to", parts.one("to")?, moment)?,
                // Those that were missed are among them, and the index knows one word only.
                status: status.filter(|word| *word != CANCELLED),
                appointments,
            },
            status,
            limit: field("limit", parts.one("limit")?, limit)?.unwrap_or(LIMIT),
            cursor: parts.one("cursor")?.map(str::to_owned),
            hospital: parts.one("hospital")?.map(str::to_owned),
        })
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
        let fits = |meeting: &Meeting| match self.status {
            Some(CANCELLED) => shown_status(&meeting.status) == CANCELLED,
            _ => true,
        };
        let viewer = asker.viewer();
        listing
            .meetings
            .retain(|meeting| fits(meeting) && meeting.booking.is_seen_by(viewer));
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
