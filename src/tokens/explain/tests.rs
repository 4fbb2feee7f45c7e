//! Explanations of tokens that went wrong.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::daemon::{ApiKey, Signing};
use crate::config::secret::Secret;
use crate::tokens::samples::*;
use crate::tokens::{JitsiTokens, Refusal, sha256_hex, token_id};

const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

fn judge(token: &str, room: Option<&str>, jitsi: &[Jitsi]) -> Explanation {
    let room = room.map(|room| RoomName::from_node(room).unwrap());
    explain(&Question {
        token,
        room: room.as_ref(),
        jitsi,
        livekit: &[],
        now: at(NOW),
    })
}

/// What the person runs into, `claim: text`; `accepted` without a problem.
fn problem(explanation: &Explanation) -> String {
    match explanation.problem() {
        None => "accepted".to_owned(),
        Some(Line {
            claim,
            finding: Finding::Refused { says: Some(says), .. },
            ..
        }) => format!("{claim}: {says}"),
        Some(Line {
            claim,
            finding: Finding::Hangs { .. },
            ..
        }) => format!("{claim}: hangs"),
        Some(Line { claim, .. }) => claim.clone(),
    }
}

fn problem_of(change: impl FnOnce(&mut Value)) -> String {
    problem(&judge(&with_claims(change), Some("alpha"), &[shared()]))
}

fn remark(explanation: &Explanation, claim: &str) -> String {
    let line = explanation.lines.iter().find(|line| line.claim == claim).unwrap();
    match &line.finding {
        Finding::Ok(text) | Finding::Note(text) => text.clone(),
        Finding::Refused { advice, .. } | Finding::Hangs { advice, .. } => advice.clone(),
    }
}

fn remark_on(claim: &str, change: impl FnOnce(&mut Value)) -> String {
    remark(&judge(&with_claims(change), Some("alpha"), &[shared()]), claim)
}

/// The texts are those that a real Prosody gave.
#[test]
fn refusals_have_the_words_of_prosody() {
    let without = |name: &str| {
        problem_of(|claims| {
            claims.as_object_mut().unwrap().remove(name);
        })
    };
    assert_eq!(problem_of(|_| ()), "accepted");
    assert_eq!(
        problem_of(|c| {
            c["exp"] = json!(NOW - 10);
            c["iat"] = json!(NOW)
        }),
        "exp: Not acceptable by exp (10.0 sec since expired, valid for:-10.0 sec)"
    );
    assert_eq!(
        problem_of(|c| c["exp"] = json!("soon")),
        "exp: exp must be number"
    );
    assert_eq!(without("exp"), "accepted");
    assert_eq!(
        problem_of(|c| c["nbf"] = json!(NOW + 5)),
        "nbf: Not acceptable by nbf"
    );
    assert_eq!(problem_of(|c| c["iss"] = json!("x")), "iss: invalid 'iss' claim");
    assert_eq!(without("iss"), "iss: 'iss' claim is missing");
    assert_eq!(without("aud"), "aud: 'aud' claim is missing");
    assert_eq!(problem_of(|c| c["aud"] = json!(null)), "accepted");
    assert_eq!(without("room"), "room: room claim is missing");
    assert_eq!(without("sub"), "sub: sub claim is missing");
    assert_eq!(
        problem_of(|c| c["room"] = json!("beta")),
        "room: Room and token mismatched"
    );
    assert_eq!(
        problem_of(|c| c["room"] = json!(7)),
        "room: Room and token mismatched"
    );
    assert_eq!(
        problem_of(|c| c["sub"] = json!("other")),
        "sub: Room and token mismatched"
    );
}

