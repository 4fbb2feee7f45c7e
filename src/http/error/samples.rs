//! One of every refusal, so that the description of the API shows what callers really get.

use std::time::Duration;

use super::{ApiError, LiveKitRefusal, LiveRefusal, MeetingRefusal, SignInRefusal};
use crate::domain::TransitionError;
use crate::domain::access::{Denial, Scope};
use crate::http::body::LIMIT;
use crate::live::TooMany;
use crate::tokens::Refusal;

// === impl ApiError ===

impl ApiError {
    /// One of every refusal; of those that have a code in common, the commonest comes first.
    pub(in crate::http) fn samples() -> Vec<Self> {
        let mut samples = common();
        samples.extend(sign_in().into_iter().map(Self::from));
        samples.extend(Refusal::ALL.map(SignInRefusal::BadToken).map(Self::from));
        samples.extend(livekit().into_iter().map(Self::from));
        samples.extend(meeting().into_iter().map(Self::from));
        samples.extend(live().map(Self::from));
        samples
    }
}

fn common() -> Vec<ApiError> {
    let field = "roomName";
    vec![
        ApiError::NotFound,
        ApiError::MethodNotAllowed {
            allow: "POST, OPTIONS".into(),
        },
        ApiError::NotJson { place: "1:17".into() },
        ApiError::WrongType { field: field.into() },
        ApiError::Missing { field },
        ApiError::Invalid {
            field,
            why: "must have 1 to 512 bytes".into(),
        },
        ApiError::Incomplete,
        ApiError::TooLarge { limit: LIMIT },
        ApiError::ExpiresInTooLong { ceiling: 86_400 },
        ApiError::Unauthenticated,
        Denial::MissingScope(Scope::TokensIssue).into(),
        Denial::RoomNotAllowed.into(),
        ApiError::OriginNotAllowed,
        ApiError::RateLimited {
            wait: Duration::from_secs(1),
        },
        ApiError::IdempotencyKeyReused,
        ApiError::Unavailable,
        ApiError::Internal,
    ]
}

fn sign_in() -> Vec<SignInRefusal> {
    vec![
        SignInRefusal::Needed,
        SignInRefusal::LinkToken,
        SignInRefusal::WrongPassword,
        SignInRefusal::Inactive,
        SignInRefusal::NoProfile,
        SignInRefusal::Busy,
        SignInRefusal::GuestsNotAllowed,
        SignInRefusal::NotAMember,
        SignInRefusal::UnknownClient,
        SignInRefusal::UnknownRedirect,
        SignInRefusal::BadRefreshToken,
        SignInRefusal::RefreshTokenReused,
        SignInRefusal::StateMismatch,
        SignInRefusal::StaleForm,
        SignInRefusal::Repeated {
            field: "client_id".into(),
        },
        SignInRefusal::NotForm,
        SignInRefusal::WrongMediaType {
            wanted: "application/json",
        },
    ]
}

fn livekit() -> Vec<LiveKitRefusal> {
    vec![
        LiveKitRefusal::NoCredentials { missing: "password" },
        LiveKitRefusal::UnknownServer,
        LiveKitRefusal::NoChannel,
        LiveKitRefusal::FieldNotAllowed { field: "metadata" },
        LiveKitRefusal::TokenTooLarge,
        LiveKitRefusal::SignInFailed { part: "tokens" },
    ]
}

fn meeting() -> Vec<MeetingRefusal> {
    vec![
        MeetingRefusal::InvalidTransition(TransitionError {
            from: "completed",
            to: "active",
        }),
        MeetingRefusal::Outdated,
        MeetingRefusal::UnknownRoleContext,
        MeetingRefusal::RoleContextForbidden,
        MeetingRefusal::NotOrganiser,
        MeetingRefusal::TooEarly {
            opens_at: "2026-11-14 09:50 (Europe/Berlin)".into(),
        },
        MeetingRefusal::Waiting,
        MeetingRefusal::NotBooked,
        MeetingRefusal::Removed,
        MeetingRefusal::HostStays,
        MeetingRefusal::NotInRoom,
        MeetingRefusal::Unsupported,
        MeetingRefusal::BackendUnavailable,
        MeetingRefusal::Over,
        MeetingRefusal::InPerson,
    ]
}

fn live() -> [LiveRefusal; 6] {
    [
        LiveRefusal::TooMany(TooMany::Overall),
        LiveRefusal::TooMany(TooMany::Client),
        LiveRefusal::TooMany(TooMany::User),
        LiveRefusal::TooMany(TooMany::Address),
        LiveRefusal::NoUpgrade,
        LiveRefusal::BadKey,
    ]
}
