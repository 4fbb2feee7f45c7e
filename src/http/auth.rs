//! Who is calling: a client by its API key, as `Bearer <key>` or as `Basic client_id:key` (RFC 7617); or a person, see
//! [`user`].

mod asker;
mod user;

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};

use super::error::ApiError;
use super::refused::Refused;
use super::{Api, Incoming};
use crate::config::daemon::Language;
use crate::config::{Client, Clients, Config};
use crate::domain::ClientId;
use crate::domain::access::{Permissions, Scope};
pub(super) use asker::Asker;
pub(super) use user::Judged;

/// A client that has proved who it is.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    pub(super) id: &'a ClientId,
    pub(super) client: &'a Client,
    /// SHA-256 of the key that proved it; none for the stand-in of `--dev`.
    pub(super) key: Option<KeyHash>,
}

/// As clients' keys stand in the configuration.
pub(super) type KeyHash = [u8; 32];

/// The scopes of the routes, in one place.
pub(super) const MAY_GENERATE: &[Scope] = &[Scope::TokensIssue];
pub(super) const MAY_CREATE: &[Scope] = &[Scope::TokensIssue, Scope::MeetingsWrite];
pub(super) const MAY_VALIDATE: &[Scope] = &[Scope::TokensValidate];
pub(super) const MAY_AUDIT: &[Scope] = &[Scope::AuditRead];
pub(super) const MAY_READ: &[Scope] = &[Scope::MeetingsRead];
pub(super) const MAY_BOOK: &[Scope] = &[Scope::MeetingsWrite];
pub(super) const MAY_FOLLOW: &[Scope] = &[Scope::EventsRead];

/// The longest `Authorization` header of a client that is looked at, in bytes.
const LONGEST: usize = 1024;

// === impl Incoming ===

impl Incoming {
    /// The client that calls, if it may do what `needs` says.
    pub(super) fn caller(&self, needs: &[Scope]) -> Result<Caller<'_>, Refused> {
        let Some(caller) = identify(&self.api, &self.config, &self.headers, self.context.address) else {
            return Err(self.stranger().into());
        };
        let admitted = self.admit(&caller, needs);
        admitted.map_err(|error| caller.refused(error)).map(|()| caller)
    }

    /// Whether a client has proved who it is; what it may do is not looked at.
    pub(super) fn is_known_client(&self) -> bool {
        identify(&self.api, &self.config, &self.headers, self.context.address).is_some()
    }

    fn admit(&self, caller: &Caller<'_>, needs: &[Scope]) -> Result<(), ApiError> {
        self.api
            .limits
            .call(caller.id, caller.client.requests_per_second)?;
        caller.permissions().require(needs)?;
        match self.headers.get(ORIGIN) {
            Some(origin)
                if !caller
                    .client
                    .origins
                    .iter()
                    .any(|known| known.as_bytes() == origin.as_bytes()) =>
            {
                Err(ApiError::OriginNotAllowed)
            }
            _ => Ok(()),
        }
    }

    /// Nobody known: refused, and slowed down when it happens again and again.
    pub(super) fn stranger(&self) -> ApiError {
        match self.api.limits.failure(self.context.address) {
            Ok(()) => ApiError::Unauthenticated,
            Err(limited) => limited,
        }
    }
}

// === impl Caller ===

impl Caller<'_> {
    pub(super) fn permissions(&self) -> Permissions<'_> {
        Permissions {
            scopes: &self.client.scopes,
            rooms: &self.client.rooms,
        }
    }

    /// The error, told to this caller.
    pub(super) fn refused(&self, error: impl Into<ApiError>) -> Refused {
        Refused {
            error: error.into(),
            client: Some(self.spoken()),
        }
    }

    /// The client and its language.
    pub(super) fn spoken(&self) -> (ClientId, Option<Language>) {
        (self.id.clone(), self.client.language)
    }
}

fn identify<'a>(
    api: &'a Api,
    config: &'a Config,
    headers: &HeaderMap,
    address: IpAddr,
) -> Option<Caller<'a>> {
    if !headers.contains_key(AUTHORIZATION) {
        let stand_in = api.stand_in.as_ref().filter(|_| address.is_loopback())?;
        return config.clients.get_key_value(stand_in).map(|(id, client)| Caller {
            id,
            client,
            key: None,
        });
    }
    let header = authorization(headers).filter(|header| header.len() <= LONGEST)?;
    let (scheme, credential) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        by_key(&config.clients, credential.trim())
    } else if scheme.eq_ignore_ascii_case("basic") {
        by_name_and_key(&config.clients, credential.trim())
    } else {
        None
    }
}

/// The one `Authorization` header; where there are two, nobody knows which of them a proxy has looked at.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    match (all.next(), all.next()) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    }
}

/// Compares with every key of every client, so that the time tells nothing about which one came near.
fn by_key<'a>(clients: &'a Clients, key: &str) -> Option<Caller<'a>> {
    let key = hash_of(key);
    let mut found = None;
    for (id, client) in clients {
        if has_key(client, &key) {
            let key = Some(key);
            found = Some(Caller { id, client, key });
        }
    }
    found
}

fn by_name_and_key<'a>(clients: &'a Clients, credential: &str) -> Option<Caller<'a>> {
    let decoded = STANDARD.decode(credential).ok()?;
    let (name, key) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let key = hash_of(key);
    let (id, client) = clients.get_key_value(&ClientId::parse(name).ok()?)?;
    let key = has_key(client, &key).then_some(key)?;
    Some(Caller {
        id,
        client,
        key: Some(key),
    })
}

fn hash_of(key: &str) -> KeyHash {
    let hash = digest(&SHA256, key.as_bytes());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Whether that key of the client is valid now.
pub(super) fn has_key(client: &Client, hash: &KeyHash) -> bool {
    client.keys.iter().fold(false, |found, key| {
        verify_slices_are_equal(key, hash).is_ok() | found
    })
}
