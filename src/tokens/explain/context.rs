//! `context`: who comes in, with which rights, and the values that make Prosody's plugins fail without an answer.

use serde_json::{Map, Value};

use super::parts::Parts;
use super::{Finding, Line, Step};
use crate::tokens::features::{KNOWN, nearest};
use crate::tokens::person::unspeakable;

const NULL: &str = "Never null: leave it out.";

pub(super) fn lines(parts: &Parts) -> Vec<Line> {
    let context = match parts.claims.get("context") {
        None => {
            let finding =
                Finding::note("not there: nobody learns a name, and nobody becomes moderator by the token");
            return vec![Line::new("context", None, finding)];
        }
        Some(Value::Object(context)) => context,
        Some(other) => {
            let advice = if other.is_null() {
                NULL
            } else {
                "It must be an object."
            };
            return vec![Line::new(
                "context",
                Some(other),
                Finding::hangs(Step::SignIn, advice),
            )];
        }
    };
    let mut lines = user(context.get("user"));
    for (name, value) in context.iter().filter(|(name, _)| *name != "user") {
        let finding = match name.as_str() {
            "group" => group(value),
            "features" => features(value),
            "room" => pattern(value),
            "tenant" => tenant(value),
            _ => Finding::note("not looked at"),
        };
        lines.push(Line::new(&format!("context.{name}"), Some(value), finding));
    }
    lines
}

/// What becomes of the holder inside.
pub(super) fn outcome(parts: &Parts) -> String {
    let text = if is_moderator(parts) {
        "Moderator, where Prosody's MUC loads mod_token_affiliation (Docker: XMPP_MUC_MODULES=token_affiliation); \
         without it, jicofo's enable-auto-owner decides."
    } else {
        "Participant; but jicofo makes the first one in a room its owner, whatever the token says, unless its \
         enable-auto-owner is false (Docker: ENABLE_AUTO_OWNER=0)."
    };
    text.to_owned()
}

/// What `mod_token_affiliation` looks at.
pub(super) fn is_moderator(parts: &Parts) -> bool {
    let user = parts
        .claims
        .get("context")
        .and_then(|context| context.get("user"));
    let field = |name: &str| user.and_then(|user| user.get(name)).unwrap_or(&Value::Null);
    let owner = matches!(
        field("affiliation").as_str(),
        Some("owner" | "moderator" | "teacher")
    );
    owner || says_true(field("moderator"))
}

fn user(user: Option<&Value>) -> Vec<Line> {
    let line = |value, finding| vec![Line::new("context.user", value, finding)];
    match user {
        None => line(None, Finding::note("not there: nobody learns a name")),
        Some(Value::Object(fields)) if fields.contains_key("name") => user_fields(fields),
        Some(Value::Object(fields)) => {
            let mut lines = line(
                None,
                Finding::note("has no name: a room with a lobby asks for one first"),
            );
            lines.extend(user_fields(fields));
            lines
        }
        Some(other) => {
            let advice = "It must be an object; mod_token_affiliation and mod_presence_identity fail on anything else.";
            line(Some(other), Finding::hangs(Step::Door, advice))
        }
    }
}

fn user_fields(fields: &Map<String, Value>) -> Vec<Line> {
    let line = |(name, value): (&String, &Value)| {
        Line::new(
            &format!("context.user.{name}"),
            Some(value),
            user_field(name, value),
        )
    };
    fields.iter().map(line).collect()
}

fn user_field(name: &str, value: &Value) -> Finding {
    match value {
        Value::String(text) if text.contains(unspeakable) => Finding::hangs(
            Step::Door,
            "It has a control character, on which mod_presence_identity fails: remove it.",
        ),
        _ if matches!(name, "moderator" | "affiliation" | "role") => role(name, value),
        Value::Bool(true) if name == "lobby_bypass" => Finding::note(
            "walks past the lobby, where Prosody's MUC loads the contributed token_lobby_bypass",
        ),
        Value::Null => Finding::note(NULL),
        Value::Number(_) => {
            Finding::note("a number: others see it with a decimal point (3.0); write it as text")
        }
        Value::Array(_) | Value::Object(_) => {
            Finding::note("nested: others see a memory address; write text")
        }
        _ if name == "email" => Finding::note("everybody in the room can read it"),
        _ => Finding::ok("shown to everybody in the room"),
    }
}

fn role(name: &str, value: &Value) -> Finding {
    match (name, value.as_str()) {
        ("moderator", _) if says_true(value) => Finding::ok("owner of the room, by mod_token_affiliation"),
        ("moderator", _) if *value == Value::Bool(false) => Finding::ok("nothing follows from it"),
        ("moderator", _) => Finding::note("nothing follows from it: only true does, not 1 and not \"TRUE\""),
        ("affiliation", Some("owner" | "moderator" | "teacher")) => {
            Finding::ok("owner of the room, by mod_token_affiliation")
        }
        ("affiliation", Some("member")) => Finding::ok("nothing follows from it"),
        ("affiliation", _) => Finding::note("nothing follows from it: only owner, moderator and teacher do"),
        ("role", Some("visitor")) => Finding::note("the web client asks to be a visitor"),
        _ => Finding::note("nothing follows from it: context.user.moderator decides"),
    }
}

fn group(value: &Value) -> Finding {
    match value {
        Value::String(text) if text.contains(unspeakable) => Finding::hangs(
            Step::Door,
            "It has a control character, on which mod_presence_identity fails: remove it.",
        ),
        Value::String(_) => Finding::ok("stands in recordings and dial-outs"),
        Value::Null => Finding::hangs(Step::Door, NULL),
        _ => Finding::hangs(Step::Door, "mod_presence_identity fails on it: write text."),
    }
}

/// Once there are features, what is not allowed there is refused, to moderators too.
fn features(value: &Value) -> Finding {
    let Value::Object(features) = value else {
        return Finding::note("not an object: leave it out, and moderators may everything");
    };
    if let Some(unknown) = features.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let meant = nearest(unknown).map_or(String::new(), |known| format!("; is {known:?} meant?"));
        return Finding::note(format!("Jitsi knows no feature {unknown:?}{meant}"));
    }
    let denied = |name: &&str| !features.get(*name).is_some_and(says_true);
    let denied: Vec<_> = KNOWN.into_iter().filter(denied).collect();
    match denied.len() {
        0 => Finding::ok("everything is allowed"),
        _ => Finding::note(format!("refused, to moderators too: {}", denied.join(", "))),
    }
}

fn pattern(value: &Value) -> Finding {
    match value {
        Value::Null => Finding::hangs(Step::Door, NULL),
        Value::Object(room) if room.get("regex").is_some_and(says_true) => {
            Finding::note("the room claim is a Lua pattern; only with domain verification on")
        }
        _ => Finding::ok("nothing follows from it"),
    }
}

fn tenant(value: &Value) -> Finding {
    match value {
        Value::Null => Finding::hangs(Step::Door, NULL),
        _ => Finding::note("only compared with the address, and a difference only logged: sub decides"),
    }
}

pub(super) fn says_true(value: &Value) -> bool {
    *value == Value::Bool(true) || value.as_str() == Some("true")
}
