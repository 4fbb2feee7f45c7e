//! Tokens before LiveKit's own verifier, and what does not become one.

use livekit_api::access_token::{AccessTokenError, TokenVerifier};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::daemon::ApiKey;
use crate::config::secret::Secret;
use crate::domain::{RoomName, UserId};
use crate::tokens::samples::at;

const KEY: &str = "APIkey";
const SECRET: &str = "a LiveKit secret of thirty-two characters";

fn section() -> LiveKit {
    let key = |api_key: &str, secret: &str| ApiKey {
        api_key: api_key.to_owned(),
        api_secret: Secret::new(secret),
    };
    let keys = vec![
        key(KEY, SECRET),
        key("old", "the secret before that one, also long"),
    ];
    LiveKit::new("main".to_owned(), "https://livekit.example.com".to_owned(), keys)
}

fn tokens() -> LiveKitTokens {
    LiveKitTokens::new(&section()).unwrap()
}

/// LiveKit's verifier looks at the clock of the machine.
fn now() -> Timestamp {
    (crate::app::ambient().now)()
}

fn grant(until: Timestamp) -> Grant {
    let room = RoomName::parse("channel-7").unwrap();
    Grant::participant(room, Identity::parse("u1").unwrap(), until)
}

fn verified(token: &str) -> Result<Claims, AccessTokenError> {
    TokenVerifier::with_api_key(KEY, SECRET).verify(token)
}

