//! `GET /sso/api/user-info/`, and how people are told about themselves.

use serde::Serialize;

use crate::domain::User;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::refused::Refused;

/// A person's own data.
#[derive(Serialize)]
pub(super) struct PersonBody<'a> {
    id: &'a str,
    username: &'a str,
    name: &'a str,
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

pub(super) async fn user_info(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    let session = request.bearer().await?;
    Ok(Answer::json(&PersonBody::of(&session.user), None))
}
