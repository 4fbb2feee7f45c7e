//! Tokens that come from a sign-in: those for a room name it, those that only say who somebody is open nothing.

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::{ClientId, SessionId};
use crate::tokens::explain::{Question, explain};

fn session() -> SessionId {
    SessionId::new(at(NOW), [9; 10])
}

fn sara() -> Person {
    Person {
        id: Some(UserId::parse("u1").unwrap()),
        email: Some(Email::parse("sara@example.com").unwrap()),
        ..Person::named(PlainText::parse("Sara").unwrap())
    }
}

fn identity(server: &JitsiTokens) -> String {
    let grant = IdentityGrant {
        user: &sara(),
        session: session(),
        expires_at: at(NOW + 60),
    };
    server.issue_identity(&grant, at(NOW), Uuid::nil()).unwrap().token
}

fn id_token(server: &JitsiTokens, nonce: Option<&str>) -> String {
    let client = ClientId::parse("ataraxia").unwrap();
    let user = sara();
    let grant = IdGrant {
        client: &client,
        user: &user,
        session: session(),
        nonce,
        expires_at: at(NOW + 60),
    };
    server.issue_id_token(&grant, at(NOW)).unwrap().token
}

fn part(token: &str, number: usize) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(number).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Both kinds of deployment.
fn servers() -> [JitsiTokens; 2] {
    let keys = vec![signing_key("2026-11", &rsa_pem(), NOW - 100)];
    [
        shared_tokens(),
        JitsiTokens::new(&jitsi(Signing::Rsa(keys))).unwrap(),
    ]
}

#[test]
fn a_token_of_a_sign_in_names_the_session() {
    let grant = Grant {
        session: Some(session()),
        lobby_bypass: true,
        ..grant("alpha", "Ann")
    };
    let token = issue(&shared_tokens(), &grant);
    let payload = read_shared(&token);
    assert_eq!(payload["sid"], json!(session().to_string()));
    assert_eq!(
        payload["context"]["user"],
        json!({"name": "Ann", "affiliation": "member", "lobby_bypass": true})
    );
    let verified = shared_tokens().verify(&token, None, at(NOW)).unwrap();
    assert_eq!(verified.session, Some(session()));
    let foreign = with_claims(|claims| claims["sid"] = json!("of another program"));
    let verified = shared_tokens().verify(&foreign, None, at(NOW)).unwrap();
    assert_eq!(verified.session, None, "it is none of ours");
}

#[test]
fn a_room_of_a_tenant_is_signed_as_prosody_compares_it() {
    let server = shared_tokens();
    let grant = Grant {
        room: RoomName::from_node("[acme]alpha").unwrap(),
        ..grant("alpha", "Ann")
    };
    let token = issue(&server, &grant);
    let payload = read_shared(&token);
    assert_eq!(
        (&payload["sub"], &payload["room"]),
        (&json!("acme"), &json!("alpha"))
    );
    assert!(server.verify(&token, Some(&grant.room), at(NOW)).is_ok());
    let plain = server.verify(&token, Some(&room("alpha")), at(NOW));
    assert_eq!(plain, Err(Refusal::WrongSubject));
    assert_eq!(
        server.join_url(&grant.room),
        "https://meet.example.com/acme/alpha"
    );
}

#[test]
fn who_somebody_is_opens_no_room() {
    for server in servers() {
        let token = identity(&server);
        assert_eq!(part(&token, 0)["typ"], "at+jwt");
        assert_eq!(
            part(&token, 1),
            json!({
                "iss": "your-app-id", "aud": "your-app-id", "sub": "meet.example.com", "exp": NOW + 60,
                "nbf": NOW - 10, "iat": NOW, "jti": Uuid::nil(), "sid": session(), "moderator": false,
                "context": {
                    "user": {"id": "u1", "name": "Sara", "email": "sara@example.com", "affiliation": "member"},
                },
            })
        );
        let verified = server.verify(&token, None, at(NOW)).unwrap();
        assert_eq!((verified.room, verified.session), (None, Some(session())));
        assert_eq!(verified.user.id.as_deref(), Some("u1"));
        for asked in ["alpha", "undefined", "null", "u1"] {
            let judged = server.verify(&token, Some(&room(asked)), at(NOW));
            assert_eq!(judged, Err(Refusal::WrongRoom), "{asked}");
        }
        assert_eq!(server.verify(&token, None, at(NOW + 60)), Err(Refusal::Expired));
        assert_eq!(
            server.session_of_id_token(&token),
            None,
            "it is not told to a program"
        );
    }
}

