//! The routes of usher's own Prosody module, `mod_usher_events`, which answers in JSON whatever it says.

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Door, Reply};
use crate::backend::{BackendError, OpenRoom};
use crate::domain::RoomName;
use crate::domain::observation::OccupantId;

#[derive(Deserialize)]
struct Rooms {
    /// An empty Lua table may arrive as `{}`.
    #[serde(default)]
    rooms: Value,
}

#[derive(Deserialize)]
struct Room {
    room: String,
    people: u32,
}

pub(in crate::backend) async fn close(door: &Door<'_>, room: &str, text: &str) -> Result<(), BackendError> {
    tell(door, "/usher/end", &json!({ "room": room, "text": text })).await
}

pub(in crate::backend) async fn say(door: &Door<'_>, room: &str, text: &str) -> Result<(), BackendError> {
    tell(door, "/usher/say", &json!({ "room": room, "text": text })).await
}

pub(in crate::backend) async fn remove(
    door: &Door<'_>,
    room: &str,
    who: &OccupantId,
    text: &str,
) -> Result<(), BackendError> {
    let body = json!({ "room": room, "occupant": who.0, "text": text });
    tell(door, "/usher/remove", &body).await
}

pub(in crate::backend) async fn rooms(door: &Door<'_>) -> Result<Vec<OpenRoom>, BackendError> {
    let reply = door.get("/usher/rooms", &[]).await?;
    judge(&reply)?;
    let rooms: Rooms = serde_json::from_value(reply.json()?).unwrap_or(Rooms { rooms: Value::Null });
    let listed = rooms.rooms.as_array().into_iter().flatten();
    let read = listed.filter_map(|room| Room::deserialize(room).ok());
    Ok(read.filter_map(open_room).collect())
}

async fn tell(door: &Door<'_>, path: &str, body: &Value) -> Result<(), BackendError> {
    judge(&door.send(Method::POST, path, &[], body).await?)
}

/// The module names what is not there; any other 404 is that of a web server without the module.
fn judge(reply: &Reply) -> Result<(), BackendError> {
    match reply.status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND => {
            let error = reply.json().ok().map(|body| body["error"].clone());
            let known = ["unknown_room", "unknown_occupant"].map(Value::from);
            let named = error.is_some_and(|error| known.contains(&error));
            Err(if named {
                BackendError::NotThere
            } else {
                BackendError::NoRoute
            })
        }
        _ => Err(reply.refused()),
    }
}

fn open_room(Room { room, people }: Room) -> Option<OpenRoom> {
    let (node, _) = room.split_once('@')?;
    let name = RoomName::from_node(node).ok()?;
    Some(OpenRoom { name, people })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: StatusCode, body: &str) -> Result<(), BackendError> {
        judge(&Reply {
            status,
            body: body.into(),
        })
    }

    #[test]
    fn a_room_that_is_not_open_is_told_from_a_module_that_is_not_loaded() {
        let not_found = StatusCode::NOT_FOUND;
        let unknown = judged(not_found, r#"{"error":"unknown_room"}"#);
        assert!(matches!(unknown, Err(BackendError::NotThere)));
        for page in ["", "<html>", "{}", r#"{"error":1}"#, "[]"] {
            assert!(
                matches!(judged(not_found, page), Err(BackendError::NoRoute)),
                "{page}"
            );
        }
        let refused = judged(StatusCode::UNAUTHORIZED, "");
        assert!(matches!(refused, Err(BackendError::Refused { status: 401 })));
        assert!(matches!(
            judged(StatusCode::BAD_GATEWAY, ""),
            Err(BackendError::Away(None))
        ));
        assert!(judged(StatusCode::OK, "anything").is_ok());
    }
}
