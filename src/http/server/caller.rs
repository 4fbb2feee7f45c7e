//! Who calls: the address at the other end, or the one that trusted proxies vouch for.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, HeaderName};

/// Says whose `X-Forwarded-For` is believed; a function, so that it follows the configuration.
#[derive(Clone)]
pub struct TrustedProxies(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

// === impl TrustedProxies ===

impl TrustedProxies {
    pub fn new(trusts: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(trusts))
    }

    /// For a listener that nothing stands before.
    pub fn none() -> Self {
        Self::new(|_| false)
    }

    /// The nearest address that no trusted proxy stands behind.
    ///
    /// Each proxy appends the address that called it, so the list is read from its end; what an untrusted caller wrote
    /// further left is never reached. An entry that is not an address ends the search.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer;
        let lists = headers.get_all(X_FORWARDED_FOR);
        // Asking first whether there is one keeps the usual direct caller cheap.
        if lists.iter().next().is_none() {
            return caller;
        }
        let entries = lists
            .iter()
            .rev()
            .flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries {
            if !(self.0)(caller) {
                break;
            }
            let Some(address) = parse(entry) else {
                break;
            };
            caller = address;
        }
        caller
    }
}

impl fmt::Debug for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustedProxies")
    }
}

/// An address, with or without a port.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = bare.parse().ok().or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::*;

    fn caller(peer: &str, lists: &[&str]) -> String {
        let trusted: Vec<IpNet> = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let proxies = TrustedProxies::new(move |address| trusted.iter().any(|net| net.contains(&address)));
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_str(list).unwrap());
        }
        proxies.caller(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(caller("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_is_believed_about_its_caller_only() {
        assert_eq!(caller("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            caller("127.0.0.1", &["10.1.1.1, 203.0.113.9, 198.51.100.7"]),
            "198.51.100.7"
        );
        assert_eq!(caller("127.0.0.1", &["203.0.113.9, 10.0.0.4"]), "203.0.113.9");
    }

    #[test]
    fn several_headers_are_one_list() {
        assert_eq!(caller("127.0.0.1", &["203.0.113.9", "10.0.0.4"]), "203.0.113.9");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(caller("127.0.0.1", &["203.0.113.9, unknown"]), "127.0.0.1");
        assert_eq!(
            caller("127.0.0.1", &["203.0.113.9, unknown, 10.0.0.4"]),
            "10.0.0.4"
        );
        assert_eq!(caller("127.0.0.1", &[""]), "127.0.0.1");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read() {
        assert_eq!(caller("127.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(caller("127.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(caller("127.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(caller("127.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_stranger_somebody_else(list in "[ -~]{0,60}") {
            prop_assert_eq!(caller("192.0.2.1", &[&list]), "192.0.2.1");
        }
    }
}
