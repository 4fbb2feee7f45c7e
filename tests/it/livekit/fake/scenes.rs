//! What happens at the fake server because the test says so: people come and go, nodes die, rooms overlap.

use livekit_protocol as proto;
use proto::participant_info::State;
use proto::{DisconnectReason, RoomEndReason};

use super::world::{about, random_id};
use super::{Key, LiveKit};

/// Somebody with a browser, whose media is connected.
pub fn person(identity: &str) -> proto::ParticipantInfo {
    let permission = proto::ParticipantPermission {
        can_subscribe: true,
        can_publish: true,
        can_publish_data: true,
        ..proto::ParticipantPermission::default()
    };
    proto::ParticipantInfo {
        identity: identity.into(),
        name: identity.into(),
        state: State::Active.into(),
        permission: Some(permission),
        version: 2,
        ..proto::ParticipantInfo::default()
    }
}

// === impl LiveKit ===

impl LiveKit {
    /// A room that is opened with nobody inside; its sid.
    pub fn create(&self, name: &str) -> String {
        self.create_with(name, "")
    }

    pub fn create_with(&self, name: &str, metadata: &str) -> String {
        let request = proto::CreateRoomRequest {
            metadata: metadata.into(),
            ..named(name)
        };
        self.change(|world, now| {
            let (room, events) = world.open(&request, now);
            let idle = world.idle(&room.sid);
            (room.sid, (events, idle))
        })
    }

    /// Another room of that name, opened although there is one: what two nodes do that do not know of each other.
    pub fn create_second(&self, name: &str) -> String {
        self.change(|world, now| {
            let (room, events) = world.open_anew(&named(name), now);
            let idle = world.idle(&room.sid);
            (room.sid, (events, idle))
        })
    }

    /// Somebody comes into a room, which is opened for them; the sid of the connection.
    pub fn join(&self, room: &str, identity: &str) -> String {
        self.join_as(room, person(identity))
    }

    pub fn join_as(&self, room: &str, who: proto::ParticipantInfo) -> String {
        self.change(|world, now| {
            let (room, mut events) = world.open(&named(room), now);
            let (sid, joined) = world.join(&room.sid, who, now);
            events.extend(joined);
            (sid, (events, None))
        })
    }

    /// Somebody comes into the room with that sid.
    pub fn join_sid(&self, room: &str, identity: &str) -> String {
        self.change(|world, now| {
            let (sid, joined) = world.join(room, person(identity), now);
            (sid, (joined, None))
        })
    }

    /// Somebody comes again before the server has seen that their old connection is gone, and the webhooks say it in that
    /// order: joined, then left (livekit/livekit#2399).
    pub fn join_again(&self, room: &str, identity: &str) -> String {
        self.change(|world, now| {
            let (room, _) = world.open(&named(room), now);
            let (sid, mut events) = world.join(&room.sid, person(identity), now);
            events.reverse();
            (sid, (events, None))
        })
    }

    /// Somebody hangs up. Who had no media yet has never been there.
    pub fn leave(&self, participant: &str) {
        self.leave_because(participant, DisconnectReason::ClientInitiated);
    }

    pub fn leave_because(&self, participant: &str, why: DisconnectReason) {
        self.change(|world, now| ((), world.leave(participant, why, now)));
    }

    /// Ends the room with that sid.
    pub fn close(&self, room: &str, why: RoomEndReason) {
        self.change(|world, now| ((), (world.close(room, why, now), None)));
    }

    /// The node dies that has this room (its sid), and everybody in it is gone; what Redis keeps stays listed.
    pub fn lose_node_of(&self, room: &str) {
        let mut state = self.state();
        let now = state.now();
        state.world.die_with(room, now);
    }

    /// An egress begins in the room of that name; its id.
    pub fn start_egress(&self, room: &str) -> String {
        let egress = random_id("EG_");
        self.tell_egress(room, &egress, "egress_started");
        egress
    }

    pub fn end_egress(&self, room: &str, egress: &str) {
        self.tell_egress(room, egress, "egress_ended");
    }

    /// The room is named inside of it only, and its times are in nanoseconds.
    fn tell_egress(&self, room: &str, egress: &str, event: &str) {
        self.change(|world, now| {
            let room = world.served(room).expect("the room is open");
            let info = proto::EgressInfo {
                egress_id: egress.into(),
                room_id: room.sid.clone(),
                room_name: room.name.clone(),
                started_at: now * 1_000_000,
                updated_at: now * 1_000_000,
                ended_at: if event == "egress_ended" {
                    now * 1_000_000
                } else {
                    0
                },
                ..proto::EgressInfo::default()
            };
            let event = proto::WebhookEvent {
                room: None,
                egress_info: Some(info),
                ..about(room, event, now)
            };
            ((), (vec![event], None))
        });
    }

    /// A track of somebody, muted or not; its sid.
    pub fn publish(&self, participant: &str, source: proto::TrackSource) -> String {
        let mut track = proto::TrackInfo {
            sid: random_id("TR_"),
            ..proto::TrackInfo::default()
        };
        track.set_source(source);
        track.set_type(match source {
            proto::TrackSource::Camera | proto::TrackSource::ScreenShare => proto::TrackType::Video,
            _ => proto::TrackType::Audio,
        });
        let sid = track.sid.clone();
        self.change(|world, now| {
            let (room, info) = world.whereabouts(participant).expect("they are in a room");
            info.tracks.push(track.clone());
            let (sid, identity) = (info.sid.clone(), info.identity.clone());
            let room = proto::Room {
                sid: room.sid.clone(),
                name: room.name.clone(),
                ..proto::Room::default()
            };
            let who = proto::ParticipantInfo {
                sid,
                identity,
                ..proto::ParticipantInfo::default()
            };
            let event = proto::WebhookEvent {
                participant: Some(who),
                track: Some(track),
                ..about(&room, "track_published", now)
            };
            ((), (vec![event], None))
        });
        sid
    }

    /// What is known of somebody who is connected to the room of that name.
    pub fn whois(&self, room: &str, identity: &str) -> Option<proto::ParticipantInfo> {
        self.state().world.person(room, identity).ok().cloned()
    }

    /// The identities of those who are really in the room of that name.
    pub fn present(&self, room: &str) -> Vec<String> {
        self.state().world.present(room)
    }

    /// The sid of the newest room of that name, where it is listed.
    pub fn sid(&self, room: &str) -> Option<String> {
        let listed = self.state().world.rooms(&[room.to_owned()], i64::MAX);
        listed.into_iter().next().map(|room| room.sid)
    }

    /// The room of that name as it is listed.
    pub fn room(&self, name: &str) -> Option<proto::Room> {
        let listed = self.state().world.rooms(&[name.to_owned()], i64::MAX);
        listed.into_iter().next()
    }

    /// Every key that the server takes.
    pub fn keys(&self) -> Vec<Key> {
        self.state().keys.clone()
    }
}

fn named(name: &str) -> proto::CreateRoomRequest {
    proto::CreateRoomRequest {
        name: name.into(),
        ..proto::CreateRoomRequest::default()
    }
}