#[test]
fn an_id_token_is_none_for_a_room() {
    for server in servers() {
        let token = id_token(&server, Some("n-0S6"));
        assert_eq!(
            part(&token, 0).get("typ"),
            None,
            "Prosody asks for exactly \"JWT\""
        );
        assert_eq!(
            part(&token, 1),
            json!({
                "iss": "your-app-id", "aud": "ataraxia", "sub": "u1", "exp": NOW + 60, "iat": NOW, "nonce": "n-0S6",
                "sid": session(), "name": "Sara",
            })
        );
        for asked in [None, Some(room("alpha"))] {
            let judged = server.verify(&token, asked.as_ref(), at(NOW));
            assert_eq!(judged, Err(Refusal::Malformed));
        }
        assert_eq!(part(&id_token(&server, None), 1).get("nonce"), None);
    }
}

#[test]
fn an_id_token_leads_back_to_its_session_however_old() {
    for server in servers() {
        let found = server.session_of_id_token(&id_token(&server, None));
        assert_eq!(found, Some((session(), ClientId::parse("ataraxia").unwrap())));
    }
    let server = shared_tokens();
    let hint = |header: &str, claims: Value, secret: &str| {
        server.session_of_id_token(&forged(header, &claims.to_string(), secret))
    };
    let header = r#"{"alg":"HS256"}"#;
    let claims = json!({"iss": "your-app-id", "aud": "ataraxia", "sid": session(), "exp": 1});
    assert!(hint(header, claims.clone(), SECRET).is_some());
    assert_eq!(hint(header, claims.clone(), "another secret"), None);
    assert_eq!(hint(r#"{"alg":"none"}"#, claims.clone(), SECRET), None);
    assert_eq!(
        hint(r#"{"typ":"JWT","alg":"HS256"}"#, claims.clone(), SECRET),
        None
    );
    for (name, value) in [
        ("iss", json!("x")),
        ("sid", json!("x")),
        ("aud", json!(["ataraxia"])),
    ] {
        let mut changed = claims.clone();
        changed[name] = value;
        assert_eq!(hint(header, changed, SECRET), None, "{name}");
    }
}

#[test]
fn a_header_cannot_make_one_kind_another() {
    let header = |typ: &str| json!({"typ": typ, "alg": "HS256"}).to_string();
    let mut claims = claims();
    claims["sid"] = json!(session());
    let judged = |typ: &str, claims: &Value| {
        let token = forged(&header(typ), &claims.to_string(), SECRET);
        shared_tokens().verify(&token, None, at(NOW)).map(|_| ())
    };
    assert_eq!(
        judged("at+jwt", &claims),
        Err(Refusal::Malformed),
        "it names a room"
    );
    claims.as_object_mut().unwrap().remove("room");
    assert_eq!(judged("at+jwt", &claims), Ok(()));
    assert_eq!(
        judged("JWT", &claims),
        Err(Refusal::WrongRoom),
        "Prosody asks for a room"
    );
    claims.as_object_mut().unwrap().remove("sid");
    assert_eq!(
        judged("at+jwt", &claims),
        Err(Refusal::Malformed),
        "nothing could revoke it"
    );
}

#[test]
fn the_explanation_says_what_they_are() {
    let server = shared();
    let advice = |token: &str| {
        let explanation = explain(&Question {
            token,
            room: None,
            jitsi: std::slice::from_ref(&server),
            livekit: &[],
            now: at(NOW),
        });
        assert!(!explanation.is_accepted());
        format!("{:?}", explanation.lines)
    };
    let said = advice(&identity(&shared_tokens()));
    assert!(
        said.contains("says who somebody is") && said.contains("opens no room"),
        "{said}"
    );
    let said = advice(&id_token(&shared_tokens(), None));
    assert!(
        said.contains("It is an ID token") && said.contains("opens no room"),
        "{said}"
    );
}
