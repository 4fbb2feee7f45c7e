//! `POST /sso/api/login/`: name and password from a program's own page.

use serde::{Deserialize, Serialize};

use super::finish::begin;
use super::flow::{address, registered, with_query};
use super::login::check;
use super::person::PersonBody;
use super::program::Program;
use crate::domain::Next;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::seconds;
use crate::http::form::require_type;
use crate::http::refused::Refused;
use crate::http::to_the_end;
use crate::signin::{Identity, NewFamily};
use crate::telemetry::label::SignInMethod;

#[derive(Deserialize)]
struct Wanted {
    username: Option<String>,
    password: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Given<'a> {
    token: &'a str,
    refresh_token: &'a str,
    expires_at: String,
    user: PersonBody<'a>,
    /// Where the login page would have led.
    redirect_to: &'a str,
}

/// Another site's form cannot send JSON, and its scripts cannot without the browser asking first: no cookie, no `csrf`.
pub(super) async fn login(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    require_type(&request.headers, "application/json")?;
    let wanted: Wanted = body.json().await?;
    let program = Program::calling(request, wanted.client_id.as_deref())?;
    sign_in(&program, &wanted)
        .await
        .map_err(|error| program.refused(error))
}

async fn sign_in(program: &Program<'_>, wanted: &Wanted) -> Result<Answer, ApiError> {
    let username = required("username", &wanted.username)?;
    let password = required("password", &wanted.password)?;
    let redirect_uri = registered(required("redirect_uri", &wanted.redirect_uri)?, program.client)?;
    let redirect_uri = address(redirect_uri)?;
    let next = wanted.next.as_deref().map(Next::parse).unwrap_or_default();
    let room = next.room();
    let user = check(program, room.as_ref(), username, password).await??;
    let username = user.username;
    let identity = Identity::Local { username };
    // The browser's cookie, if one came along, is another sign-in, and stays.
    let session = begin(program, identity, SignInMethod::Password, None, room.as_ref())
        .await?
        .session;
    let issued = program.issue(&session, room.as_ref()).await?;
    let (signin, family) = (
        program.request.api.signin.clone(),
        NewFamily {
            session: session.id,
            client: program.id.clone(),
            room,
            nonce: None,
        },
    );
    let refresh_token = to_the_end(async move { signin.begin_family(family).await }).await??;
    let pairs = [("token", issued.token.as_str()), ("next", next.as_str())];
    let redirect_to = with_query(redirect_uri, &pairs);
    let given = Given {
        token: &issued.token,
        refresh_token: refresh_token.expose(),
        expires_at: seconds(issued.expires_at),
        user: PersonBody::of(&session.user),
        redirect_to: redirect_to.as_str(),
    };
    Ok(Answer::json(&given, Some(program.id.clone())))
}

fn required<'a>(field: &'static str, value: &'a Option<String>) -> Result<&'a str, ApiError> {
    let value = value.as_deref().filter(|value| !value.is_empty());
    value.ok_or(ApiError::Missing { field })
}
