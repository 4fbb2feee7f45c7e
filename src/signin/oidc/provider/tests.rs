//! ID tokens that a provider would never send, or that somebody else has made.

use chrono::TimeDelta;
use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreIdTokenFields, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm as Alg, CoreTokenType,
};
use openidconnect::{
    Audience, ClientId, EmptyAdditionalClaims, EmptyExtraTokenFields, IssuerUrl, JsonWebKeyId,
    PrivateSigningKey, StandardClaims,
};
use serde_json::json;

use super::*;
use crate::config::daemon::oidc;
use crate::config::secret::Secret;

const ISSUER: &str = "https://id.test";
const NONCE: &str = "n-0S6_WzA2Mj";

/// Ed25519 keys made for these tests with `openssl genpkey -algorithm ed25519`.
const OURS: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA5tyYlS8KF4o7sMnFl/fMsJXUxE3YMDx/or9JpsjnoE\n-----END PRIVATE KEY-----\n";
const STRANGE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIB7/XELPYUx6ews8zeb1yxrvhG0otkEOePAF1XpAGGyU\n-----END PRIVATE KEY-----\n";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn settings(secret: Option<&str>) -> Settings {
    Settings {
        issuer: ISSUER.into(),
        name: "id.test".into(),
        client_id: "usher".into(),
        client_secret: secret.map(Secret::new),
        scopes: ["openid", "profile"].map(str::to_owned).to_vec(),
        claims: oidc::Claims::default(),
        roles: None,
        trust_unverified_email: false,
    }
}

fn key(pem: &str, kid: &str) -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new(kid.into()))).unwrap()
}

/// A provider with one key, which names these algorithms and ways for a client to prove itself.
fn provider(algorithms: &[&str], methods: &[&str]) -> Arc<Provider> {
    let description = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.test/auth?realm=a",
        "token_endpoint": "https://id.test/token",
        "end_session_endpoint": "https://id.test/bye",
        "jwks_uri": "https://id.test/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": methods,
    });
    let metadata: openidconnect::ProviderMetadataWithLogout = serde_json::from_value(description).unwrap();
    let keys = CoreJsonWebKeySet::new(vec![key(OURS, "k1").as_verification_key()]);
    Arc::new(Provider::sample(metadata.set_jwks(keys)))
}

fn claims(audiences: &[&str], nonce: &str, lives_secs: i64) -> CoreIdTokenClaims {
    let audiences = audiences
        .iter()
        .map(|id| Audience::new((*id).to_owned()))
        .collect();
    CoreIdTokenClaims::new(
        IssuerUrl::new(ISSUER.into()).unwrap(),
        audiences,
        now() + TimeDelta::seconds(lives_secs),
        now(),
        StandardClaims::new(SubjectIdentifier::new("sub-1".into())),
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(nonce.into())))
}

fn good_claims() -> CoreIdTokenClaims {
    claims(&["usher"], NONCE, 60)
}

fn signed(claims: CoreIdTokenClaims) -> CoreIdToken {
    CoreIdToken::new(claims, &key(OURS, "k1"), Alg::EdDsa, None, None).unwrap()
}

/// A token with this head and these claims and a signature of nobody.
fn made_up(head: &Value, claims: &Value) -> Option<CoreIdToken> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(head), part(claims)).parse().ok()
}

fn result(settings: &Settings, provider: Arc<Provider>, token: CoreIdToken) -> Result<(), CheckError> {
    let fields = CoreIdTokenFields::new(Some(token), EmptyExtraTokenFields {});
    let tokens = CoreTokenResponse::new(AccessToken::new("a".into()), CoreTokenType::Bearer, fields);
    Relation::new(settings, provider)
        .check(&tokens, NONCE, now())
        .map(drop)
}

/// What becomes of a token from a provider that signs with EdDSA, for a public client.
fn checked(token: CoreIdToken) -> Result<(), CheckError> {
    result(&settings(None), provider(&["EdDSA"], &[]), token)
}

fn bad(why: &'static str) -> Result<(), CheckError> {
    Err(CheckError::Final(OidcError::BadIdToken(why)))
}

#[test]
fn a_good_token_is_taken() {
    assert_eq!(checked(signed(good_claims())), Ok(()));
    let party = good_claims().set_authorized_party(Some(ClientId::new("usher".into())));
    assert_eq!(checked(signed(party)), Ok(()));
}

#[test]
fn tokens_for_others_are_not() {
    assert_eq!(
        checked(signed(claims(&["other"], NONCE, 60))),
        bad("it is for another client")
    );
    assert_eq!(
        checked(signed(claims(&["usher", "other"], NONCE, 60))),
        bad("it is for another client")
    );
    let party = good_claims().set_authorized_party(Some(ClientId::new("other".into())));
    assert_eq!(
        checked(signed(party)),
        bad("another client is its authorized party")
    );
    let elsewhere = good_claims().set_issuer(IssuerUrl::new("https://id.tes".into()).unwrap());
    assert_eq!(checked(signed(elsewhere)), bad("somebody else issued it"));
}

