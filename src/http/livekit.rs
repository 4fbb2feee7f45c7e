//! LiveKit tokens for people and programs (`http.md` section 4).

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
