//! Forms of texts that several bodies have in common (`#[schema(schema_with = …)]`).

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};

use crate::domain::RoomName;
use crate::domain::access::FEATURES;

/// A room that is required. It is turned into the form that Jitsi compares, so more is taken than this says, such as names
/// that are percent-encoded already.
pub(in crate::http) fn room_name() -> Object {
    text(1, RoomName::MAX_BYTES)
        .pattern(Some(ROOM))
        .description(Some(
            "Brought into the form that Jitsi compares: lower case, percent-encoded, at most 255 bytes then.",
        ))
        .build()
}

/// A room that may be left out.
pub(in crate::http) fn optional_room_name() -> Object {
    nullable(text(0, RoomName::MAX_BYTES).pattern(Some(OPTIONAL_ROOM))).build()
}

/// The name of a person that is required: more than white space.
pub(in crate::http) fn person_name() -> Object {
    text(1, LONGEST_NAME).pattern(Some(NOT_BLANK)).build()
}

/// A text that is required: more than white space.
pub(in crate::http) fn required_text() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .pattern(Some(NOT_BLANK))
        .build()
}

/// The number of an appointment; it becomes part of the room's name.
pub(in crate::http) fn appointment() -> Object {
    text(1, 128).pattern(Some(ROOM)).build()
}

/// Any password that is not empty is one.
pub(in crate::http) fn password() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .format(Some(format))
        .build()
}

/// Who somebody is in a LiveKit room.
pub(in crate::http) fn identity() -> Object {
    text(1, LONGEST_NAME)
        .pattern(Some(r"^[^\x00-\x20\x7f#][^\x00-\x1f\x7f#]*$"))
        .build()
}

/// Up to 64 short texts about a participant.
pub(in crate::http) fn attributes() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .max_properties(Some(64))
        .property_names(Some(text(1, LONGEST_NAME).pattern(Some(PRINTABLE)).build()))
        .additional_properties(Some(RefOr::<Schema>::from(text(0, LONGEST_NAME))))
        .build()
}

/// What a participant may publish; everything, where nothing is said.
pub(in crate::http) fn track_sources() -> utoipa::openapi::schema::Array {
    let source = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([
        "camera",
        "microphone",
        "screen_share",
        "screen_share_audio",
    ]));
    utoipa::openapi::schema::ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(source)
        .build()
}

/// The same, where it may be left out.
pub(in crate::http) fn optional_identity() -> Object {
    nullable(text(0, LONGEST_NAME).pattern(Some(r"^[^\x00-\x1f\x7f#]*$"))).build()
}

/// LiveKit's own message; what of it is taken is checked field by field.
pub(in crate::http) fn room_config() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .build()
}

/// The id of a client that is known.
pub(in crate::http) fn client() -> Object {
    text(1, 64).pattern(Some("^[a-z0-9_-]+$")).build()
}

/// An address that the client registered, to the letter.
pub(in crate::http) fn redirect_uri() -> Object {
    let format = SchemaFormat::Custom("uri".to_owned());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .format(Some(format))
        .build()
}

/// The name of a person or a group; what cannot be shown is cleaned away.
pub(in crate::http) fn optional_name() -> Object {
    nullable(text(0, LONGEST_NAME)).build()
}

/// A text without control characters that may be left out.
pub(in crate::http) fn optional_text() -> Object {
    nullable(text(0, LONGEST_NAME).pattern(Some(PRINTABLE))).build()
}

/// An e-mail address, as far as it is looked at; empty is none.
pub(in crate::http) fn optional_email() -> Object {
    nullable(text(0, 254).pattern(Some(r"^([!-?A-~]+@[!-?A-~]+)?$"))).build()
}

/// The address of a picture; empty is none.
pub(in crate::http) fn optional_address() -> Object {
    nullable(text(0, 1024).pattern(Some("^(https?://[!-~]+)?$"))).build()
}

/// What a token may allow in a Jitsi room; those that are not named are refused, unless none is.
pub(in crate::http) fn features() -> Object {
    let known = FEATURES.map(|name| (name, ObjectBuilder::new().schema_type(Type::Boolean).build()));
    let object = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Object, Type::Null]));
    let object = known
        .into_iter()
        .fold(object, |object, (name, schema)| object.property(name, schema));
    object
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(
            false,
        )))
        .description(Some(
            "What the token allows; once one is named, those that are not are refused.",
        ))
        .build()
}

/// A moment that may be left out.
pub(in crate::http) fn optional_moment() -> Object {
    nullable(ObjectBuilder::new())
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build()
}

const LONGEST_NAME: usize = 256;
/// Without what jitsi-meet cuts out of an address, white space in front, and `%`, which would be read as encoding.
const ROOM: &str =
    r##"^[^\x00-\x20\x7f:?#\[\]@!$&'()*+,;=></"\\%][^\x00-\x1f\x7f:?#\[\]@!$&'()*+,;=></"\\%]*$"##;
const OPTIONAL_ROOM: &str = r##"^[^\x00-\x1f\x7f:?#\[\]@!$&'()*+,;=></"\\%]*$"##;
const NOT_BLANK: &str = r"\S";
const PRINTABLE: &str = r"^[^\x00-\x1f\x7f]*$";

fn text(min: usize, max: usize) -> ObjectBuilder {
    let min = (min > 0).then_some(min);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(min)
        .max_length(Some(max))
}

fn nullable(text: ObjectBuilder) -> ObjectBuilder {
    text.schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}
