//! Slows guessing by name and by address, without letting a stranger lock anybody out.
