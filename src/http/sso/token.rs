//! `POST /sso/token`: codes and refresh tokens become tokens (RFC 6749 sections 4.1.3 and 6, RFC 7636).
//!
//! The programs are web pages, which can keep no secret; a code counts only together with the verifier that its asker made.

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::program::Program;
use super::refresh;
use crate::audit::Action;
use crate::http::Incoming;
use crate::http::answer::{Answer, ErrorBody};
use crate::http::body::Body;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::http::to_the_end;
use crate::http::trail::Ending;
use crate::signin::{CodeError, Redeemed, RefreshToken, Session};
use crate::telemetry::label::{Label, Route};
use crate::tokens::Issued;

/// The fields of the form; which of them are needed, the grant says.
#[derive(ToSchema)]
#[schema(as = CodeGrant)]
#[expect(
    dead_code,
    reason = "forms are read by the names of their fields; this describes them"
)]
struct Wanted {
    #[schema(pattern = "^(authorization_code|refresh_token)$")]
    grant_type: String,
    client_id: String,
    /// Of an `authorization_code`.
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    /// Of a `refresh_token`.
    refresh_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CodeGrantAnswer)]
struct Given<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    refresh_token: &'a str,
    id_token: String,
}

#[derive(Serialize, ToSchema)]
struct OAuthError {
    #[schema(example = "invalid_grant")]
    error: &'static str,
    error_description: String,
}

/// How a 400 looks: as OAuth has it, or where the body never came to that, as everywhere.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = CodeGrantError)]
#[expect(dead_code, reason = "two bodies of one status; this describes them")]
enum OneOfErrors<'a> {
    OAuth(OAuthError),
    Other(ErrorBody<'a>),
}

