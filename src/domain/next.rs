//! Where a person wants to go after signing in: a path on the program's own site, and the room that it names.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::RoomName;

/// A path that leads nowhere but to the site it is used on: one leading `/`, and nothing in it that a browser or a careless
/// reader could take for another site. What is not such a path becomes `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Next(String);

/// How often a path may be percent-encoded. Once is usual; proxies and careless programs add one or two.
const MOST_LAYERS: usize = 4;

// === impl Next ===

impl Next {
    /// Longest path that is taken, in bytes.
    pub const MAX_BYTES: usize = 2048;

    pub fn parse(text: &str) -> Self {
        if text.len() <= Self::MAX_BYTES && is_safe(text) {
            Self(text.to_owned())
        } else {
            Self::default()
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The room that the path names as Jitsi's address bar does, `/room` or `/tenant/room`; none for any other path.
    pub fn room(&self) -> Option<RoomName> {
        let path = self.0.split(['?', '#']).next()?.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        match path.split_once('/') {
            None => RoomName::parse(path).ok(),
            Some((tenant, room)) => RoomName::in_tenant(tenant, room).ok(),
        }
    }
}

impl Default for Next {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl From<String> for Next {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<Next> for String {
    fn from(next: Next) -> Self {
        next.0
    }
}

/// Looks at the path as it stands, and as readers may read it: decoded as often as anything can be decoded, and with
/// look-alikes of slashes and dots folded. What is wrapped deeper than [`MOST_LAYERS`] is no honest path; `%2525…` has a
/// layer for every two bytes, and looking at all of them would cost a stranger nothing and us a lot.
fn is_safe(text: &str) -> bool {
    let mut reading = text.to_owned();
    for _ in 0..=MOST_LAYERS {
        let folded: String = reading.nfkc().collect();
        if !is_plain(&reading) || !is_plain(&folded) {
            return false;
        }
        match percent_decode_str(&reading).decode_utf8() {
            Ok(decoded) if decoded == reading => return true,
            Ok(decoded) => reading = decoded.into_owned(),
            Err(_) => return false,
        }
    }
    false
}

fn is_plain(path: &str) -> bool {
    let is_strange = |c: char| c == '\\' || c.is_control() || is_invisible(c);
    let mut segments = path.split(['?', '#']).next().unwrap_or_default().split('/');
    path.starts_with('/')
        && !path.contains("//")
        && !path.contains(is_strange)
        && !segments.any(|segment| segment == "." || segment == "..")
}

/// White space other than the plain one, and marks that show a text in another order than it is in.
fn is_invisible(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_whitespace() && c != ' ') || reorders || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    /// Each of them has led somebody off a site that took it for a path.
    const HOSTILE: [&str; 44] = [
        "",
        " ",
        "team1",
        "?next=x",
        "#x",
        ".",
        "..",
        "//evil.test",
        "///evil.test",
        "////evil.test/%2e%2e",
        "/\\evil.test",
        "\\/evil.test",
        "\\\\evil.test",
        "/\\/evil.test",
        "/team1//evil.test",
        "/./evil.test/..//",
        "/.//evil.test",
        "/..//evil.test",
        "/../admin",
        "/a/../../b",
        "/%2e%2e/b",
        "/%2E./b",
        "/%2f%2fevil.test",
        "/%2fevil.test",
        "/%5cevil.test",
        "/%255cevil.test",
        "/%252fevil.test",
        "/%25252f/evil.test",
        "/\tevil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:%20a=b",
        "/%00",
        "/\u{0}",
        "https://evil.test",
        "https:evil.test",
        "https:/evil.test",
        "javascript:alert(1)",
        "data:text/html,x",
        " /team1",
        "@evil.test",
        "/\u{2028}/evil.test",
        "/\u{ff0f}evil.test",
    ];

    #[test]
    fn what_could_lead_away_leads_home() {
        for text in HOSTILE {
            assert_eq!(Next::parse(text).as_str(), "/", "{text:?}");
        }
        for text in ["/\u{202e}1maet", "/%ff", "/a/%2e%2e", "/%e3%80%80"] {
            assert_eq!(Next::parse(text).as_str(), "/", "{text:?}");
        }
        assert_eq!(Next::parse(&format!("/{}", "a".repeat(2048))).as_str(), "/");
    }

    #[test]
    fn what_is_wrapped_again_and_again_is_no_path() {
        let wrapped = |layers: usize| format!("/a%{}20b", "25".repeat(layers - 1));
        for layers in 1..=MOST_LAYERS {
            assert_eq!(
                Next::parse(&wrapped(layers)).as_str(),
                wrapped(layers),
                "{layers}"
            );
        }
        for layers in [MOST_LAYERS + 1, 1000] {
            assert_eq!(Next::parse(&wrapped(layers)).as_str(), "/", "{layers}");
        }
    }

    #[test]
    fn paths_of_rooms_stay_as_they_are() {
        for text in [
            "/",
            "/team1",
            "/acme/team1",
            "/اتاق-۱",
            "/caf%C3%A9?a=b#c",
            "/100%25",
            "/a%20b",
            "/team1/",
        ] {
            assert_eq!(Next::parse(text).as_str(), text);
        }
    }

    #[test]
    fn the_room_is_read_as_from_jitsis_address_bar() {
        let room = |text| Next::parse(text).room().map(String::from);
        assert_eq!(room("/Team1").as_deref(), Some("team1"));
        assert_eq!(room("/Team1/?x=y#config.z=1").as_deref(), Some("team1"));
        assert_eq!(room("/Acme/Team1").as_deref(), Some("[acme]team1"));
        assert_eq!(room("/Caf%C3%A9").as_deref(), Some("caf%c3%a9"));
        assert_eq!(room("/"), None);
        assert_eq!(room("/a/b/c"), None, "no room has such an address");
        assert_eq!(room("/*"), None);
        assert_eq!(room("//evil.test/team1"), None);
    }

    proptest! {
        #[test]
        fn every_path_stays_on_its_site(text in "[/\\\\.%25fcFC0-9a-e:@?#\\t\\r\\n\u{ff0f}\u{2028} ]{0,12}") {
            let site = Url::parse("https://site.test/callback").unwrap();
            let next = Next::parse(&text);
            let target = site.join(next.as_str()).unwrap();
            prop_assert_eq!(target.origin(), site.origin());
            let decoded = percent_decode_str(next.as_str()).decode_utf8_lossy().into_owned();
            prop_assert_eq!(site.join(&decoded).unwrap().origin(), site.origin());
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let next = Next::parse(&text);
            prop_assert!(next.as_str() == text || next.as_str() == "/");
            prop_assert_eq!(Next::parse(next.as_str()), next.clone());
            let _ = next.room();
        }
    }
}
