//! People who sign in through a real OpenID Connect provider, and what becomes of answers that are not what they seem.

mod browser;
mod provider;

use std::process::Command;

use serde_json::{Value, json};

use self::browser::{Browser, Shown};
use self::provider::Provider;
use crate::api::claims;
use crate::usher::{CLIENTS, KEY, PASSWORD, Setup, USERS, Usher, answered};

/// Where the program takes people back; nobody listens there.
const CALLBACK: &str = "http://app.test/callback";
const HOME: &str = "http://app.test/goodbye";

/// A program, a room in which doctors moderate, and a user of `users.toml`.
fn setup() -> Setup {
    let program = format!("\n[app]\nname = \"The app\"\nredirect_uris = [\"{CALLBACK}\", \"{HOME}\"]\n");
    let clients = CLIENTS.replace("\"tokens:issue\"", "\"tokens:issue\", \"audit:read\"");
    Setup {
        clients: format!("{clients}{program}"),
        users: USERS.into(),
        rooms: "[[rules]]\nrooms = \"team*\"\nmoderators = [\"role:doctor\", \"user:user@example.com\"]\n"
            .into(),
        ..Setup::default()
    }
}

fn login_page(usher: &Usher) -> String {
    format!(
        "{}/sso/login/?client_id=app&redirect_uri={CALLBACK}&next=/team1",
        usher.url()
    )
}

