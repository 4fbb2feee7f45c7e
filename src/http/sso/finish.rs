//! Past the door: a session begins, and the person is led to where the program wanted them.

use std::time::Duration;

use super::flow::{CodeGoal, Flow, Goal, address, join_page_url, with_query};
use super::page;
use super::program::{Program, require_account};
use super::state::State;
use super::target::Target;
use crate::audit::{Act, Action};
use crate::domain::{MeetingId, Next, RoomName, SessionId};
use crate::http::answer::Answer;
use crate::http::cookie::{Cookie, Cookies};
use crate::http::error::ApiError;
use crate::http::to_the_end;
use crate::http::trail::Ending;
use crate::signin::{Begun, Identity, NewCode, Session, SignIn, SignInError};
use crate::telemetry::label::{SignInMethod, SignInResult};

/// Begins a session for somebody who has proved who they are, and leads them on. The session stays although the rules may
/// not let them into the room that they wanted.
pub(super) async fn enter(
    program: &Program<'_>,
    flow: &Flow,
    identity: Identity,
    method: SignInMethod,
) -> Result<Answer, ApiError> {
    let previous = program.request.cookie_session().await?.map(|session| session.id);
    let begun = begin(program, identity, method, previous, flow.room().as_ref()).await?;
    let session = &begun.session;
    let led = finish(program, flow, session).await;
    let answer = led.unwrap_or_else(|error| page::refused(program, error));
    let cookies = Cookies::new(program.config());
    let keep = session.cookie_until - program.now();
    let answer = answer.with_cookie(cookies.set(Cookie::Session, &begun.cookie, not_negative(keep)));
    match session.identity {
        Identity::Local { .. } => {
            let device = program.request.api.signin.device(&session.user);
            Ok(answer.with_cookie(cookies.set(Cookie::Device, &device, not_negative(SignIn::DEVICE_LIFE))))
        }
        Identity::Provided { .. } | Identity::Guest { .. } => Ok(answer),
    }
}

fn not_negative(span: chrono::Duration) -> Duration {
    span.to_std().unwrap_or_default()
}

/// A new session; the one whose cookie the browser had is over.
pub(super) async fn begin(
    program: &Program<'_>,
    identity: Identity,
    method: SignInMethod,
    previous: Option<SessionId>,
    room: Option<&RoomName>,
) -> Result<Begun, ApiError> {
    let api = &program.request.api;
    let (signin, audit, client) = (api.signin.clone(), api.audit.clone(), program.id.clone());
    let act = program.act(Action::Login, Ending::Success, room);
    let begun = to_the_end(async move {
        let begun = signin.begin(identity, &client, previous).await?;
        let user = Some(begun.session.user.id.clone());
        audit.record(Act { user, ..act }).await?;
        Ok::<_, ApiError>(begun)
    });
    let begun = begun.await??;
    program
        .request
        .api
        .metrics
        .signed_in(method, SignInResult::Success);
    Ok(begun)
}

/// Leads somebody who is signed in to where the way through sign-in goes.
pub(super) async fn finish(
    program: &Program<'_>,
    flow: &Flow,
    session: &Session,
) -> Result<Answer, ApiError> {
    let answer = match &flow.goal {
        Goal::Callback { redirect_uri, next } => callback(program, session, redirect_uri, next).await?,
        Goal::Code(goal) => code(program, session, goal).await?,
        Goal::Room { state, .. } => room(program, session, state).await?,
        Goal::JoinPage(meeting) => join_page(program, session, *meeting)?,
    };
    Ok(answer.for_client(program.id))
}

async fn callback(
    program: &Program<'_>,
    session: &Session,
    redirect_uri: &str,
    next: &Next,
) -> Result<Answer, ApiError> {
    let issued = program.issue(session, next.room().as_ref()).await?;
    let pairs = [("token", issued.token.as_str()), ("next", next.as_str())];
    Ok(Answer::see_other(&with_query(address(redirect_uri)?, &pairs)))
}

async fn code(program: &Program<'_>, session: &Session, goal: &CodeGoal) -> Result<Answer, ApiError> {
    program.admit(session, goal.room.as_ref()).await?;
    let new = NewCode {
        session: session.id,
        client: program.id.clone(),
        redirect_uri: goal.redirect_uri.clone(),
        code_challenge: goal.code_challenge.clone(),
        room: goal.room.clone(),
        nonce: goal.nonce.clone(),
    };
    let signin = program.request.api.signin.clone();
    let issued: Result<_, SignInError> = to_the_end(async move { signin.issue_code(new).await }).await?;
    let code = issued?;
    let mut pairs = vec![("code", code.as_str())];
    pairs.extend(goal.state.as_deref().map(|state| ("state", state)));
    Ok(Answer::see_other(&with_query(
        address(&goal.redirect_uri)?,
        &pairs,
    )))
}

async fn room(program: &Program<'_>, session: &Session, state: &State) -> Result<Answer, ApiError> {
    let issued = program.issue(session, Some(&state.room)).await?;
    let keyring = program.request.api.keyring.borrow().clone();
    let domain = program.server(&keyring)?.domain();
    match Target::new(domain, state, &issued.token) {
        Some(Target::Web(url)) => Ok(Answer::see_other(&url)),
        Some(Target::App(link)) => Ok(page::open_app(program, &link, &state.room)),
        None => Err(ApiError::Invalid {
            field: "state",
            why: "names no room".into(),
        }),
    }
}

/// The page itself asks who may see it. Guests have no meetings, and are asked for an account.
fn join_page(program: &Program<'_>, session: &Session, meeting: MeetingId) -> Result<Answer, ApiError> {
    require_account(session)?;
    Ok(Answer::see_other(&join_page_url(program.config(), meeting)?))
}
