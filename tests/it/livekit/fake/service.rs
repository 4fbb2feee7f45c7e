//! The fake server's room service: Twirp with protobuf bodies, grants checked, and its errors as the real one gives them.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use livekit_api::access_token::{Claims, VideoGrants};
use livekit_protocol as proto;
use proto::{DisconnectReason, RoomEndReason};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::world::Refusal;
use super::{Call, Message, Shared, token};

/// How a call ends that does not succeed.
enum Failure {
    /// The token is no good: plain text.
    Token(&'static str),
    /// The token does not allow it.
    Denied,
    Refused(Refusal),
    /// No such method, or no body of that method.
    BadRoute,
}

type Outcome = Result<Vec<u8>, Failure>;

/// What the methods need for one call.
struct Calling {
    server: Arc<Shared>,
    grants: VideoGrants,
    room: String,
}

/// How long the server waits for a node that does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn accept(listener: TcpListener, server: Weak<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, server.clone()));
    }
}

async fn serve(stream: TcpStream, server: Weak<Shared>) {
    let service = service_fn(|request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(answer(request, server).await) }
    });
    // A connection that breaks is the client's affair.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: Request<Incoming>, server: Weak<Shared>) -> Response<Full<Bytes>> {
    let Some(server) = server.upgrade() else {
        return plain(503, "shutting down");
    };
    let Some(method) = request.uri().path().strip_prefix("/twirp/livekit.RoomService/") else {
        return plain(200, "OK");
    };
    let method = method.to_owned();
    let page = server.state().page;
    if let Some(status) = page {
        server.note(Call {
            method,
            room: String::new(),
            status,
        });
        return plain(status, "<html>a page of a proxy</html>");
    }
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let bearer = bearer.unwrap_or_default().to_owned();
    let is_protobuf = header("content-type") == Some("application/protobuf");
    let body = request.into_body().collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let mut room = String::new();
    let outcome = match is_protobuf {
        true => call(&server, &method, (&bearer, body), &mut room).await,
        false => Err(Failure::BadRoute),
    };
    let answer = outcome.map_or_else(failed, |body| respond(200, "application/protobuf", body));
    let status = answer.status().as_u16();
    server.note(Call { method, room, status });
    answer
}

/// Every call is tried by its grants first; `room` becomes the room that it is about.
async fn call(
    server: &Arc<Shared>,
    method: &str,
    (bearer, body): (&str, Bytes),
    room: &mut String,
) -> Outcome {
    let grants = grants(server, bearer)?;
    let mut calling = Calling {
        server: Arc::clone(server),
        grants: grants.video,
        room: String::new(),
    };
    let outcome = calling.run(method, body);
    *room = calling.room;
    if matches!(outcome, Err(Failure::Refused(Refusal::Unanswered)))
        || (method == "SendData" && matches!(outcome, Err(Failure::Refused(_))))
    {
        tokio::time::sleep(PATIENCE).await;
        return Err(Failure::Refused(Refusal::Unanswered));
    }
    outcome
}

fn grants(server: &Shared, bearer: &str) -> Result<Claims, Failure> {
    let state = server.state();
    if bearer.is_empty() {
        return Err(Failure::Denied);
    }
    token::verify(&state.keys, bearer, state.now() / 1000).map_err(Failure::Token)
}

// === impl Calling ===

impl Calling {
    fn run(&mut self, method: &str, body: Bytes) -> Outcome {
        match method {
            "CreateRoom" => self.create_room(&read(body)?),
            "ListRooms" => self.list_rooms(&read(body)?),
            "DeleteRoom" => self.delete_room(&read(body)?),
            "ListParticipants" => self.list_participants(&read(body)?),
            "RemoveParticipant" => self.remove_participant(read(body)?),
            "UpdateParticipant" => self.update_participant(read(body)?),
            "MutePublishedTrack" => self.mute(&read(body)?),
            "SendData" => self.send_data(read(body)?),
            _ => Err(Failure::BadRoute),
        }
    }

    fn create_room(&mut self, request: &proto::CreateRoomRequest) -> Outcome {
        self.room.clone_from(&request.name);
        self.allowed(self.grants.room_create)?;
        let room = Shared::change(&self.server, |world, now| {
            let (room, events) = world.open(request, now);
            let idle = world.idle(&room.sid);
            (room, (events, idle))
        });
        done(&room)
    }

    fn list_rooms(&mut self, request: &proto::ListRoomsRequest) -> Outcome {
        self.allowed(self.grants.room_list)?;
        let state = self.server.state();
        let rooms = state.world.rooms(&request.names, state.now());
        done(&proto::ListRoomsResponse { rooms })
    }

