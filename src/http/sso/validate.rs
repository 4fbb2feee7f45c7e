//! `POST /sso/api/validate-token/`: what a program may know of a token that a person shows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::person::PersonBody;
use super::program::Program;
use crate::audit::{Act, Action};
use crate::domain::UserId;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::Judged;
use crate::http::body::Body;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::field::seconds;
use crate::http::jitsi::found;
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::telemetry::label::{Label, Route};
use crate::tokens::VerifiedUser;

#[derive(Deserialize, ToSchema)]
#[schema(as = ValidateSignInToken)]
struct Wanted {
    #[schema(required = true, schema_with = form::password)]
    token: Option<String>,
    #[schema(required = true, schema_with = form::client)]
    client_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ValidSignInToken)]
struct Valid<'a> {
    /// Always true.
    valid: bool,
    user: Holder<'a>,
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = HolderOfToken)]
enum Holder<'a> {
    /// Signed in.
    Person(PersonBody<'a>),
    /// Named by a program, in a token that comes from no sign-in.
    Named(&'a VerifiedUser),
}

#[derive(Serialize, ToSchema)]
#[schema(as = InvalidSignInToken)]
struct Invalid {
    /// Always false.
    valid: bool,
    code: &'static str,
    /// A sentence for a person.
    error: String,
}

/// What a token turned out to be.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = JudgedSignInToken)]
enum Known<'a> {
    Valid(Valid<'a>),
    Invalid(Invalid),
}

/// Says whether a token of a sign-in is good, and whose it is
#[utoipa::path(
    post,
    path = Route::SsoValidate.as_str(),
    operation_id = "validate_sign_in_token",
    tag = tag::SIGN_IN,
    request_body(content = Wanted, example = json!({"token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "client_id": "ataraxia"})),
    responses((status = 200, description = "What the token is; a bad one is no error.", body = Known, examples(
        ("good" = (value = json!({
            "valid": true,
            "user": {"id": "u-1", "username": "user@example.com", "name": "Alex", "email": "user@example.com", "roles": ["doctor"]},
            "expires_at": "2026-11-14T12:00:00Z",
        }))),
        ("bad" = (value = json!({"valid": false, "code": "revoked", "error": "The token has been revoked."}))),
    ))),
    extensions(("x-errors" = json!(["missing_field", "unknown_client", "origin_not_allowed", "rate_limited", "unavailable"]))),
)]
pub(super) async fn validate(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let wanted: Wanted = body.json().await?;
    let program = Program::calling(request, wanted.client_id.as_deref())?;
    let token = wanted.token.as_deref().filter(|token| !token.is_empty());
    let judged = async {
        let token = token.ok_or(ApiError::Missing { field: "token" })?;
        answer(&program, request.judge(token, program.server_name()).await?).await
    };
    judged.await.map_err(|error| program.refused(error))
}

async fn answer(program: &Program<'_>, judged: Judged) -> Result<Answer, ApiError> {
    let request = program.request;
    request.api.metrics.token_checked(found(&judged));
    let id = Some(program.id.clone());
    match judged {
        Ok((verified, session)) => {
            let user = session.as_ref().map(|session| session.user.id.clone());
            let user = user.or_else(|| UserId::parse(verified.user.id.as_deref()?).ok());
            let act = program.act(Action::Validate, Ending::Success, None);
            program.record(Act { user, ..act }).await?;
            let of_session = session.as_ref().map(|session| PersonBody::of(&session.user));
            let valid = Known::Valid(Valid {
                valid: true,
                user: of_session.map_or(Holder::Named(&verified.user), Holder::Person),
                expires_at: seconds(verified.expires_at),
            });
            Ok(Answer::json(&valid, id))
        }
        Err(refusal) => {
            if let ApiError::RateLimited { wait } = request.bad_token(refusal) {
                return Err(ApiError::RateLimited { wait });
            }
            let ending = Ending::Refused(refusal.code());
            program
                .record(program.act(Action::Validate, ending, None))
                .await?;
            let invalid = Known::Invalid(Invalid {
                valid: false,
                code: refusal.code(),
                error: ApiError::from(SignInRefusal::BadToken(refusal)).sentence(program.language()),
            });
            Ok(Answer::json(&invalid, id).because(refusal.code()))
        }
    }
}
