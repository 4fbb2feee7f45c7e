//! `POST /sso/guest/`: in by name alone, where the rules let people without an account in.

use super::csrf;
use super::finish::enter;
use super::flow::Flow;
use super::page;
use super::program::{Program, along};
use crate::audit::Action;
use crate::domain::access::Visitor;
use crate::domain::{UserId, hex};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::pages::LoginProblem;
use crate::signin::Identity;
use crate::telemetry::label::{SignInMethod, SignInResult};
use crate::tokens::PlainText;

/// Longest name of a guest, in characters.
const LONGEST_NAME: usize = 100;

pub(super) async fn submit(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    along(request, async move |program, flow| {
        let form = body.form(&request.headers).await?;
        let problem = match (csrf::check(request, &form), name(&form)) {
            (Err(_), _) => LoginProblem::Stale,
            (Ok(()), None) => LoginProblem::MissingField,
            (Ok(()), Some(name)) => return sign_in(program, &flow, name).await,
        };
        Ok(page::login(program, &flow, "", Some(problem)).await)
    })
    .await
}

/// The rules are asked before there is a session: a guest is somebody in a room, and nobody elsewhere. Each guest leaves
/// records here that no password stands before, so one network may not bring any number of them.
async fn sign_in(program: &Program<'_>, flow: &Flow, name: String) -> Result<Answer, ApiError> {
    let request = program.request;
    request.api.limits.newcomer(request.context.address)?;
    let room = flow.room();
    let entry = match &room {
        Some(room) => program.entry(Visitor::Guest, room).await.map(drop),
        None => Err(SignInRefusal::GuestsNotAllowed.into()),
    };
    if let Err(error) = entry {
        let act = program.act(Action::Login, Ending::of(&error), room.as_ref());
        program.record(act).await?;
        let metrics = &program.request.api.metrics;
        metrics.signed_in(SignInMethod::Guest, SignInResult::Refused);
        return Err(error);
    }
    let id = guest_id(program)?;
    enter(program, flow, Identity::Guest { id, name }, SignInMethod::Guest).await
}

fn name(form: &Pairs) -> Option<String> {
    let name = PlainText::parse(form.get("name")?).ok()?;
    (name.as_str().chars().count() <= LONGEST_NAME).then(|| name.to_string())
}

/// Never given twice.
fn guest_id(program: &Program<'_>) -> Result<UserId, ApiError> {
    let random: [u8; 16] = program.request.api.ambient.random();
    UserId::parse(&format!("guest-{}", hex(&random))).map_err(|_| ApiError::Internal)
}
