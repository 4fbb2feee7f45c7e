//! A real Prosody, real XMPP clients, and what usher's module tells about them.

pub mod people;
pub mod receiver;
pub mod server;
pub mod snippets;

mod delivery;
mod events;
