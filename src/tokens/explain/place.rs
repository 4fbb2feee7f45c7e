//! The door of the room: `room` and `sub`, as `verify_room` of jitsi-meet's `token/util.lib.lua` compares them.

use serde_json::Value;

use super::parts::Parts;
use super::{Finding, Step};
use crate::config::daemon::Jitsi;
use crate::domain::RoomName;

const MISMATCH: &str = "Room and token mismatched";

pub(super) fn room(parts: &Parts, wanted: Option<&RoomName>) -> Finding {
    let claim = match parts.claims.get("room") {
        None => {
            let advice = "It opens no room: write the room, or * for every room (asap_require_room_claim=false makes it \
                          optional).";
            return Finding::refused(Step::SignIn, "room claim is missing", advice);
        }
        Some(Value::Null) => return Finding::hangs(Step::Door, "Never null: write the room as text."),
        Some(Value::String(claim)) => claim,
        Some(_) => return Finding::refused(Step::Door, MISMATCH, "Write the room as text."),
    };
    let wanted = wanted.map(|wanted| wanted.split().1);
    match wanted {
        _ if claim == "*" => Finding::note("opens every room of the deployment; name one room instead"),
        _ if is_pattern(parts) => {
            Finding::note("a Lua pattern (context.room.regex), lower-cased first; Prosody alone can match it")
        }
        Some(wanted) if claim.to_lowercase() != wanted => {
            Finding::refused(Step::Door, MISMATCH, wrong_room(claim, wanted))
        }
        Some(_) => Finding::ok("the room that was asked for"),
        None => form(claim),
    }
}

fn wrong_room(claim: &str, wanted: &str) -> String {
    match RoomName::parse(claim) {
        Ok(form) if form.as_str() == wanted => format!(
            "It is the right room in the wrong form: write {wanted:?}, that is NFKC, lower case, percent-encoded."
        ),
        _ => format!("It must be {wanted:?} for this room."),
    }
}

/// Whether the claim is in the form in which Prosody sees rooms, when no room was asked for.
fn form(claim: &str) -> Finding {
    match RoomName::parse(claim) {
        Ok(form) if form.as_str() == claim.to_lowercase() => {
            Finding::ok("this room only; upper and lower case alike")
        }
        Ok(form) => Finding::refused(
            Step::Door,
            MISMATCH,
            format!(
                "Prosody sees that room as {:?}: write it so, NFKC, lower case, percent-encoded.",
                form.as_str()
            ),
        ),
        Err(fault) => Finding::note(format!(
            "no name that Jitsi's web client can open: a room {fault}"
        )),
    }
}

pub(super) fn subject(sub: Option<&Value>, server: Option<&Jitsi>, room: Option<&RoomName>) -> Finding {
    let sub = match sub {
        None => {
            let advice =
                "Write the XMPP domain (or the tenant); Prosody's plugins ask for it since May 2026.";
            return Finding::refused(Step::SignIn, "sub claim is missing", advice);
        }
        Some(Value::Null) => return Finding::hangs(Step::Door, "Never null: write the XMPP domain."),
        Some(Value::String(sub)) => sub,
        Some(_) => return Finding::refused(Step::Door, MISMATCH, "Write the XMPP domain as text."),
    };
    let tenant = room.and_then(|room| room.split().0);
    let expected = tenant.or(server.map(|server| server.domain.as_str()));
    match expected {
        _ if sub == "*" => Finding::note("any domain and any tenant"),
        Some(expected) if sub.to_lowercase() == expected.to_lowercase() => Finding::ok(if tenant.is_some() {
            "the tenant of the room"
        } else {
            "the XMPP domain"
        }),
        Some(expected) => Finding::refused(
            Step::Door,
            MISMATCH,
            format!(
                "It must be {expected:?}{}. Only with domain verification off (Docker's default, \
                 JWT_ENABLE_DOMAIN_VERIFICATION=0) it may be anything.",
                if tenant.is_some() {
                    ""
                } else {
                    ", or the tenant if the room has one (--room '[tenant]room')"
                },
            ),
        ),
        None => Finding::note("must be Prosody's XMPP domain, or the tenant if the room has one"),
    }
}

fn is_pattern(parts: &Parts) -> bool {
    let regex = parts
        .claims
        .get("context")
        .and_then(|context| context.get("room")?.get("regex"));
    matches!(regex, Some(Value::Bool(true))) || regex.and_then(Value::as_str) == Some("true")
}
