//! The fields of a webhook that usher reads (`livekit_webhook.proto`, `livekit_models.proto` and `livekit_egress.proto` of
//! livekit/protocol) in proto3's JSON: zero values are absent, 64-bit integers are texts or numbers, names are in camel case or
//! in snake case.
//!
//! A value of another type than was expected is as good as absent. Nothing else is kept: `turnPassword`, and what programs
//! write into metadata and attributes, are no business of usher.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::ingest::loose;

/// A webhook of LiveKit; what is not known is passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LiveKitWebhook)]
#[serde(rename_all = "camelCase")]
pub struct Body {
    /// What happened. Names that are newer than usher are taken and say nothing.
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) event: Option<String>,
    /// The same for every repetition and for every address that it is sent to.
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) id: Option<String>,
    /// In whole seconds since 1970; it may have been sent much later.
    #[serde(default, alias = "created_at", deserialize_with = "loose::whole")]
    #[schema(value_type = Option<String>)]
    pub(super) created_at: Option<i64>,
    #[serde(default, deserialize_with = "loose::object")]
    pub(super) room: Option<Room>,
    #[serde(default, deserialize_with = "loose::object")]
    pub(super) participant: Option<Participant>,
    #[serde(default, alias = "egress_info", deserialize_with = "loose::object")]
    pub(super) egress_info: Option<Egress>,
    /// Why the room was closed; not every server says.
    #[serde(default, alias = "room_end_reason", deserialize_with = "loose::text")]
    pub(super) room_end_reason: Option<String>,
}

/// One life of a room.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LiveKitRoom)]
#[serde(rename_all = "camelCase")]
pub(super) struct Room {
    /// Names this life of the room; it can begin twice, where a node was lost.
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) sid: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) name: Option<String>,
    /// In seconds since 1970.
    #[serde(default, alias = "creation_time", deserialize_with = "loose::whole")]
    #[schema(value_type = Option<String>)]
    pub(super) creation_time: Option<i64>,
    #[serde(default, alias = "creation_time_ms", deserialize_with = "loose::whole")]
    #[schema(value_type = Option<String>)]
    pub(super) creation_time_ms: Option<i64>,
}

/// One connection to a room.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LiveKitParticipant)]
#[serde(rename_all = "camelCase")]
pub(super) struct Participant {
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) sid: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) identity: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) name: Option<String>,
    /// In seconds since 1970.
    #[serde(default, alias = "joined_at", deserialize_with = "loose::whole")]
    #[schema(value_type = Option<String>)]
    pub(super) joined_at: Option<i64>,
    #[serde(default, alias = "joined_at_ms", deserialize_with = "loose::whole")]
    #[schema(value_type = Option<String>)]
    pub(super) joined_at_ms: Option<i64>,
    /// Absent for those who come with a browser or an app.
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) kind: Option<String>,
    #[serde(default, deserialize_with = "loose::object")]
    pub(super) permission: Option<Permission>,
    #[serde(default, alias = "disconnect_reason", deserialize_with = "loose::text")]
    pub(super) disconnect_reason: Option<String>,
}

/// What a participant may do, as far as it tells people from others.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LiveKitPermission)]
pub(super) struct Permission {
    #[serde(default, deserialize_with = "loose::flag")]
    pub(super) hidden: bool,
    #[serde(default, deserialize_with = "loose::flag")]
    pub(super) recorder: bool,
    #[serde(default, deserialize_with = "loose::flag")]
    pub(super) agent: bool,
}

/// Something that records or streams a room.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LiveKitEgress)]
#[serde(rename_all = "camelCase")]
pub(super) struct Egress {
    #[serde(default, alias = "egress_id", deserialize_with = "loose::text")]
    pub(super) egress_id: Option<String>,
    /// The room's `sid`; absent, like the name, where it records something else than a room.
    #[serde(default, alias = "room_id", deserialize_with = "loose::text")]
    pub(super) room_id: Option<String>,
    #[serde(default, alias = "room_name", deserialize_with = "loose::text")]
    pub(super) room_name: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    pub(super) status: Option<String>,
}
