//! Moments, a room and a policy that tests of meetings share.

use chrono::Duration;

use super::observation::BackendId;
use super::{Policy, RoomKey, RoomName, Timestamp};

/// So many seconds into the tests.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_795_222_000 + seconds, 0).unwrap()
}

/// Short grace times, and nothing that has to be asked for.
pub(crate) fn policy() -> Policy {
    Policy {
        adhoc_grace: Duration::seconds(60),
        booked_grace: Duration::minutes(5),
        active_when_room_opens: false,
        warn_before_end: Duration::zero(),
        enforce_end: false,
        made_ahead: None,
        switched_off: Default::default(),
    }
}

pub(crate) fn room_on(backend: BackendId) -> RoomKey {
    RoomKey {
        backend,
        name: RoomName::parse("alpha").unwrap(),
    }
}
