//! `/sso/login/`: the page with name and password, and the form on it.

use std::net::IpAddr;

use super::csrf;
use super::finish::{enter, finish};
use super::flow::Flow;
use super::page;
use super::program::{Program, along};
use crate::audit::{Act, Action, Outcome};
use crate::domain::{RoomName, User};
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::cookie::{Cookie, Cookies};
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::http::{Api, Incoming, to_the_end};
use crate::pages::LoginProblem;
use crate::signin::{Attempt, Identity, LoginError};
use crate::telemetry::label::{SignInMethod, SignInResult};

/// `GET /sso/login/`
pub(super) async fn show(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    along(request, async |program, flow| {
        signed_in_or_asked(program, &flow).await
    })
    .await
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

/// `POST /sso/login/`
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
