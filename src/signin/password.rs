//! Argon2id off the async threads, a bounded number at a time.
