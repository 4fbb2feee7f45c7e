//! A webhook as it goes over the wire: JSON as Go's `protojson` writes it, whose white space is nobody's business.

use std::io;

use livekit_protocol as proto;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes a space after commas, or none: Go decides that anew with each build, so that nobody relies on it.
struct Whim {
    comma: &'static [u8],
}

// === impl Whim ===

impl Formatter for Whim {
    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { self.comma })
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { self.comma })
    }
}

/// The body: names in camelCase, 64-bit numbers as texts, nothing that is zero. `newer` are words of a newer protocol, in
/// place of those that this one knows.
pub fn body(event: &proto::WebhookEvent, newer: &[(String, String)]) -> Vec<u8> {
    let has_space = event.id.bytes().next_back().is_some_and(|byte| byte % 2 == 0);
    let comma: &[u8] = if has_space { b", " } else { b"," };
    let mut body = Vec::new();
    let mut writer = Serializer::with_formatter(&mut body, Whim { comma });
    event.serialize(&mut writer).expect("every event can be written");
    if newer.is_empty() {
        return body;
    }
    let text = String::from_utf8(body).expect("JSON is text");
    let replace = |text: String, (old, new): &(String, String)| text.replace(old, new);
    newer.iter().fold(text, replace).into_bytes()
}

/// The queue in which it waits: events about one room keep their order, those about an egress have one of their own.
pub fn queue(event: &proto::WebhookEvent) -> String {
    let egress = event.egress_info.as_ref().map(|info| &info.egress_id);
    let ingress = event.ingress_info.as_ref().map(|info| &info.ingress_id);
    let room = event.room.as_ref().map(|room| &room.name);
    egress.or(ingress).or(room).cloned().unwrap_or_default()
}
