//! Waiting rooms: who waits before which meeting, and who has been let in. In memory: people who wait ask again and again.

/// The waiting rooms of all meetings; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct WaitingRooms;
