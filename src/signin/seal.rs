//! What a browser carries for us: sealed, so that it can neither be read nor changed nor used for another purpose.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::SignInError;
use super::records::Records;
use crate::domain::{Ambient, Timestamp};
use crate::store::Table;

/// The key of the cookies; made on the first start, kept in the store.
pub struct Seal {
    key: LessSafeKey,
    ambient: Ambient,
}

/// What a sealed value is for; one cannot be opened as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Ties a form to the browser that it was shown in.
    Form,
    /// A sign-in on its way through the OpenID Connect provider.
    Provider,
    /// Somebody who is at that provider to sign out there too.
    Leave,
    /// A browser that somebody has signed in with before.
    Device,
}

/// The key as it is stored.
#[derive(Serialize, Deserialize)]
struct Record {
    v: u8,
    key: [u8; 32],
}

/// What is inside: the value, and the first second in which it is worth nothing.
#[derive(Serialize, Deserialize)]
struct Content<T> {
    until: i64,
    value: T,
}

const VERSION: u8 = 1;
/// Where the key is in [`Table::Secrets`]; it must never change.
const KEY: &str = "cookies";
const NONCE_BYTES: usize = 12;
/// The longest text that is opened, in bytes. A cookie has 4096 at most, a field of a form may have more.
const LONGEST: usize = 16 * 1024;

// === impl Seal ===

impl Seal {
    /// Reads the key, or makes it; of two who make it at once, both take the one that was stored.
    pub(super) async fn open(records: &Records, ambient: Ambient) -> Result<Self, SignInError> {
        let new = Record {
            v: VERSION,
            key: ambient.random(),
        };
        let record = match records.load(Table::Secrets, KEY).await? {
            Some((known, _)) => known,
            None if records.create(Table::Secrets, KEY, &new).await? => new,
            None => records
                .load(Table::Secrets, KEY)
                .await?
                .map_or(new, |(known, _)| known),
        };
        let key =
            UnboundKey::new(&AES_256_GCM_SIV, &record.key).expect("the key has 32 bytes, as AES-256 wants");
        Ok(Self {
            key: LessSafeKey::new(key),
            ambient,
        })
    }

    /// Encrypts and authenticates a value, base64url, good until `expires_at`, to the second.
    pub fn seal<T: Serialize>(&self, purpose: Purpose, value: &T, expires_at: Timestamp) -> String {
        let content = Content {
            until: expires_at.timestamp(),
            value,
        };
        let mut bytes = serde_json::to_vec(&content).expect("no map with other keys than text is sealed");
        let nonce: [u8; NONCE_BYTES] = self.ambient.random();
        // GCM-SIV: were a random nonce ever to come twice, it would only show that two values are the same (RFC 8452).
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                purpose.associated(),
                &mut bytes,
            )
            .expect("a value of a few kilobytes is far below the limit of 64 GiB");
        URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat())
    }

    /// The value, if it was sealed here for this purpose and has not expired.
    pub fn unseal<T: DeserializeOwned>(&self, purpose: Purpose, sealed: &str, now: Timestamp) -> Option<T> {
        let sealed = Some(sealed).filter(|text| text.len() <= LONGEST)?;
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut rest = rest.to_vec();
        let plain = self
            .key
            .open_in_place(nonce, purpose.associated(), &mut rest)
            .ok()?;
        let content: Content<T> = serde_json::from_slice(plain).ok()?;
        (now.timestamp() < content.until).then_some(content.value)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

// === impl Purpose ===

impl Purpose {
    /// Authenticated with the value: what it is for, and the version of its form.
    fn associated(self) -> Aad<&'static str> {
        Aad::from(match self {
            Self::Form => "usher/form/1",
            Self::Provider => "usher/provider/1",
            Self::Leave => "usher/leave/1",
            Self::Device => "usher/device/1",
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use proptest::prelude::*;

    use super::*;
    use crate::signin::tests::{AMBIENT, beginning};

    fn seal(key: u8) -> Seal {
        let key = UnboundKey::new(&AES_256_GCM_SIV, &[key; 32]).unwrap();
        Seal {
            key: LessSafeKey::new(key),
            ambient: AMBIENT,
        }
    }

    fn until() -> Timestamp {
        beginning() + Duration::seconds(10)
    }

    #[test]
    fn a_value_comes_back_until_it_expires() {
        let text = seal(1).seal(Purpose::Form, &("team1", 7), until());
        let open = |now| seal(1).unseal::<(String, u8)>(Purpose::Form, &text, now);
        assert_eq!(open(beginning()), Some(("team1".to_owned(), 7)));
        assert!(open(until() - Duration::seconds(1)).is_some());
        assert_eq!(open(until()), None);
    }

    #[test]
    fn it_opens_for_one_purpose_with_one_key_as_one_type() {
        let text = seal(1).seal(Purpose::Form, &7, until());
        for purpose in [Purpose::Provider, Purpose::Device] {
            assert_eq!(seal(1).unseal::<u8>(purpose, &text, beginning()), None);
        }
        assert_eq!(seal(2).unseal::<u8>(Purpose::Form, &text, beginning()), None);
        assert_eq!(seal(1).unseal::<String>(Purpose::Form, &text, beginning()), None);
    }

    #[test]
    fn the_same_value_looks_different_each_time() {
        let sealed = || seal(1).seal(Purpose::Form, &"secret", until());
        assert_ne!(sealed(), sealed());
    }

    proptest! {
        #[test]
        fn nothing_else_opens(text in "\\PC{0,80}|[A-Za-z0-9_-]{0,80}", at in any::<prop::sample::Index>(), flip in 1..64_u8) {
            prop_assert_eq!(seal(1).unseal::<u8>(Purpose::Form, &text, beginning()), None);
            let mut changed = seal(1).seal(Purpose::Form, &7, until()).into_bytes();
            let at = at.index(changed.len());
            changed[at] ^= flip;
            let changed = String::from_utf8_lossy(&changed);
            prop_assert_eq!(seal(1).unseal::<u8>(Purpose::Form, &changed, beginning()), None);
        }
    }
}
