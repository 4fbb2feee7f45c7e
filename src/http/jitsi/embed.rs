//! What a page needs to show the room: a link, and options for `new JitsiMeetExternalAPI(domain, options)`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::RoomName;
use crate::domain::meeting::MeetingType;
use crate::tokens::{JitsiTokens, Person};

/// The options, ready to be handed over as they are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Embed<'a> {
    domain: &'a str,
    room_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a str>,
    #[schema(value_type = BTreeMap<String, bool>)]
    config_overwrite: BTreeMap<&'static str, bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info: Option<UserInfo<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserInfo<'a> {
    display_name: &'a str,
}

/// An audio meeting starts without a camera; both are on jitsi-meet's list of overrides (`configWhitelist.ts`).
const AUDIO: [&str; 2] = ["startAudioOnly", "startWithVideoMuted"];

// === impl Embed ===

impl<'a> Embed<'a> {
    pub(in crate::http) fn new(
        tokens: &'a JitsiTokens,
        room: &'a RoomName,
        meeting_type: MeetingType,
    ) -> Self {
        let config_overwrite = overrides(meeting_type).map(|option| (option, true)).collect();
        Self {
            domain: tokens.domain(),
            room_name: room.as_str(),
            jwt: None,
            config_overwrite,
            user_info: None,
        }
    }

    /// For one person.
    pub(in crate::http) fn of(mut self, token: &'a str, person: &'a Person) -> Self {
        self.jwt = Some(token);
        self.user_info = Some(UserInfo {
            display_name: person.name.as_str(),
        });
        self
    }
}

/// Where people open the room; no token inside.
pub(in crate::http) fn join_url(tokens: &JitsiTokens, room: &RoomName, meeting_type: MeetingType) -> String {
    tokens.join_url(room) + &fragment(meeting_type)
}

/// Where the holder of the token opens the room.
pub(in crate::http) fn join_url_with(
    tokens: &JitsiTokens,
    room: &RoomName,
    meeting_type: MeetingType,
    token: &str,
) -> String {
    tokens.join_url_with(room, token) + &fragment(meeting_type)
}

fn fragment(meeting_type: MeetingType) -> String {
    let options: Vec<_> = overrides(meeting_type)
        .map(|option| format!("config.{option}=true"))
        .collect();
    if options.is_empty() {
        String::new()
    } else {
        format!("#{}", options.join("&"))
    }
}

fn overrides(meeting_type: MeetingType) -> impl Iterator<Item = &'static str> {
    AUDIO
        .into_iter()
        .filter(move |_| meeting_type == MeetingType::Audio)
}
