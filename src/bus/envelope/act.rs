//! From an audit record to the message that goes out.

use serde::Serialize;

use super::{CloudEvent, rfc3339};
use crate::bus::Message;
use crate::domain::observation::without_address_id;
use crate::domain::{Act, ActId, ClientId, UserId};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    time: String,
    action: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Whom somebody else did it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    address: &'a str,
    request_id: &'a str,
}

/// Stands in the subject where nobody knows which client it was.
const UNKNOWN: &str = "unknown";

/// Wraps one audit record; `source` is the deployment, such as `usher/meet.example.com`.
pub fn act(id: ActId, act: &Act, source: &str) -> Message {
    let time = rfc3339(act.at);
    let client = act.client.as_ref().map_or(UNKNOWN, ClientId::as_str);
    let action = act.action.as_str();
    let cloud_event = CloudEvent {
        specversion: "1.0",
        id: &id.to_string(),
        source,
        kind: format!("usher.audit.{action}.v1"),
        subject: None,
        time: time.clone(),
        datacontenttype: "application/json",
        data: Data {
            time,
            action,
            outcome: act.outcome.as_str(),
            reason: act.reason.as_deref(),
            client: act.client.as_ref(),
            user: named(act.user.as_ref()),
            person: named(act.person.as_ref()),
            room: act.room.as_ref().map(|room| room.as_str()),
            address: &act.address,
            request_id: &act.request_id,
        },
    };
    cloud_event.into_message(format!("audit.{client}.{action}"))
}

fn named(user: Option<&UserId>) -> Option<String> {
    user.map(|user| without_address_id(user.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Action, Outcome, RoomName, Timestamp};

    fn refused() -> Act {
        Act {
            at: Timestamp::from_timestamp_millis(1_795_222_218_500).unwrap(),
            action: Action::Login,
            outcome: Outcome::Refused,
            reason: Some("wrong_credentials".into()),
            client: ClientId::parse("ataraxia").ok(),
            user: UserId::parse("Ann@example.com").ok(),
            person: None,
            room: RoomName::parse("Team1").ok(),
            address: "192.0.2.1".into(),
            request_id: "r-1".into(),
        }
    }

    #[test]
    fn a_record_becomes_an_event_without_an_address_of_mail() {
        let id = ActId::new(refused().at, [1; 10]);
        let message = act(id, &refused(), "usher/meet.test");
        assert_eq!(message.id, id.to_string());
        assert_eq!(message.subject_tail, "audit.ataraxia.login");
        let event: Value = serde_json::from_slice(&message.payload).unwrap();
        let expected = json!({
            "specversion": "1.0", "id": id.to_string(), "source": "usher/meet.test", "type": "usher.audit.login.v1",
            "time": "2026-11-21T00:50:18.500Z", "datacontenttype": "application/json",
            "data": {
                "time": "2026-11-21T00:50:18.500Z", "action": "login", "outcome": "refused",
                "reason": "wrong_credentials", "client": "ataraxia", "user": "sha256:71d4f55f72fa128d", "room": "team1",
                "address": "192.0.2.1", "requestId": "r-1",
            },
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let bare = Act {
            reason: None,
            client: None,
            user: None,
            room: None,
            ..refused()
        };
        let message = act(ActId::FIRST, &bare, "usher/meet.test");
        assert_eq!(message.subject_tail, "audit.unknown.login");
        let event: Value = serde_json::from_slice(&message.payload).unwrap();
        let told: Vec<_> = event["data"].as_object().unwrap().keys().collect();
        assert_eq!(told, ["action", "address", "outcome", "requestId", "time"]);
    }
}
