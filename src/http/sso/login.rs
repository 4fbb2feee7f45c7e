//! `/sso/login/`: the page with name and password, and the form on it.

use std::net::IpAddr;

use utoipa::ToSchema;

use super::csrf;
use super::finish::{enter, finish};
use super::flow::{Flow, Way};
use super::page;
use super::program::{Program, along};
use crate::audit::{Act, Action, Outcome};
use crate::domain::{RoomName, User};
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::cookie::{Cookie, Cookies};
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::http::{Api, Incoming, to_the_end};
use crate::pages::LoginProblem;
use crate::signin::{Attempt, Identity, LoginError};
use crate::telemetry::label::{Label, Route, SignInMethod, SignInResult};

/// Shows the login page, or leads on somebody who is signed in
#[utoipa::path(
    get,
    path = Route::SsoLogin.as_str(),
    operation_id = "login_page",
    tag = tag::SIGN_IN,
    params(Way),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "On, with a token.", headers(("Location" = String, description = "A registered `redirect_uri` with `token` and `next`."))),
    ),
    extensions(("x-error-pages" = json!(["missing_field", "invalid_field", "invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "rate_limited", "guests_not_allowed", "not_a_member", "room_not_booked", "unavailable", "internal_error"]))),
)]
pub(super) async fn show(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    along(request, async |program, flow| {
        signed_in_or_asked(program, &flow).await
    })
    .await
}

/// What stands on the login page.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "forms are read by the names of their fields; this describes them"
)]
struct LoginForm {
    /// From the page: it tells a form of ours from one of another site.
    csrf: String,
    username: String,
    #[schema(format = Password)]
    password: String,
}

/// Straight on for somebody who is signed in, unless they are to sign in anew; else the login page.
pub(super) async fn signed_in_or_asked(program: &Program<'_>, flow: &Flow) -> Result<Answer, ApiError> {
    let session = program.request.cookie_session().await?.filter(|_| !flow.anew);
    let Some(session) = session else {
        return Ok(page::login(program, flow, "", None).await);
    };
    match finish(program, flow, &session).await {
        // Somebody without an account may have one after all; and a session can end at this very moment.
        Err(ApiError::SignIn(SignInRefusal::Needed)) => Ok(page::login(program, flow, "", None).await),
        Err(ApiError::SignIn(SignInRefusal::GuestsNotAllowed)) if is_guest(&session.identity) => {
            Ok(page::login(program, flow, "", None).await)
        }
        led => led,
    }
}

/// Takes the form of the login page
///
/// After a fault, the page comes again and says which.
#[utoipa::path(
    post,
    path = Route::SsoLogin.as_str(),
    operation_id = "submit_login",
    tag = tag::SIGN_IN,
    params(Way),
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded", example = json!({
        "csrf": "c2VhbGVk", "username": "user@example.com", "password": "dev-password",
    })),
    responses((status = 303, description = "On, with a token, and a session in a cookie.", headers(("Location" = String, description = "A registered `redirect_uri` with `token` and `next`."))),
        (status = 200, description = "On, by way of a page: the phone app is to be opened.", body = String, content_type = "text/html; charset=utf-8")),
    extensions(("x-error-pages" = json!(["missing_field", "invalid_field", "invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "rate_limited", "stale_form", "wrong_credentials", "user_inactive", "no_profile", "busy", "guests_not_allowed", "not_a_member", "room_not_booked", "unavailable", "internal_error"]))),
)]
pub(super) async fn submit(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    along(request, async move |program, flow| {
        let form = body.form(&request.headers).await?;
        sign_in(program, &flow, &form).await
    })
    .await
}

async fn sign_in(program: &Program<'_>, flow: &Flow, form: &Pairs) -> Result<Answer, ApiError> {
    let username = form.get("username").unwrap_or_default();
    let again = async |problem| Ok(page::login(program, flow, username, Some(problem)).await);
    if csrf::check(program.request, form).is_err() {
        return again(LoginProblem::Stale).await;
    }
    let (false, Some(password)) = (username.is_empty(), form.get("password")) else {
        return again(LoginProblem::MissingField).await;
    };
    match check(program, flow.room().as_ref(), username, password).await? {
        Ok(user) => {
            let username = user.username;
            enter(
                program,
                flow,
                Identity::Local { username },
                SignInMethod::Password,
            )
            .await
        }
        Err(error) => match problem(&error) {
            Some(problem) => {
                let page = page::login(program, flow, username, Some(problem)).await;
                Ok(page.because(error_code(error)))
            }
            None => Err(error.into()),
        },
    }
}

/// Checks a name and a password; what comes of it is written down and counted, also when the caller is gone by then.
pub(super) async fn check(
    program: &Program<'_>,
    room: Option<&RoomName>,
    username: &str,
    password: &str,
) -> Result<Result<User, LoginError>, ApiError> {
    let request = program.request;
    let (api, address) = (request.api.clone(), request.context.address);
    let device = Cookies::new(program.config()).get(&request.headers, Cookie::Device);
    let (username, password) = (username.to_owned(), password.to_owned());
    let (device, act) = (
        device.map(str::to_owned),
        program.act(Action::Login, Ending::Success, room),
    );
    to_the_end(async move {
        let attempt = Attempt {
            username: &username,
            password: &password,
            address,
            device: device.as_deref(),
        };
        let checked = api.signin.check_password(attempt).await;
        if let Err(error) = &checked {
            refused(&api, act, address, error).await?;
        }
        Ok(checked)
    })
    .await?
}

async fn refused(api: &Api, act: Act, address: IpAddr, error: &LoginError) -> Result<(), ApiError> {
    let (outcome, reason) = ending(error).outcome();
    let result = match outcome {
        Outcome::Failed => SignInResult::Failed,
        Outcome::Refused | Outcome::Success => SignInResult::Refused,
    };
    api.metrics.signed_in(SignInMethod::Password, result);
    if !error.was_looked_at() && api.limits.failure(address).is_err() {
        return Ok(());
    }
    let act = Act {
        outcome,
        reason,
        user: error.user().cloned(),
        ..act
    };
    Ok(api.audit.record(act).await?)
}

fn ending(error: &LoginError) -> Ending {
    match error {
        LoginError::Wrong { .. } => Ending::Refused("wrong_credentials"),
        LoginError::Inactive { .. } => Ending::Refused("user_inactive"),
        LoginError::NoProfile => Ending::Refused("no_profile"),
        LoginError::TooMany { .. } => Ending::Refused("rate_limited"),
        LoginError::Busy => Ending::Failed("busy"),
        LoginError::Failed => Ending::Failed("internal_error"),
    }
}

fn error_code(error: LoginError) -> &'static str {
    ApiError::from(error).code()
}

fn problem(error: &LoginError) -> Option<LoginProblem> {
    match error {
        LoginError::Wrong { .. } => Some(LoginProblem::Wrong),
        LoginError::Inactive { .. } => Some(LoginProblem::Inactive),
        LoginError::TooMany { wait } => Some(LoginProblem::TooMany(wait.as_secs() + 1)),
        LoginError::Busy => Some(LoginProblem::Busy),
        LoginError::NoProfile | LoginError::Failed => None,
    }
}

fn is_guest(identity: &Identity) -> bool {
    matches!(identity, Identity::Guest { .. })
}
