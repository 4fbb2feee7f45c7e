//! `GET /api/appointments/{id}` and `GET /api/appointments/user/{id}`: the same with links.

use serde::Serialize;

use super::record::AppointmentBody;
use super::{is_appointment, show};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::MAY_READ;
use crate::http::error::ApiError;
use crate::http::meetings::{Query, client_of, one_person, passes, seen};
use crate::http::refused::Refused;

#[derive(Serialize)]
struct Listed<'a> {
    appointments: Vec<AppointmentBody<'a>>,
    next_cursor: Option<&'a str>,
}

pub(super) async fn read(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let meeting = seen(request, &asker, id).await?;
        match is_appointment(&meeting) {
            true => show(request, &asker, &meeting).await,
            false => Err(ApiError::NotFound),
        }
    };
    answer.await.map_err(|error| asker.refused(error))
}

pub(super) async fn of_user(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let owner = one_person(&asker, id)?;
        let query = Query::parse(&request.query, true)?;
        let mut page = query.page(request, &asker, &owner).await?;
        page.meetings.retain(is_appointment);
        let passes = passes(request, &asker, &page.meetings).await?;
        let bodies = page.meetings.iter().zip(&passes);
        let body = Listed {
            appointments: bodies
                .map(|(meeting, pass)| AppointmentBody::new(request, &asker, meeting, pass))
                .collect(),
            next_cursor: page.next.as_deref(),
        };
        Ok(Answer::success(&body, client_of(&asker)))
    };
    answer.await.map_err(|error: ApiError| asker.refused(error))
}
