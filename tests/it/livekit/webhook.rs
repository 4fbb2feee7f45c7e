//! `POST /livekit/webhook`, as LiveKit calls it.

use super::signer::{Signer, participant, room, send};
use super::*;
use crate::usher::now_millis;

#[tokio::test]
async fn nobody_is_heard_who_does_not_sign() {
    let usher = start().await;
    let stranger = Signer::new(API_KEY, "another secret than that of the server").ahead(0);
    let now = now_millis();
    let event = stranger.event(
        "participant_joined",
        json!({"room": room("ward-1", "RM_1", now), "participant": participant("PA_1", "ann", now)}),
    );
    Said::to(stranger.tell(&usher, &event))
        .await
        .assert_refused(401, "unauthenticated");
    let unsigned = send(&usher, "", event.to_string().into_bytes());
    Said::to(unsigned).await.assert_refused(401, "unauthenticated");
}
