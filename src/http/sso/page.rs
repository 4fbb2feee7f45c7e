//! The pages of sign-in as answers: status, policy, and what makes the forms on them ours.

use http::StatusCode;
use percent_encoding::percent_decode_str;
use url::Url;

use super::csrf::guard;
use super::flow::{CodeGoal, Flow, FlowError, Goal};
use super::program::Program;
use crate::domain::RoomName;
use crate::domain::access::Visitor;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::error::ApiError;
use crate::http::language::choose;
use crate::http::origin::{base, origin_of};
use crate::http::refused::Refused;
use crate::pages::{
    ConfirmLogoutPage, ErrorPage, Frame, LoginPage, LoginProblem, OpenAppPage, SignedOutPage,
};

/// The policy of a page without forms that lead elsewhere.
const HERE: [&str; 0] = [];

/// The login page; with a problem it has the status of that.
pub(super) async fn login(
    program: &Program<'_>,
    flow: &Flow,
    username: &str,
    problem: Option<LoginProblem>,
) -> Answer {
    let (request, query) = (program.request, flow.query());
    let (base, guard) = (base(program.config()), guard(request));
    let at = |path: &str| format!("{base}{path}?{query}");
    let room = flow.room();
    let room_shown = room.as_ref().map(readable);
    let guests = match &room {
        Some(room) => program.entry(Visitor::Guest, room).await.is_ok(),
        None => false,
    };
    let (action, guest) = (at("/sso/login/"), at("/sso/guest/"));
    let provider = provider(program).map(|name| (at("/sso/oidc/start"), name));
    let page = LoginPage {
        frame: Frame {
            language: program.language(),
            base: &base,
        },
        client: &program.client.name,
        room: room_shown.as_deref(),
        action: &action,
        csrf: &guard.token,
        username,
        problem,
        passwords: program
            .config()
            .users
            .values()
            .any(|user| user.password.is_some()),
        provider: provider.as_ref().map(|(link, name)| (link.as_str(), *name)),
        guest: guests.then_some(guest.as_str()),
    };
    let answer = Answer::page(
        status(problem),
        page.render(),
        &policy(&form_targets(program, flow)),
    );
    let answer = answer.with_cookie(guard.cookie).for_client(program.id);
    match problem {
        Some(LoginProblem::TooMany(seconds)) => answer.retry_after(seconds),
        Some(LoginProblem::Busy) => answer.retry_after(1),
        _ => answer,
    }
}

/// What went wrong, in words.
pub(super) fn error(request: &Incoming, refused: &Refused) -> Answer {
    let error = &refused.error;
    let language = choose(&request.headers, refused.client.as_ref(), &request.config);
    let page = ErrorPage {
        frame: Frame {
            language,
            base: &base(&request.config),
        },
        sentence: &error.sentence(language),
        code: error.code(),
        request_id: request.context.id.as_str(),
    };
    let answer = Answer::page(error.status(), page.render(), &policy(&HERE)).because(error.code());
    let answer = match &refused.client {
        Some((id, _)) => answer.for_client(id),
        None => answer,
    };
    match error.retry_after() {
        Some(wait) => answer.retry_after(wait.as_secs() + 1),
        None => answer,
    }
}

/// A way that cannot be gone: told to the program where it can be, else to the person.
pub(super) fn lost(error: FlowError) -> Result<Answer, Refused> {
    match error {
        FlowError::Told(url) => Ok(Answer::see_other(&url).because("invalid_request")),
        FlowError::Page(error) => Err(error.into()),
    }
}

pub(super) fn open_app(program: &Program<'_>, link: &str, room: &RoomName) -> Answer {
    let page = OpenAppPage {
        frame: Frame {
            language: program.language(),
            base: &base(program.config()),
        },
        link,
        room: &readable(room),
    };
    Answer::page(StatusCode::OK, page.render(), &policy(&HERE)).for_client(program.id)
}

pub(super) fn signed_out(request: &Incoming) -> Answer {
    let page = SignedOutPage {
        frame: Frame {
            language: choose(&request.headers, None, &request.config),
            base: &base(&request.config),
        },
    };
    Answer::page(StatusCode::OK, page.render(), &policy(&HERE))
}

/// Asks whether one wants to sign out; that may lead to all of `onward`, one after the other.
pub(super) fn confirm_logout(request: &Incoming, onward: &[&Url]) -> Answer {
    let (base, guard) = (base(&request.config), guard(request));
    let action = match request.query.as_str() {
        "" => format!("{base}/sso/api/logout/"),
        query => format!("{base}/sso/api/logout/?{query}"),
    };
    let page = ConfirmLogoutPage {
        frame: Frame {
            language: choose(&request.headers, None, &request.config),
            base: &base,
        },
        action: &action,
        csrf: &guard.token,
    };
    let targets: Vec<_> = onward.iter().map(|url| origin_of(url)).collect();
    Answer::page(StatusCode::OK, page.render(), &policy(&targets)).with_cookie(guard.cookie)
}

/// Nothing but what is ours. A form's answer may lead to the program, which Chromium holds against `form-action` too.
fn policy(form_targets: &[impl AsRef<str>]) -> String {
    let mut forms = String::from("'self'");
    for target in form_targets {
        forms.push(' ');
        forms.push_str(target.as_ref());
    }
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    )
}

fn form_targets(program: &Program<'_>, flow: &Flow) -> Vec<String> {
    let keyring = program.request.api.keyring.borrow().clone();
    let target = match &flow.goal {
        Goal::Callback { redirect_uri, .. } | Goal::Code(CodeGoal { redirect_uri, .. }) => {
            Url::parse(redirect_uri).ok().map(|url| origin_of(&url))
        }
        Goal::Room { .. } => {
            let server = program.server(&keyring).ok();
            server.map(|server| format!("https://{}", server.domain()))
        }
        Goal::JoinPage(_) => None,
    };
    target.into_iter().collect()
}

/// The name of the OpenID Connect provider, where one is configured.
fn provider<'a>(program: &Program<'a>) -> Option<&'a str> {
    let provider = program.config().daemon.signin.oidc.as_ref();
    provider.map(|provider| provider.name.as_str())
}

fn status(problem: Option<LoginProblem>) -> StatusCode {
    match problem {
        None => StatusCode::OK,
        Some(LoginProblem::Wrong | LoginProblem::ProviderRefused) => StatusCode::UNAUTHORIZED,
        Some(LoginProblem::Inactive | LoginProblem::Stale) => StatusCode::FORBIDDEN,
        Some(LoginProblem::TooMany(_)) => StatusCode::TOO_MANY_REQUESTS,
        Some(LoginProblem::Busy | LoginProblem::ProviderAway) => StatusCode::SERVICE_UNAVAILABLE,
        Some(LoginProblem::MissingField) => StatusCode::BAD_REQUEST,
    }
}

/// The room as a person would write it.
fn readable(room: &RoomName) -> String {
    let (tenant, name) = room.split();
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match tenant {
        Some(tenant) => format!("{}/{}", decoded(tenant), decoded(name)),
        None => decoded(name),
    }
}

/// The answer for a program's person who may not go on.
pub(super) fn refused(program: &Program<'_>, problem: ApiError) -> Answer {
    error(program.request, &program.refused(problem))
}
