//! Every act is in the audit trail, in order, before its caller is answered; and says no more than it should.

use serde_json::{Value, json};

use super::{API_LOGIN, LOGOUT, PORTAL, REFRESH, SARA, SARAS_ID};
use super::{api_login, dear, posted, setup, validated};
use crate::api::text;
use crate::usher::{PASSWORD, Usher};

/// A hash that takes 128 MiB.
const HASHED_IN: u32 = 128 << 10;

/// Action, outcome, reason, user and room of each act.
fn acts(usher: &Usher) -> Vec<[Value; 5]> {
    let of_trail = |event: &Value| text(&event["type"]).starts_with("usher.audit.");
    let events = usher.event_log().into_iter().filter(of_trail);
    let fields = ["action", "outcome", "reason", "user", "room"];
    events
        .map(|event| fields.map(|field| event["data"][field].clone()))
        .collect()
}

#[tokio::test]
async fn each_act_is_written_down() {
    let usher = Usher::start(setup()).await;
    api_login(&usher, "nobody@example.com", "guess", "/team1").await;
    api_login(&usher, SARA, "guess", "/team1").await;
    api_login(&usher, "off@example.com", PASSWORD, "/team1").await;
    let given = api_login(&usher, SARA, PASSWORD, "/team1").await.json();
    validated(&usher, text(&given["token"])).await;
    let refresh = json!({"refresh_token": given["refresh_token"], "client_id": "portal"});
    let next = posted(&usher, REFRESH, &refresh).await.json();
    api_login(&usher, SARA, PASSWORD, "/booked1").await;
    let out = usher.get(LOGOUT).bearer_auth(text(&next["token"]));
    out.send().await.expect("usher answers");
    validated(&usher, text(&given["token"])).await;
    let (sara, room, none) = (json!(SARAS_ID), json!("team1"), Value::Null);
    let act = |action: &str, outcome: &str, reason: Option<&str>, user: &Value, room: &Value| {
        [
            json!(action),
            json!(outcome),
            json!(reason),
            user.clone(),
            room.clone(),
        ]
    };
    let expected = [
        act("login", "refused", Some("wrong_credentials"), &none, &room),
        act("login", "refused", Some("wrong_credentials"), &sara, &room),
        act("login", "refused", Some("user_inactive"), &json!("u-off"), &room),
        act("login", "success", None, &sara, &room),
        act("issue", "success", None, &sara, &room),
        act("validate", "success", None, &sara, &none),
        act("refresh", "success", None, &sara, &room),
        act("issue", "success", None, &sara, &room),
        act("login", "success", None, &sara, &json!("booked1")),
        act(
            "issue",
            "refused",
            Some("room_not_booked"),
            &sara,
            &json!("booked1"),
        ),
        act("logout", "success", None, &sara, &none),
        act("validate", "refused", Some("revoked"), &none, &none),
    ];
    let told = usher
        .eventually("the whole trail", async |usher| {
            let acts = acts(usher);
            (acts.len() >= expected.len()).then_some(acts)
        })
        .await;
    assert_eq!(told, expected);
}

/// Whoever hangs up once the work on the password has begun has still guessed.
#[tokio::test]
async fn a_guess_counts_although_nobody_waits_for_the_answer() {
    let usher = Usher::start(dear(HASHED_IN, 10)).await;
    let idle = usher.peak_memory();
    let body = json!({"username": SARA, "password": "guess", "client_id": "portal", "redirect_uri": PORTAL})
        .to_string();
    let head = format!(
        "POST {API_LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut caller = tokio::net::TcpStream::connect(("127.0.0.1", usher.port()))
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut caller, format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    // Nothing else takes so much. It is reached in the first of the passes, and the peak stays however fast the others are.
    let hashing = async |usher: &Usher| (usher.peak_memory() >= idle + HASHED_IN / 2).then_some(());
    usher.eventually("a password is being checked", hashing).await;
    drop(caller);
    usher
        .eventually("the guess is written down", async |usher| {
            let refused = acts(usher).iter().any(|act| act[1] == "refused");
            refused.then_some(())
        })
        .await;
}
