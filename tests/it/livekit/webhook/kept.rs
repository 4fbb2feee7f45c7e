//! What was answered is on disk, and what cannot be stored is asked for again.

use super::*;
use crate::usher::answered;

/// Half-KiB blocks: a file may grow to 2 MiB, then writing to it fails.
const SMALL_DISK: [&str; 3] = ["sh", "-c", r#"trap "" XFSZ; ulimit -f 4096; exec "$0" "$@""#];

#[tokio::test]
async fn who_came_is_there_after_a_crash() {
    let mut usher = start().await;
    let signer = signer();
    let ann = joined(&signer, "ann", 5);
    tell(&usher, &signer, &ann).await;
    usher.kill9();
    usher.restart().await;
    assert_eq!(
        (active(&usher).await, usher.metric("usher_people").await),
        (1.0, 1.0)
    );
    tell(&usher, &signer, &ann).await;
    assert_eq!(counted(&usher, "participant_joined", "repeated").await, 1.0);
    tell(&usher, &signer, &left(&signer, &ann)).await;
    assert_eq!(usher.metric("usher_people").await, 0.0);
}

#[tokio::test]
async fn what_cannot_be_stored_is_asked_for_again() {
    let mut setup = setup();
    setup.wrapper = SMALL_DISK.map(str::to_owned).to_vec();
    let usher = Usher::start(setup).await;
    let signer = signer();
    let mut booked = 0;
    while booked < 100_000 {
        let body = json!({ "appointmentId": format!("{booked:->100}") });
        let request = usher.post("/api/jitsi/create-room", &body);
        if Said::to(request).await.status != 200 {
            break;
        }
        booked += 1;
    }
    let said = Said::to(signer.tell(&usher, &joined(&signer, "ann", 0))).await;
    said.assert_refused(503, "unavailable");
    assert_eq!(said.header("retry-after"), "1");
    assert_eq!(counted(&usher, "participant_joined", "failed").await, 1.0);
    let foreign = signer.event(
        "participant_joined",
        json!({"room": room("A Room", "RM_2", now_millis())}),
    );
    let said = answered(signer.tell(&usher, &foreign)).await;
    assert_eq!(said["status"], "success", "what needs no disk goes on");
}
