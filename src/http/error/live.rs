//! What listeners to live events can be refused for: status, stable code, and the words.

use std::time::Duration;

use http::StatusCode;

use crate::config::daemon::Language;
use crate::live::TooMany;

/// A refusal of somebody who wants to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum LiveRefusal {
    TooMany(TooMany),
    /// The address speaks WebSocket, version 13, and nothing else (RFC 6455 section 4.2.2).
    NoUpgrade,
    /// The handshake has no key of 16 bytes.
    BadKey,
}

/// Somebody else may have gone by then.
const TRY_AGAIN: Duration = Duration::from_secs(30);

// === impl LiveRefusal ===

impl LiveRefusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoUpgrade => StatusCode::UPGRADE_REQUIRED,
            Self::BadKey => StatusCode::BAD_REQUEST,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TooMany(TooMany::Overall) => "too_many_listeners",
            Self::TooMany(TooMany::Client) => "too_many_listeners_of_client",
            Self::TooMany(TooMany::User) => "too_many_listeners_of_user",
            Self::TooMany(TooMany::Address) => "too_many_listeners_at_address",
            Self::NoUpgrade => "upgrade_required",
            Self::BadKey => "bad_handshake",
        }
    }

    pub(super) fn retry_after(self) -> Option<Duration> {
        matches!(self, Self::TooMany(_)).then_some(TRY_AGAIN)
    }

    pub(super) fn sentence(self, language: Language) -> &'static str {
        match language {
            Language::En => self.english(),
            Language::Fa => self.persian(),
        }
    }

    fn english(self) -> &'static str {
        match self {
            Self::TooMany(TooMany::Overall) => "Too many are listening; please try again later.",
            Self::TooMany(TooMany::Client) => "This program has too many listeners already.",
            Self::TooMany(TooMany::User) => "You have too many pages open that follow events.",
            Self::TooMany(TooMany::Address) => "Too many are listening from your network.",
            Self::NoUpgrade => "This address speaks WebSocket, version 13.",
            Self::BadKey => "The WebSocket handshake is not complete.",
        }
    }

    fn persian(self) -> &'static str {
        match self {
            Self::TooMany(TooMany::Overall) => "شنوندگان بیش از اندازه‌اند؛ لطفاً بعداً دوباره تلاش کنید.",
            Self::TooMany(TooMany::Client) => "این برنامه هم‌اکنون شنوندگان بیش از اندازه دارد.",
            Self::TooMany(TooMany::User) => "صفحه‌های زیادی باز کرده‌اید که رویدادها را دنبال می‌کنند.",
            Self::TooMany(TooMany::Address) => "از شبکهٔ شما شنوندگان بیش از اندازه وصل‌اند.",
            Self::NoUpgrade => "این نشانی فقط وب‌سوکت نسخهٔ ۱۳ را می‌پذیرد.",
            Self::BadKey => "دست‌دهی وب‌سوکت کامل نیست.",
        }
    }
}
