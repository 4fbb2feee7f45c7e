//! Sign-in for people (`http.md` section 3): pages, the JSON routes of programs, and the code flow of jitsi-meet.

mod api_login;
mod authorize;
mod csrf;
mod finish;
mod flow;
mod guest;
mod login;
mod logout;
mod oidc;
mod page;
mod person;
mod program;
mod refresh;
mod state;
mod target;
mod token;
mod validate;

use utoipa::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::body::Body;
use super::refused::Refused;
use super::{Api, Incoming, answered, get, post};
use crate::telemetry::label::Route;
pub(super) use flow::to_sign_in;

#[derive(OpenApi)]
#[openapi(paths(
    login::show,
    login::submit,
    guest::submit,
    authorize::authorize,
    logout::visit,
    logout::confirm,
    oidc::start,
    oidc::callback,
    oidc::signed_out,
    api_login::login,
    validate::validate,
    refresh::refresh,
    person::user_info,
    token::token,
))]
pub(super) struct Docs;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let pages = pages(api).or(provider(api)).unify();
    pages.or(json(api)).unify().boxed()
}

fn pages(api: &Api) -> BoxedFilter<(Answer,)> {
    let login = || warp::path!("sso" / "login").boxed();
    let show = get(api, Route::SsoLogin, login()).then(|request, body| paged(request, body, login::show));
    let submit =
        post(api, Route::SsoLogin, login()).then(|request, body| paged(request, body, login::submit));
    let guest = post(api, Route::SsoGuest, warp::path!("sso" / "guest").boxed())
        .then(|request, body| paged(request, body, guest::submit));
    let authorize = get(api, Route::SsoAuthorize, warp::path!("sso" / "authorize").boxed())
        .then(|request, body| paged(request, body, authorize::authorize));
    let logout = || warp::path!("sso" / "api" / "logout").boxed();
    let visit =
        get(api, Route::SsoLogout, logout()).then(|request, body| paged(request, body, logout::visit));
    let confirm =
        post(api, Route::SsoLogout, logout()).then(|request, body| paged(request, body, logout::confirm));
    show.or(submit)
        .unify()
        .or(guest)
        .unify()
        .or(authorize)
        .unify()
        .or(visit)
        .unify()
        .or(confirm)
        .unify()
        .boxed()
}

fn provider(api: &Api) -> BoxedFilter<(Answer,)> {
    let start = get(
        api,
        Route::OidcStart,
        warp::path!("sso" / "oidc" / "start").boxed(),
    )
    .then(|request, body| paged(request, body, oidc::start));
    let callback = get(
        api,
        Route::OidcCallback,
        warp::path!("sso" / "oidc" / "callback").boxed(),
    )
    .then(|request, body| paged(request, body, oidc::callback));
    let signed_out = get(api, Route::SignedOut, warp::path!("sso" / "signed-out").boxed())
        .then(|request, body| paged(request, body, oidc::signed_out));
    start.or(callback).unify().or(signed_out).unify().boxed()
}

fn json(api: &Api) -> BoxedFilter<(Answer,)> {
    let login = post(
        api,
        Route::SsoApiLogin,
        warp::path!("sso" / "api" / "login").boxed(),
    )
    .then(|request, body| answered(request, body, api_login::login));
    let validate = post(
        api,
        Route::SsoValidate,
        warp::path!("sso" / "api" / "validate-token").boxed(),
    )
    .then(|request, body| answered(request, body, validate::validate));
    let refresh = post(
        api,
        Route::SsoRefresh,
        warp::path!("sso" / "api" / "refresh-token").boxed(),
    )
    .then(|request, body| answered(request, body, refresh::refresh));
    let user_info = get(
        api,
        Route::SsoUserInfo,
        warp::path!("sso" / "api" / "user-info").boxed(),
    )
    .then(|request, body| answered(request, body, person::user_info));
    let token = post(api, Route::SsoToken, warp::path!("sso" / "token").boxed())
        .then(|request, body| answered(request, body, token::token));
    login
        .or(validate)
        .unify()
        .or(refresh)
        .unify()
        .or(user_info)
        .unify()
        .or(token)
        .unify()
        .boxed()
}

/// Runs a handler of a page; what it refuses becomes a page too.
pub(super) async fn paged<H>(request: Incoming, body: Body, handle: H) -> Answer
where
    H: AsyncFnOnce(&Incoming, Body) -> Result<Answer, Refused>,
{
    let answer = match handle(&request, body).await {
        Ok(answer) => answer,
        Err(refused) => {
            refused.count(&request.api.metrics, request.route);
            page::error(&request, &refused)
        }
    };
    answer.of(request.route)
}