#[test]
fn what_makes_the_server_silent_is_said() {
    assert_eq!(problem_of(|c| c["context"] = json!(null)), "context: hangs");
    assert_eq!(
        problem_of(|c| c["context"]["user"] = json!(null)),
        "context.user: hangs"
    );
    assert_eq!(
        problem_of(|c| c["context"]["user"] = json!("Ann")),
        "context.user: hangs"
    );
    assert_eq!(
        problem_of(|c| c["context"]["user"]["name"] = json!("A\u{7}")),
        "context.user.name: hangs"
    );
    assert_eq!(
        problem_of(|c| c["context"]["group"] = json!(7)),
        "context.group: hangs"
    );
    assert_eq!(
        problem_of(|c| c["context"]["room"] = json!(null)),
        "context.room: hangs"
    );
    assert_eq!(
        problem_of(|c| c["context"]["tenant"] = json!(null)),
        "context.tenant: hangs"
    );
    assert_eq!(problem_of(|c| c["room"] = json!(null)), "room: hangs");
    assert_eq!(problem_of(|c| c["sub"] = json!(null)), "sub: hangs");
    assert_eq!(problem_of(|c| c["context"]["features"] = json!(null)), "accepted");
}

#[test]
fn sign_in_comes_before_the_door() {
    let both = problem_of(|c| {
        c["room"] = json!("beta");
        c["context"] = json!(null);
    });
    assert_eq!(both, "context: hangs");
}

