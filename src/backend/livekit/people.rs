//! Acting on one person in a LiveKit room: putting them out, muting them, changing what they may do.
//!
//! LiveKit takes an identity; usher knows people as they are reported, and their connections by their sid. So each begins
//! with a look at who is there.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use livekit_api::services::ServiceError;
use livekit_api::services::room::{RoomClient, UpdateParticipantOptions};
use livekit_protocol as proto;
use livekit_protocol::participant_info::State;

use super::{Service, call};
use crate::backend::{BackendError, Media, Permissions};
use crate::domain::observation::OccupantId;
use crate::domain::participant::Participant;
use crate::domain::{RoomName, UserId};

// === impl Service ===

impl Service {
    /// Ends one connection. LiveKit lets the person in again for as long as their token is good.
    pub async fn put_out(&self, room: &RoomName, who: &OccupantId) -> Result<(), BackendError> {
        let client = &self.0;
        let listed = call(|| client.list_participants(room.as_str())).await?;
        let found = listed.into_iter().find(|info| info.sid == who.0);
        let identity = found.ok_or(BackendError::NotThere)?.identity;
        call(|| client.remove_participant(room.as_str(), &identity)).await
    }

    /// Mutes what somebody publishes now, on all their connections; returns how many tracks that were. They can unmute
    /// themselves.
    pub async fn mute(&self, room: &RoomName, who: &UserId, media: Media) -> Result<usize, BackendError> {
        let client = &self.0;
        let mut muted = 0;
        for info in present(client, room, who).await? {
            for track in info
                .tracks
                .iter()
                .filter(|track| !track.muted && concerns(media, track))
            {
                let mute = || mute(client, room, &info.identity, &track.sid);
                match call(mute).await {
                    Ok(()) => muted += 1,
                    // It was taken off in the meantime.
                    Err(BackendError::NotThere) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(muted)
    }

    /// Changes what somebody may do, on all their connections, until they come in anew; returns how many those were.
    ///
    /// LiveKit takes all permissions at once: those that are not to change are sent as they are. An empty name and empty
    /// metadata mean that these stay (`livekit/pkg/rtc/participant.go`, UpdateMetadata).
    pub async fn permit(
        &self,
        room: &RoomName,
        who: &UserId,
        change: Permissions,
    ) -> Result<usize, BackendError> {
        let client = &self.0;
        let present = present(client, room, who).await?;
        for info in &present {
            let permission = change.applied_to(info.permission.clone());
            let options = || UpdateParticipantOptions {
                permission: Some(permission.clone()),
                ..UpdateParticipantOptions::default()
            };
            call(|| client.update_participant(room.as_str(), &info.identity, options())).await?;
        }
        Ok(present.len())
    }
}

fn is_connected(info: &proto::ParticipantInfo) -> bool {
    info.state() != State::Disconnected
}

/// The connections of somebody; an error where there is none.
async fn present(
    client: &RoomClient,
    room: &RoomName,
    who: &UserId,
) -> Result<Vec<proto::ParticipantInfo>, BackendError> {
    let mut listed = call(|| client.list_participants(room.as_str())).await?;
    listed.retain(|info| is_connected(info) && Participant::from(info.clone()).is_of(who));
    if listed.is_empty() {
        Err(BackendError::NotThere)
    } else {
        Ok(listed)
    }
}

fn concerns(media: Media, track: &proto::TrackInfo) -> bool {
    match proto::TrackType::try_from(track.r#type) {
        Ok(proto::TrackType::Audio) => media.audio,
        Ok(proto::TrackType::Video) => media.video,
        _ => false,
    }
}

/// The crate panics where the answer names no track, which is LiveKit's answer for one that is gone.
async fn mute(client: &RoomClient, room: &RoomName, identity: &str, track: &str) -> Result<(), ServiceError> {
    let muted = client.mute_published_track(room.as_str(), identity, track, true);
    match AssertUnwindSafe(muted).catch_unwind().await {
        Ok(muted) => muted.map(drop),
        Err(_) => Ok(()),
    }
}

// === impl Permissions ===

impl Permissions {
    fn applied_to(self, known: Option<proto::ParticipantPermission>) -> proto::ParticipantPermission {
        // Where nothing is said, everything may be done.
        let known = known.unwrap_or_else(|| proto::ParticipantPermission {
            can_subscribe: true,
            can_publish: true,
            can_publish_data: true,
            ..proto::ParticipantPermission::default()
        });
        proto::ParticipantPermission {
            can_publish: self.publish.unwrap_or(known.can_publish),
            can_subscribe: self.subscribe.unwrap_or(known.can_subscribe),
            can_publish_data: self.publish_data.unwrap_or(known.can_publish_data),
            ..known
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_to_change_stays() {
        let known = proto::ParticipantPermission {
            can_publish: true,
            can_subscribe: false,
            hidden: true,
            can_publish_sources: vec![2],
            ..proto::ParticipantPermission::default()
        };
        let change = Permissions {
            publish: Some(false),
            ..Permissions::default()
        };
        let after = change.applied_to(Some(known.clone()));
        assert_eq!(
            after,
            proto::ParticipantPermission {
                can_publish: false,
                ..known
            }
        );
        let after = change.applied_to(None);
        assert!(after.can_subscribe && after.can_publish_data && !after.can_publish);
    }
}
