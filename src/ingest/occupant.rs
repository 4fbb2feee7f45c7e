//! Who an address in a room belongs to: a person, a recorder, or a service that is neither.

use crate::domain::observation::Role;

/// Tells people and recorders from service accounts by the full JID; none for services.
///
/// The addresses are the defaults of Jitsi's Debian package and Docker images: `recorder_prefixes` and
/// `transcriber_prefixes` in `mod_jibri_session.lua` and `util.lib.lua`, service accounts on the `auth.` domain.
pub fn role(jid: &str) -> Option<Role> {
    let bare = jid.split_once('/').map_or(jid, |(bare, _)| bare);
    let (node, domain) = bare.split_once('@').unwrap_or(("", bare));
    let hidden = domain.starts_with("recorder.") || domain.starts_with("hidden.");
    match node {
        "focus" | "jigasi" | "jvb" | "transcriber" => None,
        _ if domain.starts_with("auth.") => None,
        "recorder" | "jibri" | "jibria" | "jibrib" => Some(Role::Recorder),
        _ if hidden => Some(Role::Recorder),
        _ => Some(Role::Person),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_people_count_as_people() {
        assert_eq!(
            role("9fe06261-aa@meet.example.test/sV9r5dNtVPfy"),
            Some(Role::Person)
        );
        assert_eq!(
            role("recorder@recorder.meet.example.test/x"),
            Some(Role::Recorder)
        );
        assert_eq!(role("recorder@hidden.meet.jitsi/x"), Some(Role::Recorder));
        for service in [
            "focus@auth.meet.jitsi/f",
            "transcriber@recorder.m.test/x",
            "jigasi@auth.m.test/y",
            "jvb@auth.m",
        ] {
            assert_eq!(role(service), None, "{service}");
        }
    }
}
