//! Who calls: every kind of caller, each with what they prove themselves by.

use reqwest::RequestBuilder;
use reqwest::header::COOKIE;
use serde_json::json;

use super::world::{BOSS_KEY, CALLBACK, OTHER_KEY, PATIENT, POOR_KEY};
use crate::api::text;
use crate::sso::browser::{Browser, parameter, query};
use crate::usher::{KEY, PASSWORD, PROSODY_SECRET, Usher, answered};

/// The columns of the table, which says who they are.
pub const CALLERS: [&str; 19] = [
    "nobody", "forged", "poor", "other", "owner", "boss", "doctor", "patient", "member", "removed",
    "strange", "staff", "far", "admin", "guest", "off", "ticket", "prosody", "lua",
];

/// Somebody who calls.
pub struct Caller {
    pub name: &'static str,
    bearer: Option<String>,
    /// Of their session, where they came by a browser.
    cookie: Option<String>,
}

// === impl Caller ===

impl Caller {
    /// The caller of that column, signed in.
    pub async fn new(usher: &Usher, name: &'static str) -> Self {
        let bearer = |key: &str| (Some(key.to_owned()), None);
        let (bearer, cookie) = match name {
            "nobody" => (None, None),
            "forged" => bearer(&format!("{KEY}x")),
            "poor" => bearer(POOR_KEY),
            "other" => bearer(OTHER_KEY),
            "owner" => bearer(KEY),
            "boss" => bearer(BOSS_KEY),
            "prosody" => bearer(PROSODY_SECRET),
            "lua" => bearer(&format!("{PROSODY_SECRET}x")),
            "ticket" => bearer(&ticket(usher).await),
            "guest" => come_as_guest(usher).await,
            person => sign_in(usher, person).await,
        };
        Self { name, bearer, cookie }
    }

    /// The request with what proves the caller: in the header, or where a page is asked for, in the cookie of a browser.
    pub fn proving(&self, request: RequestBuilder, is_page: bool) -> RequestBuilder {
        match (&self.bearer, &self.cookie) {
            (_, Some(cookie)) if is_page => request.header(COOKIE, format!("usher_session={cookie}")),
            (Some(bearer), _) => request.bearer_auth(bearer),
            (None, _) => request,
        }
    }
}

type Credentials = (Option<String>, Option<String>);

async fn sign_in(usher: &Usher, who: &str) -> Credentials {
    let browser = Browser::of(usher);
    let username = format!("{who}@example.com");
    let answer = browser
        .sign_in("/sso/login/", &to("/"), &username, PASSWORD)
        .await;
    credentials(&browser, answer.header("location"))
}

async fn come_as_guest(usher: &Usher) -> Credentials {
    let browser = Browser::of(usher);
    let page = browser.visit("/sso/login/", &to("/open-hall")).await;
    let answer = browser.submit_last(&page, &[("name", "Bob")]).await;
    credentials(&browser, answer.header("location"))
}

fn credentials(browser: &Browser, location: &str) -> Credentials {
    let token = parameter(location, "token").expect("signed in");
    (Some(token), browser.cookie("usher_session"))
}

/// The token of a link for the patient, to a room of the client `owner`.
async fn ticket(usher: &Usher) -> String {
    let booked = answered(usher.post("/api/meetings/adhoc", &json!({"participants": [PATIENT]}))).await;
    let path = format!("/api/meetings/{}/token", text(&booked["data"]["meeting"]["id"]));
    let body = json!({"userId": PATIENT, "userName": "Ann"});
    text(&answered(usher.post(&path, &body)).await["data"]["token"]).to_owned()
}

/// The query with which a program asks for a sign-in.
pub fn to(next: &str) -> String {
    query(&[
        ("client_id", "ataraxia"),
        ("redirect_uri", CALLBACK),
        ("next", next),
    ])
}
