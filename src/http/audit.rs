//! The audit trail by query: `GET /api/audit`, newest first.

mod query;

use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::auth::MAY_AUDIT;
use super::openapi::tag;
use super::refused::Refused;
use super::{Api, Incoming, answered, read};
use crate::audit::{Act, ActId, Listing};
use crate::telemetry::label::{Label, Route};
use query::{Query, cursor};

#[derive(OpenApi)]
#[openapi(paths(list))]
pub(super) struct Docs;

#[derive(Serialize, ToSchema)]
#[schema(as = AuditRecords)]
struct Found<'a> {
    /// Always `success`.
    status: &'static str,
    data: Page<'a>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
struct Page<'a> {
    records: Vec<Record<'a>>,
    /// Goes on with what is older; null at the end.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A record with the names of its event; what is not known is left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRecord)]
struct Record<'a> {
    id: String,
    #[schema(format = DateTime)]
    time: String,
    action: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    /// Whom somebody else did it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    address: &'a str,
    request_id: &'a str,
}

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::path!("api" / "audit")
        .and(query)
        .and(read(api, Route::Audit))
        .then(|query: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                list(request, &query).await
            })
        })
        .boxed()
}

/// Lists who signed in, signed out and was given what, newest first
///
/// Parameters that are not known are passed over.
#[utoipa::path(
    get,
    path = Route::Audit.as_str(),
    operation_id = "audit_records",
    tag = tag::RECORDS,
    security(("api_key" = ["audit:read"]), ("client" = ["audit:read"])),
    params(
        ("action" = Option<String>, Query, pattern = "^(login|logout|refresh|validate|issue|remove|readmit|mute|permit)$", description = "Only this kind."),
        ("outcome" = Option<String>, Query, pattern = "^(success|refused|failed)$", description = "Only what ended so."),
        ("user" = Option<String>, Query, min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f]+$", description = "Only of this person."),
        ("client" = Option<String>, Query, pattern = "^[a-z0-9_-]{1,64}$", description = "Only of this client."),
        ("room" = Option<String>, Query, min_length = 1, max_length = 255, pattern = r"^[A-Za-z0-9_.~-]+$", description = "Only about this room."),
        ("from" = Option<String>, Query, format = DateTime, description = "Not before this moment."),
        ("to" = Option<String>, Query, format = DateTime, description = "Before this moment."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "So many at once; 50 where nothing is said."),
        ("cursor" = Option<String>, Query, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", description = "The `next_cursor` of an answer."),
    ),
    responses((status = 200, description = "Records; what is not known is left out.", body = Found, example = json!({
        "status": "success",
        "data": {
            "records": [{
                "id": "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f",
                "time": "2026-11-14T10:42:03.123Z",
                "action": "login",
                "outcome": "refused",
                "reason": "wrong_credentials",
                "client": "ataraxia",
                "address": "192.0.2.7",
                "requestId": "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e60",
            }],
            "next_cursor": null,
        },
    }))),
    extensions(("x-errors" = json!(["invalid_field", "unavailable"]))),
)]
async fn list(request: &Incoming, query: &str) -> Result<Answer, Refused> {
    let caller = request.caller(MAY_AUDIT)?;
    let query = Query::parse(query).map_err(|error| caller.refused(error))?;
    let found = request
        .api
        .audit
        .list(&query.filter, query.limit, query.before)
        .await;
    let found = found.map_err(|error| caller.refused(error))?;
    let answer = Found {
        status: "success",
        data: page(&found),
    };
    Ok(Answer::json(&answer, Some(caller.id.clone())))
}

fn page(found: &Listing) -> Page<'_> {
    Page {
        records: found.records.iter().map(record).collect(),
        next_cursor: found.next.map(cursor),
    }
}

fn record((id, act): &(ActId, Act)) -> Record<'_> {
    Record {
        id: id.to_string(),
        time: act.at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        action: act.action.as_str(),
        outcome: act.outcome.as_str(),
        reason: act.reason.as_deref(),
        client: act.client.as_ref().map(|client| client.as_str()),
        user: act.user.as_ref().map(|user| user.as_str()),
        person: act.person.as_ref().map(|person| person.as_str()),
        room: act.room.as_ref().map(|room| room.as_str()),
        address: &act.address,
        request_id: &act.request_id,
    }
}
