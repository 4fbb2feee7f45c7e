//! How listening ends: with the right to it, and with the daemon.

use super::*;
use crate::api::Said;
use crate::reload::save_in_place;

#[tokio::test]
async fn a_session_that_ends_takes_its_listeners_along() {
    let usher = Usher::start(setup()).await;
    let (token, other) = (sign_in(&usher, "patient").await, sign_in(&usher, "doctor").await);
    let mut follower = follow(&usher, &token, "").await;
    let mut stays = follow(&usher, &other, "").await;
    let signed_out = usher.get("/sso/api/logout/").bearer_auth(&token);
    assert_eq!(Said::to(signed_out).await.status, 200);
    assert_eq!(follower.next().await, None, "at the next beat");
    Said::to(listening(&usher, &token, ""))
        .await
        .assert_refused(401, "revoked");
    let (meeting, _) = book(&usher, KEY, &["u-doctor"]).await;
    assert_eq!(stays.json().await["subject"], meeting);
}

#[tokio::test]
async fn a_reload_that_takes_the_right_away_ends_it() {
    let setup = setup();
    let usher = Usher::start(setup.clone()).await;
    let token = sign_in(&usher, "patient").await;
    let mut by_scope = follow(&usher, OTHER_KEY, "").await;
    let mut by_user = follow(&usher, &token, "").await;
    let mut by_key = follow(&usher, ADMIN_KEY, "").await;
    let mut stays = follow(&usher, KEY, "").await;

    let admin = client("boss", "another-key", "scopes = [\"admin\"]");
    let clients = setup.clients.replace(
        "\"meetings:write\", \"events:read\"]\n\n",
        "\"meetings:write\"]\n\n",
    );
    let (before, _) = clients.split_once("[boss]").unwrap();
    let (_, after) = clients.split_once("[poor]").unwrap();
    let clients = format!("{before}{admin}[poor]{after}");
    assert_ne!(clients, setup.clients);
    save_in_place(&usher.config_dir().join("clients.toml"), &clients);
    assert_eq!(by_key.next().await, None);
    let users = PEOPLE
        .replace("HASH", HASH)
        .replace("id = \"u-patient\"", "id = \"u-patient\"\nactive = false");
    save_in_place(&usher.config_dir().join("users.toml"), &users);
    assert_eq!(by_user.next().await, None);
    let clients = clients.replace("[other]", "[gone]");
    save_in_place(&usher.config_dir().join("clients.toml"), &clients);
    assert_eq!(by_scope.next().await, None);

    let (meeting, _) = book(&usher, KEY, &[]).await;
    assert_eq!(stays.json().await["subject"], meeting);
}

#[tokio::test]
async fn listeners_do_not_hold_up_the_end() {
    let mut usher = Usher::start(setup()).await;
    let mut followers = Vec::new();
    for _ in 0..20 {
        followers.push(follow(&usher, KEY, "").await);
    }
    usher.signal("TERM");
    assert!(usher.ended().success());
    for mut follower in followers {
        assert_eq!(follower.next().await, None);
    }
    let log = usher.log();
    assert!(
        !log.contains("cutting off") && !log.contains("not all tasks"),
        "{log}"
    );
}

#[tokio::test]
async fn a_quiet_stream_says_now_and_then_that_it_lives() {
    let usher = Usher::start(setup()).await;
    let mut follower = follow(&usher, OTHER_KEY, "").await;
    let before = follower.last.clone();
    book(&usher, KEY, &[]).await;
    let beat = follower.beat().await;
    assert!(beat.starts_with(":\n"), "{beat}");
    assert_ne!(
        follower.last, before,
        "it moves on, although what happened was for others"
    );
}
