//! One usher with every kind of caller before it, and an appointment that is made afresh for each call about one.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::callers::{CALLERS, Caller};
use super::filling::Filling;
use super::table::{Row, refusal};
use crate::api::{client, text};
use crate::forged::rsa_setup;
use crate::usher::{KEY, Setup, Usher, answered, now_millis};
use crate::web;

pub const CALLBACK: &str = "https://app.test/callback";
/// The key that signs tokens.
pub const KID: &str = "2026-11";
pub const PATIENT: &str = "u-patient";
/// What nobody reads who must not.
pub const SECRET: &str = "xq-migraine-47";
/// What says that an answer is about the appointment.
pub const TITLE: &str = "xq-visit-12";
/// Keys of clients, beside [`KEY`].
pub const POOR_KEY: &str = "poor-key";
pub const OTHER_KEY: &str = "other-key";
pub const BOSS_KEY: &str = "boss-key";

const SCOPES: &str =
    r#"["tokens:issue", "tokens:validate", "meetings:read", "meetings:write", "events:read", "audit:read"]"#;
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$SlLp7cYoe0zoUOJeJ4FGrw$zksFXKtcQyQ1Z+HZr28WNepnpDxT/ZjXscvtNS2xBKc";
/// Roles and organisations of those who have any; all have the password of the sample.
const PEOPLE: [(&str, &str); 9] = [
    ("doctor", r#"roles = ["doctor"]"#),
    ("patient", ""),
    ("member", ""),
    ("removed", ""),
    ("strange", ""),
    (
        "staff",
        "roles = [\"hospital\"]\norganisations = [\"hospital-1\"]",
    ),
    ("far", "roles = [\"hospital\"]\norganisations = [\"hospital-2\"]"),
    ("admin", r#"roles = ["admin"]"#),
    ("off", ""),
];
const ROOMS: &str = r#"
[channels.7]
name = "Ward"
members = ["doctor@example.com"]
[role_contexts.patient-doctor]
may_create = ["doctor", "admin"]
[[rules]]
rooms = "open-*"
guests = true
"#;
const LIVEKIT: &str = r#"
[[livekit]]
name = "main"
url = "https://livekit.test"
keys = [{ api_key = "APItest", api_secret = "a LiveKit secret for tests only 0123456789" }]
"#;

pub struct World {
    pub usher: Usher,
    pub callers: Vec<Caller>,
    /// Name of a file that pages load.
    pub asset: String,
    http: Client,
    calls: AtomicU32,
    _keys: TempDir,
}

// === impl World ===

impl World {
    pub async fn new() -> Self {
        let keys = tempfile::tempdir().expect("a temporary folder");
        let usher = Usher::start(setup(keys.path())).await;
        let callers = join_all(CALLERS.map(|name| Caller::new(&usher, name))).await;
        switch_off(&usher, &callers).await;
        let http = web::client().redirect(reqwest::redirect::Policy::none()).build();
        let world = Self {
            asset: asset(&usher).await,
            http: http.expect("a client without TLS"),
            usher,
            callers,
            calls: AtomicU32::new(0),
            _keys: keys,
        };
        world.appointment().await;
        world
    }

    /// What a caller is answered who asks for the operation, in the words of the table.
    pub async fn answer(&self, row: &Row, caller: &Caller) -> String {
        let filling = Filling::new(self, row).await;
        let method = Method::from_bytes(row.method.as_bytes()).expect("a method");
        let url = format!("{}{}", self.usher.url(), filling.path);
        // Wrong credentials are slowed down by address.
        let call = self.calls.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let address = format!("10.{}.{}.{}", call[1], call[2], call[3]);
        let request = self.http.request(method, url).header("X-Forwarded-For", address);
        let request = caller.proving(filling.sent_along(request), filling.is_page());
        let answer = request.send().await.expect("usher answers");
        in_words(answer, filling.appointment.as_deref()).await
    }

    /// A fresh appointment that is open now; its id.
    pub async fn appointment(&self) -> String {
        let made = answered(self.usher.post("/api/appointments", &appointment())).await;
        let id = text(&made["data"]["appointment"]["id"]).to_owned();
        let change = json!({"participants": ["u-member", "u-off", "u-removed"], "title": TITLE});
        let url = format!("{}/api/meetings/{id}", self.usher.url());
        answered(self.usher.http.patch(&url).bearer_auth(KEY).json(&change)).await;
        let removed = format!("{url}/people/u-removed");
        answered(self.usher.http.delete(removed).bearer_auth(KEY)).await;
        id
    }
}

/// An answer as a cell of the table has it.
async fn in_words(answer: Response, appointment: Option<&str>) -> String {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let header = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let is_endless = header(CONTENT_TYPE).starts_with("text/event-stream") || status == 101;
    let body = match is_endless {
        true => String::new(),
        false => answer.text().await.expect("an answer is text"),
    };
    let all = format!("{} {body}", header(LOCATION));
    let status = status.as_u16();
    let mut words = match code(&body).filter(|_| status >= 400) {
        Some(code) => refusal(status, &code),
        None => status.to_string(),
    };
    // The name of its room begins with its id, which stood in the request too.
    let has_room = appointment.is_some_and(|id| all.contains(&format!("appointment-{id}-")));
    let is_about_it = has_room || all.contains(TITLE);
    let is_inside = [
        ('m', is_about_it),
        ('h', all.contains(SECRET)),
        ('t', has_token(&all)),
    ];
    words.extend(
        is_inside
            .into_iter()
            .filter_map(|(letter, inside)| inside.then_some(letter)),
    );
    words
}

fn code(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    Some(body.get("code")?.as_str()?.to_owned())
}

/// Whether there is a signed token in the text: three parts in base64, of which the first begins as JSON does.
fn has_token(text: &str) -> bool {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut words = text.split(|c| !of_token(c));
    words.any(|word| word.starts_with("eyJ") && word.split('.').filter(|part| part.len() > 20).count() == 3)
}

fn setup(keys: &Path) -> Setup {
    let mut clients =
        client("ataraxia", KEY, &scoped(SCOPES)) + &format!("redirect_uris = [\"{CALLBACK}\"]\n");
    clients += &client("poor", POOR_KEY, &scoped("[]"));
    clients += &client("other", OTHER_KEY, &scoped(SCOPES));
    clients += &client("boss", BOSS_KEY, &scoped(r#"["admin"]"#));
    clients += &client(
        "jitsi_meet",
        "pages-key",
        "redirect_uris = [\"http://usher.test/client_apps/jitsi_meet/callback.html\"]",
    );
    let mut setup = rsa_setup(keys, &[(KID, "2026-01-01T00:00:00Z")]).sections(LIVEKIT);
    setup.http = "trusted_proxies = [\"127.0.0.1/32\"]\npublic_url = \"http://usher.test\"".into();
    Setup {
        clients,
        users: people(true),
        rooms: ROOMS.into(),
        ..setup
    }
}

fn scoped(scopes: &str) -> String {
    format!("scopes = {scopes}\nrooms = [\"*\"]\nrequests_per_second = 100000\n")
}

/// `users.toml`; `active`: whether `off` may still sign in.
fn people(active: bool) -> String {
    let person = |(name, lines): &(&str, &str)| {
        let active = active || *name != "off";
        format!(
            "[\"{name}@example.com\"]\nid = \"u-{name}\"\nname = \"{name}\"\npassword = \"{HASH}\"\nactive = {active}\n{lines}\n"
        )
    };
    PEOPLE.iter().map(person).collect()
}

/// Switches off who has signed in, and waits until usher knows.
async fn switch_off(usher: &Usher, callers: &[Caller]) {
    let file = usher.config_dir().join("users.toml");
    let new = file.with_extension("new");
    std::fs::write(&new, people(false)).expect("a file can be written");
    std::fs::rename(new, file).expect("a file can be renamed");
    let off = callers
        .iter()
        .find(|caller| caller.name == "off")
        .expect("a column");
    let is_out = async |usher: &Usher| {
        let asked = off.proving(usher.get("/sso/api/user-info/"), false);
        let answer = asked.send().await.expect("usher answers");
        (answer.status() == 401).then_some(())
    };
    usher.eventually("the user is switched off", is_out).await;
}

async fn asset(usher: &Usher) -> String {
    let page = usher
        .get(&format!("/sso/login/?{}", super::callers::to("/")))
        .send()
        .await;
    let page = page.expect("usher answers").text().await.expect("a page is text");
    let (_, rest) = page.split_once("/assets/").expect("a page has a style sheet");
    rest.split('"').next().unwrap_or_default().to_owned()
}

pub fn appointment() -> Value {
    let at: DateTime<Utc> = in_minutes(5);
    json!({
        "hospital": "hospital-1", "doctor": "u-doctor", "patient": PATIENT, "appointmentType": "virtual", "timezone": "UTC",
        "appointmentDate": at.format("%Y-%m-%d").to_string(), "appointmentTime": at.format("%H:%M").to_string(),
        "reasonForVisit": SECRET, "patientDetails": {"age": 44, "history": [SECRET]},
    })
}

pub fn in_minutes(minutes: i64) -> DateTime<Utc> {
    let now: DateTime<Utc> = DateTime::from_timestamp_millis(now_millis()).expect("a moment");
    now + Duration::minutes(minutes)
}
