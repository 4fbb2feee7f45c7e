//! `POST /api/meetings/{meeting}/waiting`: somebody says "I am here", and is told where they stand.

use serde::{Deserialize, Serialize};

use super::door::Arrival;
use super::meeting_at;
use super::ticket::{Admission, AdmissionBody};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::seconds;
use crate::http::refused::Refused;
use crate::waiting::{Crowded, Standing, Waiter};

/// What the page says; all of it may be left out.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Here {
    /// False: the person only looks. They get no token although they might go in.
    enter: Option<bool>,
}

/// Where somebody stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StandingBody<'a> {
    /// `too_early`, `waiting`, `denied`, `ready`, `over`, `cancelled` or `in_person`.
    state: &'static str,
    /// For whom one waits: `host`, who is to come; or `admission`, the word of somebody who moderates.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'static str>,
    /// Of the meeting.
    status: &'static str,
    /// Whether the person may let others in.
    moderator: bool,
    /// From when on people may come in; absent where they may at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    /// IANA name of the zone in which the time was agreed.
    time_zone: &'static str,
    /// usher's clock.
    now: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    admission: Option<AdmissionBody<'a>>,
}

/// `POST /api/meetings/{meeting}/waiting`
pub(super) async fn here(request: &Incoming, id: &str, body: Body) -> Result<Answer, Refused> {
    let session = request.user().await?;
    let here: Here = body.json_if_any().await?;
    let meeting = meeting_at(request, id).await?;
    let arrival = Arrival::new(request, &meeting, &session)?;
    let standing = arrival.stand()?;
    let is_entering = here.enter.unwrap_or(true) && standing == Standing::Ready;
    let admission = match is_entering {
        true => Some(arrival.admit().await?),
        false => None,
    };
    let body = StandingBody {
        admission: admission.as_ref().map(Admission::body),
        ..arrival.shown(standing)
    };
    Ok(Answer::success(&body, Some(meeting.booking.client.clone())))
}

// === impl Arrival ===

impl Arrival<'_> {
    /// Where the person stands; somebody who waits is on the host's list from now on.
    pub(super) fn stand(&self) -> Result<Standing, ApiError> {
        let standing = self.standing();
        let (rooms, user) = (&self.request.api.waiting, &self.session.user);
        match standing {
            Standing::Waiting(_) | Standing::Denied => {
                let waiter = Waiter {
                    user: user.id.clone(),
                    name: user.name.clone(),
                };
                let waits = rooms.wait(self.meeting.id, waiter, self.now());
                waits.map_err(|Crowded| ApiError::Unavailable)?;
            }
            _ => rooms.leave(self.meeting.id, &user.id),
        }
        Ok(standing)
    }

    fn shown<'a>(&self, standing: Standing) -> StandingBody<'a> {
        let slot = self.meeting.booking.slot;
        let waits_for = match standing {
            Standing::Waiting(reason) => Some(reason.as_str()),
            _ => None,
        };
        StandingBody {
            state: standing.as_str(),
            waits_for,
            status: self.meeting.status.as_str(),
            moderator: self.moderates,
            opens_at: self.opens_at().map(seconds),
            starts_at: slot.map(|slot| seconds(slot.starts_at)),
            ends_at: slot.map(|slot| seconds(slot.ends_at())),
            time_zone: self.zone().name(),
            now: seconds(self.now()),
            admission: None,
        }
    }
}
