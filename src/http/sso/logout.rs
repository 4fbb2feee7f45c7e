//! `/sso/api/logout/`: ends a session, and with it everything that came of it.

use http::header::{AUTHORIZATION, ORIGIN, REFERER};
use url::Url;
use utoipa::ToSchema;

use super::csrf;
use super::flow::{address, registered};
use super::oidc;
use super::page;
use super::program::Program;
use crate::audit::{Act, Action};
use crate::domain::{ClientId, SessionId};
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::cookie::{Cookie, Cookies};
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::openapi::tag;
use crate::http::origin::{fetch_site, origin_of, own};
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::http::{Incoming, to_the_end};
use crate::signin::{Identity, Session};
use crate::telemetry::label::{Label, Route};
use crate::tokens::Refusal;

/// Who wants to sign out, and where they go afterwards.
struct Leaving<'a> {
    request: &'a Incoming,
    /// None where the request names no program that is known.
    program: Option<Program<'a>>,
    /// The registered address to go to; a fault where the request names another.
    onward: Result<Option<Url>, SignInRefusal>,
    /// The session that a token in the request names.
    named: Option<Session>,
    /// The session of the browser's cookie.
    of_browser: Option<Session>,
}

/// Ends a sign-in and everything that came of it
///
/// Which sign-in: that of the token or of the hint, and that of the browser. Where another site sent the browser, the person
/// is asked first.
#[utoipa::path(
    get,
    path = Route::SsoLogout.as_str(),
    operation_id = "sign_out",
    tag = tag::SIGN_IN,
    security((), ("user" = []), ("session" = [])),
    params(
        ("client_id" = Option<String>, Query, description = "The program that the person leaves."),
        ("redirect_uri" = Option<String>, Query, description = "Where they go then; to the letter as the client registered it."),
        ("id_token_hint" = Option<String>, Query, description = "The ID token of the sign-in, however old."),
    ),
    responses(
        (status = 200, description = "A page: signed out, or the question whether that is wanted.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "Signed out, and on.", headers(("Location" = String, description = "The `redirect_uri`, by way of the provider."))),
    ),
    extensions(("x-error-pages" = json!(["invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "unavailable"]))),
)]
pub(super) async fn visit(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    let leaving = Leaving::read(request).await?;
    if let (None, Some(session), false) = (&leaving.named, &leaving.of_browser, leaving.is_wanted()) {
        let onward = leaving.onward.as_ref().ok().and_then(Option::as_ref);
        let provider = oidc::way_out(request, session, onward).await;
        let all: Vec<_> = provider.iter().chain(onward).collect();
        return Ok(page::confirm_logout(request, &all));
    }
    let trusted = leaving.is_wanted();
    leaving.leave(trusted).await
}

/// Takes the answer to the question whether one wants to sign out
#[utoipa::path(
    post,
    path = Route::SsoLogout.as_str(),
    operation_id = "confirm_sign_out",
    tag = tag::SIGN_IN,
    params(
        ("client_id" = Option<String>, Query, description = "The program that the person leaves."),
        ("redirect_uri" = Option<String>, Query, description = "Where they go then; to the letter as the client registered it."),
        ("id_token_hint" = Option<String>, Query, description = "The ID token of the sign-in, however old."),
    ),
    request_body(content = LogoutForm, content_type = "application/x-www-form-urlencoded", example = json!({"csrf": "c2VhbGVk"})),
    responses(
        (status = 200, description = "Signed out.", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "Signed out, and on.", headers(("Location" = String, description = "The `redirect_uri`, by way of the provider."))),
    ),
    extensions(("x-error-pages" = json!(["invalid_form", "repeated_parameter", "unknown_client", "unknown_redirect_uri", "unavailable", "stale_form"]))),
)]
pub(super) async fn confirm(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let leaving = Leaving::read(request).await?;
    let form = body.form(&request.headers).await?;
    csrf::check(request, &form)?;
    leaving.leave(true).await
}

/// What stands on that page.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "forms are read by the names of their fields; this describes them"
)]
struct LogoutForm {
    /// From the page: it tells a form of ours from one of another site.
    csrf: String,
}

// === impl Leaving ===

impl<'a> Leaving<'a> {
    async fn read(request: &'a Incoming) -> Result<Self, Refused> {
        let pairs = Pairs::parse(request.query.as_bytes())?;
        let program = pairs
            .get("client_id")
            .and_then(|id| Program::named(request, id).ok());
        Ok(Self {
            request,
            onward: onward(&pairs, program.as_ref()),
            program,
            named: named(request, &pairs).await?,
            of_browser: request.cookie_session().await?,
        })
    }

    /// Whether the person, or a page of ours or of the program, sent the browser here, as far as it tells: any other page
    /// could do so too, and must not sign people out.
    fn is_wanted(&self) -> bool {
        let headers = &self.request.headers;
        match fetch_site(headers) {
            Some("same-origin" | "none") => return true,
            None if !headers.contains_key(REFERER) && !headers.contains_key(ORIGIN) => return true,
            _ => {}
        }
        let page = headers.get(REFERER).or_else(|| headers.get(ORIGIN));
        let page = page.and_then(|page| Url::parse(page.to_str().ok()?).ok());
        page.is_some_and(|page| self.is_known(&origin_of(&page)))
    }

