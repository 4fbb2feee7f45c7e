//! `POST /sso/api/refresh-token/`, and the same trade for the code flow.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::person::PersonBody;
use super::program::Program;
use crate::audit::{Act, Action};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::field::seconds;
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::http::to_the_end;
use crate::http::trail::Ending;
use crate::signin::{RefreshError, Renewed};
use crate::telemetry::label::{Label, Route};
use crate::tokens::Issued;

#[derive(Deserialize, ToSchema)]
#[schema(as = Refresh)]
struct Wanted {
    #[schema(required = true, schema_with = form::password)]
    refresh_token: Option<String>,
    #[schema(required = true, schema_with = form::client)]
    client_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Refreshed)]
struct Given<'a> {
    token: &'a str,
    /// Takes the place of the one that was used.
    refresh_token: &'a str,
    /// Of the token.
    #[schema(format = DateTime)]
    expires_at: String,
    user: PersonBody<'a>,
}

/// Trades a refresh token for a new pair
///
/// It works once. Using an old one again ends everything that came of the sign-in.
#[utoipa::path(
    post,
    path = Route::SsoRefresh.as_str(),
    tag = tag::SIGN_IN,
    request_body(content = Wanted, example = json!({"refresh_token": "0196f3a17c2e7d1a9a441f0c2b3d4e5f.c2VjcmV0", "client_id": "ataraxia"})),
    responses((status = 200, description = "The new pair.", body = Given, example = json!({
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "refresh_token": "0196f3a17c2e7d1a9a441f0c2b3d4e5f.bmV4dA",
        "expires_at": "2026-11-14T12:00:00Z",
        "user": {"id": "u-1", "username": "user@example.com", "name": "Alex", "email": "user@example.com", "roles": ["doctor"]},
    }))),
    extensions(("x-errors" = json!([
        "missing_field", "unknown_client", "origin_not_allowed", "rate_limited", "invalid_refresh_token",
        "refresh_token_reused", "unauthenticated", "guests_not_allowed", "not_a_member", "room_not_booked", "unavailable",
    ]))),
)]
pub(super) async fn refresh(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let wanted: Wanted = body.json().await?;
    let program = Program::calling(request, wanted.client_id.as_deref())?;
    let renewed = async {
        let token = wanted.refresh_token.filter(|token| !token.is_empty());
        let field = "refresh_token";
        renew(&program, token.ok_or(ApiError::Missing { field })?).await
    };
    let (renewed, issued) = renewed.await.map_err(|error| program.refused(error))?;
    let given = Given {
        token: &issued.token,
        refresh_token: renewed.next.expose(),
        expires_at: seconds(issued.expires_at),
        user: PersonBody::of(&renewed.session.user),
    };
    Ok(Answer::json(&given, Some(program.id.clone())))
}

/// Trades a refresh token for a pair. The rules are asked first: a room that is closed for now does not cost the token.
pub(super) async fn renew(program: &Program<'_>, token: String) -> Result<(Renewed, Issued), ApiError> {
    let request = program.request;
    let (api, client) = (request.api.clone(), program.id.clone());
    if let Some(family) = api.signin.peek(&token, &client).await?
        && let Some(session) = api.signin.session(family.session).await?
    {
        program.admit(&session, family.room.as_ref()).await?;
    }
    let (act, address) = (
        program.act(Action::Refresh, Ending::Success, None),
        request.context.address,
    );
    let renewed = to_the_end(async move {
        let renewed = api.signin.renew(&token, &client).await;
        if let Err(RefreshError::Unknown | RefreshError::WrongClient) = renewed {
            api.limits.failure(address)?;
        }
        api.audit.record(told(act, &renewed)).await?;
        Ok::<_, ApiError>(renewed)
    });
    let renewed = renewed.await??.map_err(refused)?;
    let issued = program
        .issue(&renewed.session, renewed.family.room.as_ref())
        .await?;
    Ok((renewed, issued))
}

/// The act with what came of it.
fn told(act: Act, renewed: &Result<Renewed, RefreshError>) -> Act {
    let refused = |user, reason| (user, None, Ending::Refused(reason).outcome());
    let (user, room, (outcome, reason)) = match renewed {
        Ok(renewed) => {
            let (user, room) = (renewed.session.user.id.clone(), renewed.family.room.clone());
            (Some(user), room, Ending::Success.outcome())
        }
        Err(RefreshError::Reused { user, .. }) => refused(user.clone(), "refresh_token_reused"),
        Err(RefreshError::WrongClient) => refused(None, "refresh_token_of_another_client"),
        Err(RefreshError::Unknown) => refused(None, "invalid_refresh_token"),
        Err(RefreshError::Failed(_)) => (None, None, Ending::Failed("unavailable").outcome()),
    };
    Act {
        user,
        room,
        outcome,
        reason,
        ..act
    }
}

fn refused(error: RefreshError) -> ApiError {
    match error {
        RefreshError::Unknown | RefreshError::WrongClient => SignInRefusal::BadRefreshToken.into(),
        RefreshError::Reused { .. } => SignInRefusal::RefreshTokenReused.into(),
        RefreshError::Failed(error) => error.into(),
    }
}
