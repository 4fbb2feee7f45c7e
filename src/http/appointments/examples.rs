//! An appointment as the description of the API shows it.

use serde_json::{Value, json};

use crate::http::meetings::examples::{LINK, ROOM, meeting, success};

fn appointment() -> Value {
    let mut appointment = json!({
        "hospital": "hospital-1",
        "department": "cardiology",
        "doctor": "therapist-123",
        "patient": "client-456",
        "appointmentType": "virtual",
        "appointmentDate": "2026-11-14",
        "appointmentTime": "11:00",
        "timezone": "Europe/Berlin",
        "isVideoCall": true,
        "meetingLink": LINK,
        "videoCallRoomName": ROOM,
        "videoCallUrl": LINK,
        "videoCallJWT": null,
        "videoCallType": "video",
    });
    if let (Value::Object(own), Value::Object(of_meeting)) = (&mut appointment, meeting()) {
        own.extend(of_meeting);
    }
    appointment
}

pub(super) fn shown() -> Value {
    success(&json!({ "appointment": appointment() }))
}

pub(super) fn listed() -> Value {
    success(&json!({ "appointments": [appointment()], "next_cursor": null }))
}
