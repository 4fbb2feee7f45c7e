//! Time and chance, handed down as values.

use super::{MeetingId, Timestamp};

/// Where the present moment and randomness come from. Made once, where the daemon is put together.
#[derive(Debug, Clone, Copy)]
pub struct Ambient {
    pub now: fn() -> Timestamp,
    /// Fills the buffer with random bytes fit for secrets.
    pub random: fn(&mut [u8]),
}

impl Ambient {
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    pub fn meeting_id(&self) -> MeetingId {
        MeetingId::new(self.now(), self.random())
    }
}
