//! The tokens at a real LiveKit server, where there is one.

use serde_json::json;

use super::real::Server;
use super::*;
use crate::api::text;

// === impl Server ===

impl Server {
    /// The status with which it lets the holder of a token in, or not.
    async fn admits(&self, usher: &Usher, token: &str) -> u16 {
        let url = format!("{}/rtc/validate?access_token={token}", self.url());
        usher
            .http
            .get(url)
            .send()
            .await
            .expect("LiveKit answers")
            .status()
            .as_u16()
    }

    /// Whether the holder may manage a room.
    async fn obeys(&self, usher: &Usher, token: &str, room: &str) -> bool {
        let url = format!("{}/twirp/livekit.RoomService/ListParticipants", self.url());
        let request = usher
            .http
            .post(url)
            .bearer_auth(token)
            .json(&json!({ "room": room }));
        let status = request.send().await.expect("LiveKit answers").status();
        !matches!(status.as_u16(), 401 | 403)
    }
}

#[tokio::test]
async fn a_real_server_takes_the_tokens_for_their_own_rooms() {
    let Some(livekit) = Server::start("tokens at a real LiveKit").await else {
        return;
    };
    let usher = start().await;
    let answer = sign_in(&usher, credentials()).await.json();
    let token = |number: &str| text(&answer["tokens"][number]["token"]).to_owned();
    for number in ["8", "1234567"] {
        assert_eq!(livekit.admits(&usher, &token(number)).await, 200);
    }
    assert_eq!(livekit.admits(&usher, &token("8").replace('.', ".x")).await, 401);
    assert!(
        livekit.obeys(&usher, &token("8"), "channel-8").await,
        "she moderates it"
    );
    assert!(!livekit.obeys(&usher, &token("8"), "channel-1234567").await);
    assert!(!livekit.obeys(&usher, &token("1234567"), "channel-1234567").await);
}
