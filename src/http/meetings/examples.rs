//! A meeting as the description of the API shows it.

use serde_json::{Value, json};

/// Where it is, in all examples.
pub(in crate::http) const ROOM: &str = "ataraxia-1699999999999-1f0c2b3d";
pub(in crate::http) const LINK: &str = "https://meet.example.com/ataraxia-1699999999999-1f0c2b3d";
const JOIN_URL: &str = "https://meet.example.com/usher/m/0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f";

/// The meeting, the way a program sees it.
pub(in crate::http) fn meeting() -> Value {
    json!({
        "id": "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f",
        "createdBy": "therapist-123",
        "participants": ["client-456"],
        "hosts": [],
        "roleContext": "patient-doctor",
        "title": "Follow-up",
        "description": null,
        "jitsiLink": LINK,
        "joinUrl": JOIN_URL,
        "roomName": ROOM,
        "status": "scheduled",
        "cancelReason": null,
        "meetingType": "video",
        "backend": "jitsi",
        "scheduledAt": "2026-11-14T10:00:00Z",
        "durationMinutes": 50,
        "startedAt": null,
        "endedAt": null,
        "duration": null,
        "durationSeconds": null,
        "notes": null,
        "createdAt": "2026-11-10T08:00:00Z",
        "updatedAt": "2026-11-10T08:00:00Z",
    })
}

pub(super) fn shown() -> Value {
    success(&json!({ "meeting": meeting(), "jitsiDetails": details() }))
}

pub(super) fn listed() -> Value {
    success(&json!({ "meetings": [meeting()], "next_cursor": null }))
}

pub(super) fn token() -> Value {
    success(&json!({
        "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        "link": format!("{LINK}?jwt=eyJ0eXAi"),
        "joinUrl": JOIN_URL,
        "roomName": ROOM,
        "moderator": false,
        "expiresAt": "2026-11-15T10:00:00Z",
        "jitsiDetails": details(),
    }))
}

/// In the envelope of `http.md` section 5.
pub(in crate::http) fn success(data: &Value) -> Value {
    json!({ "status": "success", "data": data })
}

fn details() -> Value {
    json!({
        "meetingLink": LINK,
        "roomName": ROOM,
        "domain": "meet.example.com",
        "embed": { "domain": "meet.example.com", "roomName": ROOM, "configOverwrite": {} },
    })
}