    fn is_known(&self, origin: &str) -> bool {
        let client = self.program.as_ref().map(|program| program.client);
        let origins = client.into_iter().flat_map(|client| &client.origins);
        let addresses = client.into_iter().flat_map(|client| &client.redirect_uris);
        let of_address = |text: &String| Url::parse(text).is_ok_and(|url| origin_of(&url) == origin);
        origin == own(&self.request.config)
            || origins.into_iter().any(|known| known == origin)
            || addresses.into_iter().any(of_address)
    }

    /// Ends what is to be ended, and leads on. The browser's session goes too where that is wanted, or where the token is
    /// of the same person: with a token of one's own one cannot sign others out.
    async fn leave(self, trusted: bool) -> Result<Answer, Refused> {
        let same = |other: &Session| {
            self.named
                .as_ref()
                .is_some_and(|named| named.user.id == other.user.id)
        };
        let of_browser = self.of_browser.as_ref().filter(|other| trusted || same(other));
        let mut ended: Vec<&Session> = self.named.iter().chain(of_browser).collect();
        ended.dedup_by_key(|session| session.id);
        for session in &ended {
            self.end(session).await?;
        }
        let cookies = Cookies::new(&self.request.config);
        let answer = self.led_on(&ended).await;
        let answer = match self.program {
            Some(program) => answer.for_client(program.id),
            None => answer,
        };
        let clears = of_browser.is_some() || self.of_browser.is_none();
        Ok(if clears {
            answer.with_cookie(cookies.clear(Cookie::Session))
        } else {
            answer
        })
    }

    /// To where the program wanted, by way of the provider of whoever has left.
    async fn led_on(&self, ended: &[&Session]) -> Answer {
        let onward = match &self.onward {
            Ok(onward) => onward.as_ref(),
            Err(refusal) => return page::error(self.request, &refusal.clone().into()),
        };
        let provided = |session: &&&Session| matches!(session.identity, Identity::Provided { .. });
        let by_way_of = match ended.iter().find(provided) {
            Some(session) => oidc::way_out(self.request, session, onward).await,
            None => None,
        };
        match by_way_of.as_ref().or(onward) {
            Some(url) => Answer::see_other(url),
            None => page::signed_out(self.request),
        }
    }

    async fn end(&self, session: &Session) -> Result<(), ApiError> {
        let client = self
            .program
            .as_ref()
            .map_or(&session.client, |program| program.id);
        let act = Act {
            client: Some(client.clone()),
            user: Some(session.user.id.clone()),
            ..self.request.act(Action::Logout, Ending::Success)
        };
        let (api, id) = (self.request.api.clone(), session.id);
        to_the_end(async move {
            api.signin.end(id).await?;
            Ok(api.audit.record(act).await?)
        })
        .await?
    }
}

fn onward(pairs: &Pairs, program: Option<&Program<'_>>) -> Result<Option<Url>, SignInRefusal> {
    match (pairs.get("redirect_uri"), program) {
        (None, _) => Ok(None),
        (Some(_), None) => Err(SignInRefusal::UnknownClient),
        (Some(text), Some(program)) => address(registered(text, program.client)?).map(Some),
    }
}

/// The live session of a Bearer token, or of an ID token however old. One that was told to another program than the
/// request names is passed over (OpenID Connect RP-Initiated Logout section 2).
async fn named(request: &Incoming, pairs: &Pairs) -> Result<Option<Session>, ApiError> {
    if request.headers.contains_key(AUTHORIZATION) {
        return of_bearer(request).await;
    }
    let told_to = |client: &ClientId| pairs.get("client_id").is_none_or(|id| id == client.as_str());
    let hint = pairs.get("id_token_hint");
    match hint
        .and_then(|hint| hinted(request, hint))
        .filter(|(_, client)| told_to(client))
    {
        Some((id, _)) => Ok(request.api.signin.session(id).await?),
        None => Ok(None),
    }
}

/// A program must not be told that somebody is signed out whose session goes on, as it does where the token has merely
/// expired. One that has ended before is no fault.
async fn of_bearer(request: &Incoming) -> Result<Option<Session>, ApiError> {
    match request.bearer().await.map_err(|refused| refused.error) {
        Ok(session) => Ok(Some(session)),
        Err(ApiError::SignIn(SignInRefusal::BadToken(Refusal::Revoked))) => Ok(None),
        Err(error) => Err(error),
    }
}

fn hinted(request: &Incoming, hint: &str) -> Option<(SessionId, ClientId)> {
    let keyring = request.api.keyring.borrow().clone();
    let names = request
        .config
        .daemon
        .jitsi
        .iter()
        .map(|jitsi| jitsi.name.as_str());
    let mut servers = names.filter_map(|name| keyring.server(Some(name)));
    servers.find_map(|server| server.session_of_id_token(hint))
}