#[test]
fn headers_and_shapes_are_named() {
    let with_header = |header: &str| {
        problem(&judge(
            &forged(header, &claims().to_string(), SECRET),
            None,
            &[shared()],
        ))
    };
    assert_eq!(with_header(r#"{"alg":"HS256"}"#), "header.typ: Invalid typ");
    assert_eq!(
        with_header(r#"{"typ":"JWT","alg":"HS512"}"#),
        "header.alg: Invalid or incorrect alg"
    );
    assert_eq!(
        with_header(r#"{"typ":"JWT","alg":"none"}"#),
        "header.alg: Invalid token"
    );
    let shape = |token: &str| problem(&judge(token, None, &[]));
    assert_eq!(shape(""), "token: token required");
    assert_eq!(shape("garbage"), "token: Invalid token");
    assert_eq!(shape("a.b.c"), "token: Invalid header");
    assert_eq!(shape("a.b.c.d.e"), "token: Invalid token");
}

#[test]
fn the_usual_mistakes_with_secrets_are_found() {
    let advice = |secret: &str| {
        let explanation = judge(&forged(HEADER, &claims().to_string(), secret), None, &[shared()]);
        assert_eq!(problem(&explanation), "signature: Invalid signature");
        remark(&explanation, "signature")
    };
    assert!(advice(&format!("{SECRET}\n")).contains("line break"));
    assert!(advice(&format!("\"{SECRET}\"")).contains("quotation marks"));
    assert!(advice("your-app-id").contains("application id"));
    assert!(advice("").contains("empty"));
    assert!(advice("YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBjaGFyYWN0ZXJz").contains("encodes the secret as Base64"));
    assert!(advice("other").contains("Another secret"));
    let decoding = jitsi(Signing::Shared(Secret::new(
        "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBjaGFyYWN0ZXJz",
    )));
    let token = forged(HEADER, &claims().to_string(), SECRET);
    assert!(remark(&judge(&token, None, &[decoding]), "signature").contains("decodes the secret as Base64"));
}

#[test]
fn the_deployment_that_fits_best_is_chosen() {
    let other = Jitsi {
        name: "other".to_owned(),
        app_id: "other-app".to_owned(),
        signing: Signing::Shared(Secret::new("the secret of the other one")),
        ..shared()
    };
    let servers = [other, shared()];
    assert!(
        judge(&with_claims(|_| ()), None, &servers)
            .judged_as
            .contains("\"main\"")
    );
    let mixed = forged(HEADER, &claims().to_string(), "the secret of the other one");
    let advice = remark(&judge(&mixed, None, &servers), "signature");
    assert_eq!(
        advice,
        "It was made with the secret of deployment \"other\", not of \"main\"."
    );
}

#[test]
fn rooms_in_the_wrong_form_are_shown_the_right_one() {
    let explanation = judge(
        &with_claims(|c| c["room"] = json!("café")),
        Some("caf%c3%a9"),
        &[shared()],
    );
    assert!(remark(&explanation, "room").contains("write \"caf%c3%a9\""));
    let unasked = judge(&with_claims(|c| c["room"] = json!("café")), None, &[shared()]);
    assert_eq!(problem(&unasked), "room: Room and token mismatched");
    let pattern = with_claims(|c| {
        c["room"] = json!("^team%-%d+$");
        c["context"]["room"] = json!({"regex": true});
    });
    assert_eq!(problem(&judge(&pattern, Some("team-1"), &[shared()])), "accepted");
    let tenant = with_claims(|c| c["sub"] = json!("acme"));
    assert_eq!(
        problem(&judge(&tenant, Some("[acme]alpha"), &[shared()])),
        "accepted"
    );
}

#[test]
fn rights_are_explained() {
    assert!(
        remark_on("context.user.moderator", |c| c["context"]["user"]["moderator"] =
            json!(1))
        .contains("not 1")
    );
    assert!(
        remark_on("moderator", |c| c["moderator"] = json!(true)).starts_with("nothing follows from it here")
    );
    assert!(remark_on("context.user.id", |c| c["context"]["user"]["id"] = json!(3)).contains("3.0"));
    let features = |features: Value| remark_on("context.features", |c| c["context"]["features"] = features);
    assert!(features(json!({"recording": true})).contains("livestreaming"));
    assert!(features(json!({"recordings": true})).contains("is \"recording\" meant?"));
    let owner = judge(
        &with_claims(|c| c["context"]["user"]["affiliation"] = json!("teacher")),
        None,
        &[shared()],
    );
    assert!(owner.outcome.starts_with("Moderator"));
    assert!(remark_on("exp", |c| c["exp"] = json!(NOW * 1000)).contains("milliseconds"));
}

#[test]
fn rsa_tokens_are_judged_by_their_kid() {
    let keys = vec![
        signing_key("2026-10", &rsa_pem(), NOW - 9),
        signing_key("2026-11", &rsa_pem(), NOW - 5),
    ];
    let section = jitsi(Signing::Rsa(keys));
    let server = JitsiTokens::new(&section).unwrap();
    let issued = server
        .issue(&grant("alpha", "Ann"), at(NOW), token_id(at(NOW), [0; 10]))
        .unwrap()
        .token;
    let sections = [section];
    assert_eq!(problem(&judge(&issued, Some("alpha"), &sections)), "accepted");
    let header = |kid: &str| json!({"typ": "JWT", "alg": "RS256", "kid": kid}).to_string();
    let unknown = judge(
        &forged(&header("2026-12"), &claims().to_string(), "x"),
        None,
        &sections,
    );
    assert_eq!(problem(&unknown), "header.kid: could not obtain public key");
    let without = judge(
        &forged(r#"{"typ":"JWT","alg":"RS256"}"#, &claims().to_string(), "x"),
        None,
        &sections,
    );
    assert_eq!(problem(&without), "header.kid: 'kid' claim is missing");
    let public = server.public_key_pem(&sha256_hex("2026-11")).unwrap();
    let confused = r#"{"typ":"JWT","alg":"HS256","kid":"2026-11"}"#;
    let confused = judge(
        &forged(confused, &claims().to_string(), public.trim_end()),
        None,
        &sections,
    );
    assert_eq!(
        problem(&confused),
        "header.alg: 'kid' claim only support with RS family"
    );
    assert!(remark(&confused, "signature").contains("as if it were a shared secret"));
}

#[test]
fn without_configuration_all_else_is_judged() {
    let explanation = judge(&with_claims(|_| ()), Some("alpha"), &[]);
    assert_eq!(
        (problem(&explanation).as_str(), explanation.compared),
        ("accepted", false)
    );
    assert!(remark(&explanation, "signature").starts_with("not checked"));
    let rsa = forged(
        r#"{"typ":"JWT","alg":"RS256","kid":"k"}"#,
        &claims().to_string(),
        "x",
    );
    assert!(remark(&judge(&rsa, None, &[]), "header.kid").ends_with(&format!("{}.pem", sha256_hex("k"))));
    let expired = with_claims(|c| c["exp"] = json!(NOW - 10));
    assert!(problem(&judge(&expired, None, &[])).starts_with("exp: Not acceptable by exp"));
}

#[test]
fn livekit_tokens_are_known_by_their_grant() {
    let key = ApiKey {
        api_key: "key".to_owned(),
        api_secret: Secret::new(SECRET),
    };
    let server = LiveKit::new("main".to_owned(), "https://lk.example.com".to_owned(), vec![key]);
    let judge = |change: fn(&mut Value)| {
        let mut claims = json!({
            "iss": "key", "sub": "ann", "exp": NOW + 60, "nbf": NOW, "video": {"roomJoin": true, "room": "channel-1"},
        });
        change(&mut claims);
        let token = forged(HEADER, &claims.to_string(), SECRET);
        let room = RoomName::parse("channel-1").unwrap();
        let livekit = std::slice::from_ref(&server);
        problem(&explain(&Question {
            token: &token,
            room: Some(&room),
            jitsi: &[],
            livekit,
            now: at(NOW),
        }))
    };
    assert_eq!(judge(|_| ()), "accepted");
    assert_eq!(judge(|c| c["exp"] = json!(NOW - 30)), "accepted");
    assert_eq!(judge(|c| c["exp"] = json!(NOW - 61)), "exp");
    assert_eq!(judge(|c| c["iss"] = json!("other")), "iss");
    assert_eq!(judge(|c| c["sub"] = json!("")), "sub");
    assert_eq!(judge(|c| c["video"]["room"] = json!("channel-2")), "video.room");
    assert_eq!(judge(|c| c["video"]["roomJoin"] = json!(false)), "video.roomJoin");
    assert_eq!(judge(|c| c["video"] = json!({})), "video.roomJoin");
}

#[test]
fn what_people_paste_is_understood() {
    let pasted = |text: &str| {
        let pasted = Pasted::parse(text);
        (pasted.token, pasted.room.map(String::from))
    };
    assert_eq!(pasted(" 'a.b.c'\n"), ("a.b.c".to_owned(), None));
    assert_eq!(pasted("Authorization: Bearer a.b.c"), ("a.b.c".to_owned(), None));
    let room = Some("team1".to_owned());
    assert_eq!(
        pasted("https://meet.example.com/Team1?jwt=a.b.c#config.x=1"),
        ("a.b.c".to_owned(), room.clone())
    );
    assert_eq!(
        pasted("https://meet.example.com/Team1#jwt=a.b.c&config.x=1"),
        ("a.b.c".to_owned(), room)
    );
    assert_eq!(
        pasted("https://meet.example.com/acme/Team1?jwt=a.b.c"),
        ("a.b.c".to_owned(), Some("[acme]team1".to_owned()))
    );
    assert_eq!(
        pasted("wss://meet.example.com/xmpp-websocket?room=x&token=a.b.c"),
        ("a.b.c".to_owned(), None)
    );
}

#[test]
fn times_are_said_in_two_units() {
    assert_eq!(span(-45.0), "45 s");
    assert_eq!(span(150.0), "2 min 30 s");
    assert_eq!(span(7200.0), "2 h");
    assert_eq!(span(90_000.0), "25 h");
    assert_eq!(span(200_000.0), "2 days 7 h");
    assert_eq!(moment(f64::MAX), "a time out of reach");
}

/// A value of any kind that JSON has.
fn any_json() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!([1])),
        Just(json!({"a": null})),
    ]
}

proptest! {
    #[test]
    fn what_usher_accepts_prosody_accepts(name in "exp|nbf|iss|aud|sub|room|iat|jti|context", value in any_json()) {
        let token = with_claims(|claims| claims[name.as_str()] = value);
        let room = RoomName::parse("alpha").unwrap();
        let verdict = JitsiTokens::new(&shared()).unwrap().verify(&token, Some(&room), at(NOW));
        let explanation = judge(&token, Some("alpha"), &[shared()]);
        match verdict {
            Ok(_) => prop_assert_eq!(problem(&explanation), "accepted"),
            Err(Refusal::Malformed | Refusal::WrongAudience) => {}
            Err(refusal) => prop_assert!(!explanation.is_accepted(), "{}", refusal),
        }
    }

    #[test]
    fn nothing_is_too_strange_and_nothing_moves_the_cursor(text in any::<String>(), header in any::<String>()) {
        let payload = json!({"room": text, "context": {"user": {"name": text}}}).to_string();
        for token in [text.clone(), forged(HEADER, &payload, SECRET), forged(&header, &text, SECRET)] {
            let explanation = judge(&token, None, &[shared()]);
            prop_assert!(explanation.lines.iter().all(|line| !line.value.contains(char::is_control)));
        }
    }
}