/// Where the button of the login page leads.
async fn button(usher: &Usher, browser: &mut Browser) -> String {
    let page = browser.visit(&login_page(usher)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.link("/sso/oidc/start")
}

/// Walks through the provider, up to the program or to a page that ends it.
async fn sign_in(usher: &Usher, browser: &mut Browser) -> Shown {
    let start = button(usher, browser).await;
    browser.follow(&start, CALLBACK).await
}

/// Walks up to usher's callback, without going there.
async fn up_to_callback(usher: &Usher, browser: &mut Browser) -> String {
    let start = button(usher, browser).await;
    let callback = format!("{}/sso/oidc/callback", usher.url());
    let sent = browser.follow(&start, &callback).await;
    sent.location
        .expect("the provider sends the browser back")
        .to_string()
}

fn token(shown: &Shown) -> String {
    let token = shown.sent_with("token");
    token.unwrap_or_else(|| panic!("no token: {} {:?} {}", shown.status, shown.location, shown.body))
}

/// The newest record of the audit trail that tells of a login.
async fn last_login(usher: &Usher) -> Value {
    let trail = answered(usher.get("/api/audit?action=login&limit=1").bearer_auth(KEY)).await;
    trail["data"]["records"][0].clone()
}

async fn refused_with(usher: &Usher, shown: &Shown, status: u16, reason: &str) {
    assert_eq!(shown.status, status, "{}", shown.body);
    assert!(shown.location.is_none());
    assert_eq!(last_login(usher).await["reason"], reason);
}

fn sara() -> Value {
    json!({
        "name": "Dr. Sara", "preferred_username": "sara", "email": "Sara@Clinic.Test", "email_verified": true,
        "groups": ["doctor", "staff"],
    })
}

#[tokio::test]
async fn somebody_signs_in_and_moderates_by_their_role() {
    let (mut provider, usher) = Provider::with_usher(setup(), "name = \"The clinic\"").await;
    provider.person("sub-1", sara()).await;
    let mut browser = Browser::new();
    assert!(
        browser
            .visit(&login_page(&usher))
            .await
            .body
            .contains("The clinic")
    );
    let shown = sign_in(&usher, &mut browser).await;
    assert_eq!(shown.status, 303);
    assert_eq!(shown.sent_with("next").as_deref(), Some("/team1"));
    let claims = claims(&token(&shown));
    assert_eq!(
        (&claims["room"], &claims["moderator"]),
        (&json!("team1"), &json!(true))
    );
    let user = &claims["context"]["user"];
    assert_eq!(user["name"], "Dr. Sara");
    let id = user["id"].as_str().expect("an id");
    assert!(id.starts_with("oidc:") && id.len() == 37, "{id}");
    assert_eq!(user.get("email"), None, "the client did not ask for it");

    let record = last_login(&usher).await;
    assert_eq!(
        (&record["outcome"], &record["user"]),
        (&json!("success"), &json!(id))
    );
    let waiting = browser
        .cookies
        .keys()
        .filter(|(_, name)| name.starts_with("usher_oidc_"))
        .count();
    assert_eq!(waiting, 0, "what was sealed for the way is gone");
    let again = browser.follow(&login_page(&usher), CALLBACK).await;
    assert!(
        again.sent_with("token").is_some(),
        "the session's cookie is enough from now on"
    );

    let mut another = Browser::new();
    let shown = sign_in(&usher, &mut another).await;
    assert_eq!(self::claims_user(&shown), id, "the same person has the same id");
    provider.person("sub-2", sara()).await;
    let shown = sign_in(&usher, &mut Browser::new()).await;
    assert_ne!(
        self::claims_user(&shown),
        id,
        "an address and a name make nobody the same person"
    );
}

fn claims_user(shown: &Shown) -> String {
    let id = &claims(&token(shown))["context"]["user"]["id"];
    id.as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn roles_are_those_of_the_table_and_an_unverified_address_is_none() {
    let more = "roles = { clinicians = \"doctor\" }";
    let (mut provider, usher) = Provider::with_usher(setup(), more).await;
    let moderates = async |provider: &mut Provider, sub: &str, described: Value| {
        provider.person(sub, described).await;
        let shown = sign_in(&usher, &mut Browser::new()).await;
        claims(&token(&shown))["moderator"] == true
    };
    assert!(moderates(&mut provider, "a", json!({ "groups": ["clinicians"] })).await);
    assert!(
        !moderates(&mut provider, "b", json!({ "groups": ["doctor"] })).await,
        "not in the table"
    );
    let posing = |verified| json!({ "email": "user@example.com", "email_verified": verified, "preferred_username": "user@example.com" });
    assert!(
        !moderates(&mut provider, "c", posing(false)).await,
        "anybody can say so"
    );
    assert!(moderates(&mut provider, "d", posing(true)).await);
}

#[tokio::test]
async fn a_public_client_has_its_verifier_alone() {
    let mut provider = Provider::launch();
    let section = format!(
        "[signin.oidc]\nissuer = \"{}\"\nclient_id = \"public\"\n",
        provider.issuer()
    );
    let usher = Usher::start(setup().sections(&section)).await;
    provider.start(&usher).await;
    provider.person("sub-1", sara()).await;
    let shown = sign_in(&usher, &mut Browser::new()).await;
    assert_eq!(claims(&token(&shown))["context"]["user"]["name"], "Dr. Sara");
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_to_be_and_found_when_it_is_back() {
    let mut provider = Provider::launch();
    let usher = Usher::start(setup().sections(&provider.section(""))).await;
    let shown = sign_in(&usher, &mut Browser::new()).await;
    refused_with(&usher, &shown, 503, "provider_away").await;
    assert!(
        shown.body.contains("name=\"password\""),
        "passwords work meanwhile"
    );

    provider.start(&usher).await;
    provider.person("sub-1", sara()).await;
    let back = async |usher: &Usher| sign_in(usher, &mut Browser::new()).await.sent_with("token");
    usher
        .eventually("a sign-in after the provider came up", back)
        .await;

    let callback = {
        let mut browser = Browser::new();
        let callback = up_to_callback(&usher, &mut browser).await;
        provider.stop().await;
        browser.visit(&callback).await
    };
    refused_with(&usher, &callback, 503, "provider_away").await;
    provider.start(&usher).await;
    assert!(
        sign_in(&usher, &mut Browser::new())
            .await
            .sent_with("token")
            .is_some()
    );
}

#[tokio::test]
async fn a_provider_that_changes_its_key_is_asked_for_the_new_one() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    token(&sign_in(&usher, &mut Browser::new()).await);
    provider.rotate().await;
    token(&sign_in(&usher, &mut Browser::new()).await);
}

#[tokio::test]
async fn what_was_not_begun_in_this_browser_does_not_end_in_it() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    let mut sara = Browser::new();
    let callback = up_to_callback(&usher, &mut sara).await;

    let shown = Browser::new().visit(&callback).await;
    refused_with(&usher, &shown, 400, "state_mismatch").await;
    let mut other = Browser::new();
    up_to_callback(&usher, &mut other).await;
    refused_with(&usher, &other.visit(&callback).await, 400, "state_mismatch").await;

    let state = browser::parameter(&callback.parse().unwrap(), "state").expect("a state");
    let forged = callback.replace(&state, &format!("{}AAAA", &state[..state.len() - 4]));
    refused_with(&usher, &sara.visit(&forged).await, 401, "state_mismatch").await;
}

#[tokio::test]
async fn an_answer_works_once() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    let mut browser = Browser::new();
    let callback = up_to_callback(&usher, &mut browser).await;
    let before = browser.clone();
    assert!(browser.visit(&callback).await.sent_with("token").is_some());
    refused_with(&usher, &browser.visit(&callback).await, 400, "state_mismatch").await;
    let mut thief = before;
    refused_with(&usher, &thief.visit(&callback).await, 401, "provider_refused").await;
}

