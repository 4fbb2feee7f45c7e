//! `GET /api/usage`: what clients used, day by day.

use std::ops::Range;

use chrono::{Days, NaiveDate, NaiveTime};
use serde::Serialize;
use utoipa::ToSchema;

use super::sheet::{Cell, Form, Sheet};
use crate::domain::access::{Denial, Scope};
use crate::domain::usage::{DayOfUse, next_day};
use crate::domain::{ClientId, Timestamp};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_READ};
use crate::http::error::ApiError;
use crate::http::meetings::client_of;
use crate::http::openapi::tag;
use crate::http::query::{Parts, field, moment, name};
use crate::http::refused::Refused;
use crate::meetings::agenda::Owner;
use crate::telemetry::label::{Label, Route};

#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
struct Body<'a> {
    /// The first day that was counted.
    from: NaiveDate,
    /// The day after the last.
    to: NaiveDate,
    days: Vec<Row<'a>>,
}

/// What one client used on one day, in UTC. A meeting counts whole for the day it began.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DayOfUse)]
struct Row<'a> {
    date: NaiveDate,
    #[schema(value_type = String)]
    client: &'a ClientId,
    /// Those that took place, or go on.
    meetings: u32,
    /// Nobody came.
    missed: u32,
    cancelled: u32,
    /// The time of all people together, to the nearest minute.
    person_minutes: i64,
    /// How many people were in at once, over all of the client's meetings of the day.
    peak: u32,
}

/// A query that was understood.
#[derive(Debug, PartialEq)]
struct Query {
    days: Range<NaiveDate>,
    client: Option<ClientId>,
}

const COLUMNS: [&str; 7] = [
    "date",
    "client",
    "meetings",
    "missed",
    "cancelled",
    "person_minutes",
    "peak",
];
/// So many days, up to today, where the caller says nothing else.
const USUAL: Days = Days::new(30);
const MOST_DAYS: i64 = 92;

/// What was used, by day and client
///
/// A client sees its own totals; those of all are for clients with the scope `admin` and for administrators. Days without
/// meetings are left out. As a table (CSV) with `Accept: text/csv`, or with `?format=csv` for a spreadsheet.
#[utoipa::path(
    get,
    path = Route::Usage.as_str(),
    operation_id = "usage",
    tag = tag::RECORDS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(
        ("from" = Option<String>, Query, format = Date, description = "The first day, in UTC; 30 days before `to` where nothing is said. A moment stands for its day."),
        ("to" = Option<String>, Query, format = Date, description = "The day after the last, at most 92 days after `from`; tomorrow where nothing is said."),
        ("client" = Option<String>, Query, pattern = "^[a-z0-9_-]{1,64}$", description = "Only of this client; `adhoc` for rooms that nobody booked."),
        ("format" = Option<String>, Query, pattern = "^(json|csv)$", description = "The form of the answer, whatever `Accept` says."),
    ),
    responses((status = 200, description = "One row for each client and day.", content(
        (Success<Body> = "application/json", example = json!({"status": "success", "data": {
            "from": "2026-11-01", "to": "2026-12-01",
            "days": [{"date": "2026-11-14", "client": "ataraxia", "meetings": 12, "missed": 1, "cancelled": 2,
                      "personMinutes": 1034, "peak": 7}],
        }})),
        (String = "text/csv", example = "date,client,meetings,missed,cancelled,person_minutes,peak\n"),
    ))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
pub(super) async fn usage(request: &Incoming) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let parts = Parts::parse(&request.query);
        let form = Form::wanted(&request.headers, &parts)?;
        let query = Query::read(&parts, request.context.received_at)?;
        let owner = whose(&asker, query.client)?;
        let days = query.days;
        let usage = request.api.meetings.usage(&owner, days.clone()).await?;
        let rows: Vec<_> = usage.days().collect();
        Ok(show(form, days, &rows, client_of(&asker)))
    };
    answer.await.map_err(|error: ApiError| asker.refused(error))
}

/// The list of the client that is asked for, as far as the caller may see it.
fn whose(asker: &Asker<'_>, client: Option<ClientId>) -> Result<Owner, ApiError> {
    if asker.viewer().sees_everything() {
        return Ok(client.map_or(Owner::Everyone, Owner::Client));
    }
    match asker {
        Asker::Client(caller) if client.as_ref().is_none_or(|client| client == caller.id) => {
            Ok(Owner::Client(caller.id.clone()))
        }
        _ => Err(Denial::MissingScope(Scope::Admin).into()),
    }
}

fn show(form: Form, days: Range<NaiveDate>, rows: &[DayOfUse], client: Option<ClientId>) -> Answer {
    match form {
        Form::Json => {
            let body = Body {
                from: days.start,
                to: days.end,
                days: rows.iter().map(Row::new).collect(),
            };
            Answer::success(&body, client)
        }
        Form::Csv { marked } => {
            let file = format!("usage-{}-{}.csv", days.start, days.end);
            sheet(rows).answer(&file, marked, client)
        }
    }
}

