//! The sign-in at a Jitsi deployment: header, signature, times and parties, in the order in which Prosody looks.

use serde_json::Value;

use super::context::{self, says_true};
use super::parts::Parts;
use super::{Explanation, Finding, Line, Question, Step, moment, place, signature, span};
use crate::config::daemon::{Jitsi, Signing, SigningKey};
use crate::tokens::sha256_hex;

/// What jitsi-meet's `luajwtjitsi.lib.lua` can check at all.
const ALGORITHMS: [&str; 6] = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512"];

/// Claims with a line of their own.
const EXPLAINED: [&str; 8] = ["exp", "nbf", "iss", "aud", "iat", "room", "sub", "context"];

pub(super) fn explain(parts: &Parts, question: &Question) -> Explanation {
    let server = chosen(parts, question.jitsi);
    let now = question.now.timestamp() as f64;
    let mut lines = header(parts, server);
    let signature = signature_line(parts, server, question);
    let compared = signature.is_checked();
    lines.push(signature);
    let claim = |name: &str| parts.claims.get(name);
    let line = |name: &str, finding| Line::new(name, claim(name), finding);
    lines.push(line("exp", expiry(claim("exp"), claim("iat"), now)));
    lines.push(line("nbf", not_before(claim("nbf"), now)));
    lines.push(line("iss", issuer(claim("iss"), server)));
    lines.push(line("aud", audience(claim("aud"), server)));
    lines.push(line("room", place::room(parts, question.room)));
    lines.push(line("sub", place::subject(claim("sub"), server, question.room)));
    lines.extend(context::lines(parts));
    lines.push(line("iat", issued_at(claim("iat"), claim("exp"))));
    lines.extend(others(parts));
    Explanation {
        judged_as: judged_as(server, question.jitsi.len()),
        compared,
        lines,
        outcome: context::outcome(parts),
    }
}

/// The deployment that the token is most likely meant for.
fn chosen<'a>(parts: &Parts, servers: &'a [Jitsi]) -> Option<&'a Jitsi> {
    let says = |claim: &str, text: &str| parts.claims.get(claim).and_then(Value::as_str) == Some(text);
    let likeness = |server: &&Jitsi| (says("iss", &server.app_id), says("sub", &server.domain));
    servers.iter().rev().max_by_key(likeness)
}

fn judged_as(server: Option<&Jitsi>, servers: usize) -> String {
    match server {
        None => "a Jitsi token, without configuration: key, issuer and domain are not compared".to_owned(),
        Some(server) => {
            let fits = if servers > 1 {
                ", the deployment that fits best"
            } else {
                ""
            };
            format!("a Jitsi token for {:?} ({}){fits}", server.name, server.domain)
        }
    }
}

fn header(parts: &Parts, server: Option<&Jitsi>) -> Vec<Line> {
    let field = |name: &str| parts.header.get(name);
    let line = |name: &str, finding| Line::new(&format!("header.{name}"), field(name), finding);
    let mut lines = vec![
        line("kid", key_id(parts, server)),
        line("typ", kind(field("typ"), parts)),
        line("alg", algorithm(parts, server)),
    ];
    if field("crit").is_some() {
        lines.push(line(
            "crit",
            Finding::note("Prosody does not look at it; usher's own check refuses it."),
        ));
    }
    lines
}

fn key_id(parts: &Parts, server: Option<&Jitsi>) -> Finding {
    let kid = parts.header.get("kid");
    let rsa = parts
        .header
        .get("alg")
        .and_then(Value::as_str)
        .is_some_and(|alg| alg.starts_with("RS"));
    let missing = |advice: String| Finding::refused(Step::SignIn, "'kid' claim is missing", advice);
    match (server.map(|server| &server.signing), kid) {
        (Some(Signing::Shared(_)), _) => Finding::ok("not needed with a shared secret"),
        (Some(Signing::Rsa(keys)), None) => missing(format!("Name one of {:?}.", names(keys))),
        (Some(Signing::Rsa(keys)), Some(kid)) => published_key(kid, keys),
        (None, Some(Value::String(kid))) if rsa => {
            Finding::note(format!("Prosody asks its key server for {}.pem", sha256_hex(kid)))
        }
        (None, None) if rsa => missing("A key server needs it to find the key.".to_owned()),
        (None, _) => Finding::ok("not needed with a shared secret"),
    }
}

