//! Authorization codes: for one program, one address and one verifier, once, for a minute (RFC 6749 section 4.1.2, RFC 7636).

use serde::{Deserialize, Serialize};

use super::{RefreshToken, Session, SignIn, SignInError};
use crate::domain::{ClientId, RoomName, SessionId};

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewCode {
    pub session: SessionId,
    pub client: ClientId,
    /// To the letter the one that the code was sent to.
    pub redirect_uri: String,
    /// `S256` of the verifier, base64url without padding: 43 characters.
    pub code_challenge: String,
    pub room: Option<RoomName>,
    pub nonce: Option<String>,
}

/// What a code was traded for.
#[derive(Debug)]
pub struct Redeemed {
    pub session: Session,
    pub code: NewCode,
    pub refresh_token: RefreshToken,
}

/// Why a code is worth nothing.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    #[error("the code is not known or has expired")]
    Unknown,
    /// It was used before: what it was traded for has been ended (RFC 6749 section 10.5).
    #[error("the code was used before")]
    Reused { session: SessionId },
    #[error("the code was made for another client, address or verifier")]
    Mismatch,
    #[error(transparent)]
    Failed(#[from] SignInError),
}

// === impl SignIn ===

impl SignIn {
    /// Makes a code for a live session; durable when it returns.
    pub async fn issue_code(&self, code: NewCode) -> Result<String, SignInError> {
        let _ = code;
        unimplemented!()
    }

    /// Trades a code for a refresh family. A code that comes again ends the family that it was traded for.
    pub async fn redeem(
        &self,
        code: &str,
        client: &ClientId,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Redeemed, CodeError> {
        let _ = (code, client, redirect_uri, verifier);
        unimplemented!()
    }
}
