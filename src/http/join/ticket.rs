//! What lets a person into the room of a meeting: a token of their sign-in, with everything that a page needs to show the
//! room.

use serde::Serialize;
use utoipa::ToSchema;

use super::door::Arrival;
use crate::audit::Act;
use crate::http::backend::Server;
use crate::http::error::ApiError;
use crate::http::field::seconds;
use crate::http::meetings::pass::{JitsiDetails, LiveKitDetails, Pass};
use crate::http::meetings::ticket::Ticket;
use crate::signin::Session;
use crate::tokens::{Issued, Keyring};

/// A token, and where it is good for something.
pub(super) struct Admission<'a> {
    pass: Pass<'a>,
    expires_at: String,
}

/// The same in an answer, as `POST /api/meetings/{meeting}/token` gives it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Admission)]
pub(super) struct AdmissionBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    expires_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitsi_details: Option<JitsiDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    livekit_details: Option<LiveKitDetails<'a>>,
}

// === impl Arrival ===

impl<'a> Arrival<'a> {
    /// A token for this person, who may go in now; the trail says so before it leaves.
    pub(super) async fn admit(&self, session: &Session) -> Result<Admission<'a>, ApiError> {
        let (request, room) = (self.request, &self.meeting.booking.room.name);
        let keyring = request.api.keyring.borrow().clone();
        let act = Act {
            room: Some(room.clone()),
            ..request.issue_for(session)
        };
        let (ticket, issued) = request.ended(act, self.signed(session, &keyring)).await?;
        let expires_at = seconds(issued.expires_at);
        let pass = Pass::with(request, self.meeting, keyring, (issued, ticket.person));
        Ok(Admission { pass, expires_at })
    }

    fn signed(&self, session: &Session, keyring: &Keyring) -> Result<(Ticket, Issued), ApiError> {
        let ticket = Ticket::for_user(self.request, session, self.meeting, None)?;
        let issued = ticket.sign(
            self.request,
            self.server(keyring)?,
            &self.meeting.booking.room.name,
        )?;
        Ok((ticket, issued))
    }

    /// The server that the meeting is on; it may have been taken out of the configuration since.
    pub(super) fn server<'k>(&self, keyring: &'k Keyring) -> Result<Server<'k>, ApiError> {
        let backend = &self.meeting.booking.room.backend;
        Server::of(keyring, backend).ok_or_else(|| {
            tracing::error!(
                server = backend.name,
                "a meeting is on a server that is not configured"
            );
            ApiError::Internal
        })
    }
}

// === impl Admission ===

impl Admission<'_> {
    pub(super) fn body(&self) -> AdmissionBody<'_> {
        AdmissionBody {
            token: self.pass.token(),
            expires_at: &self.expires_at,
            link: self.pass.link(),
            jitsi_details: self.pass.jitsi(),
            livekit_details: self.pass.livekit(),
        }
    }

    /// Where a browser opens the room by itself; none where no browser can.
    pub(super) fn link(&self) -> Option<String> {
        self.pass.jitsi_link()
    }
}
