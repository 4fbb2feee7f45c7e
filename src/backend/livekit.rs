//! LiveKit's room service, through `livekit-api`, which signs a token for each call.
//!
//! Answers that the crate cannot read, such as a proxy's page, are errors that may pass: a failure never says that a room is
//! gone.
//!
//! The crate reads an answer however long it is; who may be asked stands in the configuration, and the time is bounded.

mod clients;
mod people;

use std::sync::Arc;
use std::time::Duration;

use livekit_api::services::room::{CreateRoomOptions, RoomClient, SendDataOptions};
use livekit_api::services::{ServerError, ServerErrorCode, ServiceError};
use livekit_protocol as proto;
use livekit_protocol::participant_info::State;

use super::BackendError;
use crate::domain::participant::{Participant, ParticipantKind};
use crate::domain::{RoomName, Timestamp};

pub(super) use clients::Clients;

/// One LiveKit deployment.
#[derive(Debug)]
pub struct Service(Arc<RoomClient>);

/// A life of a room that LiveKit lists.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRoom {
    /// As LiveKit has it; a name that is not in usher's normal form is none of ours.
    pub name: String,
    pub sid: String,
    pub opened_at: Option<Timestamp>,
    /// Connections of all kinds. Not to be trusted: it lags behind.
    pub participants: u32,
}

/// How a room is made before anybody comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preparation {
    /// How long LiveKit keeps it while nobody has come; its own 5 minutes where it is zero.
    pub empty_for: Duration,
    /// How long LiveKit keeps it after the last of those who came has gone; its own 20 seconds where it is zero.
    pub kept_for: Duration,
    /// None where everybody may come.
    pub max_people: Option<u32>,
    /// Shown to everybody in the room.
    pub metadata: String,
}

/// A topic, and an identity that nobody has: the `#` never stands at the beginning of one.
const PROBE: &str = "#usher";
/// How often a call is tried that did not reach the server.
const ATTEMPTS: u32 = 2;
const PAUSE: Duration = Duration::from_millis(250);
/// The topic of what usher says in a room.
const NOTICES: &str = "usher";

// === impl Service ===

impl Service {
    pub(super) fn new(client: Arc<RoomClient>) -> Self {
        Self(client)
    }

    /// Every room that the server has, of usher and of others.
    pub async fn rooms(&self) -> Result<Vec<LiveRoom>, BackendError> {
        let rooms = call(|| self.0.list_rooms(Vec::new())).await?;
        Ok(rooms.into_iter().map(LiveRoom::from).collect())
    }

    /// Everybody and everything in a room of that name whose connection is complete, in whichever of its lives the server
    /// looks: those of whose coming LiveKit has told, or should have.
    pub async fn active(&self, room: &RoomName) -> Result<Vec<Participant>, BackendError> {
        let listed = call(|| self.0.list_participants(room.as_str())).await?;
        let active = listed.into_iter().filter(|info| info.state() == State::Active);
        Ok(active.map(Participant::from).collect())
    }

    /// The same with those who are still connecting.
    pub async fn connected(&self, room: &RoomName) -> Result<Vec<Participant>, BackendError> {
        let listed = call(|| self.0.list_participants(room.as_str())).await?;
        let connected = listed
            .into_iter()
            .filter(|info| info.state() != State::Disconnected);
        Ok(connected.map(Participant::from).collect())
    }

