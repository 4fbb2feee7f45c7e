//! `GET /sso/authorize`: where jitsi-meet's `tokenAuthUrl` leads, with or without the code flow.

use super::finish::finish;
use super::flow::{CodeGoal, Flow, FlowError, Goal, Way, address, told, with_query};
use super::login::signed_in_or_asked;
use super::page;
use super::program::Program;
use super::state;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

/// Begins the code flow, or leads straight into a room
///
/// This is where jitsi-meet's `tokenAuthUrl` leads. Faults are told to the program at its address, once that is known to be
/// a registered one.
#[utoipa::path(
    get,
    path = Route::SsoAuthorize.as_str(),
    tag = tag::SIGN_IN,
    params(Way),
    responses(
        (status = 200, description = "The login page, or one that opens the phone app.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "Back with a code or an error, or into the room.", headers(("Location" = String, description = "A registered `redirect_uri`, or the room."))),
    ),
    extensions(("x-error-pages" = json!(["missing_field", "invalid_field", "invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "rate_limited", "guests_not_allowed", "not_a_member", "room_not_booked", "unavailable", "internal_error"]))),
)]
pub(super) async fn authorize(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    let pairs = Pairs::parse(request.query.as_bytes())?;
    let flow = match Flow::parse(&pairs, &request.config) {
        Ok(Flow {
            goal: Goal::Callback { redirect_uri, .. },
            ..
        }) => {
            let description = "response_type must be code";
            let state = pairs.get("state");
            return page::lost(told(
                &redirect_uri,
                "unsupported_response_type",
                description,
                state,
            ));
        }
        Ok(flow) => flow,
        Err(error) => return page::lost(error),
    };
    let program = Program::of(request, &flow)?;
    let silently = pairs.get("prompt") == Some("none");
    answer(&program, flow, silently)
        .await
        .map_err(|error| program.refused(error))
}

async fn answer(program: &Program<'_>, mut flow: Flow, silently: bool) -> Result<Answer, ApiError> {
    if let Goal::Code(goal) = &mut flow.goal
        && let Some(answer) = renewing(program, goal).await?
    {
        return Ok(answer);
    }
    match &flow.goal {
        Goal::Code(goal) if silently => silent(program, &flow, goal).await,
        _ => signed_in_or_asked(program, &flow).await,
    }
}

/// A web client that has a refresh token is sent back to use it, where it would be taken; else it comes out of the state,
/// since the web client would use that and nothing else.
async fn renewing(program: &Program<'_>, goal: &mut CodeGoal) -> Result<Option<Answer>, ApiError> {
    let Some(text) = goal.state.clone() else {
        return Ok(None);
    };
    let Some(token) = state::refresh_token(&text) else {
        return Ok(None);
    };
    let family = program.request.api.signin.peek(&token, program.id).await?;
    if family.is_some_and(|family| family.room == goal.room) {
        let url = with_query(address(&goal.redirect_uri)?, &[("state", &text)]);
        return Ok(Some(Answer::see_other(&url).for_client(program.id)));
    }
    goal.state = Some(state::without_refresh_token(&text));
    Ok(None)
}

/// Without showing a page (OpenID Connect Core section 3.1.2.1).
async fn silent(program: &Program<'_>, flow: &Flow, goal: &CodeGoal) -> Result<Answer, ApiError> {
    let (error, description) = match program.request.cookie_session().await? {
        None => ("login_required", "nobody is signed in"),
        Some(session) => match finish(program, flow, &session).await {
            Err(ApiError::SignIn(SignInRefusal::Needed)) => ("login_required", "nobody is signed in"),
            Err(ApiError::SignIn(_) | ApiError::Meeting(_)) => {
                ("access_denied", "the person may not enter this room")
            }
            led => return led,
        },
    };
    match told(&goal.redirect_uri, error, description, goal.state.as_deref()) {
        FlowError::Told(url) => Ok(Answer::see_other(&url).because(error).for_client(program.id)),
        FlowError::Page(error) => Err(error),
    }
}
