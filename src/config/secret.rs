//! A value that is never printed.

/// A secret, read once at load, from the place or from a file.
///
/// `==` tells one configuration from another; it takes longer the more is equal, so what a caller presents is compared
/// in constant time where it is used.
#[derive(Clone, PartialEq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Name it nowhere but where it is used.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