    fn delete_room(&mut self, request: &proto::DeleteRoomRequest) -> Outcome {
        self.room.clone_from(&request.room);
        self.allowed(self.grants.room_create)?;
        let deleted = Shared::change(&self.server, |world, now| {
            let sid = match world.served(&request.room) {
                Ok(room) => room.sid.clone(),
                Err(refusal) => return (Err(refusal), (Vec::new(), None)),
            };
            let events = world.close(&sid, RoomEndReason::RoomEndApiDelete, now);
            (Ok(()), (events, None))
        });
        deleted?;
        done(&proto::DeleteRoomResponse::default())
    }

    fn list_participants(&mut self, request: &proto::ListParticipantsRequest) -> Outcome {
        self.in_room(&request.room)?;
        let participants = self.server.state().world.people(&request.room);
        done(&proto::ListParticipantsResponse { participants })
    }

    fn remove_participant(&mut self, request: proto::RoomParticipantIdentity) -> Outcome {
        self.in_room(&request.room)?;
        let removed = Shared::change(&self.server, |world, now| {
            let sid = match world.person(&request.room, &request.identity) {
                Ok(info) => info.sid.clone(),
                Err(refusal) => return (Err(refusal), (Vec::new(), None)),
            };
            (
                Ok(()),
                world.leave(&sid, DisconnectReason::ParticipantRemoved, now),
            )
        });
        removed?;
        done(&proto::RemoveParticipantResponse::default())
    }

    fn update_participant(&mut self, request: proto::UpdateParticipantRequest) -> Outcome {
        self.in_room(&request.room)?;
        let mut state = self.server.state();
        let info = state.world.person(&request.room, &request.identity)?;
        if !request.name.is_empty() {
            info.name = request.name;
        }
        if !request.metadata.is_empty() {
            info.metadata = request.metadata;
        }
        if request.permission.is_some() {
            info.permission = request.permission;
        }
        info.attributes.extend(request.attributes);
        info.version += 1;
        done(info)
    }

    fn mute(&mut self, request: &proto::MuteRoomTrackRequest) -> Outcome {
        self.in_room(&request.room)?;
        let mut state = self.server.state();
        let info = state.world.person(&request.room, &request.identity)?;
        let track = info
            .tracks
            .iter_mut()
            .find(|track| track.sid == request.track_sid);
        let track = track.ok_or(Refusal::UnknownTrack)?;
        track.muted = request.muted;
        done(&proto::MuteRoomTrackResponse {
            track: Some(track.clone()),
        })
    }

    /// Nobody by that name is no fault: then nobody gets it.
    fn send_data(&mut self, request: proto::SendDataRequest) -> Outcome {
        self.in_room(&request.room)?;
        let mut state = self.server.state();
        state.world.served(&request.room)?;
        let to = request.destination_identities;
        let mut hearers = state.world.present(&request.room);
        hearers.retain(|identity| to.is_empty() || to.contains(identity));
        let message = |identity| Message {
            room: request.room.clone(),
            identity,
            topic: request.topic.clone().unwrap_or_default(),
            data: request.data.clone(),
        };
        state.messages.extend(hearers.into_iter().map(message));
        done(&proto::SendDataResponse::default())
    }

    fn in_room(&mut self, room: &str) -> Result<(), Failure> {
        room.clone_into(&mut self.room);
        self.allowed(self.grants.room_admin && self.grants.room == room)
    }

    fn allowed(&self, is_granted: bool) -> Result<(), Failure> {
        is_granted.then_some(()).ok_or(Failure::Denied)
    }
}

// === impl Failure ===

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn read<M: prost::Message + Default>(body: Bytes) -> Result<M, Failure> {
    M::decode(body).map_err(|_| Failure::BadRoute)
}

fn done(answer: &impl prost::Message) -> Outcome {
    Ok(answer.encode_to_vec())
}

fn failed(failure: Failure) -> Response<Full<Bytes>> {
    let (status, code, text) = match failure {
        Failure::Token(text) => return plain(401, text),
        Failure::Denied => (401, "unauthenticated", "permissions denied"),
        Failure::BadRoute => (404, "bad_route", "no handler for path"),
        Failure::Refused(Refusal::UnknownRoom) => (404, "not_found", "requested room does not exist"),
        Failure::Refused(Refusal::Stranger) => (404, "not_found", "participant does not exist"),
        Failure::Refused(Refusal::UnknownTrack) => (404, "not_found", "track is not found"),
        Failure::Refused(Refusal::Unanswered) => (503, "unavailable", "no response from servers"),
    };
    let body = json!({ "code": code, "msg": format!("twirp error unknown: {text}") });
    respond(status, "application/json", body.to_string().into_bytes())
}

fn plain(status: u16, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain", text.as_bytes().to_vec())
}

fn respond(status: u16, kind: &str, body: Vec<u8>) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Full::from(body))
        .expect("status and body are valid")
}
