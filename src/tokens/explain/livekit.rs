//! What a LiveKit server makes of a token (LiveKit `protocol/auth`, `accesstoken.go` and `verifier.go`).

use serde_json::Value;

use super::parts::Parts;
use super::{Explanation, Finding, Line, Question, Step, moment, signature, span};
use crate::config::daemon::ApiKey;
use crate::domain::RoomName;

/// How far LiveKit lets clocks differ, in seconds.
const LEEWAY: f64 = 60.0;

/// Whether the token is meant for LiveKit: it has a `video` grant, or a configured API key as its issuer.
pub(super) fn is_one(parts: &Parts, question: &Question) -> bool {
    parts.claims.contains_key("video") || key(parts, question).is_some()
}

pub(super) fn explain(parts: &Parts, question: &Question) -> Explanation {
    let now = question.now.timestamp() as f64;
    let claim = |name: &str| parts.claims.get(name);
    let line = |name: &str, finding| Line::new(name, claim(name), finding);
    let configured = !question.livekit.is_empty();
    let signature = Line::new("signature", None, signed(parts, key(parts, question), configured));
    let compared = signature.is_checked();
    let mut lines = vec![
        Line::new("header.alg", parts.header.get("alg"), algorithm(parts)),
        line("iss", issuer(parts, question)),
        signature,
        line("exp", expiry(claim("exp").and_then(Value::as_f64), now)),
        line("nbf", not_before(claim("nbf").and_then(Value::as_f64), now)),
        line("sub", identity(claim("sub"))),
    ];
    lines.extend(grants(parts, question.room));
    Explanation {
        judged_as: "a LiveKit token".to_owned(),
        compared,
        lines,
        outcome: outcome(parts),
    }
}

fn key<'a>(parts: &Parts, question: &Question<'a>) -> Option<&'a ApiKey> {
    let issuer = parts.claims.get("iss")?.as_str()?;
    question
        .livekit
        .iter()
        .flat_map(|server| &server.keys)
        .find(|key| key.api_key == issuer)
}

fn refused(advice: impl Into<String>) -> Finding {
    Finding::silently_refused(Step::SignIn, advice)
}

fn algorithm(parts: &Parts) -> Finding {
    match parts.header.get("alg").and_then(Value::as_str) {
        Some("HS256") => Finding::ok("the one that LiveKit takes"),
        _ => refused("LiveKit takes HS256 only."),
    }
}

fn issuer(parts: &Parts, question: &Question) -> Finding {
    match parts.claims.get("iss") {
        Some(Value::String(_)) if key(parts, question).is_some() => Finding::ok("a configured API key"),
        Some(Value::String(_)) if question.livekit.is_empty() => {
            Finding::note("must be an API key of the server")
        }
        Some(Value::String(_)) => refused("No [[livekit]] has that API key."),
        _ => refused("Write the API key as text."),
    }
}

fn signed(parts: &Parts, key: Option<&ApiKey>, configured: bool) -> Finding {
    match key {
        Some(key) if signature::fits_secret(parts, key.api_secret.expose().as_bytes()) => {
            Finding::ok("made with the secret of that API key")
        }
        Some(_) => refused("Another secret made it: compare the API secret of the signer with the server's."),
        None if configured => Finding::note("not checked: the API key is not known"),
        None => Finding::note("not checked: no configuration was read (--config)"),
    }
}

fn expiry(exp: Option<f64>, now: f64) -> Finding {
    match exp {
        None => refused("LiveKit needs exp, in seconds, since August 2026."),
        Some(exp) if now > exp + LEEWAY => refused(format!(
            "It ended at {}, {} ago: issue a new one.",
            moment(exp),
            span(now - exp)
        )),
        Some(exp) if exp > 1e11 => {
            Finding::note("These are milliseconds, so it lasts for centuries: write seconds.")
        }
        Some(exp) if now >= exp => {
            Finding::note("over, but within the minute that LiveKit lets clocks differ")
        }
        Some(exp) => Finding::ok(format!("{}, in {}", moment(exp), span(exp - now))),
    }
}

fn not_before(nbf: Option<f64>, now: f64) -> Finding {
    match nbf {
        Some(nbf) if now + LEEWAY < nbf => {
            refused(format!("It begins at {}, in {}.", moment(nbf), span(nbf - now)))
        }
        Some(nbf) => Finding::ok(moment(nbf)),
        None => Finding::ok("not there, and not needed"),
    }
}

fn identity(sub: Option<&Value>) -> Finding {
    match sub.and_then(Value::as_str) {
        Some(identity) if !identity.is_empty() => {
            Finding::ok("the identity; a second one in the same room puts the first out")
        }
        _ => refused("To join a room it needs an identity: write sub."),
    }
}

fn grants(parts: &Parts, wanted: Option<&RoomName>) -> Vec<Line> {
    let Some(Value::Object(video)) = parts.claims.get("video") else {
        return vec![Line::new(
            "video",
            None,
            refused("There is no grant: it may do nothing."),
        )];
    };
    let mut lines = vec![
        Line::new(
            "video.roomJoin",
            video.get("roomJoin"),
            joins(video.get("roomJoin")),
        ),
        Line::new("video.room", video.get("room"), room(video.get("room"), wanted)),
    ];
    for (name, value) in video
        .iter()
        .filter(|(name, _)| *name != "roomJoin" && *name != "room")
    {
        lines.push(Line::new(&format!("video.{name}"), Some(value), grant(name)));
    }
    lines
}

fn joins(grant: Option<&Value>) -> Finding {
    match grant {
        Some(Value::Bool(true)) => Finding::ok("may join"),
        _ => refused("It may not join: write \"roomJoin\": true."),
    }
}

/// LiveKit compares rooms to the letter.
fn room(claim: Option<&Value>, wanted: Option<&RoomName>) -> Finding {
    match (claim.and_then(Value::as_str).unwrap_or_default(), wanted) {
        ("", _) => refused("A token is good for one room: write \"room\"."),
        (room, Some(wanted)) if room != wanted.as_str() => Finding::silently_refused(
            Step::Door,
            format!("It must be {:?} for this room.", wanted.as_str()),
        ),
        _ => Finding::ok("this room only, to the letter"),
    }
}

fn grant(name: &str) -> Finding {
    match name {
        "roomAdmin" => Finding::note("may remove people and change the room"),
        "roomCreate" | "roomList" | "ingressAdmin" => {
            Finding::note("reaches beyond the room: not for a person's token")
        }
        "hidden" => Finding::note("nobody sees them"),
        "canPublish"
        | "canSubscribe"
        | "canPublishData"
        | "canPublishSources"
        | "canUpdateOwnMetadata"
        | "recorder"
        | "agent"
        | "canSubscribeMetrics"
        | "canManageAgentSession"
        | "destinationRoom"
        | "roomRecord" => Finding::ok("a grant that LiveKit knows"),
        _ => Finding::note("not looked at"),
    }
}

fn outcome(parts: &Parts) -> String {
    let grant =
        |name: &str| parts.claims.get("video").and_then(|video| video.get(name)) != Some(&Value::Bool(false));
    match (grant("canPublish"), grant("canSubscribe")) {
        (true, true) => "May speak and listen.".to_owned(),
        (true, false) => "May speak but not listen.".to_owned(),
        (false, true) => "May listen but not speak.".to_owned(),
        (false, false) => "May neither speak nor listen.".to_owned(),
    }
}