/// Header or claims, unchecked.
fn part(token: &str, number: usize) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(number).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn livekits_own_verifier_takes_the_token_for_what_it_is() {
    let now = now();
    let mut grant = grant(now + chrono::Duration::seconds(60));
    grant.name = Some(DisplayName::parse("دکتر سارا").unwrap());
    grant.room_admin = true;
    grant.can_publish = Some(false);
    grant.can_publish_sources = vec![TrackSource::Camera, TrackSource::ScreenShareAudio];
    grant.metadata = Some(r#"{"a":1}"#.to_owned());
    grant.attributes =
        Attributes::new([("team".to_owned(), "red".to_owned())].into_iter().collect()).unwrap();
    grant.room_config = Some(RoomConfig::of_at_most(9));
    let issued = tokens().issue(&grant, now).unwrap();
    let claims = verified(&issued.token).unwrap();
    assert_eq!(
        (claims.iss.as_str(), claims.sub.as_str(), claims.name.as_str()),
        (KEY, "u1", "دکتر سارا")
    );
    assert_eq!(claims.exp as i64, issued.expires_at.timestamp());
    assert_eq!(claims.video.room, "channel-7");
    assert!(claims.video.room_join && claims.video.room_admin && !claims.video.hidden);
    assert!(!claims.video.can_publish() && claims.video.can_subscribe());
    assert_eq!(claims.video.can_publish_sources, ["camera", "screen_share_audio"]);
    assert_eq!(claims.attributes["team"], "red");
    assert_eq!(claims.room_config.unwrap().max_participants, 9);
    let other = TokenVerifier::with_api_key(KEY, "another secret");
    assert!(other.verify(&issued.token).is_err());
    let over = tokens()
        .issue(
            &Grant {
                expires_at: now - chrono::Duration::seconds(100),
                ..grant
            },
            now - chrono::Duration::seconds(200),
        )
        .unwrap();
    assert!(verified(&over.token).is_err());
}

#[test]
fn what_is_not_granted_is_left_out() {
    let issued = tokens().issue(&grant(at(1_000)), at(940)).unwrap();
    assert_eq!(part(&issued.token, 0), json!({"typ": "JWT", "alg": "HS256"}));
    assert_eq!(
        part(&issued.token, 1),
        json!({
            "exp": 1000, "nbf": 930, "iss": KEY, "sub": "u1", "video": {"roomJoin": true, "room": "channel-7"},
        })
    );
    assert_eq!(issued.expires_at, at(1_000));
    let over = tokens().issue(&grant(at(940)), at(940));
    assert_eq!(over, Err(TokenError::Expired));
}

#[test]
fn a_server_without_a_key_issues_nothing() {
    let section = LiveKit {
        keys: Vec::new(),
        ..section()
    };
    let fault = LiveKitTokens::new(&section).unwrap_err();
    assert_eq!(
        fault,
        KeyError::NoApiKey {
            server: "main".to_owned()
        }
    );
    assert!(!format!("{:?}", tokens()).contains(SECRET));
}

#[test]
fn a_token_fits_into_an_address() {
    let with = |bytes: usize| Grant {
        metadata: Some("\"".repeat(bytes)),
        ..grant(at(1_000))
    };
    assert!(tokens().issue(&with(2_000), at(940)).is_ok());
    assert_eq!(
        tokens().issue(&with(3_000), at(940)),
        Err(TokenError::TooLarge),
        "quotes are written as two characters"
    );
}

#[test]
fn identities_and_names_keep_livekits_limits() {
    assert_eq!(Identity::parse("  "), Err(GrantError::Empty));
    assert_eq!(Identity::parse("a#b"), Err(GrantError::NumberSign));
    assert_eq!(Identity::parse("a\u{7}b"), Err(GrantError::Control));
    assert!(Identity::parse(&"ü".repeat(128)).is_ok());
    assert_eq!(Identity::parse(&"ü".repeat(129)), Err(GrantError::TooLong(256)));
    let of_user = |id: &str| Identity::of_user(&UserId::parse(id).unwrap()).map(|id| id.as_str().to_owned());
    assert_eq!(of_user("auth0|1#2"), Ok("auth0|1%232".to_owned()));
    assert_eq!(of_user("1%232"), Ok("1%25232".to_owned()));
    assert_eq!(of_user(&"#".repeat(256)), Err(GrantError::TooLong(256)));
    assert_eq!(
        DisplayName::parse(&"ü".repeat(129)),
        Err(GrantError::TooLong(256))
    );
    assert_eq!(
        DisplayName::shortened(&"ü".repeat(200)).unwrap().as_str(),
        "ü".repeat(128)
    );
    assert_eq!(DisplayName::shortened("\u{0}"), None);
    let many = (0..65).map(|n| (n.to_string(), String::new())).collect();
    assert_eq!(Attributes::new(many), Err(GrantError::TooMany(64)));
    let nameless = [(String::new(), String::new())].into_iter().collect();
    assert_eq!(Attributes::new(nameless), Err(GrantError::Empty));
}

#[test]
fn only_what_livekit_knows_configures_a_room() {
    for good in [
        json!({"max_participants": 5}),
        json!({"maxParticipants": 5, "emptyTimeout": 60}),
        json!({"fromTheFuture": 1}),
    ] {
        assert!(RoomConfig::parse(good.clone()).is_ok(), "{good}");
    }
    for bad in [json!({"max_participants": "many"}), json!(7), json!([])] {
        assert_eq!(
            RoomConfig::parse(bad.clone()),
            Err(GrantError::NotARoomConfig),
            "{bad}"
        );
    }
}

proptest! {
    #[test]
    fn two_users_never_share_an_identity(a in "[a#%235]{1,6}", b in "[a#%235]{1,6}") {
        let of_user = |id: &str| Identity::of_user(&UserId::parse(id).unwrap()).unwrap();
        prop_assert_eq!(of_user(&a) == of_user(&b), a == b);
        prop_assert!(!of_user(&a).as_str().contains('#'));
    }

    #[test]
    fn whatever_is_issued_livekit_takes(name in any::<String>(), identity in any::<String>(), metadata in "\\PC{0,100}") {
        let Ok(identity) = Identity::parse(&identity) else { return Ok(()) };
        let now = now();
        let mut grant = grant(now + chrono::Duration::seconds(60));
        grant.identity = identity.clone();
        grant.name = DisplayName::shortened(&name);
        grant.metadata = Some(metadata);
        let issued = tokens().issue(&grant, now).unwrap();
        prop_assert_eq!(verified(&issued.token).unwrap().sub, identity.as_str());
    }
}