fn published_key(kid: &Value, keys: &[SigningKey]) -> Finding {
    match kid.as_str() {
        Some(kid) if names(keys).contains(&kid) => Finding::ok(format!(
            "a key of this deployment; Prosody asks for /asap/{}.pem",
            sha256_hex(kid)
        )),
        _ => Finding::refused(
            Step::SignIn,
            "could not obtain public key",
            format!(
                "usher publishes {:?}. Where Prosody fetches a JWKS only (cache_keys_url without asap_key_server), \
                 the person even waits without an answer.",
                names(keys)
            ),
        ),
    }
}

fn names(keys: &[SigningKey]) -> Vec<&str> {
    keys.iter().map(|key| key.kid.as_str()).collect()
}

fn kind(typ: Option<&Value>, parts: &Parts) -> Finding {
    match typ.and_then(Value::as_str) {
        Some("JWT") => Finding::ok("as it must be"),
        Some("at+jwt") => Finding::refused(
            Step::SignIn,
            "Invalid typ",
            "It says who somebody is, for usher's own API, and opens no room: sign in for a room to get one that does.",
        ),
        None if is_id_token(parts) => Finding::refused(
            Step::SignIn,
            "Invalid typ",
            "It is an ID token, which tells a program who signed in: a room takes the access token beside it.",
        ),
        _ => Finding::refused(
            Step::SignIn,
            "Invalid typ",
            "Write exactly \"typ\":\"JWT\" into the header.",
        ),
    }
}

/// Made by usher's sign-in for a program: no room, but a session.
fn is_id_token(parts: &Parts) -> bool {
    parts.claims.contains_key("sid") && !parts.claims.contains_key("room")
}

fn algorithm(parts: &Parts, server: Option<&Jitsi>) -> Finding {
    let alg = parts
        .header
        .get("alg")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let refused = |says: &str, advice: String| Finding::refused(Step::SignIn, says, advice);
    let expected = server.map(|server| match server.signing {
        Signing::Shared(_) => "HS256",
        Signing::Rsa(_) => "RS256",
    });
    match expected {
        _ if alg.eq_ignore_ascii_case("none") => {
            refused("Invalid token", "It is not signed at all.".to_owned())
        }
        Some(expected) if alg == expected => Finding::ok("what this deployment uses"),
        Some("RS256") if !alg.starts_with("RS") => refused(
            "'kid' claim only support with RS family",
            "This deployment signs with RS256 keys.".to_owned(),
        ),
        Some(expected) => refused("Invalid or incorrect alg", format!("Sign with {expected}.")),
        None if ALGORITHMS.contains(&alg) => Finding::note(
            "Prosody takes one algorithm: HS256 with app_secret, RS256 with a key server, or its signature_algorithm",
        ),
        None => refused(
            "Invalid or incorrect alg",
            format!("Prosody knows {}.", ALGORITHMS.join(", ")),
        ),
    }
}

fn signature_line(parts: &Parts, server: Option<&Jitsi>, question: &Question) -> Line {
    let finding = match server {
        _ if parts.signature.is_empty() => {
            Finding::refused(Step::SignIn, "Invalid token", "There is none: sign it.")
        }
        Some(server) => signature::judge(parts, server, question),
        None => Finding::note("not checked: no configuration was read (--config)"),
    };
    Line {
        value: String::new(),
        ..Line::new("signature", None, finding)
    }
}

fn expiry(exp: Option<&Value>, iat: Option<&Value>, now: f64) -> Finding {
    let Some(exp) = exp else {
        return Finding::note(
            "There is none: Prosody takes the token for ever; usher's own check refuses it.",
        );
    };
    let Some(end) = exp.as_f64() else {
        return Finding::refused(
            Step::SignIn,
            "exp must be number",
            "Write seconds since 1970 as a JSON number.",
        );
    };
    if now >= end {
        let valid = iat
            .and_then(Value::as_f64)
            .map_or(String::new(), |iat| format!(", valid for:{:.1} sec", end - iat));
        let says = format!(
            "Not acceptable by exp ({:.1} sec since expired{valid})",
            now - end
        );
        let advice = format!(
            "It ended at {}, {} ago. Issue a new one; if it is new, compare the clocks: Prosody allows no difference.",
            moment(end),
            span(now - end)
        );
        return Finding::refused(Step::SignIn, says, advice);
    }
    match end {
        end if end > 1e11 => {
            Finding::note("These are milliseconds, so it lasts for centuries: write seconds.")
        }
        end if end - now > 2.0 * 86_400.0 => Finding::note(format!(
            "{}, in {}. That is long: whoever finds the token in a log can use it until then.",
            moment(end),
            span(end - now)
        )),
        end => Finding::ok(format!(
            "{}, in {}; looked at when somebody signs in only",
            moment(end),
            span(end - now)
        )),
    }
}

