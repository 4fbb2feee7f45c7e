//! The audit trail by query: `GET /api/audit`, newest first.

mod query;

use chrono::SecondsFormat;
use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::auth::MAY_AUDIT;
use super::refused::Refused;
use super::{Api, Incoming, answered, read};
use crate::audit::{Act, ActId, Listing};
use crate::telemetry::label::Route;
use query::{Query, cursor};

#[derive(Serialize)]
struct Found<'a> {
    status: &'static str,
    data: Page<'a>,
}

#[derive(Serialize)]
struct Page<'a> {
    records: Vec<Record<'a>>,
    next_cursor: Option<String>,
}

/// A record with the names of its event; what is not known is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    id: String,
    time: String,
    action: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
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
        room: act.room.as_ref().map(|room| room.as_str()),
        address: &act.address,
        request_id: &act.request_id,
    }
}
