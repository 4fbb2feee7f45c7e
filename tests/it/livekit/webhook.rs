//! `POST /livekit/webhook`, as LiveKit calls it.

mod kept;
mod said;
mod signed;

use super::signer::{Signer, participant, room, send};
use super::*;
use crate::usher::now_millis;

/// The name of the room that is told of, and of its life.
const ROOM: &str = "ward-1";
const SID: &str = "RM_1";

fn signer() -> Signer {
    Signer::new(API_KEY, API_SECRET)
}

/// Somebody comes into the room, who has been there for `seconds`.
fn joined(signer: &Signer, who: &str, seconds: i64) -> Value {
    let at = now_millis() - seconds * 1000;
    let parts =
        json!({"room": room(ROOM, SID, at), "participant": participant(&format!("PA_{who}"), who, at)});
    signer.event("participant_joined", parts)
}

/// The same person, by what was told of their coming, goes now.
fn left(signer: &Signer, joined: &Value) -> Value {
    let mut parts = json!({"room": joined["room"], "participant": joined["participant"]});
    parts["participant"]["disconnectReason"] = json!("CLIENT_INITIATED");
    signer.event("participant_left", parts)
}

/// Expects the event to be taken.
async fn tell(usher: &Usher, signer: &Signer, event: &Value) {
    let said = Said::to(signer.tell(usher, event)).await;
    assert_eq!(
        (said.status.as_u16(), said.json()),
        (200, json!({"status": "success"})),
        "{said:?}"
    );
}

/// How many webhooks ended so.
async fn counted(usher: &Usher, event: &str, verdict: &str) -> f64 {
    let name = format!("usher_livekit_webhooks_total{{event=\"{event}\",verdict=\"{verdict}\"}}");
    usher.metric(&name).await
}

async fn active(usher: &Usher) -> f64 {
    usher.metric("usher_meetings{status=\"active\"}").await
}
