//! The description of this API, for programs and as a page.

use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::{Api, none};

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let _ = api;
    none()
}
