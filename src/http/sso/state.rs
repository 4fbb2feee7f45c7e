//! What jitsi-meet puts into `{state}` of its `tokenAuthUrl`: the room, the kind of client, and what was set in the address.
//!
//! Written by `getTokenAuthUrl` (jitsi-meet `react/features/authentication/functions.any.ts` and its siblings). Anybody can
//! write such a link, so nothing in it is believed beyond what anybody may ask for.

use serde_json::{Map, Value};

use crate::domain::RoomName;

/// The state, as far as it concerns us.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) room: RoomName,
    pub(super) platform: Platform,
    /// `config.*`, `interfaceConfig.*` and `iceServers.*`, to be handed back.
    pub(super) overrides: Vec<(String, Value)>,
}

/// Where the meeting is going to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    Web,
    Ios,
    Android,
    Electron,
}

/// Longest state that is taken, in bytes; browsers and proxies give up not far above.
pub(super) const LONGEST: usize = 8 * 1024;
const MOST_OVERRIDES: usize = 64;
const OVERRIDES: [&str; 3] = ["config.", "interfaceConfig.", "iceServers."];
const REFRESH_TOKEN: &str = "refreshToken";

// === impl State ===

impl State {
    /// Nothing where the text is not such a state or names no room.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields = object(text)?;
        let room = text_of(&fields, "roomSafe").or_else(|| text_of(&fields, "room"))?;
        let room = match text_of(&fields, "tenant") {
            Some(tenant) => RoomName::in_tenant(tenant, room),
            None => RoomName::parse(room),
        };
        Some(Self {
            room: room.ok()?,
            platform: Platform::of(&fields),
            overrides: fields
                .into_iter()
                .filter(is_override)
                .take(MOST_OVERRIDES)
                .collect(),
        })
    }
}

impl Platform {
    fn of(fields: &Map<String, Value>) -> Self {
        let is = |name: &str| fields.get(name) == Some(&Value::Bool(true));
        match (is("ios"), is("android"), is("electron")) {
            (true, ..) => Self::Ios,
            (_, true, _) => Self::Android,
            (.., true) => Self::Electron,
            _ => Self::Web,
        }
    }
}

/// The refresh token that the web client hands over instead of signing in anew.
pub(super) fn refresh_token(text: &str) -> Option<String> {
    text_of(&object(text)?, REFRESH_TOKEN).map(str::to_owned)
}

/// The same state without the refresh token, for a client that must sign in after all.
pub(super) fn without_refresh_token(text: &str) -> String {
    let rest = object(text).and_then(|mut fields| {
        fields.remove(REFRESH_TOKEN)?;
        Some(Value::Object(fields).to_string())
    });
    rest.unwrap_or_else(|| text.to_owned())
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok().filter(|_| text.len() <= LONGEST)
}

fn text_of<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn is_override((name, _): &(String, Value)) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    OVERRIDES.iter().any(|prefix| name.starts_with(prefix)) && name.len() <= 128 && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_room_is_the_one_for_the_claim() {
        let state = json!({"room": "Café", "roomSafe": "caf%c3%a9", "tenant": "Acme"}).to_string();
        let state = State::parse(&state).unwrap();
        assert_eq!(state.room.as_str(), "[acme]caf%c3%a9");
        assert_eq!(state.platform, Platform::Web);
        assert_eq!(
            State::parse(r#"{"room":"Team1"}"#).unwrap().room.as_str(),
            "team1"
        );
        for text in [
            "",
            "[]",
            "{}",
            "x",
            r#"{"room":7}"#,
            r#"{"room":"a/b"}"#,
            r#"{"room":"*"}"#,
        ] {
            assert_eq!(State::parse(text), None, "{text}");
        }
    }

    #[test]
    fn overrides_and_nothing_else_are_handed_back() {
        let state = json!({
            "room": "a", "android": true, "config.startAudioOnly": true, "interfaceConfig.X": "y",
            "iceServers.replace": [], "jwt": "z", "config.a&b": 1, "configx": 2, "refreshToken": "secret",
        });
        let state = State::parse(&state.to_string()).unwrap();
        let names: Vec<_> = state.overrides.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["config.startAudioOnly", "iceServers.replace", "interfaceConfig.X"]
        );
        assert_eq!(state.platform, Platform::Android);
    }

    #[test]
    fn a_refresh_token_can_be_taken_out() {
        let text = r#"{"refreshToken":"a.b","room":"x"}"#;
        assert_eq!(refresh_token(text).as_deref(), Some("a.b"));
        assert_eq!(without_refresh_token(text), r#"{"room":"x"}"#);
        assert_eq!(without_refresh_token("opaque"), "opaque");
    }

    proptest! {
        #[test]
        fn no_state_is_too_strange(text in any::<String>()) {
            let _ = State::parse(&text);
            prop_assert_eq!(refresh_token(&without_refresh_token(&text)), None);
        }
    }
}
