//! Sign-in for people (`http.md` section 3).

mod flow;
mod state;

use warp::Filter;
use warp::filters::BoxedFilter;

use super::Api;
use super::answer::Answer;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let _ = api;
    warp::any()
        .and_then(async || Err::<Answer, _>(warp::reject::not_found()))
        .boxed()
}