fn sheet(rows: &[DayOfUse]) -> Sheet {
    let mut sheet = Sheet::new(&COLUMNS);
    for row in rows {
        sheet.row([
            Cell::Own(row.day.to_string()),
            Cell::Text(row.client.as_str()),
            Cell::Own(row.meetings.to_string()),
            Cell::Own(row.missed.to_string()),
            Cell::Own(row.cancelled.to_string()),
            Cell::Own(row.person_minutes().to_string()),
            Cell::Own(row.peak.to_string()),
        ]);
    }
    sheet
}

// === impl Row ===

impl<'a> Row<'a> {
    fn new(row: &'a DayOfUse) -> Self {
        Self {
            date: row.day,
            client: &row.client,
            meetings: row.meetings,
            missed: row.missed,
            cancelled: row.cancelled,
            person_minutes: row.person_minutes(),
            peak: row.peak,
        }
    }
}

// === impl Query ===

impl Query {
    fn read(parts: &Parts<'_>, now: Timestamp) -> Result<Self, ApiError> {
        let from = field("from", parts.one("from")?, first_day)?;
        let to = field("to", parts.one("to")?, end_of_days)?.unwrap_or(next_day(now.date_naive()));
        let from = from.unwrap_or(to.checked_sub_days(USUAL).unwrap_or(NaiveDate::MIN));
        if (to - from).num_days() > MOST_DAYS {
            let why = format!("must be at most {MOST_DAYS} days after `from`");
            return Err(ApiError::Invalid { field: "to", why });
        }
        Ok(Self {
            // Nothing is between days in the wrong order.
            days: from..to.max(from),
            client: field(
                "client",
                parts.one("client")?,
                name(|text| ClientId::try_from(text.to_owned())),
            )?,
        })
    }
}

/// A day, or the day of a moment.
fn first_day(text: &str) -> Result<NaiveDate, String> {
    day(text)
        .map_or_else(|_| moment(text).map(|at| at.date_naive()), Ok)
        .map_err(|_| not_a_day())
}

/// The same, or the day after, where the moment is not its beginning.
fn end_of_days(text: &str) -> Result<NaiveDate, String> {
    let end = |at: Timestamp| match at.time() {
        NaiveTime::MIN => at.date_naive(),
        _ => next_day(at.date_naive()),
    };
    day(text)
        .map_or_else(|_| moment(text).map(end), Ok)
        .map_err(|_| not_a_day())
}

fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|_| text.len() == 10)
        .ok_or_else(not_a_day)
}

fn not_a_day() -> String {
    "must be a day like 2026-11-14, or a moment".into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> Result<Query, ApiError> {
        Query::read(&Parts::parse(query), "2026-11-14T10:42:03Z".parse().unwrap())
    }

    fn days(query: &str) -> (String, String) {
        let days = read(query).unwrap().days;
        (days.start.to_string(), days.end.to_string())
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.into(), to.into())
    }

    #[test]
    fn days_are_read_and_have_their_usual_values() {
        assert_eq!(days(""), pair("2026-10-16", "2026-11-15"));
        assert_eq!(days("to=2026-03-31"), pair("2026-03-01", "2026-03-31"));
        assert_eq!(days("from=2026-11-01"), pair("2026-11-01", "2026-11-15"));
        let moments = "from=2026-11-01T01:00:00%2B03:30&to=2026-11-02T00:00:01Z";
        assert_eq!(days(moments), pair("2026-10-31", "2026-11-03"));
        assert_eq!(
            days("from=2026-11-01&to=2026-11-02T00:00:00Z"),
            pair("2026-11-01", "2026-11-02")
        );
        assert_eq!(
            days("from=2026-11-09&to=2026-11-01"),
            pair("2026-11-09", "2026-11-09")
        );
        assert_eq!(read("client=adhoc").unwrap().client, Some(ClientId::adhoc()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, field) in [
            ("from=yesterday", "from"),
            ("to=2026-02-30", "to"),
            ("from=2026-1-1", "from"),
            ("from=2026-01-01&to=2026-06-01", "to"),
            ("from=0001-01-01", "to"),
            ("client=a.b", "client"),
            ("from=2026-01-01&from=2026-01-01", "from"),
        ] {
            assert_eq!(read(query).unwrap_err().field(), Some(field), "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange(text in any::<String>(), value in "\\PC{0,14}", day in "[0-9+-]{0,12}") {
            let _ = read(&text);
            for name in ["from", "to", "client"] {
                let _ = read(&format!("{name}={value}"));
                let _ = read(&format!("{name}={day}"));
            }
        }
    }
}
