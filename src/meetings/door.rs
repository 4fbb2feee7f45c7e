//! What is booked in a room now, for whoever stands at its door.

use super::{Meetings, MeetingsError};
use crate::domain::access::Booked;
use crate::domain::{Meeting, RoomKey, Timestamp};

/// How many returns to one room are followed back.
const MOST_RETURNS: usize = 8;

// === impl Meetings ===

impl Meetings {
    /// What is booked in the room at `at`. It reads the few meetings that it may be about, and writes nothing.
    pub async fn booked(&self, room: &RoomKey, at: Timestamp) -> Result<Booked, MeetingsError> {
        let window = self.0.config.borrow().window();
        let opens_until = at.checked_add_signed(window.early).unwrap_or(at);
        let about = self.index(|index| index.about(room, opens_until));
        let mut meetings = Vec::with_capacity(about.len());
        for id in about {
            meetings.extend(self.get(id).await?);
        }
        self.add_continued(&mut meetings).await?;
        Ok(Booked::of(meetings, window, at))
    }

    /// Adds what people came back from: the time that was booked for that one is still theirs.
    async fn add_continued(&self, meetings: &mut Vec<Meeting>) -> Result<(), MeetingsError> {
        let mut earlier = meetings.last().and_then(|last| last.booking.continues);
        for _ in 0..MOST_RETURNS {
            let Some(id) = earlier else { break };
            let Some(meeting) = self.get(id).await? else { break };
            earlier = meeting.booking.continues;
            meetings.push(meeting);
        }
        Ok(())
    }
}
