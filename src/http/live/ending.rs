//! Why somebody stops listening.

/// The end of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The caller has hung up.
    Gone,
    /// The caller talks, although nothing is expected from it.
    Chatter,
    /// We stop.
    Stopping,
    /// The session is over, or the key or the scope was taken away.
    NotAllowed,
    /// More waited than may.
    QueueFull,
    /// The connection took nothing for too long.
    NotReading,
    /// Long enough; a caller that still wants to listen shows its credential again.
    TooLong,
}
