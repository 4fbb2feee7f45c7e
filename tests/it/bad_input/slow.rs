//! Callers that take their time with the real daemon and its real time-outs.

use futures_util::future::join_all;

use super::{Before, POSTED, Wire, head, status};
use crate::api::{GENERATE, Said};
use crate::usher::{Setup, Usher, answered};

/// Callers of each kind at once.
const MANY: usize = 100;

#[tokio::test]
async fn callers_that_dawdle_are_sent_away_and_hold_up_nobody() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let dawdlers = (0..MANY).map(|at| {
        let (path, secret) = POSTED[at % POSTED.len()];
        let head = head(path, secret);
        [
            head.clone(),
            format!("{head}content-length: 100\r\n\r\n{{\"roomName\":"),
            format!("{head}transfer-encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        ]
    });
    let mut wires = Vec::new();
    for bytes in dawdlers.flatten() {
        let mut wire = Wire::to(&usher).await;
        wire.send(bytes).await;
        wires.push(wire);
    }
    let body = serde_json::json!({"roomName": "r", "userName": "u"});
    for _ in 0..20 {
        answered(usher.post(GENERATE, &body)).await;
    }
    let ended = join_all(wires.iter_mut().map(|wire| wire.read_to_end())).await;
    for answer in ended {
        assert_eq!(status(&answer), 408, "{answer}");
        assert!(answer.contains("\"code\":\"request_timeout\""), "{answer}");
    }
    assert_eq!(Said::to(usher.post(GENERATE, &body)).await.status, 200);
    before.assert_unharmed(&usher).await;
}
