//! `GET /api/meetings/{id}`: one meeting, with a link made for the caller.

use super::{seen, show};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::MAY_READ;
use crate::http::refused::Refused;

pub(super) async fn read(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let meeting = seen(request, &asker, id).await?;
        show(request, &asker, &meeting).await
    };
    answer.await.map_err(|error| asker.refused(error))
}