#[test]
fn tokens_of_another_time_are_not() {
    assert_eq!(
        checked(signed(claims(&["usher"], NONCE, 0))),
        bad("it has expired")
    );
    let nonce = Err(CheckError::Final(OidcError::NonceMismatch));
    assert_eq!(checked(signed(claims(&["usher"], "another", 60))), nonce);
    assert_eq!(checked(signed(good_claims().set_nonce(None))), nonce);
}

#[test]
fn signatures_of_others_are_not() {
    let by = |kid| CoreIdToken::new(good_claims(), &key(STRANGE, kid), Alg::EdDsa, None, None).unwrap();
    assert_eq!(checked(by("k1")), bad("its signature is wrong"));
    assert_eq!(checked(by("k2")), Err(CheckError::UnknownKey));
}

#[test]
fn algorithms_that_the_provider_does_not_name_are_not() {
    let claims = serde_json::to_value(good_claims()).unwrap();
    let unsigned = made_up(&json!({ "alg": "none" }), &claims).map(checked);
    assert!(
        unsigned.is_none_or(|result| result == bad("its signature is wrong")),
        "{unsigned:?}"
    );
    let rs256 = made_up(&json!({ "alg": "RS256", "kid": "k1" }), &claims).unwrap();
    assert_eq!(
        checked(rs256),
        bad("its algorithm is not one that the provider names")
    );
}

#[test]
fn a_shared_secret_signs_only_for_those_who_have_one() {
    let shared = |secret: &str| {
        CoreIdToken::new(
            good_claims(),
            &CoreHmacKey::new(secret),
            Alg::HmacSha256,
            None,
            None,
        )
        .unwrap()
    };
    let confidential = settings(Some("a secret of the client"));
    let names_it = || provider(&["HS256"], &[]);
    assert_eq!(
        result(&confidential, names_it(), shared("a secret of the client")),
        Ok(())
    );
    assert_eq!(
        result(&confidential, names_it(), shared("a guess")),
        bad("its signature is wrong")
    );
    let disallowed = bad("its algorithm is not one that the provider names");
    assert_eq!(result(&settings(None), names_it(), shared("")), disallowed);
    assert_eq!(checked(shared("a secret of the client")), disallowed);
}

#[test]
fn the_browser_is_sent_with_everything_that_ties_the_answer_to_it() {
    let pending = Pending {
        issuer: ISSUER.into(),
        state: "the-state".into(),
        nonce: "the-nonce".into(),
        verifier: "v".repeat(43),
    };
    let settings = settings(None);
    let relation = Relation::new(&settings, provider(&["EdDSA"], &[]));
    let callback: Url = "https://meet.test/usher/sso/oidc/callback".parse().unwrap();
    let url = relation.authorization(&pending, &callback, true);
    assert!(
        url.as_str()
            .starts_with("https://id.test/auth?realm=a&response_type=code&client_id=usher&"),
        "{url}"
    );
    let parameter = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    assert_eq!(
        (parameter("state"), parameter("nonce")),
        ("the-state".into(), "the-nonce".into())
    );
    assert_eq!(parameter("code_challenge_method"), "S256");
    assert_eq!(
        parameter("code_challenge"),
        "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
    );
    assert_eq!(parameter("redirect_uri"), callback.as_str());
    assert_eq!(
        (parameter("scope"), parameter("prompt")),
        ("openid profile".into(), "login".into())
    );
    assert!(!url.as_str().contains(&pending.verifier));
}

#[test]
fn signing_out_goes_through_the_provider_and_back() {
    let settings = settings(None);
    let relation = Relation::new(&settings, provider(&["EdDSA"], &[]));
    let back: Url = "https://meet.test/usher/sso/signed-out".parse().unwrap();
    let url = relation.log_out(Some("not a token"), &back, "s".into()).unwrap();
    let expected = "https://id.test/bye?client_id=usher&post_logout_redirect_uri=\
                    https%3A%2F%2Fmeet.test%2Fusher%2Fsso%2Fsigned-out&state=s";
    assert_eq!(url.as_str(), expected, "a hint that is none is left out");
    let token = signed(good_claims()).to_string();
    let url = relation.log_out(Some(&token), &back, "s".into()).unwrap();
    assert!(url.as_str().contains(&format!("id_token_hint={token}")), "{url}");
}

#[test]
fn the_secret_goes_the_way_that_the_provider_takes() {
    let way = |methods: &[&str]| auth_type(&provider(&["EdDSA"], methods));
    assert!(matches!(way(&[]), AuthType::BasicAuth));
    assert!(matches!(
        way(&["client_secret_post", "client_secret_basic"]),
        AuthType::BasicAuth
    ));
    assert!(matches!(way(&["client_secret_post"]), AuthType::RequestBody));
}
