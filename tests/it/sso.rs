//! Sign-in of people through the real daemon, by a browser without scripts and by programs, and what attackers try there.

pub mod browser;
mod code;
mod codes_attacked;
mod cross_site;
mod enumeration;
mod json;
mod login;
mod logout;
mod redirects;
mod rooms;
mod script;
mod trail;

use serde_json::{Value, json};

use crate::api::Said;
use crate::usher::{CLIENTS, PASSWORD, Setup, Usher};
use browser::{Browser, query};

const LOGIN: &str = "/sso/login/";
const AUTHORIZE: &str = "/sso/authorize";
const TOKEN: &str = "/sso/token";
const API_LOGIN: &str = "/sso/api/login/";
const SSO_VALIDATE: &str = "/sso/api/validate-token/";
const REFRESH: &str = "/sso/api/refresh-token/";
const USER_INFO: &str = "/sso/api/user-info/";
const LOGOUT: &str = "/sso/api/logout/";

const PORTAL: &str = "https://app.test/callback";
const MEET: &str = "https://meet.test/static/sso.html";
const SARA: &str = "sara@example.com";
const ANN: &str = "ann@example.com";
const SARAS_ID: &str = "123e4567-e89b-12d3-a456-426614174000";

/// Programs: a portal with hostile characters in its name, Jitsi's web client, and one more.
const PROGRAMS: &str = r#"
[portal]
name = "<b onclick=x>Portal</b> & Co"
redirect_uris = ["https://app.test/callback", "https://app.test/cb?keep=1"]
origins = ["https://app.test"]
group = "portal-people"
[meet]
redirect_uris = ["https://meet.test/static/sso.html"]
origins = ["https://meet.test"]
[other]
redirect_uris = ["https://other.test/callback"]
include_email = true
"#;

/// Both have the password of the sample.
const PEOPLE: &str = r#"
["sara@example.com"]
id = "123e4567-e89b-12d3-a456-426614174000"
name = "Sara \"><script>alert(1)</script>"
password = "HASH"
roles = ["doctor"]
["ann@example.com"]
id = "u-ann"
password = "HASH"
["off@example.com"]
id = "u-off"
password = "HASH"
active = false
"#;
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$SlLp7cYoe0zoUOJeJ4FGrw$zksFXKtcQyQ1Z+HZr28WNepnpDxT/ZjXscvtNS2xBKc";

const ROOMS: &str = r#"
[[rules]]
rooms = "open*"
guests = true
[[rules]]
rooms = "closed*"
members = ["role:doctor"]
[[rules]]
rooms = "booked*"
unbooked = "deny"
[[rules]]
rooms = "team*"
moderators = ["role:doctor"]
features = { recording = true }
"#;

fn setup() -> Setup {
    Setup {
        clients: format!("{CLIENTS}{PROGRAMS}"),
        users: PEOPLE.replace("HASH", HASH),
        rooms: ROOMS.into(),
        ..Setup::default()
    }
}

/// The query with which the portal asks for a sign-in.
fn to_portal(next: &str) -> String {
    query(&[("client_id", "portal"), ("redirect_uri", PORTAL), ("next", next)])
}

/// Signs in by the form, which must lead on; returns the token.
async fn signed_in(browser: &Browser, username: &str, next: &str) -> String {
    let answer = browser.sign_in(LOGIN, &to_portal(next), username, PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    token_of(&answer)
}

/// The token in the address that an answer leads to.
fn token_of(answer: &Said) -> String {
    browser::parameter(answer.header("location"), "token").expect("the address has a token")
}

async fn validated(usher: &Usher, token: &str) -> Value {
    let request = usher.http.post(format!("{}{SSO_VALIDATE}", usher.url()));
    let body = json!({"token": token, "client_id": "portal"});
    let answer = Said::to(request.json(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn posted(usher: &Usher, path: &str, body: &Value) -> Said {
    Said::to(usher.http.post(format!("{}{path}", usher.url())).json(body)).await
}

/// Signs in by the JSON route of programs.
async fn api_login(usher: &Usher, username: &str, password: &str, next: &str) -> Said {
    let body = json!({
        "username": username, "password": password, "client_id": "portal", "redirect_uri": PORTAL, "next": next,
    });
    posted(usher, API_LOGIN, &body).await
}
