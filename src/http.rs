//! The public routes: one table, one file per resource, handlers of four steps — parse, who calls, one call into the
//! core, render.

mod answer;
mod appointments;
mod audit;
mod auth;
mod backend;
mod body;
mod conference;
mod cookie;
mod cors;
mod door;
mod error;
mod field;
mod form;
mod hooks;
mod jitsi;
mod join;
mod keys;
mod language;
mod limits;
mod live;
mod livekit;
mod meetings;
mod openapi;
pub mod ops;
mod origin;
mod pages;
mod query;
mod records;
mod refused;
pub mod server;
mod sso;
mod trail;

use std::sync::Arc;

use http::HeaderMap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::{Filter, Reply};

use crate::audit::Audit;
use crate::config::Config;
use crate::domain::Ambient;
use crate::live::Live;
use crate::meetings::Meetings;
use crate::meetings::people::People;
use crate::signin::SignIn;
use crate::telemetry::Metrics;
use crate::telemetry::label::Route;
use crate::tokens::Keyring;
use crate::waiting::WaitingRooms;
use answer::Answer;
use body::Body;
use error::ApiError;
use language::choose;
pub use limits::Limits;
pub use meetings::KeptTokens;
use openapi::Methods;
use refused::Refused;
use server::{Edge, Listener, RequestContext};

/// What handlers work with; cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub config: watch::Receiver<Arc<Config>>,
    pub keyring: watch::Receiver<Arc<Keyring>>,
    pub meetings: Meetings,
    pub people: People,
    pub signin: SignIn,
    pub audit: Audit,
    pub live: Live,
    pub waiting: WaitingRooms,
    pub metrics: Arc<Metrics>,
    pub limits: Arc<Limits>,
    pub kept: KeptTokens,
    pub ambient: Ambient,
    /// Loopback callers without a credential act as this client (`--dev`).
    pub stand_in: Option<crate::domain::ClientId>,
}

/// One request without its body, with everything that its handler may look at.
struct Incoming {
    api: Arc<Api>,
    /// The configuration as it was when the request came in.
    config: Arc<Config>,
    route: Route,
    context: RequestContext,
    headers: HeaderMap,
    /// As it was sent, without the `?`.
    query: String,
}

/// Answers on the public listener until it is told to stop.
pub async fn serve(
    listener: Listener,
    api: Api,
    edge: Edge,
    soft: CancellationToken,
    hard: CancellationToken,
) {
    let cors = cors::layer(api.config.clone());
    let service = tower::ServiceBuilder::new()
        .layer(cors)
        .service(warp::service(routes(api)));
    listener.serve(service, edge, soft, hard).await;
}

/// Every public route.
fn routes(api: Api) -> BoxedFilter<(impl Reply,)> {
    let tokens = jitsi_routes(&api);
    let keys = key_routes(&api);
    let hooks = hook_routes(&api);
    tokens
        .or(hooks)
        .unify()
        .or(keys)
        .unify()
        .or(sso::routes(&api))
        .unify()
        .or(livekit::routes(&api))
        .unify()
        .or(audit::routes(&api))
        .unify()
        .or(pages::routes(&api))
        .unify()
        .or(meetings::routes(&api))
        .unify()
        .or(appointments::routes(&api))
        .unify()
        .or(records::routes(&api))
        .unify()
        .or(live::routes(&api))
        .unify()
        .or(join::routes(&api))
        .unify()
        .or(openapi::routes(&api))
        .unify()
        .or(conference::routes(&api))
        .unify()
        .or(unmatched(&api))
        .unify()
        .boxed()
}

fn jitsi_routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let generate = post(
        api,
        Route::GenerateToken,
        warp::path!("api" / "jitsi" / "generate-token").boxed(),
    )
    .then(|request, body| answered(request, body, jitsi::generate_token));
    let create = post(
        api,
        Route::CreateRoom,
        warp::path!("api" / "jitsi" / "create-room").boxed(),
    )
    .then(|request, body| answered(request, body, jitsi::create_room));
    let validate = post(
        api,
        Route::ValidateToken,
        warp::path!("api" / "jitsi" / "validate-token").boxed(),
    )
    .then(|request, body| answered(request, body, jitsi::validate_token));
    generate.or(validate).unify().or(create).unify().boxed()
}