fn not_before(nbf: Option<&Value>, now: f64) -> Finding {
    match nbf.map(|nbf| nbf.as_f64()) {
        None => Finding::ok("not there, and not needed"),
        Some(None) => Finding::refused(
            Step::SignIn,
            "nbf must be number",
            "Write seconds since 1970 as a JSON number.",
        ),
        Some(Some(nbf)) if nbf > 1e11 => Finding::refused(
            Step::SignIn,
            "Not acceptable by nbf",
            "These are milliseconds: write seconds.",
        ),
        Some(Some(nbf)) if now < nbf => Finding::refused(
            Step::SignIn,
            "Not acceptable by nbf",
            format!(
                "It begins at {}, in {}. If it is meant to work now, the signer's clock is ahead: set nbf ten seconds back.",
                moment(nbf),
                span(nbf - now)
            ),
        ),
        Some(Some(nbf)) => Finding::ok(format!("{}, {} ago", moment(nbf), span(now - nbf))),
    }
}

fn issuer(iss: Option<&Value>, server: Option<&Jitsi>) -> Finding {
    match (iss, server) {
        (None, _) => Finding::refused(
            Step::SignIn,
            "'iss' claim is missing",
            "Write the application id into it.",
        ),
        (Some(Value::String(_)), None) => Finding::note(
            "must be Prosody's app_id, or one of asap_accepted_issuers (Docker: JWT_ACCEPTED_ISSUERS) where that is set",
        ),
        (Some(Value::String(iss)), Some(server)) if *iss == server.app_id => {
            Finding::ok("the application id (with asap_accepted_issuers set, it must be listed there)")
        }
        (Some(_), server) => {
            let expected =
                server.map_or_else(|| "the application id".to_owned(), |s| format!("{:?}", s.app_id));
            Finding::refused(
                Step::SignIn,
                "invalid 'iss' claim",
                format!("Write {expected}, as text, or list this issuer in Prosody's asap_accepted_issuers."),
            )
        }
    }
}

fn audience(aud: Option<&Value>, server: Option<&Jitsi>) -> Finding {
    let app_id = server.map(|server| server.app_id.as_str());
    match aud {
        None => Finding::refused(
            Step::SignIn,
            "'aud' claim is missing",
            "It must be there even where any is accepted.",
        ),
        Some(Value::String(aud)) if Some(aud.as_str()) == app_id => Finding::ok("the application id"),
        Some(Value::String(_)) => Finding::note(
            "accepted unless asap_accepted_audiences (Docker: JWT_ACCEPTED_AUDIENCES) is set to others",
        ),
        Some(_) => Finding::note(
            "not one text: accepted only while asap_accepted_audiences is * (the default); a list matches nothing else",
        ),
    }
}

fn issued_at(iat: Option<&Value>, exp: Option<&Value>) -> Finding {
    match (iat, iat.and_then(Value::as_f64), exp.and_then(Value::as_f64)) {
        (None, ..) => Finding::ok("not there, and not needed"),
        (_, Some(iat), Some(exp)) => {
            Finding::ok(format!("{}, lives {}; not checked", moment(iat), span(exp - iat)))
        }
        (_, Some(iat), None) => Finding::ok(format!("{}; not checked", moment(iat))),
        _ => Finding::note("not a number: not checked, but the text of an expiry needs one"),
    }
}

fn others(parts: &Parts) -> impl Iterator<Item = Line> {
    let rest = parts
        .claims
        .iter()
        .filter(|(name, _)| !EXPLAINED.contains(&name.as_str()));
    rest.map(|(name, value)| {
        let finding = match name.as_str() {
            "jti" => {
                Finding::ok("not looked at: a token can be used by several people at once until it ends")
            }
            "moderator" if !says_true(value) || context::is_moderator(parts) => {
                Finding::ok("for programs; Prosody looks at context.user")
            }
            "moderator" | "affiliation" => Finding::note(
                "nothing follows from it here: Prosody looks at context.user.moderator and context.user.affiliation",
            ),
            "sid" => Finding::note(
                "the sign-in it comes from: usher refuses the token once that has ended, Prosody only once it expires",
            ),
            "use" if value == "link" => {
                Finding::ok("made for a link: usher takes it for the room and as no proof of who calls it")
            }
            "user_id" if !parts.claims.contains_key("context") => Finding::ok("becomes context.user.id"),
            _ => Finding::note("not looked at"),
        };
        Line::new(name, Some(value), finding)
    })
}
