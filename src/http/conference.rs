//! What Jitsi's reservations module asks: may this room open (`http.md` section 7)?

use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::{Api, none};

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let _ = api;
    none()
}
