//! `GET /sso/api/user-info/`, and how people are told about themselves.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::User;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

/// A person's own data.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonBody<'a> {
    id: &'a str,
    username: &'a str,
    name: &'a str,
    #[schema(required = true)]
    email: Option<&'a str>,
    roles: &'a [String],
}

// === impl PersonBody ===

impl<'a> PersonBody<'a> {
    pub(super) fn of(user: &'a User) -> Self {
        Self {
            id: user.id.as_str(),
            username: &user.username,
            name: &user.name,
            email: user.email.as_deref(),
            roles: &user.roles,
        }
    }
}

/// Says who is signed in
#[utoipa::path(
    get,
    path = Route::SsoUserInfo.as_str(),
    tag = tag::SIGN_IN,
    security(("user" = [])),
    responses((status = 200, description = "The person.", body = PersonBody, example = json!({
        "id": "u-1", "username": "user@example.com", "name": "Alex", "email": "user@example.com", "roles": ["doctor"],
    }))),
)]
pub(super) async fn user_info(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    let session = request.bearer().await?;
    Ok(Answer::json(&PersonBody::of(&session.user), None))
}
