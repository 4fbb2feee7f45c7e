//! The person who calls: by the token of a sign-in, or from a page of ours by the cookie of the session.

use http::header::AUTHORIZATION;

use super::authorization;
use crate::domain::{Timestamp, UserId};
use crate::http::Incoming;
use crate::http::cookie::{Cookie, Cookies};
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::origin::is_own_page;
use crate::http::refused::Refused;
use crate::signin::Session;
use crate::tokens::{Refusal, Verified};

/// What a good token says, and the sign-in that it comes from; programs' tokens come from none.
pub(in crate::http) type Judged = Result<(Verified, Option<Session>), Refusal>;

// === impl Incoming ===

impl Incoming {
    /// The person who calls, by the token of a sign-in or, from a page of ours, by the cookie of the session.
    pub(in crate::http) async fn user(&self) -> Result<Session, Refused> {
        let session = self.signed_in().await?;
        self.api.limits.person(&session.user.id)?;
        Ok(session)
    }

    async fn signed_in(&self) -> Result<Session, Refused> {
        if self.headers.contains_key(AUTHORIZATION) {
            return self.bearer().await;
        }
        let from_here = is_own_page(&self.headers, &self.config);
        match self.cookie_session().await?.filter(|_| from_here) {
            Some(session) => Ok(session),
            None => Err(SignInRefusal::Needed.into()),
        }
    }

    /// The person who calls, by the token of a sign-in alone. One that was made for a link proves nothing here, and one
    /// for a room goes on to say who somebody is when the meeting in that room is over.
    pub(in crate::http) async fn bearer(&self) -> Result<Session, Refused> {
        let token = authorization(&self.headers).and_then(bearer_token);
        let verified = self.verify(token.ok_or(SignInRefusal::Needed)?, None);
        let judged = self.unless_signed_out(verified).await?;
        let (verified, session) = judged.map_err(|refusal| self.bad_token(refusal))?;
        if verified.is_ticket {
            return Err(SignInRefusal::LinkToken.into());
        }
        Ok(session.ok_or(SignInRefusal::Needed)?)
    }

    /// The live session whose cookie the browser presents.
    pub(in crate::http) async fn cookie_session(&self) -> Result<Option<Session>, ApiError> {
        match Cookies::new(&self.config).get(&self.headers, Cookie::Session) {
            Some(cookie) => Ok(self.api.signin.session_of_cookie(cookie).await?),
            None => Ok(None),
        }
    }

    /// Judges a token of any deployment, or of the named one; also whether it was revoked since.
    pub(in crate::http) async fn judge(&self, token: &str, server: Option<&str>) -> Result<Judged, ApiError> {
        self.unless_revoked(self.verify(token, server)).await
    }

    /// A good token of a sign-in that has ended is revoked, and so is one for a meeting that was called off, or from which
    /// its holder was removed.
    pub(in crate::http) async fn unless_revoked(
        &self,
        judged: Result<Verified, Refusal>,
    ) -> Result<Judged, ApiError> {
        let judged =
            judged.and_then(
                |verified| match self.is_called_off(&verified) || self.is_removed(&verified) {
                    true => Err(Refusal::Revoked),
                    false => Ok(verified),
                },
            );
        self.unless_signed_out(judged).await
    }

    /// Whether the token leads nowhere any more. One that does not say when it was issued counts as an old one.
    fn is_called_off(&self, verified: &Verified) -> bool {
        let issued_at = verified.issued_at.unwrap_or(Timestamp::MIN_UTC);
        let mut rooms = verified.opens.iter();
        rooms.any(|room| self.api.meetings.is_called_off(room, issued_at))
    }

    fn is_removed(&self, verified: &Verified) -> bool {
        let user = verified.user.id.as_deref().and_then(|id| UserId::parse(id).ok());
        let room = verified.opens.as_ref();
        let meetings = &self.api.meetings;
        room.zip(user)
            .is_some_and(|(room, user)| meetings.is_removed(room, &user))
    }

    async fn unless_signed_out(&self, judged: Result<Verified, Refusal>) -> Result<Judged, ApiError> {
        let verified = match judged {
            Ok(verified) => verified,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(id) = verified.session else {
            return Ok(Ok((verified, None)));
        };
        let session = self.api.signin.session(id).await?;
        Ok(match session {
            Some(session) => Ok((verified, Some(session))),
            None => Err(Refusal::Revoked),
        })
    }

    /// What the deployment of that name says of the token, or the first that takes it.
    fn verify(&self, token: &str, server: Option<&str>) -> Result<Verified, Refusal> {
        let keyring = self.api.keyring.borrow().clone();
        let now = self.context.received_at;
        let names = self.config.daemon.jitsi.iter().map(|jitsi| jitsi.name.as_str());
        let asked = names.filter(|name| server.is_none_or(|wanted| wanted == *name));
        let mut refusal = None;
        for tokens in asked.filter_map(|name| keyring.server(Some(name))) {
            match tokens.verify(token, None, now) {
                Ok(verified) => return Ok(verified),
                Err(found) if is_own(found) => return Err(found),
                Err(found) => drop(refusal.get_or_insert(found)),
            }
        }
        Err(refusal.unwrap_or(Refusal::UnknownKey))
    }

    /// A token that nobody here signed counts as a failed attempt to prove who one is; one that is merely over does not.
    pub(in crate::http) fn bad_token(&self, refusal: Refusal) -> ApiError {
        let counted = if is_own(refusal) {
            Ok(())
        } else {
            self.api.limits.failure(self.context.address)
        };
        counted.err().unwrap_or(SignInRefusal::BadToken(refusal).into())
    }
}

/// Whether the token is one of ours that holds no longer, or not yet.
fn is_own(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Expired | Refusal::NotYetValid | Refusal::Revoked
    )
}

fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
