//! The only map from what went wrong to what a caller is told: status and stable code; the words are in [`sentence`].

mod live;
mod livekit;
mod meeting;
mod samples;
mod sentence;
mod sign_in;

use std::time::Duration;

use http::StatusCode;

use crate::domain::NameError;
use crate::domain::access::Denial;
use crate::ingest::IngestError;
use crate::meetings::MeetingsError;
use crate::meetings::people::PeopleError;
use crate::signin::{LoginError, SignInError};
use crate::store::StoreError;
use crate::tokens::{TextError, TokenError, UnknownFeature};
pub(super) use live::LiveRefusal;
pub(super) use livekit::LiveKitRefusal;
pub(super) use meeting::MeetingRefusal;
pub(super) use sign_in::SignInRefusal;

/// Everything that a caller can be refused for.
#[derive(Debug)]
pub(super) enum ApiError {
    NotFound,
    /// The methods that the address takes, as the `Allow` header lists them.
    MethodNotAllowed {
        allow: String,
    },
    /// `line:column` of the fault.
    NotJson {
        place: String,
    },
    WrongType {
        field: String,
    },
    Missing {
        field: &'static str,
    },
    Invalid {
        field: &'static str,
        why: String,
    },
    /// The whole body broke off.
    Incomplete,
    TooLarge {
        limit: usize,
    },
    ExpiresInTooLong {
        ceiling: u64,
    },
    Unauthenticated,
    Denied(Denial),
    OriginNotAllowed,
    RateLimited {
        wait: Duration,
    },
    IdempotencyKeyReused,
    SignIn(SignInRefusal),
    Live(LiveRefusal),
    LiveKit(LiveKitRefusal),
    Meeting(MeetingRefusal),
    /// The store takes no writes now; what was asked did not happen.
    Unavailable,
    Internal,
}

// === impl ApiError ===

impl ApiError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotJson { .. } | Self::WrongType { .. } | Self::Missing { .. } | Self::Invalid { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::Incomplete | Self::ExpiresInTooLong { .. } => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Denied(_) | Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::IdempotencyKeyReused => StatusCode::CONFLICT,
            Self::SignIn(refusal) => refusal.status(),
            Self::Live(refusal) => refusal.status(),
            Self::LiveKit(refusal) => refusal.status(),
            Self::Meeting(refusal) => refusal.status(),
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable name; it never changes with the language.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::NotJson { .. } => "invalid_json",
            Self::WrongType { .. } => "wrong_type",
            Self::Missing { .. } => "missing_field",
            Self::Invalid { .. } => "invalid_field",
            Self::Incomplete => "incomplete_body",
            Self::TooLarge { .. } => "body_too_large",
            Self::ExpiresInTooLong { .. } => "expires_in_too_long",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied(Denial::MissingScope(_)) => "missing_scope",
            Self::Denied(Denial::RoomNotAllowed) => "room_not_allowed",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::RateLimited { .. } => "rate_limited",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::SignIn(refusal) => refusal.code(),
            Self::Live(refusal) => refusal.code(),
            Self::LiveKit(refusal) => refusal.code(),
            Self::Meeting(refusal) => refusal.code(),
            Self::Unavailable => "unavailable",
            Self::Internal => "internal_error",
        }
    }

    /// The field that a 400 is about.
    pub(super) fn field(&self) -> Option<&str> {
        match self {
            Self::WrongType { field } => Some(field),
            Self::SignIn(refusal) => refusal.field(),
            Self::LiveKit(refusal) => refusal.field(),
            Self::Meeting(refusal) => refusal.field(),
            Self::Missing { field } | Self::Invalid { field, .. } => Some(field),
            Self::ExpiresInTooLong { .. } => Some("expiresIn"),
            _ => None,
        }
    }

    /// Which part of a 5xx failed, where the contract says so; never why.
    pub(super) fn details(&self) -> Option<&'static str> {
        match self {
            Self::LiveKit(refusal) => refusal.details(),
            _ => None,
        }
    }

    /// The methods that would have been taken (RFC 9110, section 15.5.6).
    pub(super) fn allow(&self) -> Option<&str> {
        match self {
            Self::MethodNotAllowed { allow } => Some(allow),
            _ => None,
        }
    }

    /// How one may prove who one is (RFC 9110 section 11.6.1). People are not asked for `Basic`: browsers would show a
    /// dialog of their own over the program's page.
    pub(super) fn challenge(&self) -> &'static str {
        match self {
            Self::SignIn(_) => "Bearer realm=\"usher\"",
            _ => "Bearer realm=\"usher\", Basic realm=\"usher\"",
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { wait } => Some(*wait),
            Self::Live(refusal) => refusal.retry_after(),
            Self::Unavailable | Self::SignIn(SignInRefusal::Busy) => Some(Duration::from_secs(1)),
            Self::Meeting(MeetingRefusal::BackendUnavailable) => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// A field whose value cannot be what it is for; the error says what it must be.
    pub(super) fn bad<E: std::fmt::Display>(field: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Invalid {
            field,
            why: error.to_string(),
        }
    }

    /// A field whose text is no name of its kind.
    pub(super) fn bad_name(field: &'static str) -> impl Fn(NameError) -> Self {
        Self::bad(field)
    }

    pub(super) fn bad_text(field: &'static str) -> impl Fn(TextError) -> Self {
        Self::bad(field)
    }
}

