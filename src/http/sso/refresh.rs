//! `POST /sso/api/refresh-token/`, and the same trade for the code flow.

use serde::{Deserialize, Serialize};

use super::person::PersonBody;
use super::program::Program;
use super::record::Ending;
use crate::audit::Action;
use crate::domain::{RoomName, UserId};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::field::seconds;
use crate::http::refused::Refused;
use crate::http::to_the_end;
use crate::signin::{RefreshError, Renewed};
use crate::tokens::Issued;

#[derive(Deserialize)]
struct Wanted {
    refresh_token: Option<String>,
    client_id: Option<String>,
}

#[derive(Serialize)]
struct Given<'a> {
    token: &'a str,
    refresh_token: &'a str,
    expires_at: String,
    user: PersonBody<'a>,
}

/// `POST /sso/api/refresh-token/`
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
    let (signin, client) = (request.api.signin.clone(), program.id.clone());
    if let Some(family) = signin.peek(&token, &client).await?
        && let Some(session) = signin.session(family.session).await?
    {
        program.admit(&session, family.room.as_ref()).await?;
    }
    let renewed = to_the_end(async move { signin.renew(&token, &client).await }).await?;
    match renewed {
        Ok(renewed) => {
            let (user, room) = (&renewed.session.user.id, renewed.family.room.as_ref());
            program
                .record(Action::Refresh, Ending::Success, Some(user), room)
                .await?;
            let issued = program.issue(&renewed.session, room).await?;
            Ok((renewed, issued))
        }
        Err(error) => Err(refused(program, error).await),
    }
}

async fn refused(program: &Program<'_>, error: RefreshError) -> ApiError {
    let (user, error) = match error {
        RefreshError::Unknown | RefreshError::WrongClient => (None, unknown(program)),
        RefreshError::Reused { user, .. } => (user, SignInRefusal::RefreshTokenReused.into()),
        RefreshError::Failed(error) => (None, error.into()),
    };
    let (user, room): (Option<UserId>, Option<RoomName>) = (user, None);
    let recorded = program.record(Action::Refresh, Ending::of(&error), user.as_ref(), room.as_ref());
    recorded.await.err().unwrap_or(error)
}

/// Counts as a failed attempt to prove who one is.
fn unknown(program: &Program<'_>) -> ApiError {
    let counted = program
        .request
        .api
        .limits
        .failure(program.request.context.address);
    counted.err().unwrap_or(SignInRefusal::BadRefreshToken.into())
}
