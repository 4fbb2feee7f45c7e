//! Cookies: the session, the device, the language, and what ties a form to a browser. All are closed to scripts, and stay
//! with this site on anything but a visit (RFC 6265bis: `HttpOnly`, `SameSite=Lax`).

use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::config::Config;

/// How cookies are named and kept at the public address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    /// Reached by TLS: the browser then keeps the cookie for this host alone, whatever its neighbours say (`__Host-`).
    secure: bool,
}

/// One cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// Proves who is signed in.
    Session,
    /// Tells a form of ours from one of another site.
    Form,
    /// A browser that somebody signed in with before.
    Device,
    /// Which language a person chose on our pages; no secret.
    Language,
}

/// Longest value that is looked at, in bytes.
const LONGEST: usize = 4096;

// === impl Cookie ===

impl Cookie {
    fn name(self) -> &'static str {
        match self {
            Self::Session => "usher_session",
            Self::Form => "usher_form",
            Self::Device => "usher_device",
            Self::Language => "usher_language",
        }
    }
}

// === impl Cookies ===

impl Cookies {
    pub(super) fn new(config: &Config) -> Self {
        let secure = config.daemon.http.public_url.starts_with("https:");
        Self { secure }
    }

    /// What the browser presents, if it presents it once: where there are two, a neighbouring site may have set one.
    pub(super) fn get(self, headers: &HeaderMap, cookie: Cookie) -> Option<&str> {
        self.named(headers, cookie.name())
    }

    /// The same by the name that stands behind the prefix.
    pub(super) fn named<'a>(self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        let lines = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok());
        let mut values = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (given, value) = pair.trim().split_once('=')?;
            (given.strip_prefix(self.prefix()) == Some(name)).then_some(value)
        });
        match (values.next(), values.next()) {
            (Some(only), None) if only.len() <= LONGEST => Some(only),
            _ => None,
        }
    }

    /// Every cookie of ours whose name begins so: names without the prefix, and values.
    pub(super) fn beginning_with<'a>(
        self,
        headers: &'a HeaderMap,
        beginning: &'static str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lines = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(';')).filter_map(move |pair| {
            let (given, value) = pair.trim().split_once('=')?;
            let name = given.strip_prefix(self.prefix())?;
            name.starts_with(beginning).then_some((name, value))
        })
    }

    /// A `Set-Cookie` line. The value is one of ours: without white space, quotes, commas and semicolons.
    pub(super) fn set(self, cookie: Cookie, value: &str, keep: Duration) -> HeaderValue {
        self.set_named(cookie.name(), value, keep)
    }

    /// A `Set-Cookie` line that makes the browser forget it.
    pub(super) fn clear(self, cookie: Cookie) -> HeaderValue {
        self.set(cookie, "", Duration::ZERO)
    }

    pub(super) fn set_named(self, name: &str, value: &str, keep: Duration) -> HeaderValue {
        let (prefix, secure) = (self.prefix(), if self.secure { "; Secure" } else { "" });
        let line = format!(
            "{prefix}{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            keep.as_secs()
        );
        HeaderValue::try_from(line).expect("values of our cookies are base64, digits and dots")
    }

    fn prefix(self) -> &'static str {
        if self.secure { "__Host-" } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(lines: &[&'static str], secure: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        Cookies { secure }
            .get(&headers, Cookie::Session)
            .map(str::to_owned)
    }

    #[test]
    fn a_cookie_counts_when_it_is_there_once() {
        assert_eq!(
            presented(&["a=b; usher_session=x.y"], false).as_deref(),
            Some("x.y")
        );
        assert_eq!(
            presented(&["a=b", "usher_session=x"], false).as_deref(),
            Some("x")
        );
        assert_eq!(presented(&["usher_session=x; usher_session=y"], false), None);
        assert_eq!(
            presented(&["usher_session=x"], true),
            None,
            "any neighbour can set that one"
        );
        assert_eq!(presented(&["__Host-usher_session=x"], true).as_deref(), Some("x"));
        assert_eq!(presented(&["xusher_session=x"], false), None);
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_other_sites() {
        let line = Cookies { secure: true }.set(Cookie::Session, "a.b", Duration::from_secs(60));
        assert_eq!(
            line,
            "__Host-usher_session=a.b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        let line = Cookies { secure: false }.clear(Cookie::Form);
        assert_eq!(line, "usher_form=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }
}
