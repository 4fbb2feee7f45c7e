//! `GET /api/meetings/{id}/attendance`: who was there, from when to when.

use serde::Serialize;
use utoipa::ToSchema;

use super::sheet::{Cell, Form, Sheet};
use crate::domain::attendance::Visit;
use crate::domain::observation::LeaveReason;
use crate::domain::{Figures, Meeting, MeetingId, UserId};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::MAY_READ;
use crate::http::error::ApiError;
use crate::http::field::seconds;
use crate::http::meetings::{client_of, seen};
use crate::http::openapi::tag;
use crate::http::query::Parts;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MeetingAttendance)]
struct Body<'a> {
    #[schema(value_type = String, format = "uuid")]
    meeting_id: MeetingId,
    /// How many people were in at once, at most.
    peak: u32,
    /// How long the room was open, until the last person left.
    open_seconds: i64,
    /// How long at least one person was in: `durationSeconds` of the meeting.
    occupied_seconds: i64,
    /// The time of all people together.
    person_seconds: i64,
    attendance: Vec<VisitBody<'a>>,
}

/// One time that somebody was in; who moves to a breakout room has not left.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Visit)]
struct VisitBody<'a> {
    /// As it stands in events; null where the meeting server knows none.
    #[schema(required = true, value_type = Option<String>)]
    user_id: Option<&'a UserId>,
    #[schema(required = true)]
    name: Option<&'a str>,
    #[schema(format = DateTime)]
    from: String,
    /// Null as long as it goes on.
    #[schema(required = true, format = DateTime)]
    to: Option<String>,
    seconds: i64,
    /// Whether nobody said when it ended, and usher concluded it.
    estimated: bool,
    /// Why it ended: `left`, `lost`, `kicked`, `banned`, `room_closed`, `switch_room`; or `missing` and `server_lost`, where
    /// nobody said so. Null as long as it goes on.
    #[schema(required = true)]
    reason: Option<&'static str>,
}

const COLUMNS: [&str; 8] = [
    "meeting_id",
    "user_id",
    "name",
    "from",
    "to",
    "seconds",
    "estimated",
    "reason",
];

/// Who was at a meeting
///
/// In order of time. As a table (CSV) with `Accept: text/csv`, or with `?format=csv` for a spreadsheet.
#[utoipa::path(
    get,
    path = Route::MeetingAttendance.as_str(),
    operation_id = "attendance",
    tag = tag::RECORDS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(
        ("meeting" = String, Path, format = "uuid", description = "The id of the meeting."),
        ("format" = Option<String>, Query, pattern = "^(json|csv)$", description = "The form of the answer, whatever `Accept` says."),
    ),
    responses((status = 200, description = "What is known by now.", content(
        (Success<Body> = "application/json", example = json!({"status": "success", "data": {
            "meetingId": "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f", "peak": 2, "openSeconds": 2530,
            "occupiedSeconds": 2523, "personSeconds": 4980,
            "attendance": [{"userId": "therapist-123", "name": "Dr. Sarah Johnson", "from": "2026-11-14T10:00:00Z",
                            "to": "2026-11-14T10:42:03Z", "seconds": 2523, "estimated": false, "reason": "left"}],
        }})),
        (String = "text/csv", example = "meeting_id,user_id,name,from,to,seconds,estimated,reason\n"),
    ))),
    extensions(("x-errors" = json!(["not_found", "invalid_field", "unavailable"]))),
)]
pub(super) async fn attendance(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let form = Form::wanted(&request.headers, &Parts::parse(&request.query))?;
        let meeting = seen(request, &asker, id).await?;
        let now = request.context.received_at;
        let mut visits = meeting.attendance.visits(now);
        visits.sort_by_key(|visit| (visit.from, visit.to));
        let client = client_of(&asker);
        Ok(match form {
            Form::Json => {
                let figures = meeting.figures_at(now);
                Answer::success(&body(&meeting, figures, &visits), client)
            }
            Form::Csv { marked } => {
                let file = format!("attendance-{}.csv", meeting.id);
                sheet(&meeting, &visits).answer(&file, marked, client)
            }
        })
    };
    answer.await.map_err(|error: ApiError| asker.refused(error))
}

fn body<'a>(meeting: &Meeting, figures: Option<Figures>, visits: &[Visit<'a>]) -> Body<'a> {
    let of = |figure: fn(&Figures) -> i64| figures.as_ref().map_or(0, figure);
    Body {
        meeting_id: meeting.id,
        peak: figures.map_or(0, |figures| figures.peak),
        open_seconds: of(Figures::open_seconds),
        occupied_seconds: of(Figures::duration_seconds),
        person_seconds: of(Figures::person_seconds),
        attendance: visits.iter().map(VisitBody::new).collect(),
    }
}

fn sheet(meeting: &Meeting, visits: &[Visit<'_>]) -> Sheet {
    let mut sheet = Sheet::new(&COLUMNS);
    for visit in visits.iter().map(VisitBody::new) {
        sheet.row([
            Cell::Own(meeting.id.to_string()),
            Cell::Text(visit.user_id.map(UserId::as_str).unwrap_or_default()),
            Cell::Text(visit.name.unwrap_or_default()),
            Cell::Own(visit.from),
            Cell::Own(visit.to.unwrap_or_default()),
            Cell::Own(visit.seconds.to_string()),
            Cell::Own(visit.estimated.to_string()),
            Cell::Own(visit.reason.unwrap_or_default().to_owned()),
        ]);
    }
    sheet
}

// === impl VisitBody ===

impl<'a> VisitBody<'a> {
    fn new(visit: &Visit<'a>) -> Self {
        Self {
            user_id: visit.person.user.as_ref(),
            name: visit.person.name.as_deref(),
            from: seconds(visit.from),
            to: (!visit.goes_on).then(|| seconds(visit.to)),
            seconds: visit.seconds(),
            estimated: visit.estimated,
            reason: visit.reason.filter(|_| !visit.goes_on).map(LeaveReason::as_str),
        }
    }
}
