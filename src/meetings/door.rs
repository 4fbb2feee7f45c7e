//! What is booked in a room now, for whoever stands at its door.

use chrono::Duration;

use super::{Meetings, MeetingsError};
use crate::domain::access::{Booked, Window};
use crate::domain::{RoomKey, Timestamp};

// === impl Meetings ===

impl Meetings {
    /// What is booked in the room at `at`. It reads the few meetings that it may be about, and writes nothing.
    pub async fn booked(&self, room: &RoomKey, at: Timestamp) -> Result<Booked, MeetingsError> {
        let window = self.window();
        let opens_until = at.checked_add_signed(window.early).unwrap_or(at);
        let about = self.index(|index| index.about(room, opens_until));
        let mut meetings = Vec::with_capacity(about.len());
        for id in about {
            meetings.extend(self.get(id).await?);
        }
        Ok(Booked::of(meetings, window, at))
    }

    /// For how long booked meetings keep their rooms open around their time.
    pub fn window(&self) -> Window {
        let config = self.0.config.borrow();
        let meetings = &config.daemon.meetings;
        Window {
            early: Duration::minutes(i64::from(meetings.early_join_minutes)),
            grace: Duration::seconds(i64::from(meetings.booked_grace_secs)),
        }
    }
}
