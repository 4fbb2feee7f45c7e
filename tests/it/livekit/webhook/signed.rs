//! Who may tell, and when.

use super::*;

const OLD_SECRET: &str = "a LiveKit secret from before 0123456789";

/// The status for somebody who comes, told by this signer.
async fn status(usher: &Usher, signer: &Signer) -> u16 {
    let event = joined(signer, "ann", 0);
    Said::to(signer.tell(usher, &event)).await.status.as_u16()
}

#[tokio::test]
async fn who_signs_is_heard_and_nobody_else() {
    let usher = start().await;
    let stranger = Signer::new(API_KEY, "another secret than that of the server");
    let event = joined(&signer(), "ann", 0);
    let body = || event.to_string().into_bytes();
    Said::to(stranger.tell(&usher, &event))
        .await
        .assert_refused(401, "unauthenticated");
    for nothing in [
        "",
        "Bearer ",
        "Bearer x",
        "x.y.z",
        &format!("Basic {}", signer().sign(&body())),
    ] {
        Said::to(send(&usher, nothing, body()))
            .await
            .assert_refused(401, "unauthenticated");
    }
    let unknown = Signer::new("APIunknown", API_SECRET);
    assert_eq!(status(&usher, &unknown).await, 401);
    assert_eq!(active(&usher).await, 0.0);
    assert_eq!(counted(&usher, "other", "refused").await, 7.0);
    tell(&usher, &signer(), &event).await;
    assert_eq!(active(&usher).await, 1.0);
    assert_eq!(counted(&usher, "participant_joined", "accepted").await, 1.0);
    for reason in ["bad_signature", "malformed", "unknown_key"] {
        let line = format!("\"reason\":\"{reason}\"");
        let is_told = async |usher: &Usher| usher.log().contains(&line).then_some(());
        usher.eventually(&line, is_told).await;
    }
}

#[tokio::test]
async fn the_word_bearer_does_no_harm() {
    let usher = start().await;
    let body = joined(&signer(), "ann", 0).to_string().into_bytes();
    let header = format!("Bearer {}", signer().sign(&body));
    assert_eq!(Said::to(send(&usher, &header, body)).await.status, 200);
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let usher = start().await;
    // To the second that is tried where time stands still; here some passes on the way. A token is good for five minutes.
    for (ahead, expected) in [
        (0, 200),
        (59, 200),
        (180, 401),
        (3600, 401),
        (-59, 200),
        (-300, 200),
        (-361, 401),
    ] {
        assert_eq!(
            status(&usher, &signer().ahead(ahead)).await,
            expected,
            "{ahead} s ahead"
        );
    }
}

#[tokio::test]
async fn a_body_is_taken_only_as_it_was_signed() {
    let usher = start().await;
    let event = joined(&signer(), "ann", 0);
    let signed = event.to_string().into_bytes();
    let header = signer().sign(&signed);
    let respaced = serde_json::to_vec_pretty(&event).unwrap();
    let mut renamed = signed.clone();
    let last = renamed.len() - 2;
    renamed[last] ^= 1;
    for other in [respaced, renamed, Vec::new(), signed[..signed.len() - 1].to_vec()] {
        Said::to(send(&usher, &header, other))
            .await
            .assert_refused(401, "unauthenticated");
    }
    assert_eq!(Said::to(send(&usher, &header, signed)).await.status, 200);
}

#[tokio::test]
async fn a_key_is_changed_without_a_gap() {
    let mut setup = setup();
    setup.sections = format!(
        "[[livekit]]\nurl = \"{URL}\"\nkeys = [{{ api_key = \"{API_KEY}\", api_secret = \"{API_SECRET}\" }}, \
         {{ api_key = \"APIold\", api_secret = \"{OLD_SECRET}\" }}]\n{}",
        server("second", "https://second.test")
    );
    let usher = Usher::start(setup).await;
    for signer in [
        signer(),
        Signer::new("APIold", OLD_SECRET),
        Signer::new(&format!("{API_KEY}second"), API_SECRET),
    ] {
        assert_eq!(status(&usher, &signer).await, 200);
    }
    assert_eq!(
        active(&usher).await,
        2.0,
        "rooms of one name on two servers are two rooms"
    );
    assert_eq!(status(&usher, &Signer::new("APIold", API_SECRET)).await, 401);
}

#[tokio::test]
async fn who_fails_again_and_again_is_slowed_down_and_who_signs_is_not() {
    let usher = start().await;
    let stranger = Signer::new("APIunknown", API_SECRET);
    let event = joined(&stranger, "ann", 0);
    let slowed = async {
        loop {
            let said = Said::to(stranger.tell(&usher, &event)).await;
            if said.status != 401 {
                return said;
            }
        }
    };
    slowed.await.assert_refused(429, "rate_limited");
    tell(&usher, &signer(), &joined(&signer(), "ann", 0)).await;
}