#[tokio::test]
async fn a_token_for_another_sign_in_or_another_client_opens_nothing() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    let mut browser = Browser::new();
    let start = button(&usher, &mut browser).await;
    let sent = browser
        .visit(&start)
        .await
        .location
        .expect("to the provider")
        .to_string();
    let nonce = browser::parameter(&sent.parse().unwrap(), "nonce").expect("a nonce");
    let shown = browser.follow(&sent.replace(&nonce, "another"), CALLBACK).await;
    refused_with(&usher, &shown, 401, "nonce_mismatch").await;

    let foreign = id_token_of_another_client(&provider).await;
    provider.substitute(&foreign).await;
    refused_with(
        &usher,
        &sign_in(&usher, &mut Browser::new()).await,
        401,
        "bad_id_token",
    )
    .await;
    for broken in ["not a token", "e30.e30.e30"] {
        provider.substitute(broken).await;
        refused_with(
            &usher,
            &sign_in(&usher, &mut Browser::new()).await,
            401,
            "bad_id_token",
        )
        .await;
    }
    let log = usher.log();
    assert!(
        !log.contains(&foreign) && !log.contains("sub-1"),
        "nothing of the token is in the log"
    );
}

/// What the provider gives somebody else's program when the same person signs in there.
async fn id_token_of_another_client(provider: &Provider) -> String {
    let issuer = provider.issuer();
    let (back, verifier) = (format!("{issuer}/other"), "v".repeat(43));
    let challenge = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM";
    let ask = format!(
        "{issuer}/auth?client_id=other&response_type=code&scope=openid&redirect_uri={back}&nonce=n\
         &code_challenge={challenge}&code_challenge_method=S256"
    );
    let mut browser = Browser::new();
    let code = browser
        .follow(&ask, &back)
        .await
        .sent_with("code")
        .expect("a code");
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "other"),
        ("redirect_uri", back.as_str()),
        ("code", code.as_str()),
        ("code_verifier", verifier.as_str()),
    ];
    let answer = browser.submit(&format!("{issuer}/token"), &fields).await;
    let tokens: Value = serde_json::from_str(&answer.body).expect("tokens");
    tokens["id_token"].as_str().expect("an ID token").to_owned()
}

#[tokio::test]
async fn a_provider_that_says_no_is_heard() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    provider.refuse().await;
    let shown = sign_in(&usher, &mut Browser::new()).await;
    refused_with(&usher, &shown, 401, "provider_refused").await;
    assert!(
        shown.body.contains("/sso/oidc/start"),
        "and the person can try again"
    );
}

