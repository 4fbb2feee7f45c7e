//! Events as they happen, for those who listen now: each hears what they may see.

/// Where events are told and listeners sign on; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Live;
