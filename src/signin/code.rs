//! Authorization codes: for one program, one address and one verifier, once, for a minute (RFC 6749 section 4.1.2, RFC 7636).

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::family::{FamilyId, NewFamily};
use super::secret::{self, Fingerprint};
use super::{RefreshToken, Session, SignIn, SignInError};
use crate::domain::{ClientId, RoomName, SessionId, Timestamp};
use crate::store::{Revision, StoreError, Table};

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

/// A code as it is stored, under its hash, until it expires: once it is used, to be known when it comes again.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    v: u8,
    code: NewCode,
    pub(super) expires_at: Timestamp,
    traded_for: Option<FamilyId>,
}

/// What a program presents with a code.
#[derive(Clone, Copy)]
struct Proof<'a> {
    client: &'a ClientId,
    redirect_uri: &'a str,
    verifier: &'a str,
}

const VERSION: u8 = 1;

/// How long a code works.
const LIFE: Duration = Duration::seconds(60);

// === impl SignIn ===

impl SignIn {
    /// Makes a code for a live session, [`SignInError::Ended`] for another; durable when it returns.
    pub async fn issue_code(&self, code: NewCode) -> Result<String, SignInError> {
        self.session(code.session).await?.ok_or(SignInError::Ended)?;
        let record = Record {
            v: VERSION,
            code,
            expires_at: self.now() + LIFE,
            traded_for: None,
        };
        let text = secret::fresh(&self.0.ambient);
        let key = Fingerprint::of(&text);
        match self.0.records.create(Table::Codes, key, &record).await? {
            true => Ok(text),
            false => Err(StoreError::Conflict.into()),
        }
    }

    /// Trades a code for a refresh family. A code that comes again ends the family that it was traded for.
    pub async fn redeem(
        &self,
        code: &str,
        client: &ClientId,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Redeemed, CodeError> {
        let proof = Proof {
            client,
            redirect_uri,
            verifier,
        };
        let key = Fingerprint::of(code);
        loop {
            let known: Option<(Record, _)> = self.0.records.load(Table::Codes, &key).await?;
            let (record, revision) = known
                .filter(|(record, _)| self.now() < record.expires_at)
                .ok_or(CodeError::Unknown)?;
            if let Some(family) = record.traded_for {
                self.end_family(family).await?;
                let session = record.code.session;
                return Err(CodeError::Reused { session });
            }
            if !record.code.fits(proof) {
                return Err(CodeError::Mismatch);
            }
            if let Some(redeemed) = self.trade(&key, record, revision).await? {
                return Ok(redeemed);
            }
        }
    }

    /// Makes the family and marks the code as used for it, unless somebody else has used it since it was loaded.
    async fn trade(
        &self,
        key: &Fingerprint,
        record: Record,
        loaded: Revision,
    ) -> Result<Option<Redeemed>, CodeError> {
        // The family first: once the code is marked, whoever comes next must find what there is to end.
        let (family, refresh_token, session) = match self.make_family(record.code.family()).await {
            Err(SignInError::Ended) => return Err(CodeError::Unknown),
            made => made?,
        };
        let used = Record {
            traded_for: Some(family),
            ..record
        };
        let replaced = self.0.records.replace(Table::Codes, key, &used, loaded);
        if !replaced.await? {
            self.end_family(family).await?;
            return Ok(None);
        }
        Ok(Some(Redeemed {
            session,
            code: used.code,
            refresh_token,
        }))
    }
}

// === impl NewCode ===

impl NewCode {
    /// Whether it was made for whoever presents this.
    fn fits(&self, proof: Proof<'_>) -> bool {
        // RFC 7636 section 4.1 bounds the verifier; S256 of it is what a fingerprint is, too.
        let challenge = Fingerprint::from(self.code_challenge.clone());
        self.client == *proof.client
            && self.redirect_uri == proof.redirect_uri
            && (43..=128).contains(&proof.verifier.len())
            && challenge.fits(proof.verifier)
    }

    fn family(&self) -> NewFamily {
        NewFamily {
            session: self.session,
            client: self.client.clone(),
            room: self.room.clone(),
            nonce: self.nonce.clone(),
        }
    }
}
