//! What people and programs can be refused for at the LiveKit routes beside what holds everywhere.
//!
//! The Persian sentences of `/api/auth/client/` are those of the contract, to the letter: applications show them.

use http::StatusCode;

use crate::config::daemon::Language;

/// A refusal of a LiveKit token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum LiveKitRefusal {
    /// No name, or no password.
    NoCredentials { missing: &'static str },
    /// The server that was named is not configured, or none is.
    UnknownServer,
    /// The user may enter no channel.
    NoChannel,
    /// What a person may not choose for themselves.
    FieldNotAllowed { field: &'static str },
    /// What the token is to say would not fit into an address.
    TokenTooLarge,
    /// Something failed inside while somebody signed in.
    SignInFailed {
        /// Which part it was; never why.
        part: &'static str,
    },
}

// === impl LiveKitRefusal ===

impl LiveKitRefusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::NoCredentials { .. } | Self::UnknownServer | Self::TokenTooLarge => StatusCode::BAD_REQUEST,
            Self::NoChannel | Self::FieldNotAllowed { .. } => StatusCode::FORBIDDEN,
            Self::SignInFailed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NoCredentials { .. } => "missing_field",
            Self::UnknownServer => "unknown_server",
            Self::NoChannel => "no_channel",
            Self::FieldNotAllowed { .. } => "field_not_allowed",
            Self::TokenTooLarge => "token_too_large",
            Self::SignInFailed { .. } => "internal_error",
        }
    }

    pub(super) fn field(self) -> Option<&'static str> {
        match self {
            Self::NoCredentials { missing: field } | Self::FieldNotAllowed { field } => Some(field),
            _ => None,
        }
    }

    pub(super) fn details(self) -> Option<&'static str> {
        match self {
            Self::SignInFailed { part } => Some(part),
            _ => None,
        }
    }

    pub(super) fn sentence(self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fa => self.persian(),
        }
    }

    fn english(self) -> String {
        match self {
            Self::NoCredentials { .. } => "A name and a password are needed.".into(),
            Self::UnknownServer => "No such LiveKit server is configured here.".into(),
            Self::NoChannel => "No channel is open to you.".into(),
            Self::FieldNotAllowed { field } => format!("You cannot choose {field} for yourself."),
            Self::TokenTooLarge => "The token would be too long for an address; give it less to say.".into(),
            Self::SignInFailed { .. } => "Something went wrong on our side while you signed in.".into(),
        }
    }

    fn persian(self) -> String {
        match self {
            Self::NoCredentials { .. } => "نام کاربری و رمز عبور الزامی است.".into(),
            Self::UnknownServer => "چنین سرور LiveKit در اینجا تنظیم نشده است.".into(),
            Self::NoChannel => "شما به هیچ کانالی دسترسی ندارید.".into(),
            Self::FieldNotAllowed { field } => format!("نمی‌توانید {field} را خودتان تعیین کنید."),
            Self::TokenTooLarge => {
                "توکن برای یک نشانی بیش از اندازه بلند می‌شود؛ داده‌های آن را کوتاه کنید.".into()
            }
            Self::SignInFailed { .. } => "خطای سرور در احراز هویت".into(),
        }
    }
}