fn hook_routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let batch = post(
        api,
        Route::ProsodyEvents,
        warp::path!("prosody" / "events").boxed(),
    )
    .then(|request, body| answered(request, body, hooks::prosody_events));
    let joined = post(
        api,
        Route::OccupantJoined,
        warp::path!("events" / "occupant" / "joined").boxed(),
    )
    .then(|request, body| answered(request, body, hooks::occupant_joined));
    let left = post(
        api,
        Route::OccupantLeft,
        warp::path!("events" / "occupant" / "left").boxed(),
    )
    .then(|request, body| answered(request, body, hooks::occupant_left));
    let created = post(
        api,
        Route::RoomCreated,
        warp::path!("events" / "room" / "created").boxed(),
    )
    .then(|request, body| answered(request, body, hooks::room_created));
    let destroyed = post(
        api,
        Route::RoomDestroyed,
        warp::path!("events" / "room" / "destroyed").boxed(),
    )
    .then(|request, body| answered(request, body, hooks::room_destroyed));
    batch
        .or(joined)
        .unify()
        .or(left)
        .unify()
        .or(created)
        .unify()
        .or(destroyed)
        .unify()
        .boxed()
}

fn key_routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let pem =
        warp::path!("asap" / String)
            .and(read(api, Route::AsapKey))
            .then(|file: String, request, body| {
                answered(request, body, async move |request: &Incoming, _| {
                    keys::pem(request, &file)
                })
            });
    let control = warp::path!("asap" / "control" / String)
        .and(read(api, Route::ControlKey))
        .then(|file: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                keys::control_pem(request, &file)
            })
        });
    let jwks = warp::path!(".well-known" / "jwks.json")
        .and(read(api, Route::Jwks))
        .then(|request, body| {
            answered(request, body, async |request: &Incoming, _| {
                Ok(keys::jwks(request))
            })
        });
    pem.or(control).unify().or(jwks).unify().boxed()
}

/// GET or HEAD of what comes before.
fn read(api: &Api, route: Route) -> BoxedFilter<(Incoming, Body)> {
    let method = warp::get().or(warp::head()).unify();
    method.and(incoming(api, route)).boxed()
}

fn get(api: &Api, route: Route, path: BoxedFilter<()>) -> BoxedFilter<(Incoming, Body)> {
    path.and(read(api, route)).boxed()
}

fn post(api: &Api, route: Route, path: BoxedFilter<()>) -> BoxedFilter<(Incoming, Body)> {
    path.and(warp::post()).and(incoming(api, route)).boxed()
}

fn incoming(api: &Api, route: Route) -> BoxedFilter<(Incoming, Body)> {
    let api = Arc::new(api.clone());
    warp::ext::get::<RequestContext>()
        .and(warp::header::headers_cloned())
        .and(query())
        .map(move |context, headers, query| {
            let config = api.config.borrow().clone();
            Incoming {
                config,
                api: Arc::clone(&api),
                route,
                context,
                headers,
                query,
            }
        })
        .and(body())
        .boxed()
}

fn query() -> impl Filter<Extract = (String,), Error = std::convert::Infallible> + Clone {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

fn body() -> impl Filter<Extract = (Body,), Error = warp::Rejection> + Clone {
    warp::header::optional("content-length")
        .and(warp::body::stream())
        .map(Body::new)
}

/// What no route took: 404, or 405 where only the method is wrong.
fn unmatched(api: &Api) -> BoxedFilter<(Answer,)> {
    let api = api.clone();
    let methods = Arc::new(Methods::of(&openapi::document()));
    warp::any()
        .and(warp::ext::get::<RequestContext>())
        .and(warp::header::headers_cloned())
        .and(warp::path::full())
        .map(
            move |context: RequestContext, headers: HeaderMap, path: FullPath| {
                let error = match methods.at(path.as_str()) {
                    Some(allow) => ApiError::MethodNotAllowed {
                        allow: allow.to_owned(),
                    },
                    None => ApiError::NotFound,
                };
                let language = choose(&headers, None, &api.config.borrow());
                Answer::refused(&Refused::from(error), Route::Unmatched, &context, language)
            },
        )
        .boxed()
}

/// Runs a handler and renders what it refuses, in the caller's language.
async fn answered<H>(request: Incoming, body: Body, handle: H) -> Answer
where
    H: AsyncFnOnce(&Incoming, Body) -> Result<Answer, Refused>,
{
    match handle(&request, body).await {
        Ok(answer) => answer.of(request.route),
        Err(refused) => {
            refused.count(&request.api.metrics, request.route);
            let language = choose(&request.headers, refused.client.as_ref(), &request.config);
            Answer::refused(&refused, request.route, &request.context, language)
        }
    }
}

/// Sees a change through although the caller may hang up: a handler whose caller is gone is dropped where it stands.
async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = T> + Send + 'static,
) -> Result<T, ApiError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "ends with the change, which its caller awaits"
    )]
    let seen_through = tokio::spawn(change);
    seen_through.await.map_err(|error| {
        tracing::error!(%error, "a change did not come to its end");
        ApiError::Internal
    })
}