    /// Whether some node serves the room. A room of a node that died stays on the lists of a server with Redis, with its
    /// people; but a message to somebody in it, and be it to nobody, only its node takes.
    pub async fn is_served(&self, room: &RoomName) -> Result<bool, BackendError> {
        let options = SendDataOptions {
            kind: proto::data_packet::Kind::Reliable,
            topic: Some(PROBE.to_owned()),
            destination_identities: vec![PROBE.to_owned()],
            ..SendDataOptions::default()
        };
        let sent = self.0.send_data(room.as_str(), Vec::new(), options).await;
        match sent {
            Ok(()) => Ok(true),
            Err(error) if is_unserved(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the room, unless it is there.
    pub async fn open(&self, room: &RoomName, how: &Preparation) -> Result<(), BackendError> {
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let options = || CreateRoomOptions {
            empty_timeout: seconds(how.empty_for),
            departure_timeout: seconds(how.kept_for),
            max_participants: how.max_people.unwrap_or_default(),
            metadata: how.metadata.clone(),
            ..CreateRoomOptions::default()
        };
        let made = call(|| self.0.create_room(room.as_str(), options()));
        made.await.map(drop)
    }

    /// Puts everybody out and closes the room.
    pub async fn close(&self, room: &RoomName) -> Result<(), BackendError> {
        call(|| self.0.delete_room(room.as_str())).await
    }

    /// Sends a message to everybody in the room, reliably, under a topic.
    pub async fn send(&self, room: &RoomName, topic: &str, message: &[u8]) -> Result<(), BackendError> {
        let options = || SendDataOptions {
            kind: proto::data_packet::Kind::Reliable,
            topic: Some(topic.to_owned()),
            ..SendDataOptions::default()
        };
        call(|| self.0.send_data(room.as_str(), message.to_vec(), options())).await
    }

    /// Tells everybody in the room something, in the form that usher's own page shows.
    pub async fn notify(&self, room: &RoomName, text: &str) -> Result<(), BackendError> {
        let notice = serde_json::json!({ "type": "notice", "text": text }).to_string();
        self.send(room, NOTICES, notice.as_bytes()).await
    }
}

/// One call; again if it did not get through. Every call that is made here may be made twice.
async fn call<T, F>(make: impl Fn() -> F) -> Result<T, BackendError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    for _ in 1..ATTEMPTS {
        match make().await.map_err(BackendError::from) {
            Err(BackendError::Away(_)) => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
    make().await.map_err(BackendError::from)
}

/// Whether the server itself says that nothing answers for the room.
fn is_unserved(error: &ServiceError) -> bool {
    let ServiceError::Twirp(ServerError::Twirp(answer)) = error else {
        return false;
    };
    let code = answer.code.as_str();
    code == ServerErrorCode::UNAVAILABLE || code == ServerErrorCode::NOT_FOUND
}

// === impl LiveRoom, Participant ===

impl From<proto::Room> for LiveRoom {
    fn from(room: proto::Room) -> Self {
        Self {
            opened_at: moment(room.creation_time_ms, room.creation_time),
            name: room.name,
            sid: room.sid,
            participants: room.num_participants,
        }
    }
}

impl From<proto::ParticipantInfo> for Participant {
    fn from(info: proto::ParticipantInfo) -> Self {
        let kind = match proto::participant_info::Kind::try_from(info.kind) {
            Ok(proto::participant_info::Kind::Standard) => ParticipantKind::Standard,
            Ok(proto::participant_info::Kind::Sip) => ParticipantKind::Sip,
            _ => ParticipantKind::Service,
        };
        let is_hidden = |permission: &proto::ParticipantPermission| permission.hidden || recorder(permission);
        Self {
            kind,
            is_hidden: info.permission.as_ref().is_some_and(is_hidden),
            joined_at: moment(info.joined_at_ms, info.joined_at),
            sid: info.sid,
            identity: info.identity,
            name: info.name,
        }
    }
}

#[expect(
    deprecated,
    reason = "servers still set it, and it tells a recorder from a person"
)]
fn recorder(permission: &proto::ParticipantPermission) -> bool {
    permission.recorder || permission.agent
}

/// A moment in milliseconds, or in seconds where an older server says no more.
fn moment(millis: i64, seconds: i64) -> Option<Timestamp> {
    match (millis, seconds) {
        (1.., _) => Timestamp::from_timestamp_millis(millis),
        (_, 1..) => Timestamp::from_timestamp(seconds, 0),
        _ => None,
    }
}

// === impl BackendError ===

impl From<ServiceError> for BackendError {
    fn from(error: ServiceError) -> Self {
        // The errors name the address; that it failed is all there is to say.
        let answer = match error {
            ServiceError::Twirp(ServerError::Twirp(answer)) => answer,
            // A key that it does not know is answered by LiveKit in plain text, of which the crate can make nothing.
            ServiceError::Twirp(ServerError::Request(error)) if error.is_decode() => return Self::Strange,
            ServiceError::Twirp(ServerError::Prost(_)) => return Self::Strange,
            _ => return Self::Away(None),
        };
        match answer.code.as_str() {
            ServerErrorCode::NOT_FOUND => Self::NotThere,
            ServerErrorCode::UNAUTHENTICATED => Self::Refused { status: 401 },
            ServerErrorCode::PERMISSION_DENIED => Self::Refused { status: 403 },
            ServerErrorCode::INVALID_ARGUMENT | ServerErrorCode::MALFORMED => Self::Refused { status: 400 },
            ServerErrorCode::BAD_ROUTE | ServerErrorCode::UNIMPLEMENTED => Self::NoRoute,
            _ => Self::Away(None),
        }
    }
}