/// What OAuth calls an error, or what went wrong before it came to that.
enum NotGiven {
    OAuth(&'static str, String),
    Other(ApiError),
}

/// Trades a code or a refresh token for tokens
///
/// The code flow with PKCE (RFC 6749, RFC 7636), as jitsi-meet's web client speaks it. Errors of the grant have the form of
/// RFC 6749 section 5.2.
#[utoipa::path(
    post,
    path = Route::SsoToken.as_str(),
    operation_id = "oauth_token",
    tag = tag::SIGN_IN,
    request_body(content = Wanted, content_type = "application/x-www-form-urlencoded", example = json!({
        "grant_type": "authorization_code",
        "client_id": "ataraxia",
        "code": "c29tZXRoaW5n",
        "redirect_uri": "https://app.example.com/callback",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    })),
    responses(
        (status = 200, description = "The access token is one for the room; the ID token says who signed in.", body = Given, example = json!({
            "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": "0196f3a17c2e7d1a9a441f0c2b3d4e5f.c2VjcmV0",
            "id_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        })),
        (status = 400, description = "The grant is none, or the body broke off.", content(
            (OneOfErrors = "application/json", example = json!({"error": "invalid_grant", "error_description": "The refresh token is not known or has expired."})),
        )),
    ),
    extensions(("x-errors" = json!(["origin_not_allowed", "rate_limited", "unavailable"]))),
)]
pub(super) async fn token(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let form = match body.form(&request.headers).await {
        Ok(form) => form,
        Err(error) => return oauth(NotGiven::from(error)).map_err(Refused::from),
    };
    let program = match Program::calling(request, form.get("client_id")) {
        Ok(program) => program,
        Err(refused) => return oauth(NotGiven::from(refused.error)).map_err(Refused::from),
    };
    let given = match form.get("grant_type") {
        Some("authorization_code") => by_code(&program, &form).await,
        Some("refresh_token") => by_refresh_token(&program, &form).await,
        Some(_) => Err(NotGiven::OAuth(
            "unsupported_grant_type",
            "grant_type is not known".into(),
        )),
        None => Err(ApiError::Missing { field: "grant_type" }.into()),
    };
    let answer = given.or_else(oauth).map_err(|error| program.refused(error))?;
    Ok(answer.for_client(program.id))
}

async fn by_code(program: &Program<'_>, form: &Pairs) -> Result<Answer, NotGiven> {
    let code = form.required("code")?.to_owned();
    let redirect_uri = form.required("redirect_uri")?.to_owned();
    let verifier = form.required("code_verifier")?.to_owned();
    let (signin, client) = (program.request.api.signin.clone(), program.id.clone());
    let redeemed = to_the_end(async move { signin.redeem(&code, &client, &redirect_uri, &verifier).await });
    let Redeemed {
        session,
        code,
        refresh_token,
    } = match redeemed.await? {
        Ok(redeemed) => redeemed,
        Err(error) => return Err(no_code(program, error).await),
    };
    let issued = program.issue(&session, code.room.as_ref()).await?;
    given(program, &session, &issued, &refresh_token, code.nonce.as_deref())
}

async fn by_refresh_token(program: &Program<'_>, form: &Pairs) -> Result<Answer, NotGiven> {
    let token = form.required("refresh_token")?.to_owned();
    let (renewed, issued) = refresh::renew(program, token).await?;
    let nonce = renewed.family.nonce.as_deref();
    given(program, &renewed.session, &issued, &renewed.next, nonce)
}

fn given(
    program: &Program<'_>,
    session: &Session,
    issued: &Issued,
    refresh_token: &RefreshToken,
    nonce: Option<&str>,
) -> Result<Answer, NotGiven> {
    let given = Given {
        access_token: &issued.token,
        token_type: "Bearer",
        expires_in: issued.expires_at.timestamp() - program.now().timestamp(),
        refresh_token: refresh_token.expose(),
        id_token: program.id_token(session, nonce)?,
    };
    Ok(Answer::json(&given, Some(program.id.clone())))
}

async fn no_code(program: &Program<'_>, error: CodeError) -> NotGiven {
    let reason = match &error {
        CodeError::Unknown => "code_unknown",
        CodeError::Reused { .. } => "code_reused",
        CodeError::Mismatch => "code_mismatch",
        CodeError::Failed(_) => "unavailable",
    };
    let (ending, not_given) = match error {
        CodeError::Failed(error) => (Ending::Failed(reason), NotGiven::Other(error.into())),
        other => (
            Ending::Refused(reason),
            NotGiven::OAuth("invalid_grant", other.to_string()),
        ),
    };
    let request = program.request;
    if let Err(limited) = request.api.limits.failure(request.context.address) {
        return NotGiven::Other(limited);
    }
    match program.record(program.act(Action::Issue, ending, None)).await {
        Ok(()) => not_given,
        Err(error) => NotGiven::Other(error),
    }
}

/// RFC 6749 section 5.2.
fn oauth(not_given: NotGiven) -> Result<Answer, ApiError> {
    match not_given {
        NotGiven::Other(error) => Err(error),
        NotGiven::OAuth(error, error_description) => {
            let body = OAuthError {
                error,
                error_description,
            };
            Ok(Answer::json(&body, None)
                .with_status(StatusCode::BAD_REQUEST)
                .because(error))
        }
    }
}

// === impl NotGiven ===

impl<E: Into<ApiError>> From<E> for NotGiven {
    fn from(error: E) -> Self {
        use crate::config::daemon::Language::En;
        let error = error.into();
        let name = match &error {
            ApiError::Missing { .. } => "invalid_request",
            ApiError::SignIn(SignInRefusal::UnknownClient) => "invalid_client",
            ApiError::SignIn(SignInRefusal::GuestsNotAllowed | SignInRefusal::NotAMember) => "access_denied",
            ApiError::Meeting(_) => "access_denied",
            ApiError::SignIn(refusal) if is_about_grant(refusal) => "invalid_grant",
            ApiError::SignIn(_) => "invalid_request",
            _ => return Self::Other(error),
        };
        Self::OAuth(name, error.sentence(En))
    }
}

fn is_about_grant(refusal: &SignInRefusal) -> bool {
    matches!(
        refusal,
        SignInRefusal::BadRefreshToken | SignInRefusal::RefreshTokenReused | SignInRefusal::Needed
    )
}
