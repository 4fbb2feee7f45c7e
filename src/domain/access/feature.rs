//! What a token can allow or refuse inside a Jitsi room, by name.

/// Every feature that Jitsi's Prosody plugins and web client ask a token for, sorted.
///
/// Once a token has features at all, one that is not named there is refused, to moderators too (jitsi-meet
/// `resources/prosody-plugins/util.lib.lua`, `is_feature_allowed`).
pub const FEATURES: [&str; 22] = [
    "branding",
    "calendar",
    "create-polls",
    "file-upload",
    "flip",
    "inbound-call",
    "list-visitors",
    "live-translation",
    "live-translation-subscribe",
    "livestreaming",
    "lobby",
    "moderation",
    "name-readonly",
    "outbound-call",
    "recording",
    "room",
    "screen-sharing",
    "send-groupchat",
    "send-private-message",
    "sip-inbound-call",
    "sip-outbound-call",
    "transcription",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_the_search() {
        assert!(FEATURES.is_sorted());
    }
}
