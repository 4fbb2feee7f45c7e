//! The join page of a meeting, and its waiting room.

use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::{Api, none};

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let _ = api;
    none()
}
