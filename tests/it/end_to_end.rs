//! Real servers from end to end: people in a real Prosody, a real usher, a real nats-server, and a program that listens.

mod life;
mod nats_away;
mod prosody_dies;
mod recorded;
mod rooms;
pub mod stage;
pub mod story;
pub mod tokens;
