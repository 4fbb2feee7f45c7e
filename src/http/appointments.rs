//! Appointments: meetings as hospitals and calendar front ends speak of them (`http.md` section 5).

use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::{Api, none};

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let _ = api;
    none()
}
