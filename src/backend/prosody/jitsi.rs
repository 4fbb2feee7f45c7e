//! The routes of the modules that Jitsi ships: `mod_muc_end_meeting`, `mod_system_chat_message`,
//! `mod_muc_kick_participant` and `mod_muc_census` (jitsi-meet `resources/prosody-plugins`).
//!
//! Their own 404 has an empty body; that of a web server without them has a page.

use percent_encoding::percent_decode_str;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Door, Reply};
use crate::backend::{BackendError, OpenRoom};
use crate::domain::RoomName;
use crate::domain::observation::OccupantId;

/// The reason that people see is the module's own; it takes none.
pub(in crate::backend) async fn close(door: &Door<'_>, room: &str) -> Result<(), BackendError> {
    let query = [("conference", room)];
    judge(
        &door
            .send(Method::POST, "/end-meeting", &query, &json!({}))
            .await?,
    )
}

pub(in crate::backend) async fn say(
    door: &Door<'_>,
    room: &str,
    text: &str,
    people: &[OccupantId],
) -> Result<(), BackendError> {
    if people.is_empty() {
        return Err(BackendError::NotThere);
    }
    let body = json!({ "room": room, "connectionJIDs": people, "message": text });
    judge(
        &door
            .send(Method::POST, "/send-system-chat-message", &[], &body)
            .await?,
    )
}

pub(in crate::backend) async fn remove(
    door: &Door<'_>,
    room: &RoomName,
    who: &OccupantId,
) -> Result<(), BackendError> {
    // The module encodes what it is given once more.
    let plain = |name: &str| percent_decode_str(name).decode_utf8_lossy().into_owned();
    let (tenant, room) = room.split();
    let (room, prefix) = (plain(room), plain(tenant.unwrap_or_default()));
    let query = [("room", room.as_str()), ("prefix", prefix.as_str())];
    let body = json!({ "participantId": nick(who) });
    judge(&door.send(Method::PUT, "/kick-participant", &query, &body).await?)
}

/// Breakout rooms are on a component of their own; the census counts focus out, and recorders in.
pub(in crate::backend) async fn rooms(
    door: &Door<'_>,
    muc_domain: &str,
) -> Result<Vec<OpenRoom>, BackendError> {
    let reply = door.get("/room-census", &[]).await?;
    judge(&reply)?;
    let census = reply.json()?;
    let listed = census["room_census"].as_array().into_iter().flatten();
    Ok(listed.filter_map(|room| open_room(room, muc_domain)).collect())
}

fn open_room(listed: &Value, muc_domain: &str) -> Option<OpenRoom> {
    let (node, domain) = listed["room_name"].as_str()?.split_once('@')?;
    let name = RoomName::from_node(node).ok()?;
    let people = listed["participants"].as_i64().unwrap_or_default();
    (domain == muc_domain && !name.is_health_check()).then_some(OpenRoom {
        name,
        people: u32::try_from(people).unwrap_or_default(),
    })
}

/// Jitsi's clients call themselves in a room by the beginning of their throw-away account.
fn nick(who: &OccupantId) -> String {
    let account = who.0.split('@').next().unwrap_or_default();
    account.chars().take(8).collect()
}

fn judge(reply: &Reply) -> Result<(), BackendError> {
    match reply.status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND if reply.body.is_empty() => Err(BackendError::NotThere),
        StatusCode::NOT_FOUND => Err(BackendError::NoRoute),
        _ => Err(reply.refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_called_by_the_beginning_of_their_account() {
        let jid = OccupantId("9fe06261-0b0c-4b0e@meet.example.test/sV9r5dNtVPfy".into());
        assert_eq!(nick(&jid), "9fe06261");
    }

    #[test]
    fn the_census_is_read_without_what_is_no_room_of_people() {
        let room = |name: &str, people: i64| json!({ "room_name": name, "participants": people });
        let listed = [
            room("[acme]alpha@conference.meet.test", 2),
            room("empty@conference.meet.test", -1),
            room("4b1c@breakout.meet.test", 1),
            room("__jicofo-health-check-1@conference.meet.test", 0),
            json!({ "room_name": 7 }),
        ];
        let found = listed
            .iter()
            .filter_map(|room| open_room(room, "conference.meet.test"));
        let found: Vec<_> = found
            .map(|room| (room.name.as_str().to_owned(), room.people))
            .collect();
        assert_eq!(found, [("[acme]alpha".to_owned(), 2), ("empty".to_owned(), 0)]);
    }
}
