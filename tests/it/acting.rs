//! usher acts on a real Prosody: people are told, rooms are closed, and nothing is forgotten while it is away.

mod away;
mod jitsi;
mod life;
mod removal;
mod routes;
pub mod stage;
