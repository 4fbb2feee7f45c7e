//! `/sso/oidc/…` and `/sso/signed-out`: to the OpenID Connect provider and back, when somebody signs in and when they leave.

use std::time::Duration;

use http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use url::Url;

use super::finish::enter;
use super::flow::{Flow, Way};
use super::page;
use super::program::{Program, along};
use crate::audit::Action;
use crate::config::Config;
use crate::domain::Timestamp;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::cookie::Cookies;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::pages::LoginProblem;
use crate::signin::oidc::{OidcError, Pending, Reply};
use crate::signin::{Identity, Purpose, Session};
use crate::telemetry::label::{Label, Route, SignInMethod, SignInResult};

/// A sign-in that is at the provider, as its browser carries it: one cookie for each, so that several windows can sign in
/// at once.
#[derive(Serialize, Deserialize)]
struct Journey {
    pending: Pending,
    /// [`Flow::query`].
    wish: String,
    begun_at: Timestamp,
}

/// Somebody on the way out, who is at the provider.
#[derive(Serialize, Deserialize)]
struct Leave {
    /// A registered address of the program.
    onward: Url,
}

/// How long people may take to prove to the provider who they are, or to leave it.
const TIME_AWAY: Duration = Duration::from_secs(10 * 60);
/// What the cookies' names begin with; the first characters of the state follow.
const COOKIE: &str = "usher_oidc_";
const STATE_CHARS: usize = 8;
/// Browsers drop cookies of more than 4096 bytes, name and attributes included.
const LONGEST_COOKIE: usize = 3800;
/// Journeys of one browser, and the bytes of their cookies: proxies refuse heads with more than 8 KiB of them (nginx,
/// `large_client_header_buffers`).
const MOST_JOURNEYS: usize = 4;
const MOST_BYTES: usize = 5000;

