//! `POST /sso/guest/`: in by name alone, where the rules let people without an account in.

use super::csrf;
use super::finish::enter;
use super::flow::{Flow, Way};
use super::page;
use super::program::{Program, along};
use crate::audit::Action;
use crate::domain::access::Visitor;
use crate::domain::{UserId, hex};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::pages::LoginProblem;
use crate::signin::Identity;
use crate::telemetry::label::{Label, Route, SignInMethod, SignInResult};
use crate::tokens::PlainText;
use utoipa::ToSchema;

/// Longest name of a guest, in characters.
const LONGEST_NAME: usize = 100;

/// What stands on the login page, where the room lets guests in.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "forms are read by the names of their fields; this describes them"
)]
struct GuestForm {
    /// From the page: it tells a form of ours from one of another site.
    csrf: String,
    #[schema(max_length = 100)]
    name: String,
}

/// Takes the form of guests, where the room lets guests in
#[utoipa::path(
    post,
    path = Route::SsoGuest.as_str(),
    operation_id = "submit_guest",
    tag = tag::SIGN_IN,
    params(Way),
    request_body(content = GuestForm, content_type = "application/x-www-form-urlencoded", example = json!({"csrf": "c2VhbGVk", "name": "Alex"})),
    responses((status = 303, description = "On, with a token, and a session in a cookie.", headers(("Location" = String, description = "A registered `redirect_uri` with `token` and `next`."))),
        (status = 200, description = "On, by way of a page: the phone app is to be opened.", body = String, content_type = "text/html; charset=utf-8")),
    extensions(("x-error-pages" = json!(["missing_field", "invalid_field", "invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "rate_limited", "stale_form", "guests_not_allowed", "not_a_member", "room_not_booked", "unavailable", "internal_error"]))),
)]
pub(super) async fn submit(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    along(request, async move |program, flow| {
        let form = body.form(&request.headers).await?;
        let problem = match (csrf::check(request, &form), name(&form)) {
            (Err(_), _) => LoginProblem::Stale,
            (Ok(()), None) => LoginProblem::MissingField,
            (Ok(()), Some(name)) => return sign_in(program, &flow, name).await,
        };
        Ok(page::login(program, &flow, "", Some(problem)).await)
    })
    .await
}

/// The rules are asked before there is a session: a guest is somebody in a room, and nobody elsewhere. Each guest leaves
/// records here that no password stands before, so one network may not bring any number of them.
async fn sign_in(program: &Program<'_>, flow: &Flow, name: String) -> Result<Answer, ApiError> {
    let request = program.request;
    request.api.limits.newcomer(request.context.address)?;
    let room = flow.room();
    let entry = match &room {
        Some(room) => program.entry(Visitor::Guest, room).await.map(drop),
        None => Err(SignInRefusal::GuestsNotAllowed.into()),
    };
    if let Err(error) = entry {
        let act = program.act(Action::Login, Ending::of(&error), room.as_ref());
        program.record(act).await?;
        let metrics = &program.request.api.metrics;
        metrics.signed_in(SignInMethod::Guest, SignInResult::Refused);
        return Err(error);
    }
    let id = guest_id(program)?;
    enter(program, flow, Identity::Guest { id, name }, SignInMethod::Guest).await
}

fn name(form: &Pairs) -> Option<String> {
    let name = PlainText::parse(form.get("name")?).ok()?;
    (name.as_str().chars().count() <= LONGEST_NAME).then(|| name.to_string())
}

/// Never given twice.
fn guest_id(program: &Program<'_>) -> Result<UserId, ApiError> {
    let random: [u8; 16] = program.request.api.ambient.random();
    UserId::parse(&format!("guest-{}", hex(&random))).map_err(|_| ApiError::Internal)
}