#[tokio::test]
async fn several_windows_sign_in_at_once_and_survive_a_restart() {
    let (mut provider, mut usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    let mut browser = Browser::new();
    let mut callbacks = Vec::new();
    for _ in 0..5 {
        callbacks.push(up_to_callback(&usher, &mut browser).await);
    }
    usher.kill9();
    usher.restart().await;
    refused_with(&usher, &browser.visit(&callbacks[0]).await, 400, "state_mismatch").await;
    for callback in &callbacks[1..] {
        let shown = browser.visit(callback).await;
        assert!(
            shown.sent_with("token").is_some(),
            "{} {}",
            shown.status,
            shown.body
        );
    }
}

#[tokio::test]
async fn users_of_the_file_sign_in_beside_them() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    let mut browser = Browser::new();
    let page = browser.visit(&login_page(&usher)).await;
    let (form, csrf) = (page.link("/sso/login/"), page.field("csrf"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("username", "user@example.com"),
        ("password", PASSWORD),
    ];
    let shown = browser.submit(&form, &fields).await;
    assert_eq!(claims(&token(&shown))["context"]["user"]["name"], "Sara");
    let other = sign_in(&usher, &mut Browser::new()).await;
    assert_eq!(claims(&token(&other))["context"]["user"]["name"], "Dr. Sara");
}

#[tokio::test]
async fn signing_out_ends_both_sessions_and_leads_back_to_the_program() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    let mut browser = Browser::new();
    let token = token(&sign_in(&usher, &mut browser).await);
    assert_eq!(provider.sessions().await, 1);

    let leave = format!(
        "{}/sso/api/logout/?client_id=app&redirect_uri={HOME}",
        usher.url()
    );
    let asked = browser.follow(&leave, HOME).await;
    assert_eq!(asked.status, 200, "the provider asks: {}", asked.body);
    let fields = [("xsrf", asked.field("xsrf")), ("logout", "yes".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let left = browser.submit(&asked.link("/session/end/confirm"), &fields).await;
    let back = left
        .location
        .expect("the provider sends the browser back")
        .to_string();
    let shown = browser.follow(&back, HOME).await;
    assert_eq!(shown.location.map(String::from).as_deref(), Some(HOME));
    assert_eq!(provider.sessions().await, 0);

    let body = json!({ "token": token });
    let verdict = answered(usher.post("/api/jitsi/validate-token", &body)).await;
    assert_eq!(verdict["code"], "revoked");
    let page = browser.visit(&login_page(&usher)).await;
    assert_eq!((page.status.as_u16(), page.location), (200, None));
}

#[tokio::test]
async fn signing_out_here_does_not_wait_for_a_provider_that_is_away() {
    let (mut provider, mut usher) = Provider::with_usher(setup(), "").await;
    provider.person("sub-1", sara()).await;
    let mut browser = Browser::new();
    token(&sign_in(&usher, &mut browser).await);
    provider.stop().await;
    usher.kill9();
    usher.restart().await;
    let leave = format!(
        "{}/sso/api/logout/?client_id=app&redirect_uri={HOME}",
        usher.url()
    );
    let shown = browser.visit(&leave).await;
    assert_eq!(shown.location.map(String::from).as_deref(), Some(HOME));
    let shown = browser
        .visit(&format!("{}/sso/signed-out?state=forged", usher.url()))
        .await;
    assert_eq!(
        (shown.status.as_u16(), shown.location),
        (200, None),
        "nobody is led on by a forged state"
    );
}

#[tokio::test]
async fn the_provider_is_tried_before_anybody_signs_in() {
    let (mut provider, usher) = Provider::with_usher(setup(), "").await;
    let tried = || {
        let run = Command::new(env!("CARGO_BIN_EXE_usher"))
            .args(["check", "--online", "--config"])
            .arg(usher.config_dir())
            .env_clear()
            .output();
        let run = run.expect("usher can be started");
        (run.status.code(), String::from_utf8(run.stdout).expect("text"))
    };
    let (status, said) = tried();
    let line = format!("ok      provider {}: signs with 1 key\n", provider.issuer());
    assert!(status == Some(0) && said.contains(&line), "{said}");
    provider.stop().await;
    let (status, said) = tried();
    let line = format!("FAILED  provider {}: ", provider.issuer());
    assert!(status == Some(1) && said.contains(&line), "{said}");
}

#[tokio::test]
async fn without_a_provider_there_is_nothing() {
    let usher = Usher::start(setup()).await;
    let page = Browser::new().visit(&login_page(&usher)).await;
    assert!(!page.body.contains("/sso/oidc/"));
    let start = login_page(&usher).replace("/sso/login/", "/sso/oidc/start");
    assert_eq!(Browser::new().visit(&start).await.status, 404);
    let callback = format!("{}/sso/oidc/callback?state=x&code=y", usher.url());
    assert_eq!(Browser::new().visit(&callback).await.status, 400);
}