/// Sends the browser to the OpenID Connect provider
#[utoipa::path(
    get,
    path = Route::OidcStart.as_str(),
    operation_id = "provider_start",
    tag = tag::SIGN_IN,
    params(Way),
    responses((status = 303, description = "To the provider.", headers(("Location" = String, description = "The provider.")))),
    extensions(("x-error-pages" = json!(["missing_field", "invalid_field", "invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "rate_limited", "not_found", "unavailable", "internal_error"]))),
)]
pub(super) async fn start(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    along(request, async |program, flow| send(program, &flow).await).await
}

async fn send(program: &Program<'_>, flow: &Flow) -> Result<Answer, ApiError> {
    let request = program.request;
    let callback = callback_url(program.config())?;
    let (provider, pending) = match request.api.signin.oidc().begin(&callback, flow.anew).await {
        Ok(begun) => begun,
        Err(error) => return failed(program, flow, error).await,
    };
    let name = cookie_name(pending.state());
    let journey = Journey {
        pending,
        wish: flow.query(),
        begun_at: program.now(),
    };
    let sealed = request
        .api
        .signin
        .seal()
        .seal(Purpose::Provider, &journey, program.now() + TIME_AWAY);
    if sealed.len() > LONGEST_COOKIE {
        return Err(ApiError::Invalid {
            field: "state",
            why: "is too long to be kept while you sign in elsewhere".into(),
        });
    }
    let cookies = Cookies::new(program.config());
    let answer = Answer::see_other(&provider).for_client(program.id);
    let answer = answer.with_cookie(cookies.set_named(&name, &sealed, TIME_AWAY));
    let forget =
        |answer: Answer, old: String| answer.with_cookie(cookies.set_named(&old, "", Duration::ZERO));
    Ok(crowded_out(request, sealed.len())
        .into_iter()
        .fold(answer, forget))
}

/// Takes somebody back from the OpenID Connect provider
#[utoipa::path(
    get,
    path = Route::OidcCallback.as_str(),
    operation_id = "provider_callback",
    tag = tag::SIGN_IN,
    params(
        ("state" = Option<String>, Query, description = "Of the request that led to the provider."),
        ("code" = Option<String>, Query, description = "What the provider is asked with who it was."),
        ("iss" = Option<String>, Query, description = "The provider (RFC 9207)."),
        ("error" = Option<String>, Query, description = "Why nobody was signed in there."),
    ),
    responses(
        (status = 200, description = "A page that opens the phone app.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "On, with a token, and a session in a cookie.", headers(("Location" = String, description = "A registered `redirect_uri`."))),
    ),
    extensions(("x-error-pages" = json!(["missing_field", "invalid_field", "invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "rate_limited", "state_mismatch", "not_found", "unauthenticated", "guests_not_allowed", "not_a_member", "room_not_booked", "unavailable", "internal_error"]))),
)]
pub(super) async fn callback(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    let pairs = Pairs::parse(request.query.as_bytes())?;
    let state = pairs.get("state").unwrap_or_default();
    let name = cookie_name(state);
    let cookies = Cookies::new(&request.config);
    let journey = cookies
        .named(&request.headers, &name)
        .and_then(|sealed| opened(request, sealed));
    let Some(journey) = journey else {
        return Err(stranger(request).await.into());
    };
    // A reply costs a request to the provider, and the browser can repeat it as long as it keeps the cookie.
    request.api.limits.newcomer(request.context.address)?;
    let reply = Reply {
        state,
        code: pairs.get("code").filter(|_| pairs.get("error").is_none()),
        issuer: pairs.get("iss"),
    };
    let answer = arrive(request, &journey, reply).await?;
    Ok(answer.with_cookie(cookies.set_named(&name, "", Duration::ZERO)))
}

async fn arrive(request: &Incoming, journey: &Journey, reply: Reply<'_>) -> Result<Answer, Refused> {
    let wish = Pairs::parse(journey.wish.as_bytes())?;
    let flow = match Flow::parse(&wish, &request.config) {
        Ok(flow) => flow,
        Err(error) => return page::lost(error),
    };
    let program = Program::of(request, &flow)?;
    let callback = callback_url(&request.config)?;
    let arrived = match request
        .api
        .signin
        .oidc()
        .finish(&journey.pending, reply, &callback)
        .await
    {
        Ok(identity) => enter(&program, &flow, identity, SignInMethod::Provider).await,
        Err(error) => failed(&program, &flow, error).await,
    };
    arrived.map_err(|error| program.refused(error))
}

/// The login page again, with what came of it; that is written down and counted.
async fn failed(program: &Program<'_>, flow: &Flow, error: OidcError) -> Result<Answer, ApiError> {
    let (ending, result, problem) = match error {
        OidcError::NotConfigured => return Err(ApiError::NotFound),
        OidcError::ProviderAway => (
            Ending::Failed(error.reason()),
            SignInResult::Failed,
            LoginProblem::ProviderAway,
        ),
        _ => (
            Ending::Refused(error.reason()),
            SignInResult::Refused,
            LoginProblem::ProviderRefused,
        ),
    };
    let request = program.request;
    request.api.limits.failure(request.context.address)?;
    tracing::warn!(%error, "nobody was signed in through the OpenID Connect provider");
    let act = program.act(Action::Login, ending, flow.room().as_ref());
    program.record(act).await?;
    program
        .request
        .api
        .metrics
        .signed_in(SignInMethod::Provider, result);
    let page = page::login(program, flow, "", Some(problem)).await;
    Ok(page.because(error.reason()))
}

/// Somebody comes back from the provider who was not sent there: forged, replayed, or from another browser. Written down
/// as far as one address may fail.
async fn stranger(request: &Incoming) -> ApiError {
    if let Err(limited) = request.api.limits.failure(request.context.address) {
        return limited;
    }
    let ending = Ending::Refused(OidcError::StateMismatch.reason());
    request
        .api
        .metrics
        .signed_in(SignInMethod::Provider, SignInResult::Refused);
    match request.api.audit.record(request.act(Action::Login, ending)).await {
        Ok(()) => SignInRefusal::StateMismatch.into(),
        Err(error) => error.into(),
    }
}

fn opened(request: &Incoming, sealed: &str) -> Option<Journey> {
    request
        .api
        .signin
        .seal()
        .unseal(Purpose::Provider, sealed, request.context.received_at)
}

fn cookie_name(state: &str) -> String {
    let own = state
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    COOKIE.chars().chain(own.take(STATE_CHARS)).collect()
}

/// The names of the cookies that must go for one more of `bytes`: those that have expired, then the oldest.
fn crowded_out(request: &Incoming, bytes: usize) -> Vec<String> {
    let cookies = Cookies::new(&request.config);
    let mut all: Vec<_> = cookies
        .beginning_with(&request.headers, COOKIE)
        .map(|(name, sealed)| {
            (
                opened(request, sealed).map(|journey| journey.begun_at),
                name,
                sealed.len(),
            )
        })
        .collect();
    all.sort_by(|(one, ..), (other, ..)| other.cmp(one));
    let (mut count, mut sum) = (1, bytes);
    let must_go = |(begun_at, _, length): &(Option<Timestamp>, &str, usize)| {
        count += 1;
        sum += length;
        begun_at.is_none() || count > MOST_JOURNEYS || sum > MOST_BYTES
    };
    all.into_iter()
        .filter(must_go)
        .map(|(_, name, _)| name.to_owned())
        .collect()
}

/// Where the browser goes so that the provider ends its session too. Nothing for users of ours, and for programs that sign
/// somebody out by their token: they have no browser that could go there.
pub(super) async fn way_out(request: &Incoming, session: &Session, onward: Option<&Url>) -> Option<Url> {
    let Identity::Provided { id_token, .. } = &session.identity else {
        return None;
    };
    if request.headers.contains_key(AUTHORIZATION) {
        return None;
    }
    let back = signed_out_url(&request.config).ok()?;
    let state = onward.map_or_else(String::new, |onward| {
        let leave = Leave {
            onward: onward.clone(),
        };
        let until = request.context.received_at + TIME_AWAY;
        request.api.signin.seal().seal(Purpose::Leave, &leave, until)
    });
    request
        .api
        .signin
        .oidc()
        .log_out(id_token.as_deref(), &back, state)
        .await
}

/// Takes somebody who has left the OpenID Connect provider, and leads on to where the program wanted
#[utoipa::path(
    get,
    path = Route::SignedOut.as_str(),
    tag = tag::SIGN_IN,
    params(("state" = Option<String>, Query, description = "Of the request that led to the provider.")),
    responses(
        (status = 200, description = "The page for those who have signed out.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "On.", headers(("Location" = String, description = "A registered `redirect_uri`."))),
    ),
    extensions(("x-error-pages" = json!(["invalid_form", "repeated_parameter"]))),
)]
pub(super) async fn signed_out(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    let pairs = Pairs::parse(request.query.as_bytes())?;
    let sealed = pairs.get("state").unwrap_or_default();
    let now = request.context.received_at;
    let leave: Option<Leave> = request.api.signin.seal().unseal(Purpose::Leave, sealed, now);
    Ok(match leave {
        Some(leave) => Answer::see_other(&leave.onward),
        None => page::signed_out(request),
    })
}

fn callback_url(config: &Config) -> Result<Url, ApiError> {
    public(config, "/sso/oidc/callback")
}

fn signed_out_url(config: &Config) -> Result<Url, ApiError> {
    public(config, "/sso/signed-out")
}

/// An address of ours as people reach it.
fn public(config: &Config, path: &str) -> Result<Url, ApiError> {
    Url::parse(&format!("{}{path}", config.daemon.http.public_url)).map_err(|error| {
        tracing::error!(%error, "http.public_url is no address");
        ApiError::Internal
    })
}