// === conversions from the core's errors ===

impl From<MeetingsError> for ApiError {
    fn from(error: MeetingsError) -> Self {
        match error {
            MeetingsError::KeyReused => Self::IdempotencyKeyReused,
            MeetingsError::Unknown => Self::NotFound,
            MeetingsError::BadCursor => Self::Invalid {
                field: "cursor",
                why: "must be the next_cursor of an answer".into(),
            },
            MeetingsError::Store(StoreError::TooLarge | StoreError::BadKey) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a record does not fit the store"
                );
                Self::Internal
            }
            MeetingsError::Store(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "failed to store");
                Self::Unavailable
            }
            MeetingsError::Transition(error) => MeetingRefusal::InvalidTransition(error).into(),
            MeetingsError::Outdated => MeetingRefusal::Outdated.into(),
            MeetingsError::Unreadable(_) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "failed to change a meeting"
                );
                Self::Internal
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "failed to reach the store"
        );
        match error {
            StoreError::TooLarge | StoreError::BadKey | StoreError::Unreadable { .. } => Self::Internal,
            _ => Self::Unavailable,
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Unauthorized => Self::Unauthenticated,
            IngestError::Malformed(error) => Self::NotJson {
                place: format!("{}:{}", error.line(), error.column()),
            },
            IngestError::WrongType { field } => Self::WrongType { field },
            IngestError::Field { field, reason } => Self::Invalid { field, why: reason },
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::Invalid {
                field: "expiresIn",
                why: "must be at least one second".into(),
            },
            TokenError::TooLarge => LiveKitRefusal::TokenTooLarge.into(),
            TokenError::NoKeyYet | TokenError::Signing(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "failed to sign a token");
                Self::Internal
            }
        }
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong { .. } => SignInRefusal::WrongPassword.into(),
            LoginError::Inactive { .. } => SignInRefusal::Inactive.into(),
            LoginError::NoProfile => SignInRefusal::NoProfile.into(),
            LoginError::TooMany { wait } => Self::RateLimited { wait },
            LoginError::Busy => SignInRefusal::Busy.into(),
            LoginError::Failed => {
                tracing::error!("a password could not be checked");
                Self::Internal
            }
        }
    }
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Store(error) => error.into(),
            SignInError::Ended => SignInRefusal::Needed.into(),
            SignInError::Unreadable(error) => {
                tracing::error!(%error, "the record of a sign-in cannot be read");
                Self::Internal
            }
        }
    }
}

impl From<PeopleError> for ApiError {
    fn from(error: PeopleError) -> Self {
        let refusal = match error {
            PeopleError::NotInRoom => MeetingRefusal::NotInRoom,
            PeopleError::Unsupported => MeetingRefusal::Unsupported,
            PeopleError::Failed(_) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a meeting server did not do what it was asked to");
                MeetingRefusal::BackendUnavailable
            }
        };
        refusal.into()
    }
}

impl From<MeetingRefusal> for ApiError {
    fn from(refusal: MeetingRefusal) -> Self {
        Self::Meeting(refusal)
    }
}

impl From<LiveRefusal> for ApiError {
    fn from(refusal: LiveRefusal) -> Self {
        Self::Live(refusal)
    }
}

impl From<LiveKitRefusal> for ApiError {
    fn from(refusal: LiveKitRefusal) -> Self {
        Self::LiveKit(refusal)
    }
}

impl From<SignInRefusal> for ApiError {
    fn from(refusal: SignInRefusal) -> Self {
        Self::SignIn(refusal)
    }
}

impl From<UnknownFeature> for ApiError {
    fn from(error: UnknownFeature) -> Self {
        let hint = error
            .nearest
            .map(|name| format!("; did you mean {name}?"))
            .unwrap_or_default();
        let name: String = error.name.chars().take(40).collect();
        Self::Invalid {
            field: "features",
            why: format!("names the unknown feature {name:?}{hint}"),
        }
    }
}

impl From<Denial> for ApiError {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}
