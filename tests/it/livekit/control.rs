//! usher acts on LiveKit: rooms are made and closed, people are told, put out, muted; and tokens end with the permission.

mod one;
mod removal;
mod rooms;
mod stage;
mod tokens;
