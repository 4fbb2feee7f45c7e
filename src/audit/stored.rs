//! How a record is stored: the act as JSON that carries the version of its form.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::Act;

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    /// Version of this form.
    v: u8,
    act: Cow<'a, Act>,
}

const VERSION: u8 = 1;

/// An act as it is stored.
pub(super) fn bytes(act: &Act) -> Bytes {
    let stored = Stored {
        v: VERSION,
        act: Cow::Borrowed(act),
    };
    serde_json::to_vec(&stored)
        .expect("structs of texts and numbers always become JSON")
        .into()
}

/// The act of a record; an error where a newer program wrote it.
pub(super) fn read(bytes: &[u8]) -> Result<Act, serde_json::Error> {
    let stored: Stored = serde_json::from_slice(bytes)?;
    if stored.v > VERSION {
        return Err(serde::de::Error::custom(format!(
            "version {} is newer than this program",
            stored.v
        )));
    }
    Ok(stored.act.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, ClientId, Outcome, RoomName, UserId};

    /// Records as version 1 wrote them. They must be readable for ever.
    const FULL: &str = r#"{"v":1,"act":{"at":"2026-11-14T10:42:03.5Z","action":"issue","outcome":"refused","reason":"not_a_member","client":"ataraxia","user":"u-1","room":"team1","address":"192.0.2.1","request_id":"r-1"}}"#;
    const BARE: &str = r#"{"v":1,"act":{"at":"2026-11-14T10:42:03Z","action":"login","outcome":"success","address":"::1","request_id":"r-2"}}"#;

    #[test]
    fn what_version_1_wrote_can_be_read() {
        let act = read(FULL.as_bytes()).unwrap();
        assert_eq!((act.action, act.outcome), (Action::Issue, Outcome::Refused));
        assert_eq!(act.client, ClientId::parse("ataraxia").ok());
        assert_eq!(act.user, UserId::parse("u-1").ok());
        assert_eq!(act.room, RoomName::parse("team1").ok());
        assert_eq!(bytes(&act), FULL.replace(".5Z", ".500Z"));
        let act = read(BARE.as_bytes()).unwrap();
        assert_eq!((&act.reason, &act.client, &act.room), (&None, &None, &None));
        assert_eq!(bytes(&act), BARE);
    }

    #[test]
    fn what_a_newer_program_wrote_is_refused() {
        let newer = FULL.replacen(r#""v":1"#, r#""v":2"#, 1);
        let error = read(newer.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("newer than this program"), "{error}");
    }
}
