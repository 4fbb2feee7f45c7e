//! The fake before LiveKit's own client.

use livekit_api::services::room::{CreateRoomOptions, RoomClient, SendDataOptions};
use livekit_api::services::{ServerError, ServiceError};

use super::*;

fn client(livekit: &LiveKit, secret: &str) -> RoomClient {
    RoomClient::with_api_key(&livekit.url(), API_KEY, secret)
}

/// The code of a Twirp error.
fn code<T: std::fmt::Debug>(outcome: Result<T, ServiceError>) -> String {
    match outcome.unwrap_err() {
        ServiceError::Twirp(ServerError::Twirp(answer)) => answer.code,
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn livekits_own_client_is_served() {
    let livekit = LiveKit::start().await;
    let client = client(&livekit, API_SECRET);
    let options = CreateRoomOptions {
        max_participants: 5,
        ..CreateRoomOptions::default()
    };
    let made = client.create_room("alpha", options).await.unwrap();
    let again = client.create_room("alpha", CreateRoomOptions::default()).await;
    assert_eq!(again.unwrap().sid, made.sid, "it is there already");
    let ann = livekit.join("alpha", "ann");
    let rooms = client.list_rooms(Vec::new()).await.unwrap();
    assert_eq!((rooms.len(), rooms[0].max_participants), (1, 5));
    assert_eq!(client.list_participants("alpha").await.unwrap()[0].sid, ann);
    assert!(client.list_participants("beta").await.unwrap().is_empty());
    let send = |data: &[u8]| client.send_data("alpha", data.to_vec(), SendDataOptions::default());
    send(b"five minutes left").await.unwrap();
    assert_eq!(livekit.messages()[0].identity, "ann");
    client.remove_participant("alpha", "ann").await.unwrap();
    let gone = client.remove_participant("alpha", "ann").await;
    assert_eq!(code(gone), "not_found");
    client.delete_room("alpha").await.unwrap();
    assert_eq!(code(client.delete_room("alpha").await), "not_found");
    assert!(client.list_rooms(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_no_node_serves_is_only_listed() {
    let livekit = LiveKit::with(Settings {
        redis: true,
        ..Settings::default()
    });
    let mut livekit = livekit.await;
    livekit.join("alpha", "ann");
    let sid = livekit.sid("alpha").unwrap();
    livekit.crash().await;
    livekit.restart().await;
    let client = client(&livekit, API_SECRET);
    assert_eq!(client.list_rooms(Vec::new()).await.unwrap()[0].sid, sid);
    assert_eq!(
        client.list_participants("alpha").await.unwrap()[0].identity,
        "ann"
    );
    assert_eq!(
        code(client.remove_participant("alpha", "ann").await),
        "unavailable"
    );
    assert_eq!(code(client.delete_room("alpha").await), "unavailable");
    let revived = client.create_room("alpha", CreateRoomOptions::default()).await;
    assert_eq!(revived.unwrap().sid, sid, "it comes back as it was");
    client.delete_room("alpha").await.unwrap();
}

#[tokio::test]
async fn a_stranger_is_refused() {
    let livekit = LiveKit::start().await;
    let stranger = client(&livekit, "another secret of the same length");
    let refused = stranger.list_rooms(Vec::new());
    // Plain text, which the client cannot read.
    assert!(matches!(
        refused.await.unwrap_err(),
        ServiceError::Twirp(ServerError::Request(_))
    ));
    assert_eq!(livekit.calls()[0].status, 401);
}
