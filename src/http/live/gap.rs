//! The event that says that events may be missing.

use serde::Serialize;

use crate::domain::Timestamp;
use crate::http::field::seconds;
use crate::live::Live;

/// Its type, which no event of a meeting has.
pub(super) const TYPE: &str = "usher.live.gap";

/// A CloudEvent like the others, which is sent to one listener only.
#[derive(Serialize)]
struct Gap<'a> {
    specversion: &'static str,
    id: String,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    time: String,
    datacontenttype: &'static str,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    /// What to do about it, for whoever reads it in a log.
    detail: &'static str,
}

/// Says that everything up to this number may have been missed.
pub(super) fn gap(live: &Live, up_to: u64, now: Timestamp) -> String {
    let gap = Gap {
        specversion: "1.0",
        id: format!("gap-{}", live.cursor(up_to)),
        source: live.source(),
        kind: TYPE,
        time: seconds(now),
        datacontenttype: "application/json",
        data: Data {
            detail: "events may be missing here; read what you follow again",
        },
    };
    serde_json::to_string(&gap).expect("texts always become JSON")
}
