//! What a browser lets the page of a meeting load, connect to and use: our own, and what the room needs.

use url::Url;

/// The devices that a room of LiveKit shows are taken by the page itself (W3C Permissions Policy).
pub(super) const DEVICES: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), \
                                  screen-wake-lock=(self), geolocation=(), usb=()";

/// Jitsi's External API with the frame that it makes. A form without scripts leads to Jitsi, which Chromium holds against
/// `form-action`.
pub(super) fn jitsi(domain: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' https://{domain}; frame-src https://{domain}; connect-src 'self'; \
         style-src 'self'; img-src 'self'; form-action 'self' https://{domain}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The script of the room is ours; it speaks to the LiveKit at that address. What is seen and heard comes without addresses.
pub(super) fn livekit(server: &str) -> String {
    let server = origins(server).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; connect-src 'self'{server}; style-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// A server is asked by WebSocket, and by HTTP why that failed; each with a space before it.
fn origins(server: &str) -> Option<String> {
    let server = Url::parse(server).ok()?;
    let (web, socket) = match server.scheme() {
        "https" | "wss" => ("https", "wss"),
        _ => ("http", "ws"),
    };
    let port = server.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = server.host_str()?;
    Some(format!(" {web}://{host}{port} {socket}://{host}{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_speaks_to_its_own_server_alone() {
        for (server, allowed) in [
            (
                "https://live.test",
                "connect-src 'self' https://live.test wss://live.test;",
            ),
            (
                "wss://live.test:7443/sfu",
                "connect-src 'self' https://live.test:7443 wss://live.test:7443;",
            ),
            (
                "http://127.0.0.1:7880",
                "connect-src 'self' http://127.0.0.1:7880 ws://127.0.0.1:7880;",
            ),
            (
                "ws://live.test:80",
                "connect-src 'self' http://live.test ws://live.test;",
            ),
            (
                "https://live.test/; script-src *",
                "connect-src 'self' https://live.test wss://live.test;",
            ),
            ("no address", "connect-src 'self';"),
        ] {
            let policy = livekit(server);
            assert!(policy.contains(allowed), "{policy}");
            assert!(
                policy.contains("; script-src 'self'; ") && !policy.contains('*'),
                "{policy}"
            );
        }
    }
}
