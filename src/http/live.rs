//! Events as they happen, by Server-Sent Events and WebSocket (`http.md` section 6).

use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::{Api, none};

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let _ = api;
    none()
}
