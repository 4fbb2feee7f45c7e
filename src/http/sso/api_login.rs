//! `POST /sso/api/login/`: name and password from a program's own page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::http::to_the_end;
use crate::signin::{Identity, NewFamily};
use crate::telemetry::label::{Label, Route, SignInMethod};

#[derive(Deserialize, ToSchema)]
#[schema(as = SignIn)]
struct Wanted {
    #[schema(required = true, schema_with = form::required_text)]
    username: Option<String>,
    #[schema(required = true, schema_with = form::password)]
    password: Option<String>,
    #[schema(required = true, schema_with = form::client)]
    client_id: Option<String>,
    /// To the letter as the client registered it.
    #[schema(required = true, schema_with = form::redirect_uri)]
    redirect_uri: Option<String>,
    /// A path on the same site, such as `/team1`, which names the room of the token; anything else becomes `/`.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
struct Given<'a> {
    token: &'a str,
    /// Works once.
    refresh_token: &'a str,
    /// Of the token.
    #[schema(format = DateTime)]
    expires_at: String,
    user: PersonBody<'a>,
    /// Where the login page would have led.
    #[schema(format = "uri")]
    redirect_to: &'a str,
}

/// Signs somebody in by name and password, from a program's own page
///
/// An unknown name and a wrong password are answered alike, in the same time.
#[utoipa::path(
    post,
    path = Route::SsoApiLogin.as_str(),
    operation_id = "sign_in",
    tag = tag::SIGN_IN,
    request_body(content = Wanted, example = json!({
        "username": "user@example.com",
        "password": "dev-password",
        "client_id": "ataraxia",
        "redirect_uri": "https://app.example.com/callback",
        "next": "/team1",
    })),
    responses((status = 200, description = "The token for the room, or one that only says who the person is.", body = Given, example = json!({
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "refresh_token": "0196f3a17c2e7d1a9a441f0c2b3d4e5f.c2VjcmV0",
        "expires_at": "2026-11-14T12:00:00Z",
        "user": {"id": "u-1", "username": "user@example.com", "name": "Alex", "email": "user@example.com", "roles": ["doctor"]},
        "redirect_to": "https://app.example.com/callback?token=eyJ0eXAi&next=/team1",
    }))),
    extensions(("x-errors" = json!([
        "missing_field", "unknown_client", "unknown_redirect_uri", "unsupported_media_type", "origin_not_allowed",
        "rate_limited", "wrong_credentials", "user_inactive", "no_profile", "busy", "guests_not_allowed", "not_a_member",
        "room_not_booked", "unavailable",
    ]))),
)]
pub(super) async fn login(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    // Another site's form cannot send JSON, and its scripts cannot without the browser asking first: no cookie, no `csrf`.
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
