//! Acting on a meeting server: end a room, remove somebody, say something in it, list rooms and people.
