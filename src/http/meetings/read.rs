//! `GET /api/meetings/{id}`: one meeting, with a link made for the caller.

use super::{Shown, examples, seen, show};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::MAY_READ;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

/// Shows a meeting, with a link made for the caller
#[utoipa::path(
    get,
    path = Route::Meeting.as_str(),
    operation_id = "read_meeting",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    responses((status = 200, description = "The meeting, as the caller sees it.", body = Success<Shown>, headers(("ETag" = String, description = "Changes with the meeting; for `If-Match`.")), example = json!(examples::shown()))),
    extensions(("x-errors" = json!(["not_found", "unavailable"]))),
)]
pub(super) async fn read(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let meeting = seen(request, &asker, id).await?;
        show(request, &asker, &meeting).await
    };
    answer.await.map_err(|error| asker.refused(error))
}
