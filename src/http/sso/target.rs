//! Where a room is opened: in the browser, or by one of Jitsi's apps (jitsi-meet `react/features/base/util/uri.ts`).

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::state::{Platform, State};
use crate::domain::RoomName;

/// The way into a room.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Web(Url),
    /// The address of an app, for a button: a redirect to an app leaves a dead tab behind.
    App(String),
}

const APP: &str = "org.jitsi.meet";
const DESKTOP: &str = "jitsi-meet";

// === impl Target ===

impl Target {
    /// The room on that host, with its token. Nothing where the name would be read as something else than a room.
    pub(super) fn new(domain: &str, state: &State, token: &str) -> Option<Self> {
        let web = room_url(domain, &state.room)?;
        let place = format!("{domain}{}?jwt={token}", web.path());
        Some(match state.platform {
            Platform::Web => Self::Web(with_fragment(web, state, token)),
            Platform::Ios => Self::App(format!("{APP}://{place}")),
            Platform::Android => Self::App(format!("intent://{place}#Intent;scheme={APP};package={APP};end")),
            Platform::Electron => Self::App(format!("{DESKTOP}://{place}")),
        })
    }
}

/// The name is percent-encoded already; the path must come out as it went in, which `..` would not.
fn room_url(domain: &str, room: &RoomName) -> Option<Url> {
    let path = match room.split() {
        (Some(tenant), name) => format!("/{tenant}/{name}"),
        (None, name) => format!("/{name}"),
    };
    let home = Url::parse(&format!("https://{domain}/")).ok()?;
    let mut url = home.clone();
    url.set_path(&path);
    (url.origin() == home.origin() && url.path() == path).then_some(url)
}

/// The token and the overrides as the web client reads them from the hash: each value is JSON, percent-encoded.
fn with_fragment(mut url: Url, state: &State, token: &str) -> Url {
    let mut fragment = format!("jwt={}", encoded(&format!("\"{token}\"")));
    for (name, value) in &state.overrides {
        fragment.push_str(&format!("&{name}={}", encoded(&value.to_string())));
    }
    url.set_fragment(Some(&fragment));
    url
}

fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn target(state: serde_json::Value) -> Option<String> {
        let state = State::parse(&state.to_string())?;
        Target::new("meet.test", &state, "a.b.c").map(|target| match target {
            Target::Web(url) => url.to_string(),
            Target::App(link) => link,
        })
    }

    #[test]
    fn each_client_is_led_its_own_way() {
        assert_eq!(
            target(json!({"room": "Café", "config.startAudioOnly": true})).unwrap(),
            "https://meet.test/caf%c3%a9#jwt=%22a%2Eb%2Ec%22&config.startAudioOnly=true"
        );
        assert_eq!(
            target(json!({"room": "x", "tenant": "acme", "ios": true})).unwrap(),
            "org.jitsi.meet://meet.test/acme/x?jwt=a.b.c"
        );
        assert_eq!(
            target(json!({"room": "x", "android": true})).unwrap(),
            "intent://meet.test/x?jwt=a.b.c#Intent;scheme=org.jitsi.meet;package=org.jitsi.meet;end"
        );
        assert_eq!(
            target(json!({"room": "x", "electron": true})).unwrap(),
            "jitsi-meet://meet.test/x?jwt=a.b.c"
        );
    }

    #[test]
    fn a_name_that_is_no_room_leads_nowhere() {
        for room in ["..", ".", "%2e%2e", "%2E."] {
            assert_eq!(target(json!({"room": room})), None, "{room}");
            assert_eq!(target(json!({"room": "a", "tenant": room})), None, "{room}");
        }
    }

    proptest! {
        #[test]
        fn no_room_leads_to_another_host(room in "\\PC{1,20}", tenant in "\\PC{0,9}") {
            if let Some(link) = target(json!({"room": room, "tenant": tenant})) {
                let url = Url::parse(&link).unwrap();
                prop_assert_eq!(url.host_str(), Some("meet.test"));
                prop_assert_eq!(url.query(), None);
            }
        }
    }
}
